// What a record keeps of a call's arguments, and how they become text. Keeping is on the recorder's
// hot path and only copies what the caller may change afterwards; the text is made when it is written.
// Above: recorder.ts. Below: strace-text.ts.

import * as fcntl from '../constants/fcntl.ts';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD } from '../constants/select.ts';
import { AF_INET, AF_INET6, SO_LINGER, SOL_SOCKET } from '../constants/socket.ts';
import { type Bytes, layout, type Syscalls } from '../native.ts';
import { type Argument, DATA_LIMIT } from './recording.ts';
import { flags, named, quoted, sockaddr, time } from './strace-text.ts';

export type CallName = keyof Syscalls;

/** A call's arguments in C's order, memory being copies of as much of it as was of use. */
export type Kept = unknown[];

interface Form {
  /** The names of the arguments in C. */
  names: string[];
  /** The descriptor that the call is about. */
  fd?: (kept: Kept, result: number) => number;
  /** What the kernel writes over, copied before the call. */
  before?: (args: unknown[]) => unknown;
  /** Copies memory. Absent: all arguments are numbers. */
  keep?: (args: unknown[], result: number, before: unknown) => Kept;
  /** The texts of what was kept; a number not spoken of is decimal. */
  texts: (kept: Kept, result: number) => unknown[];
  /** The bytes that it moved, at most DATA_LIMIT. */
  data?: (kept: Kept) => Uint8Array | undefined;
  /** The descriptors that it reported. */
  ready?: (kept: Kept, result: number) => number[];
  /** What strace writes in brackets behind the result. */
  detail?: (kept: Kept, result: number) => string;
}

/** A copy of the bytes [offset, offset + length) of an argument, cut at its end. */
function copy(bytes: unknown, offset = 0, length = Number.POSITIVE_INFINITY): Uint8Array {
  const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(bytes)
    ? bytes
    : { buffer: bytes as ArrayBuffer, byteOffset: 0, byteLength: (bytes as ArrayBuffer).byteLength };
  const end = Math.min(byteLength, offset + length);
  return new Uint8Array(buffer, byteOffset + offset, Math.max(end - offset, 0)).slice();
}
const copyOrNull = (bytes: unknown) => (bytes == null ? null : copy(bytes));
const size = (bytes: unknown) => (bytes as Bytes).byteLength;
// The first int32 of memory that begins with one; every platform that Node runs on is little-endian.
const int = (bytes: unknown): number => {
  if (bytes instanceof Int32Array) return bytes[0] ?? 0;
  if (bytes instanceof ArrayBuffer && bytes.byteLength >= 4) return new Int32Array(bytes, 0, 1)[0];
  const [a = 0, b = 0, c = 0, d = 0] = copy(bytes, 0, 4);
  return a | (b << 8) | (c << 16) | (d << 24);
};

// An address in memory, which JavaScript does not know.
const SOMEWHERE = '0x?';
const first = (kept: Kept) => kept[0] as number;
const made = (_: Kept, result: number) => result;

const moved = (kept: Kept) => kept[1] as Uint8Array | undefined;

// recv, read: what came; send, write: what the kernel took, or would not take.
function transfer(direction: 'in' | 'out', hasFlags: boolean): Form {
  return {
    names: ['fd', 'buf', 'len', ...(hasFlags ? ['flags'] : [])],
    fd: first,
    keep([fd, buf, ...rest], result) {
      const isPart = rest.length > 1;
      const [offset, length] = isPart ? (rest as number[]) : [0, size(buf)];
      const wanted = direction === 'in' || result >= 0 ? result : length;
      const data = copy(buf, offset, Math.min(Math.max(wanted, 0), DATA_LIMIT));
      const shown = direction === 'out' && result < length ? copy(buf, offset, Math.min(length, 33)) : data;
      return [fd, data, length, hasFlags ? (rest.at(-1) ?? 0) : 0, shown];
    },
    texts: ([fd, data, length, flag, shown], result) => {
      const total = direction === 'in' ? result : (length as number);
      const text =
        direction === 'in' && result < 0 ? SOMEWHERE : quoted((shown ?? data) as Uint8Array, total);
      return [fd, text, length, ...(hasFlags ? [flags('MSG_', flag as number)] : [])];
    },
    data: moved,
  };
}

const [family, type] = [(n: unknown) => named('AF_', n as number), socketType];

function socketType(value: unknown): string {
  const kind = (value as number) & 0xf;
  const rest = (value as number) & ~0xf;
  const names = rest === 0 ? [] : flags('SOCK_', rest).split('|');
  return [named('SOCK_', kind), ...names].join('|');
}

