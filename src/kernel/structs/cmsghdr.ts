// The control messages (struct cmsghdr[]) that recvmsg left in its buffer, and those for sendmsg.
// cmsg(3). Above: whoever calls those. Below: the platform's layout, as the compiler has it.

import { layout } from '../native.ts';

/** One control message: SOL_SOCKET and SCM_TIMESTAMPNS, say, with a struct timespec. */
export interface ControlMessage {
  level: number;
  type: number;
  data: Buffer;
}

const lengthOffset = layout['cmsghdr.cmsg_len']!;
const levelOffset = layout['cmsghdr.cmsg_level']!;
const typeOffset = layout['cmsghdr.cmsg_type']!;
const sizeofLength = layout['sizeof cmsghdr.cmsg_len']!;
const dataOffset = layout['CMSG_LEN(0)']!;
const alignment = layout.CMSG_ALIGN!;
const align = (size: number) => Math.ceil(size / alignment) * alignment;

// The largest cmsg_len that a control buffer's length (an int on macOS) has room for.
const MOST = 0x7fffffff;

/** How long a control message with so many bytes of data is: what recv takes for the last one. cmsg(3). */
export function CMSG_LEN(length: number): number {
  return dataOffset + sizeOfData(length, 'CMSG_LEN', dataOffset);
}

/** How much of a control buffer it takes, padding included. cmsg(3). */
export function CMSG_SPACE(length: number): number {
  return controlSpace(sizeOfData(length, 'CMSG_SPACE', align(dataOffset) + alignment));
}

function sizeOfData(length: number, caller: string, more: number): number {
  if (typeof length !== 'number' || !Number.isInteger(length))
    throw new TypeError(`${caller}(): length must be an integer, got ${String(length)}`);
  if (length < 0 || length > MOST - more)
    throw new RangeError(`${caller}() argument out of range: ${length}`);
  return length;
}

/** How large a control buffer must be for one message with so many bytes of data: CMSG_SPACE. */
export function controlSpace(size: number): number {
  return align(dataOffset) + align(size);
}

/**
 * The messages in the first length bytes of a control buffer, as CMSG_FIRSTHDR and CMSG_NXTHDR find
 * them. Data is a part of the buffer. One that is cut off (MSG_CTRUNC) has what is left of it.
 */
export function* controlMessages(control: Buffer, length: number): Generator<ControlMessage> {
  const end = Math.min(length, control.length);
  for (let at = 0; at + dataOffset <= end; ) {
    const size = control.readUIntLE(at + lengthOffset, Math.min(sizeofLength, 6));
    if (size < dataOffset) return;
    yield {
      level: control.readInt32LE(at + levelOffset),
      type: control.readInt32LE(at + typeOffset),
      data: control.subarray(at + dataOffset, Math.min(at + size, end)),
    };
    at += align(size);
  }
}

/** The control buffer for messages, each with its padding. */
export function packControl(messages: readonly { level: number; type: number; data: Uint8Array }[]): Buffer {
  const control = Buffer.alloc(messages.reduce((sum, { data }) => sum + controlSpace(data.length), 0));
  let at = 0;
  for (const { level, type, data } of messages) {
    control.writeUIntLE(dataOffset + data.length, at + lengthOffset, Math.min(sizeofLength, 6));
    control.writeInt32LE(level, at + levelOffset);
    control.writeInt32LE(type, at + typeOffset);
    control.set(data, at + dataOffset);
    at += controlSpace(data.length);
  }
  return control;
}
