// A recording's packets as a pcapng file, for Wireshark, tshark and the like; each with a comment
// that names the call that caused it.
// Format: draft-ietf-opsawg-pcapng. Everything is little-endian, which the first block says.

import {
  type CallLine,
  isSimulated,
  type PacketLine,
  type Recording,
  SIMULATED,
} from '../../../interpose/recorder/recording.ts';

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const LINKTYPE_ETHERNET = 1;

const END_OF_OPTIONS = 0;
const COMMENT = 1;
const SECTION_OS = 3;
const SECTION_PROGRAM = 4;
const INTERFACE_NAME = 2;
const INTERFACE_RESOLUTION = 9;
const NANOSECONDS = 9;
const PACKET_FLAGS = 2;
const INBOUND = 1;
const OUTBOUND = 2;

/** The captured packets of a recording; inferred ones have no bytes, and are left out. */
export function renderPcapng(recording: Recording): Buffer {
  const [first] = recording.processes;
  const packets = recording.packets.filter(({ inferred }) => !inferred);
  const interfaces = [...new Set(packets.map((packet) => packet.interface))];
  const simulated = isSimulated(recording);
  const comment = simulated ? markedAsSimulated(commenter(recording)) : commenter(recording);
  const realtimeOffset = BigInt(first?.realtimeOffset ?? 0);
  return Buffer.concat([
    section(
      first && `${first.platform} ${first.kernel}`,
      first && `rfds ${first.rfds}`,
      simulated ? SIMULATED : undefined,
    ),
    ...interfaces.map(interfaceDescription),
    ...packets.map((packet) =>
      enhancedPacket(packet, interfaces.indexOf(packet.interface), realtimeOffset, comment(packet)),
    ),
  ]);
}

function section(os?: string, program?: string, comment?: string): Buffer {
  const options: Option[] = [];
  if (comment !== undefined) options.push([COMMENT, Buffer.from(comment)]);
  if (os !== undefined) options.push([SECTION_OS, Buffer.from(os)]);
  if (program !== undefined) options.push([SECTION_PROGRAM, Buffer.from(program)]);
  const fields = Buffer.alloc(16);
  fields.writeUInt32LE(BYTE_ORDER_MAGIC, 0);
  fields.writeUInt16LE(1, 4); // version 1.0
  fields.writeBigInt64LE(-1n, 8); // section length: unspecified
  return block(SECTION_HEADER, fields, options);
}

function interfaceDescription(name: string): Buffer {
  const fields = Buffer.alloc(8);
  fields.writeUInt16LE(LINKTYPE_ETHERNET, 0); // snaplen, at 4, is 0: no limit
  return block(INTERFACE_DESCRIPTION, fields, [
    [INTERFACE_NAME, Buffer.from(name)],
    [INTERFACE_RESOLUTION, Buffer.from([NANOSECONDS])],
  ]);
}

function enhancedPacket(packet: PacketLine, id: number, realtimeOffset: bigint, comment: string): Buffer {
  const bytes = Buffer.from(packet.bytes, 'base64');
  const time = BigInt(packet.at) + realtimeOffset;
  const fields = Buffer.alloc(20);
  fields.writeUInt32LE(id, 0);
  fields.writeUInt32LE(Number(time >> 32n), 4);
  fields.writeUInt32LE(Number(time & 0xffffffffn), 8);
  fields.writeUInt32LE(bytes.length, 12);
  fields.writeUInt32LE(packet.length, 16);
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(packet.direction === 'in' ? INBOUND : OUTBOUND);
  const options: Option[] = [[PACKET_FLAGS, flags]];
  if (comment !== '') options.push([COMMENT, Buffer.from(comment)]);
  return block(ENHANCED_PACKET, Buffer.concat([fields, padded(bytes)]), options);
}

/** 'client send(3, 23 bytes) src/client.ts:41: send() put 23 bytes into it' */
function commenter({ calls, frames, processes }: Recording): (packet: PacketLine) => string {
  const callsBy = new Map(calls.map((call) => [`${call.pid} ${call.n}`, call]));
  const framesBy = new Map(frames.map((frame) => [`${frame.pid} ${frame.id}`, frame]));
  const roles = new Map(processes.map(({ pid, role, simulated, argv }) => [pid, simulated ? argv[0] : role]));
  return ({ cause, why }) => {
    const call = cause && callsBy.get(`${cause.pid} ${cause.n}`);
    if (call === undefined) return why ?? '';
    const role = roles.get(call.pid) ?? `process ${call.pid}`;
    const frame = framesBy.get(`${call.pid} ${call.at}`);
    const where = frame ? ` ${frame.file}:${frame.line}` : '';
    return `${role} ${brief(call)}${where}${why === undefined ? '' : `: ${why}`}`;
  };
}

const markedAsSimulated =
  (comment: (packet: PacketLine) => string) =>
  (packet: PacketLine): string =>
    ['simulated', comment(packet)].filter((text) => text !== '').join(': ');

function brief({ name, fd, data, result }: CallLine): string {
  const bytes = data !== undefined && result >= 0 ? `${result} bytes` : undefined;
  return `${name}(${[fd, bytes].filter((part) => part !== undefined).join(', ')})`;
}

type Option = [code: number, value: Buffer];

// type, length, fields, options, length once more; everything begins at a multiple of four.
function block(type: number, fields: Buffer, options: Option[]): Buffer {
  const encoded = options.length === 0 ? [] : [...options, [END_OF_OPTIONS, Buffer.alloc(0)] as Option];
  const body = Buffer.concat([fields, ...encoded.map(option)]);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(type, 0);
  head.writeUInt32LE(body.length + 12, 4);
  return Buffer.concat([head, body, head.subarray(4)]);
}

function option([code, value]: Option): Buffer {
  const head = Buffer.alloc(4);
  // A length has 16 bits.
  const kept = value.subarray(0, 0xffff);
  head.writeUInt16LE(code, 0);
  head.writeUInt16LE(kept.length, 2);
  return Buffer.concat([head, padded(kept)]);
}

function padded(bytes: Buffer): Buffer {
  const rest = (4 - (bytes.length % 4)) % 4;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(rest)]);
}
