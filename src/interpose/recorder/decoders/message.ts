// What goes through a socket with an address beside it: recvfrom, sendto, and the msghdr of recvmsg and
// sendmsg, with its buffers and control messages. Above: call-args.ts. Below: socket-forms.ts, call-form.ts.

import { SCM_CREDENTIALS, SCM_RIGHTS, SCM_TIMESTAMP, SOL_SOCKET } from '../../../kernel/constants/socket.ts';
import { layout } from '../../../kernel/native.ts';
import { controlMessages } from '../../../kernel/structs/cmsghdr.ts';
import { DATA_LIMIT } from '../recording.ts';
import { flags, named, quoted, STRING_LIMIT, sockaddr } from '../strace-text.ts';
import { copy, copyOrNull, type Form, first, int, type Kept, SOMEWHERE, size } from './decoder.ts';
import { option, transfer } from './socket.ts';
import { shown } from './wait.ts';

const incoming = transfer('in', true);
const outgoing = transfer('out', true);
const lengthText = (before: number, after: number) =>
  before === after ? `${after}` : `${before} => ${after}`;
// The kernel wrote no address where it says that it has no bytes.
const addressOf = (bytes: Uint8Array | null) =>
  bytes === null ? 'NULL' : bytes.length === 0 ? SOMEWHERE : sockaddr(bytes);

// The arguments of recv or send, and the ones behind flags: one or two.
const parted = (args: unknown[], addresses: number) => [args.slice(0, -addresses), args.slice(-addresses)];

export const recvfromForm: Form = {
  names: [...incoming.names, 'src_addr', 'addrlen'],
  fd: first,
  before: (args) => (args.at(-1) == null ? null : int(args.at(-1))),
  keep(args, result, room) {
    const [own, [addr, addrlen]] = parted(args, 2);
    const length = addrlen == null ? null : int(addrlen);
    const bytes = addr == null ? null : copy(addr, 0, result < 0 ? 0 : length!);
    return [...incoming.keep!(own, result, undefined), bytes, room, length];
  },
  texts(kept, result) {
    const [bytes, room, length] = kept.slice(-3) as [Uint8Array | null, number | null, number];
    const lengths = room === null ? 'NULL' : `[${lengthText(room, result < 0 ? room : length)}]`;
    return [...incoming.texts(kept, result), addressOf(bytes), lengths];
  },
  data: incoming.data!,
};

export const sendtoForm: Form = {
  names: [...outgoing.names, 'dest_addr', 'addrlen'],
  fd: first,
  keep(args, result) {
    const [own, [addr]] = parted(args, 1);
    return [...outgoing.keep!(own, result, undefined), addr == null ? null : copy(addr, 0, 128), addr];
  },
  texts(kept, result) {
    const [bytes, addr] = kept.slice(-2) as [Uint8Array | null, unknown];
    return [...outgoing.texts(kept, result), addressOf(bytes), addr == null ? 0 : size(addr)];
  },
  data: outgoing.data!,
};

interface Message {
  fd: number;
  name: Uint8Array | null;
  namelen: [before: number, after: number];
  /** Of each buffer: the first of the bytes that went through it, how many did, its size. */
  iov: [Uint8Array, number, number][];
  count: number;
  control: Uint8Array | null;
  told: number;
  flags: number;
  data: Uint8Array;
}

// Of each buffer what strace shows, as far as n bytes fill them; and the n bytes, at most DATA_LIMIT.
function through(buffers: unknown, n: number): Pick<Message, 'iov' | 'count' | 'data'> {
  const list = buffers as unknown[];
  const parts: Uint8Array[] = [];
  let went = 0;
  const iov = list.map((bytes): [Uint8Array, number, number] => {
    const taken = Math.min(n - went, size(bytes));
    if (went < DATA_LIMIT) parts.push(copy(bytes, 0, Math.min(taken, DATA_LIMIT - went)));
    went += taken;
    return [copy(bytes, 0, Math.min(taken, STRING_LIMIT + 1)), taken, size(bytes)];
  });
  return { iov, count: list.length, data: Buffer.concat(parts) };
}

