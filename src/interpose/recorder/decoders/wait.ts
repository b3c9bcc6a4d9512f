// The calls that wait: select's sets, poll's and epoll's arrays, before and after. Above: call-args.ts.
// Below: call-form.ts, strace-text.ts.

import { EPOLL_CTL_DEL } from '../../../kernel/constants/select.ts';
import { layout } from '../../../kernel/native.ts';
import { flags, named, time } from '../strace-text.ts';
import { copy, type Form, first, SOMEWHERE } from './decoder.ts';
import { maskCopy, sigset } from './event.ts';

const fdSet = (bytes: Uint8Array | null, nfds: number) => {
  const fds: number[] = [];
  for (let fd = 0; bytes !== null && fd < nfds; fd++) if (bytes[fd >> 3] & (1 << (fd & 7))) fds.push(fd);
  return fds;
};
const fdSetText = (bytes: Uint8Array | null, nfds: number) =>
  bytes === null ? 'NULL' : `[${fdSet(bytes, nfds).join(' ')}]`;
const fdSetCopy = (bytes: unknown, nfds: unknown) =>
  bytes == null ? null : copy(bytes, 0, ((nfds as number) + 7) >> 3);
export const timeCopy = (timeout: unknown) =>
  timeout == null ? null : new BigInt64Array(copy(timeout, 0, 16).buffer);

interface SelectKept {
  before: (Uint8Array | null)[];
  after: (Uint8Array | null)[];
  timeouts: (BigInt64Array | null)[];
}

export const selectForm: Form = {
  names: ['nfds', 'readfds', 'writefds', 'exceptfds', 'timeout'],
  before: ([nfds, r, w, x, timeout]) => [[r, w, x].map((set) => fdSetCopy(set, nfds)), timeCopy(timeout)],
  keep([nfds, r, w, x, timeout], result, before) {
    const [sets, wait] = before as [(Uint8Array | null)[], BigInt64Array | null];
    const after = result > 0 ? [r, w, x].map((set) => fdSetCopy(set, nfds)) : [null, null, null];
    return [nfds, { before: sets, after, timeouts: [wait, timeCopy(timeout)] } satisfies SelectKept];
  },
  texts(kept) {
    const [nfds, { before, timeouts }] = kept as [number, SelectKept];
    return [nfds, ...before.map((set) => fdSetText(set, nfds)), time(timeouts[0], 'tv_usec')];
  },
  ready(kept) {
    const [nfds, { after }] = kept as [number, SelectKept];
    return [...new Set(after.flatMap((set) => fdSet(set, nfds)))].sort((a, b) => a - b);
  },
  detail(kept, result) {
    const [nfds, { after, timeouts }] = kept as [number, SelectKept];
    if (result === 0) return 'Timeout';
    if (result < 0) return '';
    const sets = ['in', 'out', 'except'].map((name, i) => [name, fdSet(after[i], nfds)] as const);
    const parts = sets.filter(([, fds]) => fds.length > 0).map(([name, fds]) => `${name} [${fds.join(' ')}]`);
    if (timeouts[1] !== null) parts.push(`left ${time(timeouts[1], 'tv_usec')}`);
    return parts.join(', ');
  },
};

// timeout is a timespec here, and libc keeps what is left of it to itself.
export const pselectForm: Form = {
  names: [...selectForm.names, 'sigmask'],
  before: selectForm.before!,
  keep: (args, result, before) => [...selectForm.keep!(args, result, before), maskCopy(args[5])],
  texts(kept) {
    const [, { timeouts }, mask] = kept as [number, SelectKept, bigint | null];
    return [...selectForm.texts(kept, 0).slice(0, -1), time(timeouts[0], 'tv_nsec'), sigset(mask)];
  },
  ready: selectForm.ready!,
  detail(kept, result) {
    const [nfds, memory] = kept as [number, SelectKept];
    return selectForm.detail!([nfds, { ...memory, timeouts: [null, null] }], result);
  },
};

