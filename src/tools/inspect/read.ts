// What Linux knows of a process's descriptors: /proc/PID/fd and fdinfo say what each is; a socket's state and options are
// asked of a copy of it (pidfd_getfd(2)), which changes nothing in the process. Each is read by itself, one after the
// other, while the process goes on.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { statusFlags } from '../../interpose/recorder/decoders/file.ts';
import { sockets } from '../../interpose/recorder/known-sockets.ts';
import { takeObserved } from '../../interpose/recorder/probes.ts';
import type { SocketState } from '../../interpose/recorder/recording.ts';
import { stateOf } from '../../interpose/recorder/socket-state.ts';
import { flagNames } from '../../interpose/recorder/strace-text.ts';
import { O_CLOEXEC } from '../../kernel/constants/fcntl.ts';
import * as S from '../../kernel/constants/socket.ts';
import { EPERM, errorcode } from '../../kernel/errno.ts';
import { linger } from '../../kernel/structs/sockopt.ts';
import { timeval, toSeconds } from '../../kernel/structs/timespec.ts';
import * as sys from '../../kernel/syscalls.ts';
import { processStat } from '../process-stat.ts';

/** One entry of an epoll instance's interest list. */
export interface Watched {
  fd: number;
  /** 'EPOLLIN', 'EPOLLET' … */
  events: string[];
  /** epoll_event's data, in hexadecimal. */
  data: string;
}

/** A descriptor of the process. */
export interface Descriptor {
  fd: number;
  /** 'socket', 'pipe', 'eventpoll', 'eventfd', 'signalfd', 'timerfd', 'file' …; '?': it was closed meanwhile. */
  kind: string;
  /** What /proc/PID/fd/N leads to: 'socket:[12345]', '/dev/null'. */
  target: string;
  /** 'O_RDWR', 'O_NONBLOCK' …; with O_CLOEXEC where the descriptor has FD_CLOEXEC. */
  flags: string[];
  socket?: Socket;
  /** Of an epoll instance. */
  watches?: Watched[];
  /** What else fdinfo says of it, line by line: an eventfd's count, a timerfd's time. */
  info?: Record<string, string>;
}

export interface Socket extends Omit<SocketState, 'fd' | 'descriptorFlags' | 'statusFlags'> {
  /** The options by their names; times in seconds, sizes in bytes. What the kernel refuses is left out. */
  options: Record<string, number | string>;
}

/** A process as it was, from `from` to `until`. */
export interface Inspected {
  pid: number;
  command: string;
  /** proc_pid_stat(5): 'S' sleeps in a call, 'R' runs or wants to. */
  state: string;
  /** ISO 8601. */
  from: string;
  until: string;
  descriptors: Descriptor[];
  /** What could not be read, in sentences. */
  notes: string[];
}

/** Throws an Error with a sentence for a process that is not there, or that may not be looked at. */
export function inspect(pid: number): Inspected {
  const from = new Date().toISOString();
  const fds = descriptorsOf(pid);
  const notes: string[] = [];
  const pidfd = sys.pidfd_open(pid, 0);
  if (pidfd < 0) notes.push(`Sockets are told without their state: pidfd_open ${errorcode(pidfd)}.`);
  try {
    const descriptors = fds.map((fd) => descriptor(pid, fd));
    let isRefused = false;
    for (const one of descriptors) {
      if (one.kind !== 'socket' || pidfd < 0 || isRefused) continue;
      const copy = sys.pidfd_getfd(pidfd, one.fd, 0);
      if (copy === -EPERM) {
        isRefused = true;
        notes.push(
          'Sockets are told without their state, for that takes the right to trace the process: be its user, with ' +
            'kernel.yama.ptrace_scope 0, or root (pidfd_getfd EPERM).',
        );
      } else if (copy >= 0) {
        try {
          one.socket = socketOf(copy);
        } finally {
          sockets.delete(copy);
          sys.close(copy);
        }
      }
    }
    return {
      pid,
      command: commandOf(pid),
      state: processStat(pid)?.[0] ?? '?',
      from,
      until: new Date().toISOString(),
      descriptors,
      notes,
    };
  } finally {
    if (pidfd >= 0) sys.close(pidfd);
    takeObserved();
  }
}

function descriptorsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/fd`)
      .map(Number)
      .sort((a, b) => a - b);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new Error(`there is no process ${pid}`);
    if (code === 'EACCES' || code === 'EPERM')
      throw new Error(`process ${pid} is another user's: only that user, or root, may look at it (${code})`);
    throw error;
  }
}

// '' where it cannot be read: the process may have ended, or the descriptor be closed.
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

const commandOf = (pid: number) =>
  read(pid, 'cmdline').replaceAll('\0', ' ').trim() || read(pid, 'comm').trim();

// The kernel's own, on 64 bits: every file has it, and no header names it.
const O_LARGEFILE = 0o100000;
// Said elsewhere, or of no use to anyone who looks.
const unsaid = /^(pos|flags|mnt_id|ino|tfd|scm_fds|eventfd-id)$/;

