// What a Socket does with bytes: recv, send and their kin. These are the calls that are made most: one
// crossing each, and nothing allocated but what is returned. Above: socket-messages.ts.
// Below: socket-names.ts, pool.ts, syscalls.ts.

import { MSG_DONTWAIT, MSG_NOSIGNAL } from '../../kernel/constants/socket.ts';
import * as sys from '../../kernel/syscalls.ts';
import { check } from '../errors.ts';
import { POOL, pool, reserve, take, taken } from '../pool.ts';
import { type BytesLike, bytesOf } from './bytes.ts';
import { NamedSocket } from './socket-names.ts';
import { READABLE, WRITABLE } from './socket-state.ts';

export class StreamSocket extends NamedSocket {
  /** At most bufsize bytes, as soon as there are any. Length 0 is the end of the stream. recv(2). */
  recv(bufsize: number, flags = 0): Buffer {
    if (!Number.isInteger(bufsize)) throw new TypeError(`recv(): bufsize must be an integer, got ${bufsize}`);
    if (bufsize < 0) throw new RangeError('negative buffersize in recv');
    if (bufsize === 0) return Buffer.alloc(0);
    if (bufsize > POOL) {
      const memory = new ArrayBuffer(bufsize);
      return Buffer.from(memory, 0, Math.min(this.#recv(memory, 0, bufsize, flags), bufsize));
    }
    reserve(bufsize);
    // With MSG_TRUNC in flags Linux tells how long a datagram was, not how much of it came.
    return take(Math.min(this.#recv(pool, taken, bufsize, flags), bufsize));
  }

  /** Receives at most nbytes (none or 0: as many as fit) into buffer; returns how many came. recv(2). */
  recv_into(buffer: NodeJS.ArrayBufferView, nbytes = 0, flags = 0): number {
    if (!ArrayBuffer.isView(buffer))
      throw new TypeError(`recv_into(): buffer must be a TypedArray, got ${typeof buffer}`);
    if (nbytes < 0) throw new RangeError('negative buffersize in recv_into');
    if (nbytes > buffer.byteLength) throw new RangeError('buffer too small for requested bytes');
    const length = nbytes || buffer.byteLength;
    const view = buffer instanceof DataView ? bytesOf(buffer) : (buffer as NodeJS.TypedArray);
    return length === 0 ? 0 : this.#recv(view, 0, length, flags);
  }

  #recv(buffer: sys.Bytes, offset: number, length: number, flags: number): number {
    const deadline = this.begin();
    for (;;) {
      const n = sys.recv(this.fileno(), buffer, offset, length, flags);
      if (n >= 0) return n;
      this.again(n, 'recv', READABLE, deadline);
    }
  }

  /**
   * Sends what the kernel takes now; returns how many bytes that was. send(2).
   * Unlike Python, with MSG_NOSIGNAL: a dead peer is BrokenPipeError whatever SIGPIPE does.
   */
  send(data: BytesLike, flags = 0): number {
    const bytes = bytesOf(data);
    // What cannot wait needs no look for signals before.
    const cannotWait = this.timeout === null && (flags & MSG_DONTWAIT) !== 0;
    return this.#send(bytes, 0, bytes.length, flags, cannotWait ? 0 : this.begin());
  }

  /** Sends all of it, within the timeout. What was sent before an error is not known. send(2). */
  sendall(data: BytesLike, flags = 0): void {
    const bytes = bytesOf(data);
    const deadline = this.begin();
    let sent = 0;
    do {
      sent += this.#send(bytes, sent, bytes.length - sent, flags, deadline);
    } while (sent < bytes.length);
  }

  #send(bytes: Uint8Array, offset: number, length: number, flags: number, deadline: number): number {
    for (;;) {
      const n = sys.send(this.fileno(), bytes, offset, length, flags | (MSG_NOSIGNAL ?? 0));
      if (n >= 0) return n;
      this.again(n, 'send', WRITABLE, deadline);
    }
  }

  /** Ends receiving (SHUT_RD), sending (SHUT_WR) or both (SHUT_RDWR). shutdown(2). */
  shutdown(how: number): void {
    check(sys.shutdown(this.fileno(), how), 'shutdown');
  }
}
