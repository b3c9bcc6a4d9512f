// UDP, udp(7): datagrams between hosts, and the error that a port where nobody is sends back. After Linux's
// net/ipv4/udp.c. A datagram is neither lost nor overtaken by another one, but where the receiver's buffer is full.

import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRNORM,
} from '../kernel/constants/select.ts';
import { AF_INET, AF_UNSPEC } from '../kernel/constants/socket.ts';
import {
  EACCES,
  EAFNOSUPPORT,
  EAGAIN,
  ECONNREFUSED,
  EDESTADDRREQ,
  EINVAL,
  EMSGSIZE,
  ENETUNREACH,
  ENOTCONN,
  EPIPE,
} from '../kernel/errno.ts';
import { familyOf } from '../kernel/structs/struct.ts';
import type { Machine, Shared } from './machine.ts';
import { anyAddress, type Host, isAnyAddress, loopback } from './network.ts';
import type { OpenFile } from './open-file.ts';
import { type Received, type ReceiveOptions, SocketFile, sockaddrOf } from './socket-file.ts';

const READABLE = POLLIN | POLLRDNORM;
const WRITABLE = POLLOUT | POLLWRNORM;
const RDHUP = POLLRDHUP ?? 0;

/** The longest datagram: 65,535 bytes without the headers of IPv4 (20) and UDP (8); IPv6's header does not count. */
const MOST_IPV4 = 65_507;
const MOST_IPV6 = 65_527;
/** /proc/sys/net/core/rmem_default. */
const BUFFER = 212_992;
/** What a datagram takes of a buffer beside its bytes, about. */
const OVERHEAD = 768;

interface Datagram {
  readonly data: Uint8Array;
  readonly address: Uint8Array;
  readonly port: number;
}

export class UdpSocket extends SocketFile {
  readonly shared: Shared;
  readonly host: Host;
  /** Whether it has a peer: connect(2). */
  isConnected = false;
  readonly #datagrams: Datagram[] = [];
  #queued = 0;
  /** What waits for the rest of its datagram. MSG_MORE. */
  readonly #corked: Uint8Array[] = [];
  #error = 0;
  #noReading = false;
  #noWriting = false;
  // Whether bind(2) gave it its address, its port: they stay when it is connected no longer.
  #hasOwnAddress = false;
  #hasOwnPort = false;

  constructor(machine: Machine, host: Host, family: number, type: number, protocol: number) {
    super(machine, family, type, protocol);
    this.host = host;
    this.shared = machine.newShared();
    this.sendCapacity = Math.min(machine.sendBuffer, BUFFER);
    this.receiveCapacity = Math.min(machine.receiveBuffer, BUFFER);
  }