function descriptor(pid: number, fd: number): Descriptor {
  let target = '';
  try {
    target = readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return { fd, kind: '?', target, flags: [] };
  }
  const lines = read(pid, `fdinfo/${fd}`).split('\n');
  const pairs = lines.flatMap((line) => {
    const found = /^([\w -]+):\s*(.*)$/.exec(line);
    return found === null ? [] : [[found[1], found[2]] as const];
  });
  const flags = Number.parseInt(pairs.find(([name]) => name === 'flags')?.[1] ?? '0', 8);
  const info = Object.fromEntries(pairs.filter(([name]) => !unsaid.test(name)));
  const kind = kindOf(target);
  return {
    fd,
    kind,
    target,
    flags: statusFlags(flags & ~O_CLOEXEC & ~O_LARGEFILE)
      .split('|')
      .concat(flags & O_CLOEXEC ? ['O_CLOEXEC'] : []),
    ...(kind === 'eventpoll' && { watches: lines.flatMap(watched) }),
    ...(kind !== 'file' && Object.keys(info).length > 0 && { info }),
  };
}

function kindOf(target: string): string {
  const found = /^(?:(\w+):\[\d+\]|anon_inode:\[?([\w-]+)\]?)$/.exec(target);
  return found?.[1] ?? found?.[2] ?? 'file';
}

// 'tfd:        4 events: 80000019 data:                4  pos:0 ino:125644 sdev:9'
function watched(line: string): Watched[] {
  const found = /^tfd:\s*(\d+) events:\s*([0-9a-f]+) data:\s*([0-9a-f]+)/.exec(line);
  if (found === null) return [];
  const [, fd, events, data] = found;
  return [{ fd: Number(fd), events: flagNames('EPOLL', Number.parseInt(events, 16)), data }];
}

function socketOf(copy: number): Socket {
  const state = stateOf(copy);
  if (state === undefined) throw new Error('a socket is none');
  const { fd: _, descriptorFlags: __, statusFlags: ___, ...rest } = state;
  return { ...rest, options: optionsOf(copy, rest) };
}

type Option = readonly [name: string, level: number, number: number | undefined];

const numbers = S as unknown as Record<string, number | undefined>;
const optionsAt = (level: number, ...names: string[]): Option[] =>
  names.map((name) => [name, level, numbers[name]]);

const always = optionsAt(
  S.SOL_SOCKET,
  'SO_REUSEADDR',
  'SO_REUSEPORT',
  'SO_KEEPALIVE',
  'SO_BROADCAST',
  'SO_OOBINLINE',
  'SO_RCVBUF',
  'SO_SNDBUF',
  'SO_RCVLOWAT',
  'SO_PRIORITY',
  'SO_MARK',
  'SO_PASSCRED',
  'SO_ACCEPTCONN',
);
const ofTcp = optionsAt(
  S.IPPROTO_TCP,
  'TCP_NODELAY',
  'TCP_CORK',
  'TCP_DEFER_ACCEPT',
  'TCP_KEEPIDLE',
  'TCP_KEEPINTVL',
  'TCP_KEEPCNT',
  'TCP_USER_TIMEOUT',
  'TCP_QUICKACK',
);
const ofIp6 = optionsAt(S.IPPROTO_IPV6, 'IPV6_V6ONLY');

function optionsOf(fd: number, { family, kind, tcp }: Pick<SocketState, 'family' | 'kind' | 'tcp'>) {
  const options: Record<string, number | string> = {};
  const asked = [...always, ...(tcp ? ofTcp : []), ...(family === 'AF_INET6' ? ofIp6 : [])];
  const value = Buffer.alloc(16);
  const length = new Int32Array(1);
  const get = (level: number, number: number | undefined, size: number): boolean => {
    if (number === undefined) return false;
    length[0] = size;
    return sys.getsockopt(fd, level, number, value, length) === 0;
  };
  for (const [name, level, number] of asked) if (get(level, number, 4)) options[name] = value.readInt32LE(0);
  if (get(S.SOL_SOCKET, S.SO_LINGER, 8)) {
    const { l_onoff, l_linger } = linger.unpack(value.subarray(0, 8));
    if (l_onoff !== 0) options.SO_LINGER = l_linger;
  }
  for (const name of ['SO_RCVTIMEO', 'SO_SNDTIMEO'] as const)
    if (get(S.SOL_SOCKET, S[name], 16)) {
      const seconds = toSeconds(timeval.unpack(value));
      if (seconds !== 0) options[name] = seconds;
    }
  if (kind === 'SOCK_STREAM' && tcp && get(S.IPPROTO_TCP, S.TCP_CONGESTION, 16))
    options.TCP_CONGESTION = value.toString('latin1', 0, length[0]).replace(/\0.*$/s, '');
  return options;
}
