// An AF_PACKET socket: the frames of one interface that may be of one TCP port, with the kernel's own time.
// packet(7), Linux.

import { readFileSync } from 'node:fs';
import * as packet from '../../../kernel/constants/packet.ts';
import {
  AF_PACKET,
  MSG_DONTWAIT,
  MSG_TRUNC,
  SCM_TIMESTAMPNS,
  SO_ATTACH_FILTER,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_TIMESTAMPNS,
  SOCK_RAW,
  SOL_PACKET,
  SOL_SOCKET,
} from '../../../kernel/constants/socket.ts';
import { EAGAIN, ENETDOWN, ENODEV, EOPNOTSUPP } from '../../../kernel/errno.ts';
import { controlMessages, controlSpace } from '../../../kernel/structs/cmsghdr.ts';
import { tpacket_auxdata, tpacket_stats } from '../../../kernel/structs/packet.ts';
import { linkPacketType, packLinkAddress, sizeofStorage } from '../../../kernel/structs/sockaddr.ts';
import { timespec } from '../../../kernel/structs/timespec.ts';
import { check, osError } from '../../../python/errors.ts';
import { openSocket } from '../../../python/socket/descriptor.ts';
import * as sys from '../../../syscalls.ts';
import { MonotonicOffset, monotonicNanoseconds } from './monotonic-offset.ts';
import { portFilter } from './port-filter.ts';
import { withTag } from './wire/ethernet.ts';

/** SO_RCVBUF, in bytes: some 16,000 small frames. */
const RECEIVE_BUFFER = 16 << 20;
/** More bytes than any frame has, also with segmentation offload (GSO: 64 KiB). */
const LARGEST_FRAME = 1 << 18;
const BATCH = 1024;
const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;
const ETH_P_8021Q = 0x8100;

export interface Frame {
  /** Nanoseconds of CLOCK_MONOTONIC. */
  at: number;
  direction: 'in' | 'out';
  /** Its length on the wire. */
  length: number;
  bytes: Buffer;
  /** The kernel left the checksum for the network card. */
  offloading: boolean;
}

/** Throws OSError: EPERM without CAP_NET_RAW, ENODEV where there is no such interface. */
export class PacketSocket {
  readonly fd: number;
  /** Every frame before this time has been seen: nanoseconds of CLOCK_MONOTONIC. */
  seenUpTo = 0;
  readonly #isLoopback: boolean;
  readonly #clock = new MonotonicOffset();
  readonly #frame = Buffer.alloc(LARGEST_FRAME);
  readonly #name = Buffer.alloc(sizeofStorage);
  readonly #control = Buffer.alloc(controlSpace(timespec.size) + controlSpace(tpacket_auxdata.size));
  readonly #lengths = new Int32Array(3);

  constructor(name: string, port: number) {
    // Protocol 0 receives nothing, until bind() names the protocol: by then all is set.
    this.fd = check(openSocket(AF_PACKET, SOCK_RAW, 0), 'socket');
    try {
      const { index, type } = interfaceNamed(name);
      this.#isLoopback = type === ARPHRD_LOOPBACK;
      if (type !== ARPHRD_LOOPBACK && type !== ARPHRD_ETHER) throw osError(-EOPNOTSUPP, 'bind', name);
      this.#set(SOL_SOCKET, SO_TIMESTAMPNS, 1);
      this.#set(SOL_PACKET, packet.PACKET_AUXDATA, 1);
      // Beyond the system's limit where CAP_NET_ADMIN allows it, else as much as that gives.
      const size = Int32Array.of(RECEIVE_BUFFER);
      if (sys.setsockopt(this.fd, SOL_SOCKET, SO_RCVBUFFORCE, size) < 0)
        this.#set(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
      check(sys.setsockopt(this.fd, SOL_SOCKET, SO_ATTACH_FILTER, portFilter(port)), 'setsockopt');
      // What leaves a loopback interface arrives at it: once is enough. A kernel before 4.20 cannot say so.
      if (this.#isLoopback)
        sys.setsockopt(this.fd, SOL_PACKET, packet.PACKET_IGNORE_OUTGOING, Int32Array.of(1));
      check(sys.bind(this.fd, packLinkAddress(packet.ETH_P_ALL, index)), 'bind', name);
    } catch (error) {
      sys.close(this.fd);
      throw error;
    }
  }

  #set(level: number, name: number, value: number): void {
    check(sys.setsockopt(this.fd, level, name, Int32Array.of(value)), 'setsockopt');
  }

