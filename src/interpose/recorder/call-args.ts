// Every call that is recorded, and how its arguments are kept and told. Above: recorder.ts.
// Below: the forms beside it.

import { type CallName, kernelName } from '../../kernel/calls.ts';
import { copy, type Form, first, int, type Kept, made, SOMEWHERE, size } from './decoders/decoder.ts';
import {
  eventfdForm,
  signalfdForm,
  timerfdCreate,
  timerfdGettime,
  timerfdSettime,
} from './decoders/event.ts';
import { fcntlForm, ioctlForm } from './decoders/file.ts';
import { getitimerForm, setitimerForm } from './decoders/itimer.ts';
import { keventForm } from './decoders/kevent.ts';
import { recvfromForm, recvmsgForm, sendmsgForm, sendtoForm } from './decoders/message.ts';
import {
  addressed,
  answered,
  family,
  option,
  optionValue,
  pairForm,
  protocol,
  transfer,
  type,
} from './decoders/socket.ts';
import {
  epollCtl,
  epollPwait,
  epollWait,
  pollForm,
  ppollForm,
  pselectForm,
  selectForm,
} from './decoders/wait.ts';
import type { Argument } from './recording.ts';
import { flags, named, quoted, STRING_LIMIT } from './strace-text.ts';

export type { CallName } from '../../kernel/calls.ts';

const handlers = ['SIG_DFL', 'SIG_IGN'];
const sigaction = (handler: string, flag: number) =>
  `{sa_handler=${handler}, sa_mask=[], sa_flags=${flags('SA_', flag)}}`;

const pipeForm: Form = {
  names: ['pipefd'],
  fd: ([fds], result) => (result === 0 ? new Int32Array((fds as Uint8Array).buffer)[0] : -1),
  keep: ([fds, ...rest]) => [copy(fds, 0, 8), ...rest],
  texts: ([fds], result) => [
    result < 0 ? SOMEWHERE : `[${new Int32Array((fds as Uint8Array).buffer).join(', ')}]`,
  ],
};

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
  recvfrom: recvfromForm,
  sendto: sendtoForm,
  recvmsg: recvmsgForm,
  sendmsg: sendmsgForm,
  read: transfer('in', false),
  write: transfer('out', false),
  shutdown: { names: ['fd', 'how'], fd: first, texts: ([fd, how]) => [fd, named('SHUT_', how as number)] },
  close: { names: ['fd'], fd: first, texts: (kept) => kept },
  fcntl: fcntlForm,
  dup: { names: ['oldfd'], fd: first, texts: (kept) => kept },
  dup2: { names: ['oldfd', 'newfd'], fd: first, texts: (kept) => kept },
  dup3: {
    names: ['oldfd', 'newfd', 'flags'],
    fd: first,
    texts: ([from, to, flag]) => [from, to, flags('O_', flag as number)],
  },
  pipe: pipeForm,
  pipe2: {
    ...pipeForm,
    names: ['pipefd', 'flags'],
    texts: (kept, result) => [...pipeForm.texts(kept, result), flags('O_', kept[1] as number)],
  },
  ioctl: ioctlForm,
  select: selectForm,
  pselect: pselectForm,
  poll: pollForm,
  ppoll: ppollForm,
  epoll_create: { names: ['size'], fd: made, texts: (kept) => kept },
  epoll_create1: { names: ['flags'], fd: made, texts: ([flag]) => [flags('EPOLL_', flag as number)] },
  epoll_ctl: epollCtl,
  epoll_wait: epollWait,
  epoll_pwait: epollPwait,
  kqueue: { names: [], fd: made, texts: () => [] },
  kevent: keventForm,
  eventfd: eventfdForm,
  signalfd: signalfdForm,
  timerfd_create: timerfdCreate,
  timerfd_settime: timerfdSettime,
  timerfd_gettime: timerfdGettime,
  sigaction: {
    names: ['signum', 'act', 'oldact'],
    texts: ([signum, handler]) => [
      named('SIG', signum as number),
      sigaction(handlers[handler as number], 0),
      'NULL',
    ],
  },
  // The handler is native code's.
  catch_signal: {
    names: ['signum', 'act', 'oldact'],
    texts: ([signum, flag]) => [named('SIG', signum as number), sigaction(SOMEWHERE, flag as number), 'NULL'],
  },
  setitimer: setitimerForm,
  getitimer: getitimerForm,
  sethostname: {
    names: ['name', 'len'],
    keep: ([name]) => [copy(name, 0, STRING_LIMIT + 1), size(name)],
    // strace shows no name that is too long.
    texts: ([name, length]) => [
      (length as number) > 64 ? SOMEWHERE : quoted(name as Uint8Array, length as number),
      length,
    ],
  },
};

/**
 * The calls that are recorded: those that enter the kernel, once. clock_gettime, take_pending_signals
 * and set_wakeup_fd never do, nor does a call that this platform lacks; if_nametoindex, getaddrinfo and their
 * kin, and chain_signal, do several times.
 */
export const forms = Object.fromEntries(
  Object.entries(all).filter(([name]) => kernelName(name, process.platform, process.arch) !== null),
) as typeof all;

/** The arguments as text. */
export function argumentsOf(form: Form, kept: Kept, result: number): Argument[] {
  const texts = form.texts(kept, result);
  return texts.map((text, i) => ({ name: form.names[i], text: String(text) }));
}
