// What the calls of sockets are given: families, types and protocols, addresses, options, pairs.

import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  SO_ATTACH_FILTER,
  SO_ATTACH_REUSEPORT_CBPF,
  SO_LINGER,
  SOL_SOCKET,
} from '../../../kernel/constants/socket.ts';
import { platform } from '../../../kernel/platform.ts';
import { typeFlags } from '../../../kernel/socket-type.ts';
import { type Inet6Address, type InetAddress, unpackSockaddr } from '../../../kernel/structs/sockaddr.ts';
import { familyOf } from '../../../kernel/structs/struct.ts';
import type { AddressValue } from '../recording.ts';
import { flags, named, quoted, sockaddr } from '../strace-text.ts';
import {
  type CallDecoder,
  copy,
  int,
  number,
  type ParameterDecoder,
  type Shown,
  SOMEWHERE,
  size,
  text,
  withValue,
} from './decoder.ts';

/** 'SOCK_STREAM|SOCK_CLOEXEC' */
export const socketType: ParameterDecoder = {
  show(type: number) {
    const kind = named('SOCK_', type & ~typeFlags);
    const rest = type & typeFlags;
    return [text(rest === 0 ? kind : `${kind}|${flags('SOCK_', rest)}`)];
  },
};

/** By name where the domain, the first argument, is one of the internet's. */
export const protocol: ParameterDecoder = {
  show(value: number, _, [domain]) {
    const isInternet = domain === AF_INET || domain === AF_INET6;
    return [isInternet ? text(named('IPPROTO_', value)) : number(value)];
  },
};

/** socketpair's and pipe's two descriptors. */
export const pair: ParameterDecoder = {
  keep: (args, i) => [int(args[i]), int(args[i], 1)],
  show: (fds: number[], result) => [result < 0 ? text(SOMEWHERE) : withValue(`[${fds.join(', ')}]`, fds)],
};

/** What is known of an address. */
export function addressValue(bytes: Uint8Array): AddressValue {
  if (bytes.length < 2) return { family: named('AF_', 0) };
  const number = familyOf(bytes);
  const family = named('AF_', number);
  if ((number === AF_INET && bytes.length >= 16) || (number === AF_INET6 && bytes.length >= 28)) {
    const address = unpackSockaddr(Buffer.from(bytes), bytes.length) as InetAddress | Inet6Address;
    const [host, port, flowinfo, scopeId] = address;
    return scopeId === undefined
      ? { family, host, port }
      : { family, host, port, flowinfo: flowinfo!, scopeId };
  }
  if (number !== AF_UNIX) return { family };
  const path = unpackSockaddr(Buffer.from(bytes), bytes.length);
  return { family, path: Buffer.isBuffer(path) ? path.toString('latin1') : (path as string) };
}

/** An address; null where the caller wanted none, no bytes where the kernel wrote none. */
export function shownAddress(bytes: Uint8Array | null): Shown {
  if (bytes === null) return withValue('NULL', null);
  return bytes.length === 0 ? text(SOMEWHERE) : withValue(sockaddr(bytes), addressValue(bytes));
}

/** bind's, connect's and sendto's address, with its length. */
export const givenAddress: ParameterDecoder = {
  keep: (args, i) => (args[i] == null ? null : { bytes: copy(args[i], 0, 128), length: size(args[i]) }),
  show: (kept: { bytes: Uint8Array; length: number } | null) =>
    kept === null ? [shownAddress(null), number(0)] : [shownAddress(kept.bytes), number(kept.length)],
};

/** The address that accept, getsockname, getpeername or recvfrom fills in; its length is the next argument. */
export const filledAddress: ParameterDecoder = {
  keep: (args, i, result) => (args[i] == null ? null : copy(args[i], 0, result < 0 ? 0 : int(args[i + 1]))),
  show: (bytes: Uint8Array | null) => [shownAddress(bytes)],
};

/** Its length: the capacity before the call, what the kernel says after it. */
export const length: ParameterDecoder = {
  before: (args, i) => (args[i] == null ? null : int(args[i])),
  keep: (args, i, _, before) => (before === null ? null : [before, int(args[i])]),
  show(kept: [number, number] | null, result) {
    if (kept === null) return [text('NULL')];
    const [before, after] = kept;
    return [text(result < 0 || before === after ? `[${before}]` : `[${before} => ${after}]`)];
  },
};

// strace's names for options whose number is that of the struct with 32-bit times.
const old = /^SO_(RCVTIMEO|SNDTIMEO|TIMESTAMP|TIMESTAMPNS)$/;

const levels: Record<number, [name: string, prefix: string]> = {
  0: ['SOL_IP', 'IP_'],
  6: ['SOL_TCP', 'TCP_'],
  41: ['SOL_IPV6', 'IPV6_'],
};

/** The names of an option's level and of the option. */
export function option(level: number, name: number): [string, string] {
  if (level === SOL_SOCKET) {
    const text = named('SO_', name);
    return ['SOL_SOCKET', platform === 'linux' && old.test(text) ? `${text}_OLD` : text];
  }
  const [levelName, prefix] = levels[level] ?? [String(level), ''];
  return [levelName, prefix ? named(prefix, name) : `0x${name.toString(16)}`];
}

function optionValue(level: unknown, name: unknown, bytes: Uint8Array): Shown {
  if (level === SOL_SOCKET && name === SO_LINGER && bytes.length === 8)
    return text(`{l_onoff=${int(bytes)}, l_linger=${int(bytes, 1)}}`);
  if (bytes.length < 4) return text(SOMEWHERE); // Too short for any option.
  return bytes.length === 4 ? withValue(`[${int(bytes)}]`, int(bytes)) : text(quoted(bytes));
}

const takesProgram = (name: unknown) =>
  name !== undefined && (name === SO_ATTACH_FILTER || name === SO_ATTACH_REUSEPORT_CBPF);
/** Of struct sock_fprog: a count, and an address. */
const sizeofFprog = 16;

const optionNames = {
  level: { show: (level: number, _, all) => [text(option(level, all[2] as number)[0])] },
  name: { show: (name: number, _, all) => [text(option(all[1] as number, name)[1])] },
} satisfies Record<string, ParameterDecoder>;

export const getsockopt: CallDecoder = {
  parameters: {
    ...optionNames,
    value: {
      keep: (args, i) => copy(args[i], 0, Math.min(int(args[i + 1]), 256)),
      show: (bytes: Uint8Array, result, [, level, name]) => [
        result < 0 ? text(SOMEWHERE) : optionValue(level, name, bytes),
      ],
    },
  },
};

export const setsockopt: CallDecoder = {
  parameters: {
    ...optionNames,
    value: {
      keep: (args, i) => ({ bytes: copy(args[i], 0, 256), length: size(args[i]) }),
      show({ bytes, length }: { bytes: Uint8Array; length: number }, _, [, level, name]) {
        // The program, for which C has its struct sock_fprog.
        if (level === SOL_SOCKET && takesProgram(name) && length % 8 === 0)
          return [text(`{len=${length / 8}, filter=${SOMEWHERE}}`), number(sizeofFprog)];
        return [optionValue(level, name, bytes), number(length)];
      },
    },
  },
};
