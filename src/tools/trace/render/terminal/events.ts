// What happened, in order: calls and packets. A call that slept while others did something is two
// events, for the story goes on between them. Above: story.ts and the files beside it.
// Below: conversation.ts.

import type { CallLine, PacketLine } from '../../../../interpose/recorder/recording.ts';
import { isInput, isWait, slept } from '../../analyse/dialogue.ts';
import { isReceive } from '../../analyse/sockets.ts';

export interface CallEvent {
  at: number;
  call: CallLine;
  /** From 1; a call's two events have the same. */
  step: number;
  phase: 'whole' | 'begins' | 'ends';
}

export interface PacketEvent {
  at: number;
  packet: PacketLine;
}

export type Event = CallEvent | PacketEvent;

/** Whether it is one of the calls that may sleep until somebody else does something. */
export const maySleep = (call: CallLine) =>
  isWait(call) || isInput(call) || isReceive(call) || call.name.startsWith('accept') || call.name === 'read';

/** The calls and packets as events, by their times; the calls are numbered as they begin. */
export function eventsOf(calls: CallLine[], packets: PacketLine[]): Event[] {
  const inOrder = calls.toSorted((a, b) => a.start - b.start);
  const times = [
    ...calls.flatMap(({ pid, start, end }) => [
      { pid, at: start },
      { pid, at: end },
    ]),
  ]
    .concat(packets.map(({ at }) => ({ pid: -1, at })))
    .sort((a, b) => a.at - b.at);
  const events: Event[] = inOrder.flatMap((call, i): CallEvent[] => {
    const step = i + 1;
    const meanwhile = (isInput(call) && slept(call)) || (maySleep(call) && somethingBetween(times, call));
    if (!meanwhile) return [{ at: call.start, call, step, phase: 'whole' }];
    return [
      { at: call.start, call, step, phase: 'begins' },
      { at: call.end, call, step, phase: 'ends' },
    ];
  });
  const all = events.concat(packets.map((packet) => ({ at: packet.at, packet })));
  return all.sort((a, b) => a.at - b.at);
}

function somethingBetween(times: { pid: number; at: number }[], { pid, start, end }: CallLine): boolean {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle].at <= start) low = middle + 1;
    else high = middle;
  }
  for (let i = low; i < times.length && times[i].at < end; i++) if (times[i].pid !== pid) return true;
  return false;
}