  // datagram_poll(). What is sent arrives at once or is under way: the send buffer is always empty.
  poll(): number {
    let events = WRITABLE;
    if (this.#error !== 0) events |= POLLERR;
    if (this.#noReading) events |= READABLE | RDHUP;
    if (this.#noReading && this.#noWriting) events |= POLLHUP;
    if (this.#datagrams.length > 0) events |= READABLE;
    return events;
  }

  override get unread(): number {
    return this.#datagrams[0]?.data.length ?? 0;
  }

  takeError(): number {
    const error = this.#error;
    this.#error = 0;
    return error;
  }

  // ---- Addresses

  bind(address: Uint8Array, port: number): number {
    const result = this.host.bind(this, address, port);
    if (result === 0) {
      this.#hasOwnAddress = !isAnyAddress(address);
      this.#hasOwnPort = port !== 0;
    }
    return result;
  }

  // inet_autobind(): 0, or EAGAIN where no port is free.
  #autobind(): number {
    if (this.localPort !== 0) return 0;
    const port = this.host.ephemeralPort(this);
    if (port === 0) return -EAGAIN;
    this.localAddress ??= anyAddress(this.family);
    this.localPort = port;
    this.host.claim(this);
    return 0;
  }

  // The address and port of a sockaddr that a datagram may go to, or an errno.
  #destination(name: Uint8Array): { address: Uint8Array; port: number } | number {
    const isInet = this.family === AF_INET;
    if (name.length < (isInet ? 16 : 24)) return -EINVAL;
    if (familyOf(name) !== this.family) return -EAFNOSUPPORT;
    const address = isInet ? name.slice(4, 8) : name.slice(8, 24);
    const port = (name[2] << 8) | name[3];
    if (isInet && address.every((byte) => byte === 255)) return -EACCES; // Without SO_BROADCAST.
    return { address: isAnyAddress(address) ? loopback(address.length) : address, port };
  }

  connect(name: Uint8Array): number {
    if (name.length >= 2 && familyOf(name) === AF_UNSPEC) {
      this.#disconnect();
      return 0;
    }
    const to = this.#destination(name);
    if (typeof to === 'number') return to;
    if (this.#autobind() !== 0) return -EAGAIN;
    if (this.host.network.hostAt(to.address, this.host) === null) return -ENETUNREACH;
    if (isAnyAddress(this.localAddress!)) this.localAddress = this.host.sourceFor(to.address);
    this.remoteAddress = to.address;
    this.remotePort = to.port;
    this.isConnected = true;
    this.machine.touch(this.shared);
    return 0;
  }

  // __udp_disconnect().
  #disconnect(): void {
    this.isConnected = false;
    this.remoteAddress = null;
    this.remotePort = 0;
    if (!this.#hasOwnAddress && this.localAddress !== null) this.localAddress = anyAddress(this.family);
    if (!this.#hasOwnPort && this.localPort !== 0) {
      this.host.unclaim(this);
      this.localPort = 0;
    }
  }

  // ---- Transfers

  // udp_sendmsg().
  override sendMessage(
    source: Uint8Array,
    _files: readonly OpenFile[],
    to: Uint8Array | null,
    more = false,
  ): number {
    if (this.#autobind() !== 0) return -EAGAIN;
    if (source.length > 0xffff) return -EMSGSIZE;
    let destination = { address: this.remoteAddress!, port: this.remotePort };
    if (to !== null) {
      const given = this.#destination(to);
      if (typeof given === 'number') return given;
      if (given.port === 0) return -EINVAL;
      destination = given;
    } else if (!this.isConnected) {
      return -EDESTADDRREQ;
    }
    const { network } = this.host;
    const host = network.hostAt(destination.address, this.host);
    if (host === null) return -ENETUNREACH;
    if (source.length > (this.family === AF_INET ? MOST_IPV4 : MOST_IPV6)) return -EMSGSIZE;
    if (this.#error !== 0) return -this.takeError();
    if (this.#noWriting) return -EPIPE;
    this.#corked.push(source);
    if (more) return source.length;
    const data = Buffer.concat(this.#corked.splice(0));
    const address = isAnyAddress(this.localAddress!)
      ? this.host.sourceFor(destination.address)
      : this.localAddress!;
    const datagram = { data, address, port: this.localPort };
    this.machine.touch(this.shared);
    // Its memory in the send buffer is given back as soon as it is under way. sock_wfree().
    this.notify(WRITABLE);
    network.sendDatagram(this.host, host, this.shared, () => this.#arrive(host, destination, datagram));
    return source.length;
  }

  #arrive(host: Host, to: { address: Uint8Array; port: number }, datagram: Datagram): void {
    const receiver = host.socketFor(this.type, to.address, to.port, datagram) as UdpSocket | null;
    if (receiver !== null) receiver.#receiveDatagram(datagram);
    // "Port unreachable" comes back, and only a socket that is connected there is told. __udp4_lib_err().
    else if (this.isConnected && this.remotePort === to.port && sameBytes(this.remoteAddress!, to.address))
      this.#fail(ECONNREFUSED);
  }

  #fail(errno: number): void {
    this.#error = errno;
    this.notify(POLLERR);
  }

  #receiveDatagram(datagram: Datagram): void {
    const size = datagram.data.length + OVERHEAD;
    if (this.#queued > this.receiveCapacity) return;
    this.#queued += size;
    this.#datagrams.push(datagram);
    this.notify(READABLE);
  }

  override send(source: Uint8Array): number {
    return this.sendMessage(source, [], null);
  }

  override write(source: Uint8Array): number {
    return this.send(source);
  }

  override receive(target: Uint8Array, options: ReceiveOptions = {}): number {
    const received = this.receiveMessage(target, options);
    return typeof received === 'number' ? received : received.n;
  }

  override read(target: Uint8Array): number {
    return this.receive(target);
  }

  // __skb_recv_udp(): an error before what is there.
  override receiveMessage(
    target: Uint8Array,
    { peeks = false, waits = false }: ReceiveOptions,
  ): Received | number {
    if (this.#error !== 0) return -this.takeError();
    const [datagram] = this.#datagrams;
    if (datagram === undefined) {
      if (this.#noReading && waits) return { n: 0, length: 0, name: null, files: [] };
      return -EAGAIN;
    }
    this.machine.touch(this.shared);
    const part = datagram.data.subarray(0, target.length);
    target.set(part);
    if (!peeks) {
      this.#datagrams.shift();
      this.#queued -= datagram.data.length + OVERHEAD;
    }
    const name = sockaddrOf(this.family, datagram.address, datagram.port);
    return { n: part.length, length: datagram.data.length, name, files: [] };
  }

  // ---- Ends

  // inet_shutdown(): it takes effect even where it fails.
  shutdown(reading: boolean, writing: boolean): number {
    this.#noReading ||= reading;
    this.#noWriting ||= writing;
    this.notify(0);
    return this.isConnected ? 0 : -ENOTCONN;
  }

  release(): void {
    this.host.unclaim(this);
    this.#datagrams.length = 0;
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array) =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
