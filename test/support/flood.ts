// A peer that sends more than a server takes at once, and reads only when it is told to.

import { BlockingIOError } from '../../src/python/errors.ts';
import { AF_INET, type InetAddress, SOCK_STREAM, type Socket, socket } from '../../src/socket.ts';

const X = 0x78;

export class Flooder {
  readonly socket: Socket = socket(AF_INET, SOCK_STREAM);
  readonly port: number;

  constructor(port: number) {
    this.socket.connect(['127.0.0.1', port]);
    this.socket.setblocking(false);
    this.port = (this.socket.getsockname() as InetAddress)[1];
  }

  /** Sends until the kernel takes no more, but limit bytes at most; returns how many those were. */
  flood(limit: number): number {
    const chunk = Buffer.alloc(1024, X);
    let sent = 0;
    try {
      while (sent < limit) sent += this.socket.send(chunk);
    } catch (error) {
      if (!(error instanceof BlockingIOError)) throw error;
    }
    return sent;
  }

  /** Receives what there is; returns how many bytes of what it sent are answered by that. */
  drain(): number {
    let answered = 0;
    try {
      for (let data = this.socket.recv(65536); data.length > 0; data = this.socket.recv(65536)) {
        for (const byte of data) if (byte === X) answered++;
      }
    } catch (error) {
      if (!(error instanceof BlockingIOError)) throw error;
    }
    return answered;
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}
