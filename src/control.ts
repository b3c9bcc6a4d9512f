// The control messages (struct cmsghdr[]) that recvmsg left in its buffer. cmsg(3).
// Above: whoever calls recvmsg. Below: the platform's layout, as the compiler has it.

import { layout } from './native.ts';

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
