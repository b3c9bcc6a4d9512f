// What a Socket does with messages: recvfrom and sendto with an address, recvmsg and sendmsg with
// control messages too. Above: socket-object.ts. Below: socket-stream.ts, control.ts, names.ts.

import { MSG_NOSIGNAL } from '../../kernel/constants/socket.ts';
import { EMSGSIZE } from '../../kernel/errno.ts';
import { controlMessages, packControl } from '../../kernel/structs/cmsghdr.ts';
import * as sys from '../../kernel/syscalls.ts';
import { osError } from '../errors.ts';
import { POOL, pool, reserve, take, taken } from '../pool.ts';
import { type Address, type AddressLike, unpackAddress } from './address.ts';
import { type BytesLike, bytesOf, checkSize } from './bytes.ts';
import { packResolved } from './netdb.ts';
import { sockaddr, sockaddrLength, sockaddrMemory } from './socket-names.ts';
import { READABLE, WRITABLE } from './socket-state.ts';
import { StreamSocket } from './socket-stream.ts';

/** A control message: SOL_SOCKET and SCM_RIGHTS, say, with descriptors. cmsg(3). */
export type AncillaryData = [cmsg_level: number, cmsg_type: number, cmsg_data: Buffer];
/** What sendmsg takes for one. */
export type AncillaryDataLike = readonly [cmsg_level: number, cmsg_type: number, cmsg_data: BytesLike];

/** IOV_MAX, on both platforms: more buffers than that is EMSGSIZE. */
const MOST_BUFFERS = 1024;

// What recvmsg is told and tells of its rooms. Nothing of JavaScript's runs between.
const lengths = new Int32Array(3);

export class MessageSocket extends StreamSocket {
  /**
   * A message of at most bufsize bytes (of a longer one the rest is lost) and its sender's address:
   * null on a connected stream. recvfrom(2).
   */
  recvfrom(bufsize: number, flags = 0): [data: Buffer, address: Address] {
    checkSize(bufsize, 'recvfrom(): bufsize', 'negative buffersize in recvfrom');
    if (bufsize > POOL) {
      const memory = new ArrayBuffer(bufsize);
      const n = Math.min(this.#recvfrom(memory, 0, bufsize, flags), bufsize);
      return [Buffer.from(memory, 0, n), unpackAddress(sockaddr, sockaddrLength[0])];
    }
    reserve(bufsize);
    const n = Math.min(this.#recvfrom(pool, taken, bufsize, flags), bufsize); // MSG_TRUNC: see recv
    return [take(n), unpackAddress(sockaddr, sockaddrLength[0])];
  }

  /** The same into a buffer, at most nbytes (none or 0: as many as fit). recvfrom(2). */
  recvfrom_into(buffer: NodeJS.ArrayBufferView, nbytes = 0, flags = 0): [nbytes: number, address: Address] {
    const bytes = writable(buffer, 'recvfrom_into(): buffer');
    checkSize(nbytes, 'recvfrom_into(): nbytes', 'negative buffersize in recvfrom_into');
    if (nbytes > bytes.length) throw new RangeError('nbytes is greater than the length of the buffer');
    const n = this.#recvfrom(bytes, 0, nbytes || bytes.length, flags);
    return [n, unpackAddress(sockaddr, sockaddrLength[0])];
  }

  #recvfrom(buffer: sys.Bytes, offset: number, length: number, flags: number): number {
    const deadline = this.begin();
    for (;;) {
      sockaddrLength[0] = sockaddr.length;
      const n = sys.recvfrom(this.fileno(), buffer, offset, length, flags, sockaddrMemory, sockaddrLength);
      if (n >= 0) return n;
      this.again(n, 'recvfrom', READABLE, deadline);
    }
  }

  /**
   * A message of at most bufsize bytes, with at most ancbufsize bytes of control messages (see
   * CMSG_LEN and CMSG_SPACE), the kernel's flags (MSG_TRUNC, MSG_CTRUNC, …) and the sender's address.
   * Descriptors that came (SCM_RIGHTS) are the caller's to close. recvmsg(2).
   */
  recvmsg(
    bufsize: number,
    ancbufsize = 0,
    flags = 0,
  ): [data: Buffer, ancdata: AncillaryData[], msg_flags: number, address: Address] {
    checkSize(bufsize, 'recvmsg(): bufsize', 'negative buffer size in recvmsg()');
    checkSize(ancbufsize, 'recvmsg(): ancbufsize', 'invalid ancillary data buffer length');
    const data = Buffer.alloc(bufsize);
    const [n, ...rest] = this.#recvmsg([data], ancbufsize, flags);
    // With MSG_TRUNC in flags Linux tells how long the message was, not how much of it came.
    return [data.subarray(0, Math.min(n, bufsize)), ...rest];
  }

  /** The same into buffers, one after another. recvmsg(2). */
  recvmsg_into(
    buffers: Iterable<NodeJS.ArrayBufferView>,
    ancbufsize = 0,
    flags = 0,
  ): [nbytes: number, ancdata: AncillaryData[], msg_flags: number, address: Address] {
    const list = iterated(buffers, 'recvmsg_into() argument 1').map((buffer) =>
      writable(buffer, 'recvmsg_into(): each buffer'),
    );
    checkSize(ancbufsize, 'recvmsg_into(): ancbufsize', 'invalid ancillary data buffer length');
    return this.#recvmsg(list, ancbufsize, flags);
  }

  #recvmsg(
    buffers: Uint8Array[],
    ancbufsize: number,
    flags: number,
  ): [number, AncillaryData[], number, Address] {
    checkBuffers(buffers, 'recvmsg');
    const control = ancbufsize > 0 ? Buffer.alloc(ancbufsize) : null;
    const deadline = this.begin();
    for (;;) {
      lengths[0] = sockaddr.length;
      lengths[1] = ancbufsize;
      const n = sys.recvmsg(this.fileno(), buffers, sockaddrMemory, control, lengths, flags);
      if (n >= 0) {
        const found = control === null ? [] : [...controlMessages(control, lengths[1])];
        const ancdata = found.map(({ level, type, data }): AncillaryData => [level, type, data]);
        return [n, ancdata, lengths[2], unpackAddress(sockaddr, lengths[0])];
      }
      this.again(n, 'recvmsg', READABLE, deadline);
    }
  }

