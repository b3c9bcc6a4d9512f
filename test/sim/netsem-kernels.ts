// What the cases of NetSem's rules run on: this machine's kernel or a World, with the same raw calls. Each makes
// sockets that it closes at the end, has a call made later by another thread, and interrupts a call that waits.

import { Worker } from 'node:worker_threads';
import { CLOCK_MONOTONIC } from '../../src/kernel/constants/clock.ts';
import { F_GETFL, F_SETFL, O_NONBLOCK } from '../../src/kernel/constants/fcntl.ts';
import {
  AF_INET,
  IPPROTO_IP,
  SHUT_RDWR,
  SO_ERROR,
  SO_LINGER,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../src/kernel/constants/socket.ts';
import * as errno from '../../src/kernel/errno.ts';
import * as own from '../../src/kernel/own-calls.ts';
import { packSockaddr, unpackSockaddr } from '../../src/kernel/structs/sockaddr.ts';
import { ITIMER_REAL, NSIG, SIGUSR2 } from '../../src/signal.ts';
import { SimulatedCalls } from '../../src/sim/calls.ts';
import { UnixNames } from '../../src/sim/unix.ts';
import { World } from '../../src/sim/world.ts';
import * as sys from '../../src/syscalls.ts';

/** RLIMIT_NOFILE of the process that runs the cases. */
export const MAX_DESCRIPTORS = 256;
/** IP_LOCAL_PORT_RANGE of <linux/in.h>, since Linux 6.3: highest << 16 | lowest. */
const IP_LOCAL_PORT_RANGE = 51;

const names = new Map(
  Object.entries(errno).flatMap(([name, value]) =>
    typeof value === 'number' && !['EWOULDBLOCK', 'ENOTSUP'].includes(name) ? [[value, name] as const] : [],
  ),
);

/** What a call returned: the errno's name, or the number. */
export const said = (result: number): string | number =>
  result < 0 ? (names.get(-result) ?? `errno ${-result}`) : result;

/** A call to be made by another thread of the process; drain: recv() until the end of the stream. */
export type Later = [name: keyof sys.Syscalls, ...args: unknown[]] | ['drain', fd: number];

export const at = (host: string, port: number) => packSockaddr(AF_INET, [host, port], 'bind');
const text = (address: Uint8Array) => (unpackSockaddr(Buffer.from(address), 16) as unknown[]).join(':');

export abstract class Kernel {
  readonly #open = new Set<number>();
  #laterNs: number | null = null;

  /** Has another thread make a call after so many seconds. */
  later(seconds: number, ...call: Later): void {
    this.#laterNs ??= nowNs();
    this.post(seconds, call);
  }

  protected abstract post(seconds: number, call: Later): void;
  /** What a call that waits returns when a signal's handler runs meanwhile. */
  abstract interrupted(call: () => number): string | number;

  /** The descriptor, to be closed at the end of the case; throws for an errno. */
  opened(fd: number): number {
    if (fd < 0) throw new Error(`a descriptor was expected, and not ${said(fd)}`);
    this.#open.add(fd);
    return fd;
  }

  close(fd: number): string | number {
    this.#open.delete(fd);
    return said(sys.close(fd));
  }

  /** For the end of a case. */
  closeAll(): void {
    this.#laterNs = null;
    for (const fd of [...this.#open].reverse()) this.close(fd);
  }

  tcp(flags = 0): number {
    return this.opened(sys.socket(AF_INET, SOCK_STREAM | flags, 0));
  }

  udp(flags = 0): number {
    return this.opened(sys.socket(AF_INET, SOCK_DGRAM | flags, 0));
  }

  bound(fd: number, host = '127.0.0.1', port = 0): number {
    must(sys.bind(fd, at(host, port)));
    return fd;
  }

  listener(backlog = 5, flags = 0): number {
    const fd = this.bound(this.tcp(flags));
    must(sys.listen(fd, backlog));
    return fd;
  }

  /** A listener whose queue is full: what connects to it is not answered. */
  fullListener(): number {
    const listener = this.listener(0);
    this.client(listener);
    return listener;
  }

  /** A socket that is connected to whom a name belongs. */
  client(listener: number, flags = 0): number {
    const fd = this.tcp();
    must(sys.connect(fd, address(listener)));
    if (flags & SOCK_NONBLOCK) nonblocking(fd);
    return fd;
  }

  accepted(listener: number): number {
    return this.opened(sys.accept(listener, null, null));
  }

  connection(): [client: number, conn: number, listener: number] {
    const listener = this.listener();
    const client = this.client(listener);
    return [client, this.accepted(listener), listener];
  }

  /** A connection with small buffers. */
  smallConnection(): [client: number, conn: number] {
    const listener = this.listener();
    must(setOption(listener, SOL_SOCKET, SO_RCVBUF, 4096));
    const client = this.client(listener);
    must(setOption(client, SOL_SOCKET, SO_SNDBUF, 16_384));
    return [client, this.accepted(listener)];
  }

  /** One whose client has more to send than its peer has space for. */
  stuffedConnection(): [client: number, conn: number] {
    const both = this.smallConnection();
    fill(both[0]);
    return both;
  }

  /** A connection whose peer has reset it: the error is pending. */
  resetConnection(): number {
    const [client, conn] = this.connection();
    this.reset(conn);
    return client;
  }

  reset(fd: number): void {
    linger(fd, 0);
    must(this.close(fd));
  }

  /** A socket whose connect() waits for the answer of a full listener. */
  connecting(flags = SOCK_NONBLOCK): number {
    const fd = this.tcp(SOCK_NONBLOCK);
    const result = said(sys.connect(fd, address(this.fullListener())));
    if (result !== 'EINPROGRESS') throw new Error(`connect() to a full listener: ${result}`);
    if ((flags & SOCK_NONBLOCK) === 0) must(sys.fcntl(fd, F_SETFL, 0));
    return fd;
  }

  /** A port that nobody has. */
  freePort(type = SOCK_STREAM): number {
    const fd = this.bound(this.opened(sys.socket(AF_INET, type, 0)));
    const port = portOf(fd);
    this.close(fd);
    return port;
  }

  /** A socket for which there is one ephemeral port, and that is taken. */
  portless(type: number): number {
    const taken = this.bound(this.opened(sys.socket(AF_INET, type, 0)), '0.0.0.0');
    const port = portOf(taken);
    const fd = this.opened(sys.socket(AF_INET, type, 0));
    must(sys.setsockopt(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, Int32Array.of((port << 16) | port)));
    return fd;
  }

  /** UDP sockets that have each other's address. */
  udpPair(): [number, number] {
    const [one, other] = [this.bound(this.udp()), this.bound(this.udp())];
    must(sys.connect(one, address(other)));
    must(sys.connect(other, address(one)));
    return [one, other];
  }

  /** A UDP socket with a pending error: where it sent to, there was nobody. */
  refusedUdp(): number {
    const fd = this.udp();
    must(sys.connect(fd, at('127.0.0.1', this.freePort(SOCK_DGRAM))));
    must(sys.send(fd, Buffer.from('x'), 0));
    return fd;
  }

  /** What a call returns for want of a descriptor. */
  atLimit(call: () => number): string | number {
    const filled: number[] = [];
    for (let fd = sys.dup(0); fd >= 0; fd = sys.dup(0)) filled.push(fd);
    const result = call();
    if (result >= 0) this.opened(result);
    for (const fd of filled) sys.close(fd);
    return said(result);
  }

  /** What a call returned, and whether it took so many seconds or longer: since later() was called, if it was. */
  waited(seconds: number, call: () => number | string): [result: string | number, waited: boolean] {
    const start = this.#laterNs ?? nowNs();
    this.#laterNs = null;
    const result = call();
    return [typeof result === 'string' ? result : said(result), nowNs() - start >= Math.round(seconds * 1e9)];
  }
}

/** Throws where a call of the case's frame fails. */
export function must(result: string | number): void {
  if (typeof result === 'string' || result < 0)
    throw new Error(`a call was to succeed: ${typeof result === 'string' ? result : said(result)}`);
}

function nowNs(): number {
  const time = new BigInt64Array(2);
  must(sys.clock_gettime(CLOCK_MONOTONIC, time));
  return Number(time[0] * 1_000_000_000n + time[1]);
}

// ---- What the cases ask of a socket

/** The bytes of a socket's own address. */
export function address(fd: number): Uint8Array {
  const addr = new Uint8Array(128);
  const addrlen = Int32Array.of(128);
  must(sys.getsockname(fd, addr, addrlen));
  return addr.slice(0, addrlen[0]);
}

export const portOf = (fd: number): number => {
  const bytes = address(fd);
  return (bytes[2] << 8) | bytes[3];
};

/** '127.0.0.1:port', or the errno. */
export function peerOf(fd: number): string | number {
  const addr = new Uint8Array(16);
  const result = sys.getpeername(fd, addr, Int32Array.of(16));
  return result < 0 ? said(result) : text(addr);
}

export const nameOf = (fd: number): string => text(address(fd));
export const hostOf = (fd: number): string => nameOf(fd).replace(/:\d+$/, '');

/** An option's int, or the errno. */
export function option(fd: number, level: number, name: number): string | number {
  const value = Int32Array.of(-1);
  const result = sys.getsockopt(fd, level, name, value, Int32Array.of(4));
  return result < 0 ? said(result) : value[0];
}

export const setOption = (fd: number, level: number, name: number, ...value: number[]) =>
  said(sys.setsockopt(fd, level, name, Int32Array.from(value)));

/** SO_ERROR: the errno's name, 0 for none. */
export const pendingError = (fd: number) => said(-(option(fd, SOL_SOCKET, SO_ERROR) as number) || 0);
export const linger = (fd: number, seconds: number) => must(setOption(fd, SOL_SOCKET, SO_LINGER, 1, seconds));

/** SO_RCVTIMEO, SO_SNDTIMEO: what waits gives up after so many milliseconds. */
export function timeout(fd: number, milliseconds: number, name = SO_RCVTIMEO): void {
  must(sys.setsockopt(fd, SOL_SOCKET, name, BigInt64Array.of(0n, BigInt(milliseconds) * 1000n)));
}

export const nonblocking = (fd: number) => must(sys.fcntl(fd, F_SETFL, O_NONBLOCK));
export const isNonblocking = (fd: number) => (sys.fcntl(fd, F_GETFL, 0) & O_NONBLOCK) !== 0;

/** What recv() returned: the bytes as text, or the errno. '' is the end of a stream. */
export function received(fd: number, flags = 0, size = 100): string | number {
  const buffer = Buffer.alloc(size);
  const n = sys.recv(fd, buffer, flags);
  return n < 0 ? said(n) : buffer.toString('latin1', 0, n);
}

export const sent = (fd: number, data: string, flags = 0) =>
  said(sys.send(fd, Buffer.from(data), flags | sys.MSG_NOSIGNAL!));
export const sentTo = (fd: number, data: string, to: Uint8Array | null, flags = 0) =>
  said(sys.sendto(fd, Buffer.from(data), flags | sys.MSG_NOSIGNAL!, to));

/** Sends without waiting until nothing more fits, also when what is under way has been acknowledged. */
export function fill(fd: number): void {
  const chunk = Buffer.alloc(65536);
  for (let added = true; added; sys.poll(new Uint8Array(0), 0, 50)) {
    added = false;
    while (sys.send(fd, chunk, sys.MSG_DONTWAIT) > 0) added = true;
  }
}

/** What select() reports of one descriptor, at once: 'r', 'w', 'x'. */
export function ready(fd: number, seconds = 0): string | number {
  const sets = ['r', 'w', 'x'].map(() => fdSet(fd));
  const result = sys.pselect(
    fd + 1,
    sets[0],
    sets[1],
    sets[2],
    seconds === 0 ? timespec(0) : timespec(seconds),
    null,
  );
  return result < 0 ? said(result) : [...'rwx'].filter((_, i) => isSet(sets[i], fd)).join('');
}

export const timespec = (seconds: number) =>
  BigInt64Array.of(BigInt(Math.floor(seconds)), BigInt(Math.round((seconds % 1) * 1e9)));

export function fdSet(...fds: number[]): Uint8Array {
  const set = new Uint8Array(512);
  for (const fd of fds) set[fd >> 3] |= 1 << (fd & 7);
  return set;
}
export const isSet = (set: Uint8Array, fd: number) => (set[fd >> 3] & (1 << (fd & 7))) !== 0;

export const shut = (fd: number, how = SHUT_RDWR) => said(sys.shutdown(fd, how));

// ---- This machine's kernel

const workerBody = `
  const { parentPort, workerData } = require('node:worker_threads');
  const sys = require(workerData.addon);
  const done = new Int32Array(workerData.done);
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  parentPort.on('message', ({ at, call: [name, ...args] }) => {
    const wait = at - Date.now();
    if (wait > 0) Atomics.wait(sleeper, 0, 0, wait);
    if (name === 'drain') while (sys.recv(args[0], new Uint8Array(65536), 0) > 0);
    else if (name === 'interrupt')
      while (Atomics.load(done, 1) === 0) {
        process.kill(process.pid, 'SIGUSR2');
        Atomics.wait(sleeper, 0, 0, 10);
      }
    else sys[name](...args);
    Atomics.add(done, 0, 1);
    Atomics.notify(done, 0);
  });
  parentPort.postMessage('ready');`;

/** The kernel itself; what is to happen later happens in a worker, which shares the descriptors. */
export class RealKernel extends Kernel {
  readonly #worker: Worker;
  readonly #done: Int32Array;
  #posted = 0;

  static async start(): Promise<RealKernel> {
    const done = new SharedArrayBuffer(8); // How many calls were made, and whether the interrupted one has returned.
    const addon = new URL('../../src/kernel/addon.cjs', import.meta.url).pathname;
    const worker = new Worker(workerBody, { eval: true, workerData: { addon, done } });
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    return new RealKernel(worker, done);
  }

  private constructor(worker: Worker, done: SharedArrayBuffer) {
    super();
    this.#worker = worker;
    this.#done = new Int32Array(done);
  }

  protected post(seconds: number, call: Later | ['interrupt']): void {
    this.#posted++;
    // A millisecond more, for Date.now() rounds down.
    this.#worker.postMessage({ at: Date.now() + seconds * 1000 + 1, call });
  }

  /** What was to happen later has happened. */
  settle(): void {
    for (;;) {
      const done = Atomics.load(this.#done, 0);
      if (done === this.#posted) return;
      if (Atomics.wait(this.#done, 0, done, 10_000) === 'timed-out')
        throw new Error('the call of the other thread does not return');
    }
  }

  stop(): Promise<number> {
    return this.#worker.terminate();
  }

  // Signals come until the call has returned: one that came before it began to wait would be lost to close().
  interrupted(call: () => number): string | number {
    must(own.catch_signal(SIGUSR2, 0));
    Atomics.store(this.#done, 1, 0);
    this.post(0.01, ['interrupt']);
    try {
      return said(call());
    } finally {
      Atomics.store(this.#done, 1, 1);
      this.settle();
      own.take_pending_signals(new Int32Array(NSIG));
      sys.sigaction(SIGUSR2, 1);
    }
  }

  // A call that never returns cannot be stopped by Vitest: SIGALRM ends the process instead.
  observe(run: (kernel: Kernel) => unknown): unknown {
    must(sys.setitimer(ITIMER_REAL, BigInt64Array.of(0n, 0n, 20n, 0n), null));
    try {
      return run(this);
    } finally {
      must(sys.setitimer(ITIMER_REAL, new BigInt64Array(4), null));
      this.settle();
      this.closeAll();
    }
  }
}

// ---- The model

class SimulatedKernel extends Kernel {
  readonly #world: World;
  readonly #calls: SimulatedCalls;

  constructor(world: World) {
    super();
    this.#world = world;
    this.#calls = new SimulatedCalls(world.program, new UnixNames(), world.newShared(), 0);
  }

  protected post(seconds: number, [name, ...args]: Later): void {
    const { program } = this.#world;
    const make = () => {
      const outer = program.wait;
      if (name === 'drain') this.#drain(args[0] as number);
      else (this.#calls[name as keyof SimulatedCalls] as (...args: unknown[]) => number)(...args);
      program.wait = outer;
    };
    this.#world.after(seconds * 1e9, `another thread: ${name}`, null, make);
  }

  #drain(fd: number): void {
    const buffer = new Uint8Array(65536);
    let n: number;
    do n = this.#calls.recv(fd, buffer, sys.MSG_DONTWAIT);
    while (n > 0);
    if (said(n) === 'EAGAIN') this.post(0.001, ['drain', fd]);
  }

  interrupted(call: () => number): string | number {
    must(own.catch_signal(SIGUSR2, 0));
    this.#world.addSignal(SIGUSR2, 0.001);
    return said(call());
  }
}

/** What is observed in a world. */
export function observeInModel(run: (kernel: Kernel) => unknown): unknown {
  const world = new World({ maxDescriptors: MAX_DESCRIPTORS, isPrivileged: false, maxTimeouts: 1000 });
  let observed: unknown;
  const outcome = world.run(() => {
    const kernel = new SimulatedKernel(world);
    try {
      observed = run(kernel);
    } finally {
      kernel.closeAll();
    }
  });
  if (outcome.violation !== null) throw outcome.violation;
  if (outcome.reason !== 'returned') throw new Error(`the run in the model ended: ${outcome.reason}`);
  return observed;
}
