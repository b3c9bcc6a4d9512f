// The calls that wait for events: select's sets, and the arrays of poll, epoll and kevent, before and after.

import { EPOLL_CTL_DEL } from '../../../kernel/constants/select.ts';
import { EpollEvents, epoll_event } from '../../../kernel/structs/epoll-event.ts';
import { FdSet } from '../../../kernel/structs/fd-set.ts';
import { Kevents, kevent as keventStruct } from '../../../kernel/structs/kevent.ts';
import { PollFds, pollfd as pollfdStruct } from '../../../kernel/structs/pollfd.ts';
import type { EpollValue, KeventValue, PollValue } from '../recording.ts';
import { flagNames, flags, named, shownList, time } from '../strace-text.ts';
import {
  type CallDecoder,
  copy,
  copyOrNull,
  type Kept,
  type ParameterDecoder,
  SOMEWHERE,
  text,
  withValue,
} from './decoder.ts';
import type { TimevalKept } from './event.ts';

// ---- select and pselect

type Set_ = Uint8Array<ArrayBuffer> | null;
interface SetKept {
  before: Set_;
  /** null also where the kernel left it undefined. */
  after: Set_;
}

const setBytes = (nfds: unknown) => ((nfds as number) + 7) >> 3;
const fdsOf = (set: Set_, nfds: unknown) => (set === null ? [] : new FdSet(set).fds(nfds as number));

/** A set of descriptors below the first argument. */
export const fdSet: ParameterDecoder = {
  before: (args, i) => copyOrNull(args[i], setBytes(args[0])),
  keep: (args, i, result, before) =>
    ({ before, after: result > 0 ? copyOrNull(args[i], setBytes(args[0])) : null }) as SetKept,
  show({ before }: SetKept, _, [nfds]) {
    if (before === null) return [withValue('NULL', null)];
    const fds = fdsOf(before, nfds);
    return [withValue(`[${fds.join(' ')}]`, fds)];
  },
};

const reported = ([nfds, ...sets]: Kept) =>
  sets.slice(0, 3).map((set) => fdsOf((set as SetKept).after, nfds));

function setsDetail(kept: Kept, result: number): string[] {
  if (result <= 0) return result === 0 ? ['Timeout'] : [];
  const names = ['in', 'out', 'except'];
  return reported(kept).flatMap((fds, i) => (fds.length > 0 ? [`${names[i]} [${fds.join(' ')}]`] : []));
}

export const pselect: CallDecoder = {
  ready: (kept) => [...new Set(reported(kept).flat())].sort((a, b) => a - b),
  detail: (kept, result) => setsDetail(kept, result).join(', '),
};

export const select: CallDecoder = {
  ready: pselect.ready!,
  detail(kept, result) {
    const parts = setsDetail(kept, result);
    const { after } = kept[4] as TimevalKept;
    if (result > 0 && after !== null) parts.push(`left ${time(after, 'tv_usec')}`);
    return parts.join(', ');
  },
};

// ---- poll and ppoll

/** struct pollfd[], whose count is the next argument. */
export const pollfd: ParameterDecoder = {
  keep: (args, i) => copy(args[i], 0, (args[i + 1] as number) * pollfdStruct.size),
  show(bytes: Uint8Array<ArrayBuffer>) {
    const entries = pollEntries(bytes);
    const shown = shownList(entries, ({ fd, events }) =>
      fd < 0 ? `{fd=${fd}}` : `{fd=${fd}, events=${flags('POLL', events)}}`,
    );
    const value = entries.map(
      ({ fd, events, revents }): PollValue => ({
        fd,
        events: flagNames('POLL', events),
        revents: flagNames('POLL', revents),
      }),
    );
    return [withValue(shown, value)];
  },
};

function pollEntries(bytes: unknown) {
  const fds = new PollFds(bytes as Uint8Array<ArrayBuffer>);
  return Array.from({ length: fds.length }, (_, i) => ({
    fd: fds.fd(i),
    events: fds.events(i),
    revents: fds.revents(i),
  }));
}

