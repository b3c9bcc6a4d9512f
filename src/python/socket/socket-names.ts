// What a Socket does with its own name and its peer's, and with options: bind, listen, connect,
// getsockname, getpeername, getsockopt, setsockopt, and its repr. Above: socket-stream.ts.
// Below: socket-state.ts, names.ts.

import { inspect } from 'node:util';
import { POLLERR } from '../../kernel/constants/select.ts';
import { SO_ERROR, SOL_SOCKET, SOMAXCONN } from '../../kernel/constants/socket.ts';
import { EAGAIN, EINPROGRESS, EINTR, EISCONN } from '../../kernel/errno.ts';
import { sizeofStorage } from '../../kernel/structs/sockaddr.ts';
import * as sys from '../../kernel/syscalls.ts';
import { repr } from '../builtins/repr.ts';
import { check, TimeoutError } from '../errors.ts';
import { retryInterrupted, waitFor } from '../waiting.ts';
import { type Address, type AddressLike, unpackAddress } from './address.ts';
import { type BytesLike, bytesOf } from './bytes.ts';
import { packResolved } from './netdb.ts';
import { SocketState, WRITABLE } from './socket-state.ts';

// Where the kernel writes addresses before they are unpacked. Nothing of JavaScript's runs between.
export const sockaddrMemory: ArrayBuffer = new ArrayBuffer(sizeofStorage);
export const sockaddr: Buffer = Buffer.from(sockaddrMemory);
export const sockaddrLength: Int32Array = new Int32Array(1);

export class NamedSocket extends SocketState {
  /** Names the socket: [host, port] for AF_INET ('' is every interface, port 0 any free one). bind(2). */
  bind(address: AddressLike): void {
    check(sys.bind(this.fileno(), packResolved(this.family, address, 'bind')), 'bind', errorAddress(address));
  }

  /** Lets clients connect; at most backlog of them wait to be accepted (below 0 counts as 0). listen(2). */
  listen(backlog: number = Math.min(SOMAXCONN, 128)): void {
    check(sys.listen(this.fileno(), Math.max(backlog, 0)), 'listen');
  }

  /** Connects, for at most the timeout. connect(2). */
  connect(address: AddressLike): void {
    const destination = packResolved(this.family, address, 'connect');
    check(this.#connect(destination), 'connect', errorAddress(address));
  }

  /** As connect, but returns 0 or the (positive) errno of a failure; EAGAIN when the time was over. */
  connect_ex(address: AddressLike): number {
    const destination = packResolved(this.family, address, 'connect_ex');
    try {
      return -this.#connect(destination);
    } catch (error) {
      if (error instanceof TimeoutError) return EAGAIN;
      throw error;
    }
  }

  // An interrupted connect goes on in the kernel: it is waited for, never made again (H24).
  #connect(destination: Uint8Array): number {
    const deadline = this.begin();
    const result = sys.connect(this.fileno(), destination);
    if (this.timeout === 0 || (result !== -EINTR && result !== -EINPROGRESS)) return result;
    if (result === -EINTR) retryInterrupted(result, 'connect');
    if (waitFor(this.fileno(), WRITABLE | POLLERR, deadline) === 0) throw new TimeoutError('timed out');
    const error = this.getsockopt(SOL_SOCKET, SO_ERROR);
    return error === EISCONN ? 0 : -error;
  }

  /** The socket's own address. getsockname(2). */
  getsockname(): Address {
    sockaddrLength[0] = sockaddr.length;
    check(sys.getsockname(this.fileno(), sockaddrMemory, sockaddrLength), 'getsockname');
    return unpackAddress(sockaddr, sockaddrLength[0]);
  }

  /** The peer's address. getpeername(2). */
  getpeername(): Address {
    sockaddrLength[0] = sockaddr.length;
    check(sys.getpeername(this.fileno(), sockaddrMemory, sockaddrLength), 'getpeername');
    return unpackAddress(sockaddr, sockaddrLength[0]);
  }

  /** An option: an int, or at most buflen (0-1024) bytes of it. getsockopt(2). */
  getsockopt(level: number, optname: number): number;
  getsockopt(level: number, optname: number, buflen: number): Buffer;
  getsockopt(level: number, optname: number, buflen?: number): number | Buffer {
    if (buflen !== undefined && typeof buflen !== 'number') {
      throw new TypeError(`getsockopt(): buflen must be a number, got ${typeof buflen}`);
    }
    if (buflen !== undefined && !(buflen >= 0 && buflen <= 1024)) {
      throw new RangeError(`getsockopt buflen out of range: 0-1024, got ${buflen}`);
    }
    const value = Buffer.alloc(buflen || 4);
    const length = Int32Array.of(value.length);
    check(sys.getsockopt(this.fileno(), level, optname, value, length), 'getsockopt');
    return buflen ? value.subarray(0, length[0]) : value.readInt32LE();
  }

  /** Sets an option to an int, or to the bytes of a struct (see linger and its like). setsockopt(2). */
  setsockopt(level: number, optname: number, value: number | BytesLike): void {
    if (typeof value === 'number' && value !== (value | 0)) {
      throw new RangeError(`setsockopt(): an int must be -2147483648-2147483647, got ${value}`);
    }
    const bytes = typeof value === 'number' ? Int32Array.of(value) : bytesOf(value);
    check(sys.setsockopt(this.fileno(), level, optname, bytes), 'setsockopt');
  }

  /** Python's repr: <socket.socket fd=3, family=2, type=1, proto=0, laddr=('0.0.0.0', 0)>. */
  override toString(): string {
    const { family, type, proto } = this;
    const fd = this.fileno();
    const laddr = this.#nameText('laddr', () => this.getsockname());
    const raddr = this.#nameText('raddr', () => this.getpeername());
    const name = this.constructor.name === 'Socket' ? 'socket.socket' : this.constructor.name;
    const closed = fd < 0 ? '[closed] ' : '';
    return `<${name} ${closed}fd=${fd}, family=${family}, type=${type}, proto=${proto}${laddr}${raddr}>`;
  }

  [inspect.custom](): string {
    return this.toString();
  }

  #nameText(label: string, name: () => Address): string {
    if (this.fileno() < 0) return '';
    try {
      const address = name();
      return address === null || address.length === 0 ? '' : `, ${label}=${repr(address)}`;
    } catch {
      return ''; // Not connected, most often: a repr has no business failing.
    }
  }
}

// What an error tells of the address: a host and a port, or a path.
function errorAddress(address: AddressLike): readonly [string, number] | string | Uint8Array | null {
  if (!Array.isArray(address)) return address as string | Uint8Array;
  return typeof address[0] === 'string' ? (address as unknown as readonly [string, number]) : null;
}