const pollSize = layout['sizeof pollfd']!;
const pollAt = {
  fd: layout['pollfd.fd']!,
  events: layout['pollfd.events']!,
  revents: layout['pollfd.revents']!,
};
const pollEntries = (bytes: unknown, n: unknown) => {
  const view = new DataView((bytes as Uint8Array).buffer);
  return Array.from({ length: Math.min(n as number, Math.floor(view.byteLength / pollSize)) }, (_, i) => ({
    fd: view.getInt32(i * pollSize + pollAt.fd, true),
    events: view.getUint16(i * pollSize + pollAt.events, true),
    revents: view.getUint16(i * pollSize + pollAt.revents, true),
  }));
};
// strace stops at so many elements of an array.
export const shown = <T>(list: T[], text: (item: T) => string) =>
  `[${list.slice(0, 32).map(text).join(', ')}${list.length > 32 ? ', ...' : ''}]`;

export const pollForm: Form = {
  names: ['fds', 'nfds', 'timeout'],
  keep: ([fds, nfds, timeout]) => [copy(fds, 0, (nfds as number) * pollSize), nfds, timeout],
  texts: ([fds, nfds, timeout]) => [
    shown(pollEntries(fds, nfds), ({ fd, events }) =>
      fd < 0 ? `{fd=${fd}}` : `{fd=${fd}, events=${flags('POLL', events)}}`,
    ),
    nfds,
    timeout,
  ],
  ready: ([fds, nfds]) => pollEntries(fds, nfds).flatMap(({ fd, revents }) => (revents ? [fd] : [])),
  detail([fds, nfds], result) {
    if (result <= 0) return result === 0 ? 'Timeout' : '';
    const ready = pollEntries(fds, nfds).filter(({ revents }) => revents);
    return shown(ready, ({ fd, revents }) => `{fd=${fd}, revents=${flags('POLL', revents)}}`);
  },
};

export const ppollForm: Form = {
  ...pollForm,
  names: ['fds', 'nfds', 'timeout', 'sigmask'],
  keep: ([fds, nfds, timeout, mask]) => [
    copy(fds, 0, (nfds as number) * pollSize),
    nfds,
    timeCopy(timeout),
    maskCopy(mask),
  ],
  texts([fds, nfds, timeout, mask]) {
    const [entries, n] = pollForm.texts([fds, nfds, 0], 0);
    return [entries, n, time(timeout as BigInt64Array | null, 'tv_nsec'), sigset(mask as bigint | null)];
  },
};

const epollSize = layout['sizeof epoll_event'] ?? 0;
const epollData = layout['epoll_event.data'] ?? 0;
const epollEntries = (bytes: unknown, n: number) => {
  const view = new DataView((bytes as Uint8Array).buffer);
  return Array.from({ length: n }, (_, i) => ({
    events: view.getUint32(i * epollSize, true),
    u32: view.getUint32(i * epollSize + epollData, true),
    u64: view.getBigUint64(i * epollSize + epollData, true),
  }));
};
type EpollEntry = ReturnType<typeof epollEntries>[number];
const epollEvent = ({ events, u32, u64 }: EpollEntry) =>
  `{events=${flags('EPOLL', events)}, data={u32=${u32}, u64=${u64}}}`;
export const epollCtl: Form = {
  names: ['epfd', 'op', 'fd', 'event'],
  fd: ([, , fd]) => fd as number,
  keep: ([epfd, op, fd, event]) => [epfd, op, fd, event == null ? null : copy(event, 0, epollSize)],
  texts([epfd, op, fd, event]) {
    const text =
      event === null ? 'NULL' : op === EPOLL_CTL_DEL ? SOMEWHERE : epollEvent(epollEntries(event, 1)[0]);
    return [epfd, named('EPOLL_CTL_', op as number), fd, text];
  },
};

export const epollWait: Form = {
  names: ['epfd', 'events', 'maxevents', 'timeout'],
  fd: first,
  keep: ([epfd, events, max, timeout], n) => [
    epfd,
    copy(events, 0, Math.max(n, 0) * epollSize),
    max,
    timeout,
  ],
  texts: ([epfd, events, max, timeout], n) => [
    epfd,
    n < 0 ? SOMEWHERE : shown(epollEntries(events, n), epollEvent),
    max,
    timeout,
  ],
  ready: ([, events], n) => epollEntries(events, Math.max(n, 0)).map(({ u32 }) => u32),
};

export const epollPwait: Form = {
  ...epollWait,
  names: [...epollWait.names, 'sigmask'],
  keep: (args, n, before) => [...epollWait.keep!(args, n, before), maskCopy(args[4])],
  texts: (kept, n) => [...epollWait.texts(kept, n), n < 0 ? SOMEWHERE : sigset(kept[4] as bigint | null)],
};
