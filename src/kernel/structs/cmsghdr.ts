// The control messages (struct cmsghdr[]) that recvmsg left in its buffer, and those for sendmsg.
// cmsg(3).

import { layout } from '../native.ts';
import { describe, i32, struct, u32, u64, viewOf } from './struct.ts';

/** struct cmsghdr. cmsg(3). */
export const cmsghdr = struct('cmsghdr', {
  /** Bytes, this header among them: a size_t; a socklen_t, of four bytes, on macOS and with musl. */
  cmsg_len: layout['sizeof cmsghdr.cmsg_len'] === 4 ? u32 : u64,
  /** SOL_SOCKET, IPPROTO_IP, … */
  cmsg_level: i32,
  /** SCM_*, IP_PKTINFO, … */
  cmsg_type: i32,
});

/** One control message: SOL_SOCKET and SCM_TIMESTAMPNS, say, with a struct timespec. */
export interface ControlMessage {
  level: number;
  type: number;
  data: Buffer;
}

const { cmsg_len, cmsg_level, cmsg_type } = cmsghdr.members;
const dataOffset = layout['CMSG_LEN(0)']!;
const alignment = layout.CMSG_ALIGN!;
const align = (size: number) => Math.ceil(size / alignment) * alignment;

// The largest cmsg_len that a control buffer's length (an int on macOS) can have.
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
export function* controlMessages(
  control: Uint8Array,
  length: number = control.length,
): Generator<ControlMessage> {
  const view = viewOf(control);
  const end = Math.min(length, control.length);
  for (let at = 0; at + dataOffset <= end; ) {
    const size = cmsg_len.get(view, at);
    if (size < dataOffset) return;
    yield {
      level: cmsg_level.get(view, at),
      type: cmsg_type.get(view, at),
      data: Buffer.from(
        view.buffer,
        view.byteOffset + at + dataOffset,
        Math.min(size, end - at) - dataOffset,
      ),
    };
    at += align(size);
  }
}

/**
 * The control buffer for messages, each with its padding. Throws TypeError or RangeError for a level or type
 * that is no int, TypeError for data that is no bytes.
 */
export function packControl(messages: readonly { level: number; type: number; data: Uint8Array }[]): Buffer {
  for (const { data } of messages)
    if (!(data instanceof Uint8Array))
      throw new TypeError(`packControl(): data must be bytes, got ${describe(data)}`);
  const control = Buffer.alloc(messages.reduce((sum, { data }) => sum + controlSpace(data.length), 0));
  let at = 0;
  for (const { level, type, data } of messages) {
    cmsghdr.write(control, { cmsg_len: dataOffset + data.length, cmsg_level: level, cmsg_type: type }, at);
    control.set(data, at + dataOffset);
    at += controlSpace(data.length);
  }
  return control;
}
