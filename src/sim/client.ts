// What a process beside the program under test does, as methods for its generator:
//     const sock = yield* client.connect(['127.0.0.1', 12345]);
// Each call is a step of the world: before it, other processes may go on. A call that fails throws CallError.

import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  SHUT_WR,
  SO_LINGER,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../kernel/constants/socket.ts';
import { errorcode } from '../kernel/errno.ts';
import { packSockaddr, sizeofStorage, unpackSockaddr } from '../kernel/structs/sockaddr.ts';
import { linger } from '../kernel/structs/sockopt.ts';
import type { Request } from './peer.ts';
import type { Process } from './process.ts';
import type { UnixNames } from './unix.ts';

/** [numeric host, port], or the path of a UNIX socket. */
export type PeerAddress = readonly [host: string, port: number] | string;

/** Text stands for its bytes in UTF-8. */
export type Data = string | Uint8Array;

/** A call, or several, under way: `yield*` makes it and gives its result. */
export type Calling<T> = Generator<Request, T, number>;

/** A call of another process failed. It is a violation of the run, unless the process catches it. */
export class CallError extends Error {
  override readonly name = 'CallError';
  /** 'ECONNRESET' */
  readonly code: string;
  /** Negative, as the call gave it. */
  readonly errno: number;
  readonly syscall: string;

  constructor(syscall: string, errno: number, about = '') {
    const code = errorcode(errno);
    super(`${syscall}(${about}) failed: ${code}`);
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }
}

/** The process sent or received something else than it had to. */
export class Unexpected extends Error {
  override readonly name = 'Unexpected';
}

const dataOf = (data: Data): Uint8Array => (typeof data === 'string' ? Buffer.from(data) : data);

/** Bytes as text in quotation marks, at most 60 of them. */
export function quote(data: Uint8Array): string {
  const shown = Buffer.from(data.subarray(0, 60)).toString('latin1');
  const text = JSON.stringify(shown).replace(/[\x7f-\xff]/g, (char) => {
    return `\\u00${char.charCodeAt(0).toString(16)}`;
  });
  return data.length > 60 ? `${text}… (${data.length} bytes)` : text;
}

const familyOf = (address: PeerAddress) =>
  typeof address === 'string' ? AF_UNIX : address[0].includes(':') ? AF_INET6 : AF_INET;

const sockaddrOf = (address: PeerAddress, caller: string) => packSockaddr(familyOf(address), address, caller);

export const addressText = (address: PeerAddress): string =>
  typeof address === 'string' ? address : `${address[0]}:${address[1]}`;

/** The calls of a process of the world. Its descriptors are its own, and closed when its generator returns. */
export class ProcessCalls {
  readonly #process: Process;
  readonly #names: UnixNames;

  constructor(process: Process, names: UnixNames) {
    this.#process = process;
    this.#names = names;
  }

  get name(): string {
    return this.#process.name;
  }

  /** Seconds of virtual time since the world began. */
  get time(): number {
    return this.#process.machine.nanoseconds / 1e9;
  }

  /**
   * A connection to an address. Waits until someone listens there; with waits: false it connects at once, and gets
   * ECONNREFUSED where nobody does. from: the address that it is bound to before.
   */
  *connect(
    address: PeerAddress,
    { waits = true, from }: { waits?: boolean; from?: readonly [host: string, port: number] } = {},
  ): Calling<PeerSocket> {
    const sockaddr = sockaddrOf(address, 'connect');
    if (waits) yield this.#listened(address, sockaddr);
    const fd = yield* this.#socket(address);
    if (from !== undefined) {
      yield* this.call('setsockopt', fd, SOL_SOCKET, SO_REUSEADDR, ONE);
      check('bind', yield ['bind', fd, sockaddrOf(from, 'connect')], addressText(from));
    }
    check('connect', yield ['connect', fd, sockaddr], addressText(address));
    return new PeerSocket(fd);
  }

  /** A listening socket at an address, with SO_REUSEADDR. */
  *listen(address: PeerAddress, { backlog = 128 }: { backlog?: number } = {}): Calling<PeerListener> {
    const fd = yield* this.#socket(address);
    yield* this.call('setsockopt', fd, SOL_SOCKET, SO_REUSEADDR, ONE);
    check('bind', yield ['bind', fd, sockaddrOf(address, 'listen')], addressText(address));
    check('listen', yield ['listen', fd, backlog], addressText(address));
    return new PeerListener(fd);
  }

  *#socket(address: PeerAddress): Calling<number> {
    return check('socket', yield ['socket', familyOf(address), SOCK_STREAM, 0]);
  }

  // Until someone listens at an address.
  #listened(address: PeerAddress, sockaddr: Buffer): Request {
    const { host } = this.#process;
    const what = `connect to ${addressText(address)}, where nobody listens`;
    if (typeof address === 'string') {
      const until = () => this.#names.find(sockaddr, SOCK_STREAM)?.state === 'listening';
      return { until, what, shared: null };
    }
    const [, port] = address;
    const bytes = familyOf(address) === AF_INET6 ? sockaddr.subarray(8, 24) : sockaddr.subarray(4, 8);
    const there = host.network.hostAt(bytes, host);
    if (there === null)
      throw new RangeError(`connect(): no host of this world has the address ${address[0]}`);
    return { until: () => there.listenerFor(bytes, port) !== null, what, shared: there.ports };
  }

  /** Until so many seconds of virtual time have passed. */
  *sleep(seconds: number): Calling<void> {
    if (!(seconds >= 0)) throw new RangeError(`sleep(): ${seconds} is no number of seconds`);
    yield { sleep: seconds };
  }

  /**
   * Until something holds that other processes bring about. It is asked after every step, and must look only at
   * what the world's own calls change, or what follows from them.
   */
  *until(condition: () => boolean, what = 'until()'): Calling<void> {
    yield { until: condition, what, shared: null };
  }

  /** Keeps its connections open and does nothing more: what it is sent fills the buffers. Never returns. */
  *stopReading(): Calling<never> {
    yield { stays: true };
    throw new Error('unreachable');
  }

  /** Any call, by its name and arguments at the choke point (rfds/syscalls): its result. Throws CallError. */
  *call(...request: Extract<Request, readonly unknown[]>): Calling<number> {
    return check(request[0], yield request);
  }

  /** The same, without throwing: a failure is the negative errno. */
  *tryCall(...request: Extract<Request, readonly unknown[]>): Calling<number> {
    return yield request;
  }
}

