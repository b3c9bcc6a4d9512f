// What every socket has: its family and type, its addresses, and its options.

import { AF_INET, AF_INET6 } from '../kernel/constants/socket.ts';
import { packInet, packSockaddr } from '../kernel/structs/sockaddr.ts';
import { newSockaddr } from '../kernel/structs/struct.ts';
import type { Machine } from './machine.ts';
import { addressText, type InTransit } from './network.ts';
import { OpenFile } from './open-file.ts';

export interface ReceiveOptions {
  /** MSG_PEEK. */
  peeks?: boolean;
  /** Whether the call would wait: MSG_DONTWAIT and O_NONBLOCK say no. */
  waits?: boolean;
}

/** A message that was received, or a piece of a stream. */
export interface Received {
  /** How many bytes were copied. */
  n: number;
  /** How long the message was: more, where it did not fit. MSG_TRUNC. */
  length: number;
  /** The sockaddr of who sent it; null: a stream's peer, or a sender without a name. */
  name: Uint8Array | null;
  /** Files that came with it, for the caller to open or to drop. SCM_RIGHTS. */
  files: readonly OpenFile[];
}

const noFiles: readonly OpenFile[] = [];

/** A socket as XNU's filters and select(2) look at it: struct socket and its two buffers. xnu-filters.ts. */
export interface SocketState {
  /** SO_ACCEPTCONN. */
  readonly isListening: boolean;
  /** Connections to accept: so_comp. */
  readonly finished: number;
  /** Those, and those whose handshake lasts: so_qlen. */
  readonly queueLength: number;
  /** SS_ISCONNECTED, or of a type that needs no connection. */
  readonly isConnected: boolean;
  /** SS_CANTRCVMORE, SS_CANTSENDMORE. */
  readonly cannotReceive: boolean;
  readonly cannotSend: boolean;
  /** so_error. */
  readonly error: number;
  /** Bytes to read, and whether there is a message, though it be of none. */
  readonly received: number;
  readonly hasMessage: boolean;
  readonly receiveCapacity: number;
  /** sbspace() of the sending side. */
  readonly space: number;
  readonly sendCapacity: number;
}

/** so_snd.sb_lowat of XNU: no less is worth a send. MCLBYTES; bsd/kern/uipc_socket2.c, soreserve(). */
export const SEND_LOW_WATER = 2048;

export abstract class SocketFile extends OpenFile {
  readonly kind = 'socket';
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  /** 4 or 16 bytes; null: not bound. */
  localAddress: Uint8Array | null = null;
  localPort = 0;
  remoteAddress: Uint8Array | null = null;
  remotePort = 0;
  sendCapacity: number;
  receiveCapacity: number;
  reusesAddress = false;
  reusesPort = false;
  /** SO_RCVTIMEO and SO_SNDTIMEO in nanoseconds; 0: none; below 0: it does not wait. */
  receiveTimeoutNs = 0;
  sendTimeoutNs = 0;
  /** SO_RCVLOWAT: no fewer bytes make a stream readable. */
  receiveLowWater = 1;
  /** IP_LOCAL_PORT_RANGE: its ephemeral ports, as far as the host has them; null: all of those. */
  portRange: readonly [lowest: number, highest: number] | null = null;
  /** Of an option that is kept and does nothing, by level and name. */
  readonly otherOptions = new Map<number, Uint8Array>();
  /** Segments that were sent and are not delivered yet. */
  readonly transit: InTransit[] = [];
  #lingerSeconds: number | null = null;

  constructor(machine: Machine, family: number, type: number, protocol: number) {
    super(machine);
    this.family = family;
    this.type = type;
    this.protocol = protocol;
    this.sendCapacity = machine.sendBuffer;
    this.receiveCapacity = machine.receiveBuffer;
  }

  /** As XNU's filters look at it; null: they are not modelled for this kind of socket. */
  get socketState(): SocketState | null {
    return null;
  }

  abstract receive(target: Uint8Array, options?: ReceiveOptions): number;
  abstract send(source: Uint8Array): number;
  /** so_error, which is 0 afterwards: what getsockopt(SO_ERROR) gives, or the next call that looks. */
  abstract takeError(): number;

  receiveMessage(target: Uint8Array, options: ReceiveOptions): Received | number {
    const n = this.receive(target, options);
    return n < 0 ? n : { n, length: n, name: null, files: noFiles };
  }

  /** to: a sockaddr; null: to the peer. A stream takes no notice of it, nor of files if it is none of AF_UNIX. more: MSG_MORE. */
  sendMessage(
    source: Uint8Array,
    _files: readonly OpenFile[],
    _to: Uint8Array | null,
    _more = false,
  ): number {
    return this.send(source);
  }

  /** What an accepted socket has from its listener. */
  inherit(listener: SocketFile): void {
    this.sendCapacity = listener.sendCapacity;
    this.receiveCapacity = listener.receiveCapacity;
    this.reusesAddress = listener.reusesAddress;
    this.reusesPort = listener.reusesPort;
    this.receiveTimeoutNs = listener.receiveTimeoutNs;
    this.sendTimeoutNs = listener.sendTimeoutNs;
    this.receiveLowWater = listener.receiveLowWater;
    this.#lingerSeconds = listener.#lingerSeconds;
    for (const [key, value] of listener.otherOptions) this.otherOptions.set(key, value);
  }

  get lingersZero(): boolean {
    return this.#lingerSeconds === 0;
  }

  set lingerSeconds(seconds: number | null) {
    this.#lingerSeconds = seconds;
  }

  get lingerSeconds(): number | null {
    return this.#lingerSeconds;
  }

  /** The sockaddr of its own address: all zeros where it is not bound. */
  get localName(): Uint8Array {
    return sockaddrOf(this.family, this.localAddress, this.localPort);
  }

  get remoteName(): Uint8Array {
    return sockaddrOf(this.family, this.remoteAddress, this.remotePort);
  }
}

/** A struct sockaddr_in or sockaddr_in6. */
export function sockaddrOf(family: number, address: Uint8Array | null, port: number): Uint8Array {
  if (family === AF_INET) return packInet(address ?? new Uint8Array(4), port);
  if (family === AF_INET6) return packSockaddr(AF_INET6, [addressText(address ?? new Uint8Array(16)), port]);
  return newSockaddr(family, 2);
}
