// Every call that is recorded, with what keeps and decodes its arguments: by their kinds in the table of
// calls, and by what a few calls have of their own.

import { type Call, type CallName, callNames, calls, type Kind, kernelName } from '../../kernel/calls.ts';
import { platform } from '../../kernel/platform.ts';
import {
  type CallDecoder,
  copy,
  Decoder,
  number,
  type ParameterDecoder,
  SOMEWHERE,
  shownElsewhere,
  size,
  text,
  withValue,
} from './decoders/decoder.ts';
import {
  catch_signal,
  epoll_pwait,
  sigaction,
  sigset,
  sigsetFilled,
  timer,
  timespec,
  timespecLeft,
  timeval,
} from './decoders/event.ts';
import { fcntl, ioctl, offset } from './decoders/file.ts';
import { buffer, iovec, mmsghdr, recvmsg, sendmsg, transfer } from './decoders/message.ts';
import {
  filledAddress,
  getsockopt,
  givenAddress,
  length,
  pair,
  protocol,
  setsockopt,
  socketType,
} from './decoders/socket.ts';
import {
  epoll_wait,
  epollFilled,
  epollGiven,
  fdSet,
  kevent,
  keventsFilled,
  keventsGiven,
  poll,
  pollfd,
  pselect,
  select,
} from './decoders/wait.ts';
import { flagNames, flags, named, quoted, STRING_LIMIT } from './strace-text.ts';

const decimal: ParameterDecoder = { show: (value: number) => [number(value)] };
const byName = (prefix: string): ParameterDecoder => ({
  show: (value: number) => [text(named(prefix, value))],
});
const byFlags = (prefix: string): ParameterDecoder => ({
  show: (value: number) => [withValue(flags(prefix, value), flagNames(prefix, value))],
});
// A name with its length; strace shows none that is too long.
const hostname: ParameterDecoder = {
  keep: (args, i) => ({ bytes: copy(args[i], 0, STRING_LIMIT + 1), length: size(args[i]) }),
  show: ({ bytes, length }: { bytes: Uint8Array; length: number }) => [
    text(length > MOST_HOSTNAME ? SOMEWHERE : quoted(bytes, length)),
    number(length),
  ],
};
const MOST_HOSTNAME = 64;

// Memory that nothing is known of.
const pointer: ParameterDecoder = {
  keep: (args, i) => args[i] == null,
  show: (isNull) => [text(isNull ? 'NULL' : SOMEWHERE)],
};

const kinds: Partial<Record<Kind, ParameterDecoder>> = {
  fd: decimal,
  int: decimal,
  integer: decimal,
  milliseconds: decimal,
  signal: byName('SIG'),
  protocol,
  'socket type': socketType,
  'in sockaddr': givenAddress,
  'out sockaddr': filledAddress,
  'inout socklen': length,
  'out pair': pair,
  'inout fd_set': fdSet,
  'inout timeval': timeval,
  'in timespec': timespec,
  'inout timespec': timespecLeft,
  'in sigset': sigset,
  'out sigset': sigsetFilled,
  'inout offset': offset,
  'in itimerval': timer('tv_usec', false),
  'out itimerval': timer('tv_usec', true),
  'in itimerspec': timer('tv_nsec', false),
  'out itimerspec': timer('tv_nsec', true),
  'inout pollfd': pollfd,
  'in epoll_event': epollGiven,
  'out epoll_event': epollFilled,
  'in kevent': keventsGiven,
  'out kevent': keventsFilled,
  'in hostname': hostname,
  'in iovec': iovec('in'),
  'out iovec': iovec('out'),
  'in mmsghdr': mmsghdr('in'),
  'inout mmsghdr': mmsghdr('inout'),
  'in iovecs': shownElsewhere,
  'out iovecs': shownElsewhere,
  'in sockaddrs': shownElsewhere,
  'out sockaddrs': shownElsewhere,
  'in cmsgs': shownElsewhere,
  'out cmsgs': shownElsewhere,
};

/** How a parameter is decoded whose call has nothing of its own for it. */
export function decoderOf(kind: Kind, isPart: boolean): ParameterDecoder {
  const [, what, prefix] = /^(flags|one of) (\w+)$/.exec(kind) ?? [];
  if (prefix !== undefined) return what === 'flags' ? byFlags(prefix) : byName(prefix);
  const known = kind.replace('?', '') as Kind;
  if (known === 'in bytes') return buffer('in', isPart);
  if (known === 'out bytes') return buffer('out', isPart);
  return kinds[known] ?? pointer;
}

const own: Partial<Record<CallName, CallDecoder>> = {
  getsockopt,
  setsockopt,
  recv: transfer,
  send: transfer,
  recvfrom: transfer,
  sendto: transfer,
  recvmsg,
  sendmsg,
  read: transfer,
  write: transfer,
  fcntl,
  ioctl,
  select,
  pselect,
  poll,
  ppoll: poll,
  epoll_wait,
  epoll_pwait: { ...epoll_wait, ...epoll_pwait },
  epoll_pwait2: { ...epoll_wait, ...epoll_pwait },
  kevent,
  sigaction,
  catch_signal,
};

/** The calls that are recorded: those that this platform has and that enter the kernel once. */
export const recordedCalls = callNames.filter((name) => {
  const { entries }: Call = calls[name];
  return entries === undefined && kernelName(name, platform, process.arch) !== null;
});

/** What keeps and decodes the arguments of each of them. */
export const decoders: ReadonlyMap<string, Decoder> = new Map(
  recordedCalls.map((name) => [name, new Decoder(calls[name], own[name] ?? {}, decoderOf)]),
);
