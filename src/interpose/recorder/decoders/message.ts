// The bytes that calls move: buffers, or a part of one, and the msghdr of recvmsg and sendmsg, with its
// pieces of memory, its address and its control messages.

import { SCM_CREDENTIALS, SCM_RIGHTS, SCM_TIMESTAMP, SOL_SOCKET } from '../../../kernel/constants/socket.ts';
import { layout } from '../../../kernel/native.ts';
import { controlMessages } from '../../../kernel/structs/cmsghdr.ts';
import { DATA_LIMIT, type MessageValue } from '../recording.ts';
import { flags, named, quoted, STRING_LIMIT, shownList } from '../strace-text.ts';
import {
  type CallDecoder,
  copy,
  copyOrNull,
  int,
  type Kept,
  MMSGHDR_INTS,
  number,
  type ParameterDecoder,
  SOMEWHERE,
  size,
  text,
  withValue,
} from './decoder.ts';
import { addressValue, option, shownAddress } from './socket.ts';

// ---- One buffer

interface BufferKept {
  /** The bytes that were moved, or those that the kernel would not take; at most DATA_LIMIT. */
  data: Uint8Array;
  /** What strace shows, if that is more. */
  shown: Uint8Array;
  length: number;
}

/** A buffer and its length; isPart: of what is in the two arguments behind it. */
export function buffer(direction: 'in' | 'out', isPart: boolean): ParameterDecoder {
  return {
    keep(args, i, result): BufferKept {
      const [offset, length] = isPart ? [args[i + 1] as number, args[i + 2] as number] : [0, size(args[i])];
      // MSG_TRUNC says how long the message was, which may be more than the capacity.
      const moved = direction === 'out' || result >= 0 ? Math.min(result, length) : length;
      const data = copy(args[i], offset, Math.min(Math.max(moved, 0), DATA_LIMIT));
      const isShort = direction === 'in' && result < length;
      return {
        data,
        shown: isShort ? copy(args[i], offset, Math.min(length, STRING_LIMIT + 1)) : data,
        length,
      };
    },
    show({ shown, length }: BufferKept, result) {
      const total = direction === 'out' ? Math.min(result, length) : length;
      const isUnfilled = direction === 'out' && result < 0;
      return [text(isUnfilled ? SOMEWHERE : quoted(shown, total)), number(length)];
    },
  };
}

/** recv, send and their kin: what went through the buffer, their second argument. */
export const transfer: CallDecoder = { data: ([, bytes]) => (bytes as BufferKept).data };

// ---- Pieces of memory

interface PiecesKept {
  /** Of each piece: the first of the bytes that went through it, how many did, its size. */
  pieces: [bytes: Uint8Array, moved: number, size: number][];
  data: Uint8Array;
}

// Of each piece what strace shows, as far as n bytes fill them; and the n bytes, at most DATA_LIMIT.
function through(buffers: unknown, n: number): PiecesKept {
  const parts: Uint8Array[] = [];
  let went = 0;
  const pieces = (buffers as unknown[]).map((bytes): [Uint8Array, number, number] => {
    const taken = Math.min(n - went, size(bytes));
    if (went < DATA_LIMIT) parts.push(copy(bytes, 0, Math.min(taken, DATA_LIMIT - went)));
    went += taken;
    return [copy(bytes, 0, Math.min(taken, STRING_LIMIT + 1)), taken, size(bytes)];
  });
  return { pieces, data: Buffer.concat(parts) };
}

const piecesText = ({ pieces }: PiecesKept, isUnfilled = false) =>
  pieces.length === 0
    ? 'NULL'
    : shownList(
        pieces,
        ([bytes, n, capacity]) =>
          `{iov_base=${isUnfilled ? SOMEWHERE : quoted(bytes, n)}, iov_len=${capacity}}`,
      );

/** The iovec[] of a call that has no msghdr, and how many there are. */
export function iovec(direction: 'in' | 'out'): ParameterDecoder {
  return {
    keep(args, i, result): PiecesKept {
      const moved = through(args[i], Math.max(result, 0));
      return direction === 'out'
        ? moved
        : { ...through(args[i], Number.POSITIVE_INFINITY), data: moved.data };
    },
    show(kept: PiecesKept, result) {
      const isUnfilled = direction === 'out' && result < 0;
      return [text(piecesText(kept, isUnfilled)), number(kept.pieces.length)];
    },
    data: ({ data }: PiecesKept) => data,
  };
}

