// fcntl and ioctl, whose arguments depend on what is asked.

import * as fcntlConstants from '../../../kernel/constants/fcntl.ts';
import { FIOCLEX, FIONCLEX } from '../../../kernel/constants/ioctl.ts';
import { flock } from '../../../kernel/structs/flock.ts';
import { flags, named, quoted } from '../strace-text.ts';
import {
  type CallDecoder,
  copy,
  int,
  number,
  type ParameterDecoder,
  SOMEWHERE,
  text,
  withValue,
} from './decoder.ts';

const { F_GETLK, F_OFD_GETLK } = fcntlConstants;
const { F_GETFD, F_GETFL, F_GETOWN, F_GETPIPE_SZ, F_GETSIG, F_SETFD, F_SETFL, FD_CLOEXEC } = fcntlConstants;

const commands = new Map(
  Object.entries(fcntlConstants).flatMap(([name, value]) =>
    /^F_(?!\w+LCK$)/.test(name) ? [[value, name] as const] : [],
  ),
);
const takesNone = new Set<unknown>([F_GETFD, F_GETFL, F_GETOWN, F_GETSIG, F_GETPIPE_SZ]);

/** 'O_RDWR|O_NONBLOCK' */
export function statusFlags(value: number): string {
  const mode = ['O_RDONLY', 'O_WRONLY', 'O_RDWR'][value & 3] ?? '0x3';
  const rest = value & ~3;
  return rest === 0 ? mode : `${mode}|${flags('O_', rest)}`;
}

const hex = (value: number) => `0x${value.toString(16)}`;

export const fcntl: CallDecoder = {
  parameters: {
    cmd: { show: (cmd: number) => [text(commands.get(cmd) ?? hex(cmd))] },
    arg: {
      keep: (args, i) => (args[i] == null || typeof args[i] === 'number' ? args[i] : copy(args[i])),
      show(arg: number | Uint8Array, result, [, cmd]) {
        if (takesNone.has(cmd)) return [];
        if (typeof arg !== 'number') return [text(structText(arg, cmd, result))];
        if (cmd === F_SETFL) return [text(statusFlags(arg))];
        if (cmd !== F_SETFD) return [number(arg)];
        return [text(arg === 0 ? '0' : arg === FD_CLOEXEC ? 'FD_CLOEXEC' : hex(arg))];
      },
    },
  },
  detail([, cmd], result) {
    if (cmd === F_GETFD && result > 0) return 'flags FD_CLOEXEC';
    return cmd === F_GETFL && result >= 0 ? `flags ${statusFlags(result)}` : '';
  },
};

const gets = new Set<unknown>([F_GETLK, F_OFD_GETLK].filter((cmd) => cmd !== undefined));

/** '{l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=0}' */
function structText(bytes: Uint8Array | null, cmd: unknown, result: number): string {
  if (bytes === null) return 'NULL';
  const isLock = /LKW?$/.test(commands.get(cmd as number) ?? '') && bytes.length >= flock.size;
  if (!isLock || (result < 0 && gets.has(cmd))) return SOMEWHERE;
  const { l_type, l_whence, l_start, l_len, l_pid } = flock.unpack(bytes);
  const type = ['F_RDLCK', 'F_WRLCK', 'F_UNLCK'].find((name) => lockTypes[name] === l_type) ?? hex(l_type);
  const whence = ['SEEK_SET', 'SEEK_CUR', 'SEEK_END'][l_whence] ?? hex(l_whence);
  const owner = gets.has(cmd) ? `, l_pid=${l_pid}` : '';
  return `{l_type=${type}, l_whence=${whence}, l_start=${l_start}, l_len=${l_len}${owner}}`;
}
const lockTypes = fcntlConstants as Record<string, unknown>;

/** splice's offsets, as they were before the call. */
export const offset: ParameterDecoder = {
  before: (args, i) => offsetOf(args[i]),
  show: (kept: bigint | null) => [text(kept === null ? 'NULL' : `[${kept}]`)],
};
function offsetOf(bytes: unknown): bigint | null {
  if (bytes == null) return null;
  const copied = copy(bytes, 0, 8);
  return copied.length < 8 ? 0n : new BigInt64Array(copied.buffer as ArrayBuffer)[0]; // The call throws.
}

// strace knows some requests by the names that terminals have for the same numbers.
const renamed = new Map([['SIOCOUTQ', 'TIOCOUTQ']]);

/** ioctl: its third argument is memory, an int, or nothing. */
export const ioctl: CallDecoder = {
  parameters: {
    request: {
      show(request: number) {
        const names = ['FIO', 'SIO'].map((prefix) => named(prefix, request));
        const name = names.find((one) => /^[A-Z]/.test(one));
        return [text(name === undefined ? hex(request) : (renamed.get(name) ?? name))];
      },
    },
    arg: {
      keep: (args, i) => (args[i] == null || typeof args[i] === 'number' ? args[i] : copy(args[i])),
      show(arg: number | Uint8Array | null, result, [, request]) {
        if (request === FIOCLEX || request === FIONCLEX) return [];
        if (!(arg instanceof Uint8Array)) return [number(arg as number)];
        if (result < 0) return [text(SOMEWHERE)];
        return [arg.length === 4 ? withValue(`[${int(arg)}]`, int(arg)) : text(quoted(arg))];
      },
    },
  },
};
