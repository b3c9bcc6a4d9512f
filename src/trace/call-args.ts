// Every call that is recorded, and how its arguments are kept and told. Above: recorder.ts.
// Below: socket-forms.ts, file-forms.ts, wait-forms.ts, kevent-form.ts.

import type { Syscalls } from '../native.ts';
import { copy, type Form, first, int, type Kept, made, SOMEWHERE, size } from './call-form.ts';
import { fcntlForm, ioctlForm } from './file-forms.ts';
import { getitimerForm, setitimerForm } from './itimer-forms.ts';
import { keventForm } from './kevent-form.ts';
import type { Argument } from './recording.ts';
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
} from './socket-forms.ts';
import { flags, named } from './strace-text.ts';
import { epollCtl, epollWait, pollForm, selectForm } from './wait-forms.ts';

export type CallName = keyof Syscalls;

// What strace cannot know, for it is memory of the addon: the handler.
const handlers = ['SIG_DFL', 'SIG_IGN'];
const SIG_NOTE_RESTARTING = 3;

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
  ioctl: ioctlForm,
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
      `{sa_handler=${handlers[handler as number] ?? SOMEWHERE}, sa_mask=[], sa_flags=${handler === SIG_NOTE_RESTARTING ? 'SA_RESTART' : '0'}}`,
      'NULL',
    ],
  },
  setitimer: setitimerForm,
  getitimer: getitimerForm,
};

const linuxOnly = ['accept4', 'pipe2', 'epoll_create1', 'epoll_ctl', 'epoll_wait'];
const lacking = new Set(process.platform === 'linux' ? ['kqueue', 'kevent'] : linuxOnly);

/**
 * The calls that are recorded: those that enter the kernel. clock_gettime, signals_noted and set_wakeup_fd
 * never do, nor does a call that this platform lacks; overhear is the library's own business.
 */
export const forms = Object.fromEntries(
  Object.entries(all).filter(([name]) => !lacking.has(name)),
) as typeof all;

/** The arguments as text. */
export function argumentsOf(form: Form, kept: Kept, result: number): Argument[] {
  const texts = form.texts(kept, result);
  return texts.map((text, i) => ({ name: form.names[i], text: String(text) }));
}