// ---- Control messages

function controlText(control: Uint8Array): string {
  if (control.length < (layout['sizeof cmsghdr'] ?? 16)) return SOMEWHERE;
  const messages = [...controlMessages(Buffer.from(control), control.length)];
  if (messages.length === 0) return SOMEWHERE; // Malformed: the kernel does not take it.
  const texts = messages.map(({ level, type, data }) => {
    const [levelText, optionName] = option(level, type);
    const typeText = level !== SOL_SOCKET || type === SCM_TIMESTAMP ? optionName : named('SCM_', type);
    const length = (layout['CMSG_LEN(0)'] ?? 16) + data.length;
    return `{cmsg_len=${length}, cmsg_level=${levelText}, cmsg_type=${typeText}${controlData(level, type, data)}}`;
  });
  return `[${texts.join(', ')}]`;
}

const intsIn = (data: Uint8Array) => Array.from({ length: data.length >> 2 }, (_, i) => int(data, i));

function controlData(level: number, type: number, data: Uint8Array): string {
  const ints = intsIn(data);
  if (level === SOL_SOCKET && type === SCM_RIGHTS) return `, cmsg_data=[${ints.join(', ')}]`;
  if (level === SOL_SOCKET && type === SCM_CREDENTIALS && SCM_CREDENTIALS !== undefined)
    return `, cmsg_data={pid=${ints[0]}, uid=${ints[1]}, gid=${ints[2]}}`;
  if (data.length === 4) return `, cmsg_data=[${ints[0]}]`;
  return data.length === 0 ? '' : `, cmsg_data=${quoted(data)}`;
}

const rightsIn = (control: Uint8Array | null) =>
  control === null
    ? []
    : [...controlMessages(Buffer.from(control), control.length)].flatMap(({ level, type, data }) =>
        level === SOL_SOCKET && type === SCM_RIGHTS ? intsIn(data) : [],
      );

// ---- recvmsg and sendmsg: one msghdr in C, several arguments here

interface Header {
  name: Uint8Array | null;
  namelen: [before: number, after: number];
  pieces: PiecesKept;
  control: Uint8Array | null;
  flags: number;
}

function shownHeader({ name, namelen: [before, after], pieces, control, flags: messageFlags }: Header) {
  const length = before === after ? `${after}` : `${before} => ${after}`;
  const controls = control === null || control.length === 0 ? '' : ` msg_control=${controlText(control)},`;
  const value: MessageValue = {
    name: name === null || name.length === 0 ? null : addressValue(name),
    rights: rightsIn(control),
  };
  return withValue(
    `{msg_name=${shownAddress(name).text}, msg_namelen=${length}, msg_iov=${piecesText(pieces)}, ` +
      `msg_iovlen=${pieces.pieces.length},${controls} msg_controllen=${control?.length ?? 0}, ` +
      `msg_flags=${flags('MSG_', messageFlags)}}`,
    value,
  );
}

const kept = (keep: ParameterDecoder['keep'] & object): ParameterDecoder => ({ keep, show: () => [] });
const data = ([, pieces]: Kept) => (pieces as PiecesKept).data;

interface LengthsKept {
  capacity: number;
  namelen: number;
  flags: number;
}

export const recvmsg: CallDecoder = {
  data,
  parameters: {
    buffers: {
      keep: (args, i, result) => through(args[i], Math.max(result, 0)),
      show(pieces: PiecesKept, result, all) {
        const [, , name, control, lengths] = all as [0, 0, Header['name'], Header['control'], LengthsKept];
        const { capacity, namelen, flags } = lengths;
        if (result < 0) return [text(`{msg_namelen=${capacity}}`)];
        return [shownHeader({ name, namelen: [capacity, namelen], pieces, control, flags })];
      },
    },
    name: kept((args, i, result) => copyOrNull(args[i], result < 0 ? 0 : int(args[4], 0))),
    control: kept((args, i, result) => copyOrNull(args[i], result < 0 ? 0 : int(args[4], 1))),
    lengths: {
      before: (args, i) => int(args[i]),
      keep: (args, i, _, before): LengthsKept => ({
        capacity: before as number,
        namelen: int(args[i]),
        flags: int(args[i], 2),
      }),
      show: () => [],
    },
  },
};

