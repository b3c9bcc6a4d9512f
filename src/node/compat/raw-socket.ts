// The API of the package raw-socket (1.8) over rfds: raw IPv4 and IPv6 sockets with Node's events, and the Internet checksum.
// raw(7), RFC 1071.

import { EventEmitter } from 'node:events';
import net from 'node:net';
import { add_reader, add_writer, notify_closing, remove_reader, remove_writer } from '../../async.ts';
import { OSError } from '../../python/errors.ts';
import { AF_INET, AF_INET6, htonl, htons, ntohl, ntohs, SOCK_DGRAM, SOCK_RAW } from '../../socket.ts';
import { packSockaddr, unpackSockaddr } from '../../structs.ts';
import * as sys from '../../syscalls.ts';

export { htonl, htons, ntohl, ntohs };

type Both<Name extends string> = { readonly [name in Name]: number } & { readonly [number: number]: Name };

function bothWays<Name extends string>(numbers: Record<Name, number>): Both<Name> {
  const names = Object.entries(numbers).map(([name, number]) => [number, name]);
  return { ...numbers, ...Object.fromEntries(names) };
}

/** Numbers by name, and names by number. */
export const AddressFamily = bothWays({ IPv4: 1, IPv6: 2 });
export const Protocol = bothWays({ None: 0, ICMP: 1, TCP: 6, UDP: 17, ICMPv6: 58 });

export const SocketLevel = {
  SOL_SOCKET: sys.SOL_SOCKET,
  IPPROTO_IP: sys.IPPROTO_IP,
  IPPROTO_IPV6: sys.IPPROTO_IPV6,
};
/** What this platform lacks is undefined. */
export const SocketOption = {
  SO_BROADCAST: sys.SO_BROADCAST,
  SO_RCVBUF: sys.SO_RCVBUF,
  SO_RCVTIMEO: sys.SO_RCVTIMEO,
  SO_SNDBUF: sys.SO_SNDBUF,
  SO_SNDTIMEO: sys.SO_SNDTIMEO,
  SO_BINDTODEVICE: sys.SO_BINDTODEVICE,
  IP_HDRINCL: sys.IP_HDRINCL,
  IP_OPTIONS: sys.IP_OPTIONS,
  IP_TOS: sys.IP_TOS,
  IP_TTL: sys.IP_TTL,
  IPV6_TTL: sys.IPV6_UNICAST_HOPS,
  IPV6_UNICAST_HOPS: sys.IPV6_UNICAST_HOPS,
  IPV6_V6ONLY: sys.IPV6_V6ONLY,
};

export interface SocketOptions {
  /** AddressFamily.IPv4, the default, or IPv6. */
  readonly addressFamily?: number;
  /** A protocol's number, as Protocol has some; the default is 0, which Linux has no raw socket for (EPROTONOSUPPORT). */
  readonly protocol?: number;
  /** How many bytes are received at most: 4096. A longer packet is cut. */
  readonly bufferSize?: number;
}

/** The error, or null and how many bytes were sent. */
export type AfterSend = (this: Socket, error: Error | null, bytes: number) => void;

interface Request {
  readonly buffer: Uint8Array;
  readonly offset: number;
  readonly length: number;
  readonly address: string;
  readonly before: (() => void) | null;
  readonly after: AfterSend;
}

/** Throws OSError as socket(2) does: EPERM without CAP_NET_RAW. */
export function createSocket(options: SocketOptions = {}): Socket {
  return new Socket(options);
}

/**
 * Events: 'message' (buffer, source), with the IP header in front for IPv4, 'error', 'close'. It keeps the process alive until
 * it is closed, or while it may receive or send.
 */
export class Socket extends EventEmitter {
  recvPaused = false;
  sendPaused = true;
  readonly buffer: Buffer;
  readonly requests: Request[] = [];
  readonly #family: number;
  readonly #sender = Buffer.alloc(128);
  readonly #senderLength = new Int32Array(1);
  #fd: number;

