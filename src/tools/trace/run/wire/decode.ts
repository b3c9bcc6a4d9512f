// Decodes a captured frame into the headers of a PacketLine. Whatever the bytes are, nothing throws: a header
// that is truncated or malformed is null, and so are the headers after it.

import type { PacketLine } from '../../../../interpose/recorder/recording.ts';
import { decodeEthernet } from './ethernet.ts';
import { decodeIp } from './ip.ts';
import type { Streams } from './streams.ts';
import { decodeTcp, TCP } from './tcp.ts';

const ETHERTYPE_IP = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;

export interface FrameOptions {
  /** The packets before it. */
  streams: Streams;
  /** Whether the kernel left the checksum for the network card (TP_STATUS_CSUMNOTREADY). */
  offloading: boolean;
}

/** The headers of a frame. Frames are to be decoded in the order of their times. */
export function decodeFrame(
  bytes: Buffer,
  { streams, offloading }: FrameOptions,
): Pick<PacketLine, 'link' | 'ip' | 'tcp'> {
  const link = decodeEthernet(bytes);
  if (link === null) return { link: null, ip: null, tcp: null };
  const ip = decodeNetwork(bytes, link.protocol, link.payload);
  if (ip === null) return { link: link.header, ip: null, tcp: null };
  const tcp = decodeTcp(ip, offloading);
  return {
    link: link.header,
    ip: ip.header,
    tcp: tcp === null ? null : streams.follow(ip.header, tcp),
  };
}

function decodeNetwork(bytes: Buffer, protocol: number, offset: number) {
  if (protocol !== ETHERTYPE_IP && protocol !== ETHERTYPE_IPV6) return null;
  const ip = decodeIp(bytes.subarray(offset));
  const version = protocol === ETHERTYPE_IP ? 4 : 6;
  return ip?.header.version === version ? ip : null;
}

/** Whether a frame is a TCP segment from or to a port: a quick check before it is decoded. */
export function isOfPort(bytes: Buffer, port: number): boolean {
  const link = decodeEthernet(bytes);
  const ip = link && decodeNetwork(bytes, link.protocol, link.payload);
  if (!ip || ip.header.protocol !== TCP || ip.fragmentOffset > 0 || ip.payload.length < 4) return false;
  return ip.payload.readUInt16BE(0) === port || ip.payload.readUInt16BE(2) === port;
}
