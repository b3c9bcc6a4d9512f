// The calls of sockets that have more to tell than numbers: addresses, options, types, and the bytes that
// go through. Above: call-args.ts. Below: call-form.ts, strace-text.ts.

import {
  AF_INET,
  AF_INET6,
  SO_LINGER,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from '../../../kernel/constants/socket.ts';
import { DATA_LIMIT } from '../recording.ts';
import { flags, named, quoted, sockaddr } from '../strace-text.ts';
import { copy, type Form, first, int, type Kept, SOMEWHERE, size } from './decoder.ts';

const moved = (kept: Kept) => kept[1] as Uint8Array | undefined;

// recv, read: what came; send, write: what the kernel took, or would not take.
export function transfer(direction: 'in' | 'out', hasFlags: boolean): Form {
  return {
    names: ['fd', 'buf', 'len', ...(hasFlags ? ['flags'] : [])],
    fd: first,
    keep([fd, buf, ...rest], result) {
      const isPart = rest.length > 1;
      const [offset, length] = isPart ? (rest as number[]) : [0, size(buf)];
      // MSG_TRUNC says how long the message was, which may be more than the room.
      const wanted = direction === 'in' || result >= 0 ? Math.min(result, length) : length;
      const data = copy(buf, offset, Math.min(Math.max(wanted, 0), DATA_LIMIT));
      const shown = direction === 'out' && result < length ? copy(buf, offset, Math.min(length, 33)) : data;
      return [fd, data, length, hasFlags ? (rest.at(-1) ?? 0) : 0, shown];
    },
    texts: ([fd, data, length, flag, shown], result) => {
      const total = direction === 'in' ? Math.min(result, length as number) : (length as number);
      const text =
        direction === 'in' && result < 0 ? SOMEWHERE : quoted((shown ?? data) as Uint8Array, total);
      return [fd, text, length, ...(hasFlags ? [flags('MSG_', flag as number)] : [])];
    },
    data: moved,
  };
}

export const family = (value: unknown) => named('AF_', value as number);

export function type(value: unknown): string {
  const rest = (value as number) & ((SOCK_CLOEXEC ?? 0) | (SOCK_NONBLOCK ?? 0));
  const kind = named('SOCK_', (value as number) & ~rest);
  return rest === 0 ? kind : `${kind}|${flags('SOCK_', rest)}`;
}

export const protocol = (domain: unknown, value: unknown) =>
  domain === AF_INET || domain === AF_INET6 ? named('IPPROTO_', value as number) : String(value);

// accept, getsockname, getpeername: the room for an address before, its length after.
export function answered(names: string[], rest: (kept: Kept) => unknown[] = () => []): Form {
  return {
    names: ['fd', 'addr', 'addrlen', ...names],
    fd: first,
    before: ([, , addrlen]) => (addrlen == null ? null : int(addrlen)),
    keep([fd, addr, addrlen, ...others], result, room) {
      const length = addrlen == null ? null : int(addrlen);
      const bytes = addr == null ? null : result < 0 ? undefined : copy(addr, 0, length!);
      return [fd, bytes, [room, length], ...others];
    },
    texts(kept, result) {
      const [fd, bytes, [room, length]] = kept as [number, Uint8Array | null | undefined, (number | null)[]];
      const lengths =
        room === null ? 'NULL' : result < 0 || room === length ? `[${room}]` : `[${room} => ${length}]`;
      return [fd, bytes === null ? 'NULL' : bytes ? sockaddr(bytes) : SOMEWHERE, lengths, ...rest(kept)];
    },
  };
}

export const addressed: Form = {
  names: ['fd', 'addr', 'addrlen'],
  fd: first,
  keep: ([fd, addr]) => [fd, copy(addr, 0, 128), size(addr)],
  texts: ([fd, addr, length]) => [fd, sockaddr(addr as Uint8Array), length],
};

// strace's names for options whose number is that of the struct with 32-bit times.
const old = /^SO_(RCVTIMEO|SNDTIMEO|TIMESTAMP|TIMESTAMPNS)$/;

export function option(level: unknown, name: unknown): [string, string] {
  if (level === SOL_SOCKET) {
    const text = named('SO_', name as number);
    return ['SOL_SOCKET', process.platform === 'linux' && old.test(text) ? `${text}_OLD` : text];
  }
  const levels: Record<number, [string, string]> = {
    0: ['SOL_IP', 'IP_'],
    6: ['SOL_TCP', 'TCP_'],
    41: ['SOL_IPV6', 'IPV6_'],
  };
  const [levelName, prefix] = levels[level as number] ?? [String(level), ''];
  return [levelName, prefix ? named(prefix, name as number) : `0x${(name as number).toString(16)}`];
}

export function optionValue(level: unknown, name: unknown, bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (level === SOL_SOCKET && name === SO_LINGER && bytes.length === 8) {
    return `{l_onoff=${view.getInt32(0, true)}, l_linger=${view.getInt32(4, true)}}`;
  }
  if (bytes.length < 4) return SOMEWHERE; // Too short for any option.
  return bytes.length === 4 ? `[${view.getInt32(0, true)}]` : quoted(bytes);
}
export const pairForm: Form = {
  names: ['domain', 'type', 'protocol', 'sv'],
  fd: ([, , , sv], result) => (result === 0 ? new Int32Array((sv as Uint8Array).buffer)[0] : -1),
  keep: ([domain, kind, proto, sv]) => [domain, kind, proto, copy(sv, 0, 8)],
  texts: ([domain, kind, proto, sv], result) => [
    family(domain),
    type(kind),
    proto,
    result < 0 ? SOMEWHERE : `[${new Int32Array((sv as Uint8Array).buffer).join(', ')}]`,
  ],
};
