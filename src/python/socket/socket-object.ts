// Python's socket.socket: what makes other objects of a Socket (accept, dup, makefile), and sendfile.
// Above: socket-functions.ts, socket.ts. Below: socket-messages.ts, socket-file.ts, descriptor.ts.

import { F_DUPFD_CLOEXEC } from '../../kernel/constants/fcntl.ts';
import * as sys from '../../kernel/syscalls.ts';
import { check } from '../errors.ts';
import { type Address, unpackAddress } from './address.ts';
import { acceptSocket } from './descriptor.ts';
import { fileReader, type SendableFile } from './sendable-file.ts';
import { type FileOptions, makeFile, type SocketFile, type SocketIO } from './socket-file.ts';
import { MessageSocket } from './socket-messages.ts';
import { sockaddr, sockaddrLength, sockaddrMemory } from './socket-names.ts';
import { READABLE } from './socket-state.ts';

/** How much sendfile reads at once. */
const CHUNK = 65536;

/** A socket. Made by socket(), accept(), socketpair(). Every method throws OSError for a kernel error. */
export class Socket extends MessageSocket {
  /**
   * The next client's connection, as a new blocking socket (or with the default timeout), and its
   * address: null where the client is gone already and the kernel knows no address. accept(2).
   */
  accept(): [Socket, Address] {
    const deadline = this.begin();
    for (;;) {
      sockaddrLength[0] = sockaddr.length;
      const fd = acceptSocket(this.fileno(), sockaddrMemory, sockaddrLength);
      if (fd >= 0) {
        const address = unpackAddress(sockaddr, sockaddrLength[0]);
        return [new Socket(fd, this.family, this.type, this.proto), address];
      }
      this.again(fd, 'accept', READABLE, deadline);
    }
  }

  /** Another socket for the same connection, with a descriptor and a timeout of its own. fcntl(2) F_DUPFD_CLOEXEC. */
  dup(): Socket {
    const fd = check(sys.fcntl(this.fileno(), F_DUPFD_CLOEXEC, 0), 'fcntl');
    const copy = new Socket(fd, this.family, this.type, this.proto);
    if (copy.timeout !== this.timeout) copy.settimeout(this.timeout);
    return copy;
  }

  /**
   * The connection as a file: mode 'r', 'w' or 'rw', for text; with 'b' for bytes. buffering 0 is an
   * unbuffered SocketIO (bytes only), none or a negative one 8192 bytes. The descriptor stays open
   * until both the file and the socket are closed.
   */
  makefile(mode?: string, buffering?: number | null, options?: FileOptions): SocketFile;
  makefile(mode: string, buffering: 0): SocketIO;
  makefile(mode = 'r', buffering: number | null = null, options: FileOptions = {}): SocketFile | SocketIO {
    return makeFile(this, () => this.keep(), mode, buffering, options);
  }

  /**
   * Sends a file from an offset to its end, or count bytes of it; returns how many went. The file is one
   * with read() and seek(), which is left behind what was sent even on an error, or a descriptor.
   * Unlike Python, never by sendfile(2), and the position of a descriptor stays (Node cannot set it).
   */
  sendfile(file: SendableFile, offset = 0, count: number | null = null): number {
    const reader = fileReader(this, file, offset, count);
    let total = 0;
    try {
      while (count === null || total < count) {
        const chunk = reader.read(count === null ? CHUNK : Math.min(count - total, CHUNK));
        if (chunk.length === 0) break;
        for (let sent = 0; sent < chunk.length; ) {
          const n = this.send(chunk.subarray(sent));
          sent += n;
          total += n;
        }
      }
      return total;
    } finally {
      if (total > 0) reader.seek(offset + total);
    }
  }
}