const kept = (message: Message): Kept => [message.fd, message];
const messageOf = (all: Kept) => all[1] as Message;

function controlText(control: Uint8Array): string {
  const whole = new Uint8Array(control);
  if (whole.length < (layout['sizeof cmsghdr'] ?? 16)) return SOMEWHERE;
  const messages = [...controlMessages(Buffer.from(whole), whole.length)];
  if (messages.length === 0) return SOMEWHERE; // Malformed: the kernel refuses it.
  const texts = messages.map(({ level, type, data }) => {
    const [levelText, optionName] = option(level, type);
    const typeText = level !== SOL_SOCKET || type === SCM_TIMESTAMP ? optionName : named('SCM_', type);
    const length = (layout['CMSG_LEN(0)'] ?? 16) + data.length;
    return `{cmsg_len=${length}, cmsg_level=${levelText}, cmsg_type=${typeText}${controlData(level, type, data)}}`;
  });
  return `[${texts.join(', ')}]`;
}

function controlData(level: number, type: number, data: Uint8Array): string {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const ints = Array.from({ length: data.length >> 2 }, (_, i) => view.getInt32(i * 4, true));
  if (level === SOL_SOCKET && type === SCM_RIGHTS) return `, cmsg_data=[${ints.join(', ')}]`;
  if (level === SOL_SOCKET && type === SCM_CREDENTIALS && SCM_CREDENTIALS !== undefined)
    return `, cmsg_data={pid=${ints[0]}, uid=${ints[1]}, gid=${ints[2]}}`;
  if (data.length === 4) return `, cmsg_data=[${ints[0]}]`;
  return data.length === 0 ? '' : `, cmsg_data=${quoted(data)}`;
}

function header({ name, namelen, iov, count, control, told }: Message): string {
  const length = lengthText(...namelen);
  const buffers =
    count === 0
      ? 'NULL'
      : shown(iov, ([bytes, n, room]) => `{iov_base=${quoted(bytes, n)}, iov_len=${room}}`);
  const controls = control === null || control.length === 0 ? '' : ` msg_control=${controlText(control)},`;
  return (
    `{msg_name=${addressOf(name)}, msg_namelen=${length}, msg_iov=${buffers}, msg_iovlen=${count},` +
    `${controls} msg_controllen=${control?.length ?? 0}, msg_flags=${flags('MSG_', told)}}`
  );
}

export const recvmsgForm: Form = {
  names: ['fd', 'msg', 'flags'],
  fd: first,
  before: ([, , , , lengths]) => int(lengths),
  keep([fd, buffers, name, control, lengths, flag], result, room) {
    const [namelen, controllen, told] = new Int32Array(copy(lengths, 0, 12).buffer);
    const length = result < 0 ? (room as number) : namelen;
    return kept({
      fd: fd as number,
      name: name == null ? null : copy(name, 0, result < 0 ? 0 : namelen),
      namelen: [room as number, length],
      ...through(buffers, Math.max(result, 0)),
      control: control == null ? null : copy(control, 0, result < 0 ? 0 : controllen),
      told,
      flags: flag as number,
    });
  },
  texts(all, result) {
    const message = messageOf(all);
    const text = result < 0 ? `{msg_namelen=${message.namelen[0]}}` : header(message);
    return [message.fd, text, flags('MSG_', message.flags)];
  },
  data: (all) => messageOf(all).data,
};

export const sendmsgForm: Form = {
  names: ['fd', 'msg', 'flags'],
  fd: first,
  keep([fd, buffers, name, control, flag], result) {
    const given = through(buffers, Number.POSITIVE_INFINITY);
    const length = name == null ? 0 : size(name);
    return kept({
      fd: fd as number,
      name: name == null ? null : copy(name, 0, 128),
      namelen: [length, length],
      ...given,
      data: through(buffers, Math.max(result, 0)).data,
      control: copyOrNull(control),
      told: 0,
      flags: flag as number,
    });
  },
  texts(all) {
    const message = messageOf(all);
    return [message.fd, header(message), flags('MSG_', message.flags)];
  },
  data: (all) => messageOf(all).data,
};
