// Python's Socket.sendfile: what it reads from, the checks that Python makes first, and the loop of reads and sends.

import { readSync } from 'node:fs';
import { SOCK_STREAM } from '../../kernel/constants/socket.ts';

/** Python's file object, as far as sendfile needs it, or a descriptor, or Node's FileHandle. */
export type SendableFile =
  | { read(size: number): Uint8Array; seek?(offset: number): unknown; mode?: string }
  | { readonly fd: number }
  | number;

/** What of a Socket sendfile needs. */
interface Sender {
  readonly type: number;
  gettimeout(): number | null;
  send(data: Uint8Array): number;
}

interface Reader {
  read(size: number): Uint8Array;
  seek(offset: number): unknown;
}

/** How much is read at once. */
const CHUNK = 65536;

/** Sends a file from an offset to its end, or count bytes of it; returns how many went. */
export function sendFile(sock: Sender, file: SendableFile, offset: number, count: number | null): number {
  const reader = fileReader(sock, file, offset, count);
  let total = 0;
  try {
    while (count === null || total < count) {
      const chunk = reader.read(count === null ? CHUNK : Math.min(count - total, CHUNK));
      if (chunk.length === 0) break;
      for (let sent = 0; sent < chunk.length; ) {
        const n = sock.send(chunk.subarray(sent));
        sent += n;
        total += n;
      }
    }
    return total;
  } finally {
    if (total > 0) reader.seek(offset + total);
  }
}

/** Reads from the offset on. Throws RangeError or TypeError, with Python's words. */
function fileReader(sock: Sender, file: SendableFile, offset: number, count: number | null): Reader {
  if (typeof file === 'object' && 'mode' in file && file.mode !== undefined && !file.mode.includes('b'))
    throw new RangeError('file should be opened in binary mode');
  if (sock.type !== SOCK_STREAM) throw new RangeError('only SOCK_STREAM type sockets are supported');
  if (count !== null) {
    if (typeof count !== 'number' || !Number.isInteger(count))
      throw new TypeError(`count must be a positive integer (got ${String(count)})`);
    if (count <= 0) throw new RangeError(`count must be a positive integer (got ${count})`);
  }
  if (sock.gettimeout() === 0) throw new RangeError('non-blocking sockets are not supported');
  if (typeof offset !== 'number' || !Number.isInteger(offset) || offset < 0)
    throw new RangeError(`offset must be a non-negative integer (got ${String(offset)})`);
  if (typeof file === 'number') return descriptorReader(file, offset);
  if (typeof file !== 'object' || file === null)
    throw new TypeError(`file must have read() or be a descriptor, got ${typeof file}`);
  if (!('read' in file) || 'fd' in file) return descriptorReader((file as { fd: number }).fd, offset);
  if (offset > 0) file.seek?.(offset);
  return {
    read: (size) => file.read(size),
    seek: (position) => file.seek?.(position),
  };
}

function descriptorReader(fd: number, offset: number): Reader {
  const chunk = Buffer.alloc(CHUNK);
  let position = offset;
  return {
    read(size) {
      const n = readSync(fd, chunk, 0, Math.min(size, chunk.length), position);
      position += n;
      return chunk.subarray(0, n);
    },
    seek() {},
  };
}