const protocol = (domain: unknown, value: unknown) =>
  domain === AF_INET || domain === AF_INET6 ? named('IPPROTO_', value as number) : String(value);

// accept, getsockname, getpeername: the room for an address before, its length after.
function answered(names: string[], rest: (kept: Kept) => unknown[] = () => []): Form {
  return {
    names: ['fd', 'addr', 'addrlen', ...names],
    fd: first,
    before: ([, , addrlen]) => (addrlen == null ? null : int(addrlen)),
    keep([fd, addr, addrlen, ...others], result, room) {
      const length = addrlen == null ? null : int(addrlen);
      const bytes = addr == null ? null : result < 0 ? undefined : copy(addr, 0, length!);
      return [fd, bytes, [room, length], ...others];
    },
    texts(kept, result) {
      const [fd, bytes, [room, length]] = kept as [number, Uint8Array | null | undefined, (number | null)[]];
      const lengths =
        room === null ? 'NULL' : result < 0 || room === length ? `[${room}]` : `[${room} => ${length}]`;
      return [fd, bytes === null ? 'NULL' : bytes ? sockaddr(bytes) : SOMEWHERE, lengths, ...rest(kept)];
    },
  };
}

const addressed: Form = {
  names: ['fd', 'addr', 'addrlen'],
  fd: first,
  keep: ([fd, addr]) => [fd, copy(addr, 0, 128), size(addr)],
  texts: ([fd, addr, length]) => [fd, sockaddr(addr as Uint8Array), length],
};

// strace's names for options whose number is that of the struct with 32-bit times.
const old = /^SO_(RCVTIMEO|SNDTIMEO|TIMESTAMP|TIMESTAMPNS)$/;

function option(level: unknown, name: unknown): [string, string] {
  if (level === SOL_SOCKET) {
    const text = named('SO_', name as number);
    return ['SOL_SOCKET', process.platform === 'linux' && old.test(text) ? `${text}_OLD` : text];
  }
  const levels: Record<number, [string, string]> = {
    0: ['SOL_IP', 'IP_'],
    6: ['SOL_TCP', 'TCP_'],
    41: ['SOL_IPV6', 'IPV6_'],
  };
  const [levelName, prefix] = levels[level as number] ?? [String(level), ''];
  return [levelName, prefix ? named(prefix, name as number) : `0x${(name as number).toString(16)}`];
}

function optionValue(level: unknown, name: unknown, bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (level === SOL_SOCKET && name === SO_LINGER && bytes.length === 8) {
    return `{l_onoff=${view.getInt32(0, true)}, l_linger=${view.getInt32(4, true)}}`;
  }
  return bytes.length === 4 ? `[${view.getInt32(0, true)}]` : quoted(bytes);
}

const fdSet = (bytes: Uint8Array | null, nfds: number) => {
  const fds: number[] = [];
  for (let fd = 0; bytes !== null && fd < nfds; fd++) if (bytes[fd >> 3] & (1 << (fd & 7))) fds.push(fd);
  return fds;
};
const fdSetText = (bytes: Uint8Array | null, nfds: number) =>
  bytes === null ? 'NULL' : `[${fdSet(bytes, nfds).join(' ')}]`;
const fdSetCopy = (bytes: unknown, nfds: unknown) =>
  bytes == null ? null : copy(bytes, 0, ((nfds as number) + 7) >> 3);
const timeCopy = (timeout: unknown) =>
  timeout == null ? null : new BigInt64Array(copy(timeout, 0, 16).buffer);

interface SelectKept {
  before: (Uint8Array | null)[];
  after: (Uint8Array | null)[];
  timeouts: (BigInt64Array | null)[];
}