export const poll: CallDecoder = {
  ready: ([fds]) => pollEntries(fds).flatMap(({ fd, revents }) => (revents ? [fd] : [])),
  detail([fds], result) {
    if (result <= 0) return result === 0 ? 'Timeout' : '';
    const ready = pollEntries(fds).filter(({ revents }) => revents);
    return shownList(ready, ({ fd, revents }) => `{fd=${fd}, revents=${flags('POLL', revents)}}`);
  },
};

// ---- epoll

function epollEntries(bytes: unknown) {
  const events = new EpollEvents(bytes as Uint8Array<ArrayBuffer>);
  return Array.from({ length: events.length }, (_, i) => ({
    events: events.events(i),
    fd: events.fd(i),
    data: events.data(i),
  }));
}
type EpollEntry = ReturnType<typeof epollEntries>[number];
const epollText = ({ events, fd, data }: EpollEntry) =>
  `{events=${flags('EPOLL', events)}, data={u32=${fd >>> 0}, u64=${data}}}`;
const epollValue = ({ events, fd }: EpollEntry): EpollValue => ({ events: flagNames('EPOLL', events), fd });

/** epoll_ctl's event. */
export const epollGiven: ParameterDecoder = {
  keep: (args, i) => copyOrNull(args[i], epoll_event.size),
  show(bytes: Uint8Array | null, _, [, op]) {
    if (bytes === null) return [withValue('NULL', null)];
    if (op === EPOLL_CTL_DEL) return [text(SOMEWHERE)];
    const [event] = epollEntries(bytes);
    return [withValue(epollText(event), [epollValue(event)])];
  },
};

/** The events that epoll_wait fills in: as many as its result says. */
export const epollFilled: ParameterDecoder = {
  keep: (args, i, result) => copy(args[i], 0, Math.max(result, 0) * epoll_event.size),
  show(bytes: Uint8Array, result) {
    if (result < 0) return [text(SOMEWHERE)];
    const events = epollEntries(bytes);
    return [withValue(shownList(events, epollText), events.map(epollValue))];
  },
};

export const epoll_wait: CallDecoder = {
  ready: ([, events]) => epollEntries(events).map(({ fd }) => fd >>> 0),
};

// ---- kevent (macOS), where there is no strace: written in its manner

function keventEntries(bytes: unknown) {
  const events = new Kevents(bytes as Uint8Array<ArrayBuffer>);
  return Array.from({ length: events.length }, (_, i) => events.get(i));
}

function shownKevents(bytes: Uint8Array | null) {
  if (bytes === null) return withValue('NULL', null);
  const events = keventEntries(bytes);
  const shown = shownList(
    events,
    ({ ident, filter, flags: actions }) =>
      `{ident=${ident}, filter=${named('EVFILT_', filter)}, flags=${flags('EV_', actions)}}`,
  );
  const value = events.map(
    ({ ident, filter, flags: actions }): KeventValue => ({
      ident,
      filter: named('EVFILT_', filter),
      flags: flagNames('EV_', actions),
    }),
  );
  return withValue(shown, value);
}

/** The changes: as many as the next argument says. */
export const keventsGiven: ParameterDecoder = {
  before: (args, i) => copyOrNull(args[i], (args[i + 1] as number) * keventStruct.size),
  show: (bytes: Uint8Array | null) => [shownKevents(bytes)],
};

/** The events: as many as the result says. */
export const keventsFilled: ParameterDecoder = {
  keep: (args, i, result) => copyOrNull(args[i], Math.max(result, 0) * keventStruct.size),
  show: (bytes: Uint8Array | null) => [shownKevents(bytes)],
};

export const kevent: CallDecoder = {
  ready: ([, , , events]) => (events === null ? [] : keventEntries(events).map(({ ident }) => ident)),
};