  /** Sends a message to an address, or as much of it as the kernel takes; returns how much. sendto(2). */
  sendto(data: BytesLike, address: AddressLike): number;
  sendto(data: BytesLike, flags: number, address: AddressLike): number;
  sendto(...args: [BytesLike, AddressLike] | [BytesLike, number, AddressLike]): number {
    if (args.length < 2 || args.length > 3) {
      throw new TypeError(`sendto() takes 2 or 3 arguments (${(args as unknown[]).length} given)`);
    }
    const bytes = bytesOf(args[0]);
    const flags = args.length === 3 ? args[1] : 0;
    if (typeof flags !== 'number' || !Number.isInteger(flags))
      throw new TypeError(`sendto(): flags must be an integer, got ${typeof flags}`);
    const address = args[args.length - 1] as AddressLike;
    const destination = packResolved(this.family, address, 'sendto');
    const deadline = this.begin();
    for (;;) {
      const n = sys.sendto(this.fileno(), bytes, flags | (MSG_NOSIGNAL ?? 0), destination);
      if (n >= 0) return n;
      this.again(n, 'sendto', WRITABLE, deadline);
    }
  }

  /**
   * Sends the buffers as one message (or as much as the kernel takes of a stream), with control messages
   * and, unless null, to an address; returns how many bytes went. sendmsg(2).
   */
  sendmsg(
    buffers: Iterable<BytesLike>,
    ancdata: Iterable<AncillaryDataLike> = [],
    flags = 0,
    address: AddressLike | null = null,
  ): number {
    const parts = iterated(buffers, 'sendmsg() argument 1').map((buffer) => bytesOf(buffer));
    checkBuffers(parts, 'sendmsg');
    const messages = iterated(ancdata, 'sendmsg() argument 2').map(controlMessage);
    if (typeof flags !== 'number')
      throw new TypeError(`sendmsg(): flags must be an integer, got ${typeof flags}`);
    const control = messages.length > 0 ? packControl(messages) : null;
    const destination = address === null ? null : packResolved(this.family, address, 'sendmsg');
    const deadline = this.begin();
    for (;;) {
      const n = sys.sendmsg(this.fileno(), parts, destination, control, flags | (MSG_NOSIGNAL ?? 0));
      if (n >= 0) return n;
      this.again(n, 'sendmsg', WRITABLE, deadline);
    }
  }
}

function iterated<T>(items: Iterable<T>, what: string): T[] {
  if (typeof (items as Iterable<T> | null)?.[Symbol.iterator] !== 'function') {
    throw new TypeError(`${what} must be iterable, got ${typeof items}`);
  }
  return [...items];
}

function checkBuffers(buffers: Uint8Array[], syscall: string): void {
  if (buffers.length > MOST_BUFFERS) throw osError(-EMSGSIZE, syscall);
}

function writable(buffer: NodeJS.ArrayBufferView, what: string): Uint8Array {
  if (!ArrayBuffer.isView(buffer)) throw new TypeError(`${what} must be a TypedArray, got ${typeof buffer}`);
  return bytesOf(buffer);
}

function controlMessage(item: AncillaryDataLike): { level: number; type: number; data: Uint8Array } {
  if (!Array.isArray(item) || item.length !== 3)
    throw new TypeError(
      '[sendmsg() ancillary data items] must be arrays of [cmsg_level, cmsg_type, cmsg_data]',
    );
  const [level, type, data] = item as AncillaryDataLike;
  for (const number of [level, type]) {
    if (number !== (number | 0))
      throw new TypeError(`sendmsg(): cmsg_level and cmsg_type must be integers, got ${String(number)}`);
  }
  return { level, type, data: bytesOf(data) };
}