  constructor({ addressFamily, protocol = 0, bufferSize }: SocketOptions = {}) {
    super();
    this.buffer = Buffer.alloc(bufferSize || 4096);
    this.#family = addressFamily === AddressFamily.IPv6 ? AF_INET6 : AF_INET;
    this.#fd = open(this.#family, protocol);
    if (this.#fd < 0) throw new OSError(this.#fd, 'socket');
    add_reader(this.#fd, this.#onReadable);
  }

  /** The descriptor, -1 once it is closed. */
  get fd(): number {
    return this.#fd;
  }

  /** What was not sent is told to its callback as ECANCELED. Again does nothing. */
  close(): this {
    if (this.#fd < 0) return this;
    notify_closing(this.#fd);
    sys.close(this.#fd);
    this.#fd = -1;
    for (const { after } of this.requests.splice(0)) after.call(this, new OSError(-sys.ECANCELED, 'send'), 0);
    this.emit('close');
    return this;
  }

  pauseRecv(): this {
    this.recvPaused = true;
    if (this.#fd >= 0) remove_reader(this.#fd);
    return this;
  }

  resumeRecv(): this {
    this.recvPaused = false;
    if (this.#fd >= 0) add_reader(this.#fd, this.#onReadable);
    return this;
  }

  pauseSend(): this {
    this.sendPaused = true;
    if (this.#fd >= 0) remove_writer(this.#fd);
    return this;
  }

  resumeSend(): this {
    this.sendPaused = false;
    if (this.#fd >= 0) add_writer(this.#fd, this.#onWritable);
    return this;
  }

  /**
   * Sends length bytes from offset to an IP address, when the kernel has space for them. before is called just before that, when
   * the buffer may still be written to; after with what became of it.
   */
  send(buffer: Uint8Array, offset: number, length: number, address: string, after: AfterSend): this;
  send(
    buffer: Uint8Array,
    offset: number,
    length: number,
    address: string,
    before: (() => void) | null,
    after: AfterSend,
  ): this;
  send(
    buffer: Uint8Array,
    offset: number,
    length: number,
    address: string,
    ...callbacks: [AfterSend] | [(() => void) | null, AfterSend]
  ): this {
    const [before, after] = callbacks.length > 1 && callbacks[1] ? callbacks : [null, callbacks[0]];
    const why = this.#whyNot(buffer, offset, length, address);
    if (why !== undefined) {
      (after as AfterSend).call(this, why, 0);
      return this;
    }
    this.requests.push({
      buffer,
      offset,
      length,
      address,
      before: before as (() => void) | null,
      after: after as AfterSend,
    });
    if (this.sendPaused) this.resumeSend();
    return this;
  }

  #whyNot(buffer: Uint8Array, offset: number, length: number, address: string): Error | undefined {
    if (this.#fd < 0) return new OSError(-sys.EBADF, 'send');
    if (offset + length > buffer.length)
      return new Error(
        `Buffer length '${buffer.length}' is not large enough for the specified offset '${offset}' plus length '${length}'`,
      );
    return net.isIP(address) ? undefined : new Error(`Invalid IP address '${address}'`);
  }

  /** An option's value into a Buffer: its length. Throws OSError as getsockopt(2) does. */
  getOption(level: number, option: number, value: Uint8Array, length: number = value.length): number {
    const lengthInOut = Int32Array.of(Math.min(length, value.length));
    const result = sys.getsockopt(this.#fd, level, option, value, lengthInOut);
    if (result < 0) throw new OSError(result, 'getsockopt');
    return lengthInOut[0];
  }

  /** Sets an option to an int, or to length bytes of a Buffer. Throws OSError as setsockopt(2) does. */
  setOption(level: number, option: number, value: number | Uint8Array, length?: number): void {
    const bytes = typeof value === 'number' ? Int32Array.of(value) : value.subarray(0, length);
    const result = sys.setsockopt(this.#fd, level, option, bytes);
    if (result < 0) throw new OSError(result, 'setsockopt');
  }

  readonly #onReadable = (): void => {
    this.#senderLength[0] = this.#sender.length;
    const { buffer } = this;
    const n = sys.recvfrom(this.#fd, buffer, 0, buffer.length, 0, this.#sender, this.#senderLength);
    if (n === -sys.EAGAIN || n === -sys.EINTR) return;
    if (n < 0) {
      this.emit('error', new OSError(n, 'recvfrom'));
      return;
    }
    const [source] = unpackSockaddr(this.#sender, this.#senderLength[0]) as [string, number];
    this.emit('message', Buffer.from(buffer.subarray(0, n)), source);
  };

  readonly #onWritable = (): void => {
    const request = this.requests.shift();
    if (request === undefined) {
      this.pauseSend();
      return;
    }
    const { buffer, offset, length, address, before, after } = request;
    let result: number;
    try {
      before?.call(this);
      if (this.#fd < 0) throw new OSError(-sys.ECANCELED, 'send');
      const to = packSockaddr(this.#family, [address, 0], 'send');
      result = sys.sendto(this.#fd, buffer, offset, length, sys.MSG_NOSIGNAL ?? 0, to);
    } catch (error) {
      after.call(this, error as Error, 0);
      return;
    }
    if (result === -sys.EAGAIN || result === -sys.EINTR) {
      this.requests.unshift({ ...request, before: null });
    } else if (result < 0) {
      after.call(this, new OSError(result, 'send', [address, 0]), 0);
    } else {
      after.call(this, null, result);
    }
  };
}

function open(family: number, protocol: number): number {
  const flags = (sys.SOCK_CLOEXEC ?? 0) | (sys.SOCK_NONBLOCK ?? 0);
  let fd = sys.socket(family, SOCK_RAW | flags, protocol);
  // macOS has ICMP for everyone, as a datagram socket. icmp(4) there.
  if (fd < 0 && process.platform === 'darwin' && protocol === Protocol.ICMP)
    fd = sys.socket(family, SOCK_DGRAM, protocol);
  if (fd >= 0 && flags === 0) {
    sys.fcntl(fd, sys.F_SETFL, sys.O_NONBLOCK);
    sys.fcntl(fd, sys.F_SETFD, sys.FD_CLOEXEC);
  }
  return fd;
}

/** Bytes, or length of them from offset. */
export type ChecksumPart =
  | Uint8Array
  | { readonly buffer: Uint8Array; readonly offset: number; readonly length: number };

/** The Internet checksum of all parts as one; each but the last has an even number of bytes. RFC 1071. */
export function createChecksum(...parts: ChecksumPart[]): number {
  let sum = 0;
  for (const part of parts) {
    const bytes =
      part instanceof Uint8Array ? part : part.buffer.subarray(part.offset, part.offset + part.length);
    for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  }
  return ~sum & 0xffff;
}

/** Writes a checksum into a packet, in network order. */
export function writeChecksum<B extends Uint8Array>(buffer: B, offset: number, checksum: number): B {
  buffer[offset] = (checksum >> 8) & 0xff;
  buffer[offset + 1] = checksum & 0xff;
  return buffer;
}
