// What is known of each side: the process and what it does, its source, its latest call, its rfds and its
// sockets as the kernel has them.

import type { SocketState, TcpState } from '../../../../../interpose/recorder/recording.ts';
import { addressText, bytesOf, count, duration, resultText, textOf } from '../../../words.ts';
import type { Lane } from '../../lanes.ts';
import { byId, element, hexDump, within } from './elements.ts';
import {
  type Call,
  clock,
  frameOf,
  isSimulated,
  lanes,
  moments,
  type SeenSocket,
  type Sockets,
  stackOf,
  steps,
} from './model.ts';
import { type Fields, pairs } from './packet.ts';
import { sourcePane } from './source.ts';

const main = within(document.body, 'main');
const template = byId<HTMLTemplateElement>('side');

/** A side of the wire: its elements, made once, and what shows a step in them. */
export function side(name: Lane['side']): (i: number) => void {
  const own = lanes.filter((lane) => lane.side === name);
  if (own.length === 0) return () => {};
  const place = template.content.firstElementChild!.cloneNode(true) as HTMLElement;
  place.classList.add(name);
  main.append(place);
  const part = (selector: string) => within(place, selector);
  const showSource = sourcePane(part('.source'));
  const showSockets = socketList(part('.sockets ul'));
  let before: { lane?: Lane; call?: Call | null; inCall?: boolean } = {};
  return (i) => {
    const lane = laneToShow(own, i);
    const call = moments[i].calls[lane.i];
    const inCall = call !== null && call.to > i;
    const isAsleep = inCall && call.slept;
    if (before.lane !== lane) {
      part('h2').textContent = lane.name;
      place.setAttribute('aria-label', lane.name);
      part('.code').setAttribute('aria-label', `Source: ${lane.name}`);
      part('.facts').setAttribute('aria-label', `State: ${lane.name}`);
    }
    part('.doing').textContent = doing(call, inCall, i);
    place.classList.toggle('active', steps[i].call?.lane === lane);
    place.classList.toggle('asleep', isAsleep);
    showSource(frameOf(call), isAsleep);
    if (before.call !== call || before.inCall !== inCall) showCall(part('.call'), call, inCall);
    showWatched(part('.rfds'), moments[i].watched.get(lane.pid), call, inCall);
    const earlier = i > 0 ? moments[i - 1].sockets.get(lane.pid) : undefined;
    showSockets(moments[i].sockets.get(lane.pid), earlier);
    before = { lane, call, inCall };
  };
}

/** Of several lanes on a side, the one that did something last. */
function laneToShow(own: Lane[], i: number): Lane {
  const last = (lane: Lane) => moments[i].calls[lane.i]?.from ?? -1;
  return own.reduce((best, lane) => (last(lane) > last(best) ? lane : best));
}

function doing(call: Call | null, inCall: boolean, i: number): string {
  if (call === null) return 'has not called anything yet';
  if (!inCall) return `runs, after ${call.name}()`;
  const so = steps[i].at - call.start;
  if (!call.slept) return `is in ${call.name}()`;
  return so < 1 ? `goes to sleep in ${call.name}()` : `sleeps in ${call.name}(), ${duration(so)} so far`;
}

function showCall(place: HTMLElement, call: Call | null, inCall: boolean): void {
  const [, strace, cost, stack, data] = place.children;
  place.hidden = call === null;
  if (call === null) return;
  const { name, args, start, end, cpu, n, off } = call;
  strace.replaceChildren(
    element('b', 'name', name),
    `(${args.map(({ text }, i) => (inCall && call.filled?.includes(i) ? '…' : text)).join(', ')})`,
    element('span', 'result', inCall ? ' = …' : ` = ${resultText(call)}`),
  );
  const took = `${duration(end - start)}, of it ${duration(Math.min(cpu, end - start))} CPU`;
  // It cannot have waited: it is not said why it did not run.
  const rest = off === undefined ? '' : ` and ${duration(off)} off the CPU`;
  // A simulated call takes none.
  const time = isSimulated ? '' : ` · ${inCall ? 'will take' : 'took'} ${took}${rest}`;
  cost.textContent = `call ${n + 1}${time}`;
  const places = stackOf(call).map(({ file, line }) => `${file.replace(/.*\//, '')}:${line}`);
  stack.textContent = places.length > 1 ? places.join(' ← ') : '';
  const bytes = call.data ? bytesOf(call.data) : null;
  const isKnown = bytes !== null && (!inCall || /^(send|write)/.test(name));
  data.replaceChildren(...(isKnown ? [hexDump(bytes, undefined, 8)] : []));
}