export const sendmsg: CallDecoder = {
  data,
  parameters: {
    buffers: {
      keep: (args, i, result): PiecesKept => ({
        ...through(args[i], Number.POSITIVE_INFINITY),
        data: through(args[i], Math.max(result, 0)).data,
      }),
      show(pieces: PiecesKept, _, all) {
        const [, , name, control] = all as [
          0,
          0,
          { bytes: Uint8Array; length: number } | null,
          Header['control'],
        ];
        const length = name?.length ?? 0;
        return [
          shownHeader({ name: name?.bytes ?? null, namelen: [length, length], pieces, control, flags: 0 }),
        ];
      },
    },
    name: kept((args, i) =>
      args[i] == null ? null : { bytes: copy(args[i], 0, 128), length: size(args[i]) },
    ),
    control: kept((args, i) => copyOrNull(args[i])),
  },
};

// ---- recvmmsg and sendmmsg: one mmsghdr[] in C, several arguments here

interface MessagesKept {
  /** Those that were given; of recvmmsg, those that came. */
  headers: Header[];
  /** msg_len of those that were moved. */
  lengths: number[];
  data: Uint8Array;
}

/**
 * struct mmsghdr[], whose count is the next argument. Before it are the buffers, the addresses and the control
 * messages of all messages.
 */
export function mmsghdr(direction: 'in' | 'inout'): ParameterDecoder {
  const isReceived = direction === 'inout';
  return {
    before: (args, i) => copy(args[i], 0, Math.max(args[i + 1] as number, 0) * 4 * MMSGHDR_INTS),
    keep(args, i, result, before): MessagesKept {
      const [buffers, names, controls] = args.slice(i - 3, i) as [unknown[], unknown, unknown];
      const given = intsIn(before as Uint8Array);
      const after = intsIn(copy(args[i], 0, given.length * 4));
      const headers: Header[] = [];
      const lengths: number[] = [];
      const count = isReceived ? Math.max(result, 0) : given.length / MMSGHDR_INTS;
      let [bufferAt, nameAt, controlAt] = [0, 0, 0];
      for (let at = 0; at < count * MMSGHDR_INTS; at += MMSGHDR_INTS) {
        const [iovlen, namelen, controllen] = given.slice(at, at + 3);
        const [, newNamelen, newControllen, messageFlags, length] = after.slice(at, at + MMSGHDR_INTS);
        const isMoved = at < result * MMSGHDR_INTS;
        const own = buffers.slice(bufferAt, bufferAt + iovlen);
        const moved = through(own, isMoved ? length : 0);
        headers.push({
          name:
            namelen === 0 ? null : copy(names, nameAt, isReceived ? Math.min(newNamelen, namelen) : namelen),
          namelen: isReceived ? [namelen, newNamelen] : [namelen, namelen],
          pieces: isReceived ? moved : { ...through(own, Number.POSITIVE_INFINITY), data: moved.data },
          control:
            controllen === 0 ? null : copy(controls, controlAt, isReceived ? newControllen : controllen),
          flags: isReceived ? messageFlags : 0,
        });
        if (isMoved) lengths.push(length);
        bufferAt += iovlen;
        nameAt += namelen;
        controlAt += controllen;
      }
      const data = Buffer.concat(headers.map(({ pieces }) => pieces.data)).subarray(0, DATA_LIMIT);
      return { headers, lengths, data };
    },
    show({ headers, lengths }: MessagesKept, result) {
      if (isReceived && result < 0) return [text(SOMEWHERE)];
      if (headers.length === 0) return [text('NULL')];
      const shown = headers.map(shownHeader);
      const each = shown.map(({ text }, i) =>
        lengths[i] === undefined ? `{msg_hdr=${text}}` : `{msg_hdr=${text}, msg_len=${lengths[i]}}`,
      );
      return [
        withValue(
          shownList(each, (text) => text),
          shown.map(({ value }) => value as MessageValue),
        ),
      ];
    },
    data: (messages) => (messages as MessagesKept).data,
  };
}