const ONE = Buffer.from(Int32Array.of(1).buffer);

function check(syscall: string, result: number, about?: string): number {
  if (result < 0) throw new CallError(syscall, result, about);
  return result;
}

/** A connection of such a process. */
export class PeerSocket {
  readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** Sends all of it; waits while the buffers are full. Returns how many bytes that were. */
  *send(data: Data): Calling<number> {
    const bytes = dataOf(data);
    let sent = 0;
    // At least once: for no bytes it is a call, too.
    do {
      const rest = sent === 0 ? bytes : bytes.subarray(sent);
      const n = yield ['send', this.fd, rest, 0];
      if (n < 0) throw new CallError('send', n, quote(rest));
      sent += n;
    } while (sent < bytes.length);
    return sent;
  }

  /** What has come, up to so many bytes; waits for the first. Empty: the stream has ended. */
  *recv(size: number): Calling<Buffer> {
    const buffer = Buffer.alloc(size);
    const n = check('recv', yield ['recv', this.fd, buffer, 0], String(size));
    return buffer.subarray(0, n);
  }

  /** So many bytes. Throws Unexpected if the stream ends before. */
  *recvExactly(size: number): Calling<Buffer> {
    const parts: Buffer[] = [];
    let got = 0;
    while (got < size) {
      const part = yield* this.recv(size - got);
      if (part.length === 0) {
        const before = got === 0 ? 'before the first' : `behind ${quote(Buffer.concat(parts))}`;
        throw new Unexpected(`expected ${size} bytes, and the stream ended ${before}`);
      }
      parts.push(part);
      got += part.length;
    }
    return Buffer.concat(parts);
  }

  /** Receives until the stream ends. */
  *recvAll(): Calling<Buffer> {
    const parts: Buffer[] = [];
    for (;;) {
      const part = yield* this.recv(65536);
      if (part.length === 0) return Buffer.concat(parts);
      parts.push(part);
    }
  }

  /** Receives these bytes. Throws Unexpected where others come, or the stream ends. */
  *expect(data: Data): Calling<void> {
    const wanted = dataOf(data);
    let got = Buffer.alloc(0);
    while (got.length < wanted.length) {
      const part = yield* this.recv(wanted.length - got.length);
      got = Buffer.concat([got, part]);
      if (part.length === 0)
        throw new Unexpected(
          `expected ${quote(wanted)}, and the stream ended ${got.length === 0 ? 'before the first byte' : `behind ${quote(got)}`}`,
        );
      if (!got.equals(wanted.subarray(0, got.length)))
        throw new Unexpected(`expected ${quote(wanted)}, received ${quote(got)}`);
    }
  }

  /** Receives the end of the stream. Throws Unexpected where more bytes come. */
  *expectEnd(): Calling<void> {
    const more = yield* this.recv(65536);
    if (more.length > 0) throw new Unexpected(`expected the end of the stream, received ${quote(more)}`);
  }

  /** SHUT_WR, unless told otherwise: the end of what this side sends. */
  *shutdown(how: number = SHUT_WR): Calling<void> {
    check('shutdown', yield ['shutdown', this.fd, how]);
  }

  *setsockopt(level: number, name: number, value: number | Uint8Array): Calling<void> {
    const bytes = typeof value === 'number' ? Buffer.from(Int32Array.of(value).buffer) : value;
    check('setsockopt', yield ['setsockopt', this.fd, level, name, bytes]);
  }

  *getsockname(): Calling<ReturnType<typeof unpackSockaddr>> {
    const [addr, length] = [Buffer.alloc(sizeofStorage), Int32Array.of(sizeofStorage)];
    check('getsockname', yield ['getsockname', this.fd, addr, length]);
    return unpackSockaddr(addr, length[0]);
  }

  *close(): Calling<void> {
    check('close', yield ['close', this.fd]);
  }

  /** Closes with a reset: SO_LINGER with 0 seconds. The other side gets ECONNRESET. */
  *reset(): Calling<void> {
    yield* this.setsockopt(SOL_SOCKET, SO_LINGER, linger.pack({ l_onoff: 1, l_linger: 0 }));
    yield* this.close();
  }
}

/** A listening socket of such a process. */
export class PeerListener {
  readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** The next connection; waits for one. */
  *accept(): Calling<PeerSocket> {
    return new PeerSocket(check('accept', yield ['accept', this.fd, null, null]));
  }

  *close(): Calling<void> {
    check('close', yield ['close', this.fd]);
  }
}