const selectForm: Form = {
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
const shown = <T>(list: T[], text: (item: T) => string) =>
  `[${list.slice(0, 32).map(text).join(', ')}${list.length > 32 ? ', ...' : ''}]`;

const pollForm: Form = {
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
const operations = new Map(
  [EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD].map((op, i) => [op, ['ADD', 'DEL', 'MOD'][i]]),
);

const epollCtl: Form = {
  names: ['epfd', 'op', 'fd', 'event'],
  fd: ([, , fd]) => fd as number,
  keep: ([epfd, op, fd, event]) => [epfd, op, fd, event == null ? null : copy(event, 0, epollSize)],
  texts([epfd, op, fd, event]) {
    const name = operations.get(op as number);
    const text =
      event === null ? 'NULL' : op === EPOLL_CTL_DEL ? SOMEWHERE : epollEvent(epollEntries(event, 1)[0]);
    return [epfd, name ? `EPOLL_CTL_${name}` : `0x${(op as number).toString(16)}`, fd, text];
  },
};

const epollWait: Form = {
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

// fcntl's argument, where the command has one, and what its result says.
const commands = new Map(
  Object.entries(fcntl).flatMap(([name, value]) => (name.startsWith('F_') ? [[value, name] as const] : [])),
);
const takesNone = new Set([fcntl.F_GETFD, fcntl.F_GETFL, fcntl.F_GETOWN, fcntl.F_GETSIG, fcntl.F_GETPIPE_SZ]);

/** 'O_RDWR|O_NONBLOCK' */
export function statusFlags(value: number): string {
  const mode = ['O_RDONLY', 'O_WRONLY', 'O_RDWR'][value & 3] ?? '0x3';
  const rest = value & ~3;
  return rest === 0 ? mode : `${mode}|${flags('O_', rest)}`;
}

const fcntlForm: Form = {
  names: ['fd', 'cmd', 'arg'],
  fd: first,
  texts([fd, cmd, arg]) {
    const value = arg as number;
    const command = commands.get(cmd as number) ?? `0x${(cmd as number).toString(16)}`;
    if (takesNone.has(cmd as number)) return [fd, command];
    if (cmd === fcntl.F_SETFD)
      return [
        fd,
        command,
        value === 0 ? '0' : value === fcntl.FD_CLOEXEC ? 'FD_CLOEXEC' : `0x${value.toString(16)}`,
      ];
    return [fd, command, cmd === fcntl.F_SETFL ? statusFlags(value) : value];
  },
  detail([, cmd], result) {
    if (cmd === fcntl.F_GETFD && result > 0) return 'flags FD_CLOEXEC';
    return cmd === fcntl.F_GETFL && result >= 0 ? `flags ${statusFlags(result)}` : '';
  },
};

const pairForm: Form = {
  names: ['domain', 'type', 'protocol', 'sv'],
  fd: ([, , , sv], result) => (result === 0 ? new Int32Array((sv as Uint8Array).buffer)[0] : -1),
  keep: ([domain, kind, proto, sv]) => [domain, kind, proto, copy(sv, 0, 8)],
  texts: ([domain, kind, proto, sv], result) => [
    family(domain),
    type(kind),
    protocol(domain, proto),
    result < 0 ? SOMEWHERE : `[${new Int32Array((sv as Uint8Array).buffer).join(', ')}]`,
  ],
};

// There is no strace where there is kevent: written as dtruss would, were it to look into memory.
const keventSize = layout['sizeof kevent'] ?? 0;
const keventEntries = (bytes: unknown) => {
  const { buffer, byteLength } = bytes as Uint8Array;
  const view = new DataView(buffer);
  return Array.from({ length: Math.floor(byteLength / (keventSize || 1)) }, (_, i) => ({
    ident: Number(view.getBigUint64(i * keventSize + layout['kevent.ident']!, true)),
    filter: view.getInt16(i * keventSize + layout['kevent.filter']!, true),
    flags: view.getUint16(i * keventSize + layout['kevent.flags']!, true),
  }));
};
const keventText = (bytes: unknown) =>
  bytes === null
    ? 'NULL'
    : shown(
        keventEntries(bytes),
        (event) =>
          `{ident=${event.ident}, filter=${named('EVFILT_', event.filter)}, flags=${flags('EV_', event.flags)}}`,
      );

const keventForm: Form = {
  names: ['kq', 'changelist', 'nchanges', 'eventlist', 'nevents', 'timeout'],
  fd: first,
  before: ([, changes, n]) => (changes == null ? null : copy(changes, 0, (n as number) * keventSize)),
  keep: ([kq, , n, events, most, timeout], result, changes) => [
    kq,
    changes,
    n,
    events == null ? null : copy(events, 0, Math.max(result, 0) * keventSize),
    most,
    timeCopy(timeout),
  ],
  texts: ([kq, changes, n, events, most, timeout]) => [
    kq,
    keventText(changes),
    n,
    keventText(events),
    most,
    time(timeout as BigInt64Array | null, 'tv_nsec'),
  ],
  ready: ([, , , events]) => (events === null ? [] : keventEntries(events).map(({ ident }) => ident)),
};

// strace knows some requests by the names that terminals have for the same numbers.
const renamed = new Map([['SIOCOUTQ', 'TIOCOUTQ']]);

// What strace cannot know, for it is memory of the addon: the handler.
const handlers = ['SIG_DFL', 'SIG_IGN'];

const all: Partial<Record<CallName, Form>> = {
  socket: {
    names: ['domain', 'type', 'protocol'],
    fd: made,
    texts: ([domain, kind, proto]) => [family(domain), type(kind), protocol(domain, proto)],
  },
  socketpair: pairForm,
  bind: addressed,
  connect: addressed,
  listen: { names: ['fd', 'backlog'], fd: first, texts: (kept) => kept },
  accept: answered([]),
  accept4: answered(['flags'], ([, , , flag]) => [flags('SOCK_', flag as number)]),
  getsockname: answered([]),
  getpeername: answered([]),
  getsockopt: {
    names: ['fd', 'level', 'optname', 'optval', 'optlen'],
    fd: first,
    before: ([, , , , len]) => int(len),
    keep: ([fd, level, name, value, len], _, room) => [
      fd,
      level,
      name,
      copy(value, 0, Math.min(int(len), 256)),
      [room, int(len)],
    ],
    texts(kept, result) {
      const [fd, level, name, value, [room, length]] = kept as [number, number, number, Uint8Array, number[]];
      const text = result < 0 ? SOMEWHERE : optionValue(level, name, value);
      return [
        fd,
        ...option(level, name),
        text,
        room === length || result < 0 ? `[${room}]` : `[${room} => ${length}]`,
      ];
    },
  },
  setsockopt: {
    names: ['fd', 'level', 'optname', 'optval', 'optlen'],
    fd: first,
    keep: ([fd, level, name, value]) => [fd, level, name, copy(value, 0, 256), size(value)],
    texts: ([fd, level, name, value, length]) => [
      fd,
      ...option(level, name),
      optionValue(level, name, value as Uint8Array),
      length,
    ],
  },
  recv: transfer('in', true),
  send: transfer('out', true),
  read: transfer('in', false),
  write: transfer('out', false),
  shutdown: { names: ['fd', 'how'], fd: first, texts: ([fd, how]) => [fd, named('SHUT_', how as number)] },
  close: { names: ['fd'], fd: first, texts: (kept) => kept },
  fcntl: fcntlForm,
  dup: { names: ['oldfd'], fd: first, texts: (kept) => kept },
  pipe2: {
    names: ['pipefd', 'flags'],
    fd: ([fds], result) => (result === 0 ? new Int32Array((fds as Uint8Array).buffer)[0] : -1),
    keep: ([fds, flag]) => [copy(fds, 0, 8), flag],
    texts: ([fds, flag], result) => [
      result < 0 ? SOMEWHERE : `[${new Int32Array((fds as Uint8Array).buffer).join(', ')}]`,
      flags('O_', flag as number),
    ],
  },
  ioctl: {
    names: ['fd', 'request', 'arg'],
    fd: first,
    keep: ([fd, request, arg]) => [fd, request, typeof arg === 'number' ? arg : copyOrNull(arg)],
    texts([fd, request, arg], result) {
      const name = ['FIO', 'SIO']
        .map((prefix) => named(prefix, request as number))
        .find((text) => /^[A-Z]/.test(text));
      const value =
        arg instanceof Uint8Array
          ? result < 0
            ? SOMEWHERE
            : arg.length === 4
              ? `[${int(arg)}]`
              : quoted(arg)
          : arg;
      return [fd, renamed.get(name!) ?? name ?? `0x${(request as number).toString(16)}`, value];
    },
  },
  select: selectForm,
  poll: pollForm,
  epoll_create1: { names: ['flags'], fd: made, texts: ([flag]) => [flags('EPOLL_', flag as number)] },
  epoll_ctl: epollCtl,
  epoll_wait: epollWait,
  kqueue: { names: [], fd: made, texts: () => [] },
  kevent: keventForm,
  sigaction: {
    names: ['signum', 'act', 'oldact'],
    texts: ([signum, handler]) => [
      named('SIG', signum as number),
      `{sa_handler=${handlers[handler as number] ?? SOMEWHERE}, sa_mask=[], sa_flags=0}`,
      'NULL',
    ],
  },
};

const linuxOnly = ['accept4', 'pipe2', 'epoll_create1', 'epoll_ctl', 'epoll_wait'];
const lacking = new Set(process.platform === 'linux' ? ['kqueue', 'kevent'] : linuxOnly);

/**
 * The calls that are recorded: those that enter the kernel. clock_gettime and signals_noted never do,
 * nor does a call that this platform lacks.
 */
export const forms = Object.fromEntries(
  Object.entries(all).filter(([name]) => !lacking.has(name)),
) as typeof all;

/** The arguments as text. */
export function argumentsOf(form: Form, kept: Kept, result: number): Argument[] {
  const texts = form.texts(kept, result);
  return texts.map((text, i) => ({ name: form.names[i], text: String(text) }));
}

export type { Form };