/** The descriptors that the process asks about, those that are ready marked. */
function showWatched(
  place: HTMLElement,
  fds: number[] | undefined,
  call: Call | null,
  inCall: boolean,
): void {
  place.hidden = fds === undefined;
  if (fds === undefined) return;
  const ready = new Set(inCall ? [] : call?.ready);
  const key = `${fds} ${[...ready]}`;
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  const items = fds.flatMap((fd, i) => [
    i > 0 ? ', ' : '',
    element('span', ready.has(fd) ? 'ready' : '', String(fd)),
  ]);
  place.lastElementChild!.replaceChildren(
    '[',
    ...items,
    ']',
    ready.size > 0 ? element('i', '', ' ready') : '',
  );
}

/** A list of sockets that keeps an item for each descriptor. */
function socketList(place: HTMLElement): (sockets?: Sockets, earlier?: Sockets) => void {
  const items = new Map<number, { item: HTMLElement; state: SeenSocket; old: SeenSocket | undefined }>();
  return (sockets: Sockets = new Map(), earlier: Sockets = new Map()) => {
    place.parentElement!.hidden = sockets.size === 0;
    for (const [fd, { item }] of items) {
      if (sockets.has(fd)) continue;
      items.delete(fd);
      item.remove();
    }
    for (const [fd, state] of sockets) {
      const old = earlier.get(fd);
      const shown = items.get(fd);
      if (shown?.state === state && shown.old === old) continue;
      const item = socketItem(state, old);
      if (shown) shown.item.replaceWith(item);
      else place.append(item);
      items.set(fd, { item, state, old });
    }
  };
}

function socketItem(state: SeenSocket, old: SeenSocket | undefined): HTMLElement {
  const { fd, family, kind, tcp, receiveQueueData, seen } = state;
  const [now, then] = [socketFields(state), old && old !== state ? socketFields(old) : null];
  const isNew = (name: string) => then !== null && then[name] !== now[name];
  const stateChip = element(
    'span',
    `chip${then && old?.tcp?.state !== tcp?.state ? ' new' : ''}`,
    tcp?.state ?? '',
  );
  const head = element(
    'p',
    'head',
    element('b', '', String(fd)),
    ` ${family} ${kind} `,
    tcp ? stateChip : '',
  );
  const asOf = element('p', 'as-of', `as of T + ${clock(seen.end)} ms, after ${seen.name}()`);
  const item = element('li', old === undefined ? 'fresh' : '', head, endsOf(state), asOf, pairs(now, isNew));
  if (receiveQueueData) {
    item.append(element('p', 'waiting', `waits to be received: ${textOf(bytesOf(receiveQueueData))}`));
    item.append(hexDump(bytesOf(receiveQueueData), undefined, 8));
  }
  return item;
}

const endsOf = ({ local, remote }: SocketState) =>
  element('p', 'ends', addressText(local), remote === null ? '' : ` ⇄ ${addressText(remote)}`);

function socketFields(state: SocketState): Fields {
  const { receiveQueue, sendQueue, acceptQueue, descriptorFlags, statusFlags } = state;
  const tcp: Partial<TcpState> = state.tcp ?? {};
  return {
    'accept queue': acceptQueue && `${acceptQueue.length} of ${acceptQueue.backlog}`,
    'receive queue': acceptQueue ? undefined : count(receiveQueue, 'byte'),
    'send queue': acceptQueue ? undefined : count(sendQueue, 'byte'),
    // Before there is a connection nothing was measured.
    rtt:
      tcp.rttMicros === undefined || tcp.rttMicros === 0
        ? undefined
        : `${tcp.rttMicros} µs${tcp.rttVarMicros === undefined ? '' : ` ± ${tcp.rttVarMicros}`}`,
    cwnd: tcp.cwnd,
    mss: tcp.mss,
    retransmits: tcp.retransmits,
    unacked: tcp.unacked,
    acked: tcp.bytesAcked,
    received: tcp.bytesReceived,
    segments: tcp.segmentsOut === undefined ? undefined : `${tcp.segmentsOut} out, ${tcp.segmentsIn} in`,
    flags: [...descriptorFlags, ...statusFlags].join(' ') || undefined,
  };
}