  /**
   * The frames that the kernel has by now, but at most BATCH: on a busy interface there are always
   * more. Their bytes are valid until the next one is asked for.
   */
  *frames(): Generator<Frame> {
    this.#clock.read();
    const begun = monotonicNanoseconds();
    for (let i = 0; i < BATCH; i++) {
      this.#lengths.set([this.#name.length, this.#control.length, 0]);
      const flags = MSG_DONTWAIT | MSG_TRUNC;
      const buffers = [this.#frame];
      const n = sys.recvmsg(this.fd, buffers, this.#name, this.#control, this.#lengths, flags);
      // ENETDOWN comes once, as a notice: packets go on when the interface is up again.
      if (n === -EAGAIN || n === -ENETDOWN) {
        this.seenUpTo = begun;
        return;
      }
      const length = check(n, 'recvmsg');
      const isOutgoing = linkPacketType(this.#name) === packet.PACKET_OUTGOING;
      if (isOutgoing && this.#isLoopback) continue;
      const bytes = this.#frame.subarray(0, length);
      const frame: Frame = {
        direction: isOutgoing ? 'out' : 'in',
        length,
        bytes,
        ...this.#ancillary(length),
      };
      this.seenUpTo = frame.at;
      yield frame;
    }
  }

  // What the control messages add, or change: the kernel takes a VLAN tag out of the frame.
  #ancillary(length: number): Partial<Frame> & Pick<Frame, 'at' | 'offloading'> {
    let at = 0;
    let offloading = false;
    let tagged = {};
    for (const message of controlMessages(this.#control, this.#lengths[1])) {
      if (message.level === SOL_SOCKET && message.type === SCM_TIMESTAMPNS) {
        at = this.#clock.monotonic(message.data);
      } else if (message.level === SOL_PACKET && message.type === packet.PACKET_AUXDATA) {
        const auxdata = tpacket_auxdata.unpack(message.data);
        offloading = (auxdata.tp_status & packet.TP_STATUS_CSUMNOTREADY) !== 0;
        if (auxdata.tp_status & packet.TP_STATUS_VLAN_VALID) tagged = this.#withTag(length, auxdata);
      }
    }
    return { at, offloading, ...tagged };
  }

  #withTag(
    length: number,
    { tp_status, tp_vlan_tpid, tp_vlan_tci }: ReturnType<typeof tpacket_auxdata.unpack>,
  ): Pick<Frame, 'bytes' | 'length'> {
    const hasProtocol = (tp_status & packet.TP_STATUS_VLAN_TPID_VALID) !== 0;
    const protocol = hasProtocol ? tp_vlan_tpid : ETH_P_8021Q;
    const bytes = withTag(this.#frame.subarray(0, length), protocol, tp_vlan_tci);
    return { bytes, length: bytes.length };
  }

  /** How many frames that the filter let through the kernel has dropped since the last call: the buffer was full. */
  dropped(): number {
    const statistics = Buffer.alloc(tpacket_stats.size);
    const length = Int32Array.of(statistics.length);
    const { PACKET_STATISTICS } = packet;
    check(sys.getsockopt(this.fd, SOL_PACKET, PACKET_STATISTICS, statistics, length), 'getsockopt');
    return tpacket_stats.unpack(statistics).tp_drops;
  }

  [Symbol.dispose](): void {
    sys.close(this.fd);
  }
}

function interfaceNamed(name: string): { index: number; type: number } {
  const read = (file: string) => Number(readFileSync(`/sys/class/net/${name}/${file}`, 'utf8'));
  try {
    if (!/^[^/\s]+$/.test(name)) throw osError(-ENODEV, 'bind', name);
    return { index: read('ifindex'), type: read('type') };
  } catch {
    throw osError(-ENODEV, 'bind', name);
  }
}
