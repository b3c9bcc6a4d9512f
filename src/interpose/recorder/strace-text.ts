// How strace writes a value: strings with escapes, flags by name, addresses, times. Format: strace(1),
// version 6.

import { constants, layout } from '../../kernel/native.ts';
import { formatInet, formatInet6 } from '../../kernel/structs/inet-text.ts';
import { familyOf } from '../../kernel/structs/struct.ts';

/** strace's -s: how many bytes of a string it shows. */
export const STRING_LIMIT = 32;

const escapes = new Map([
  [0x22, '\\"'],
  [0x5c, '\\\\'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0b, '\\v'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
]);

/** "Hello\n": the first STRING_LIMIT bytes; total says how many there are, if bytes are not all of them. */
export function quoted(bytes: Uint8Array, total = bytes.length): string {
  let text = '"';
  const n = Math.min(bytes.length, STRING_LIMIT);
  for (let i = 0; i < n; i++) text += escaped(bytes[i], i + 1 < n ? bytes[i + 1] : 0);
  return total > n ? `${text}"...` : `${text}"`;
}

// An octal escape has three digits only where a digit follows that would be taken for its own.
function escaped(byte: number, next: number): string {
  if (byte >= 0x20 && byte < 0x7f) return escapes.get(byte) ?? String.fromCharCode(byte);
  const octal = byte.toString(8);
  return escapes.get(byte) ?? `\\${next >= 0x30 && next <= 0x37 ? octal.padStart(3, '0') : octal}`;
}

const tables = new Map<string, Map<number, string>>();

/** value → name of the constants that begin so; of two with one value, the first in the list. */
function table(prefix: string): Map<number, string> {
  let names = tables.get(prefix);
  if (names === undefined) {
    names = new Map();
    for (const [name, value] of Object.entries(constants))
      if (name.startsWith(prefix) && value !== undefined && isIn(prefix, name) && !names.has(value)) {
        names.set(value, name);
      }
    tables.set(prefix, names);
  }
  return names;
}

// EPOLL_CTL_ADD is not one of EPOLLIN and the like.
const isIn = (prefix: string, name: string) =>
  prefix.endsWith('_') ? !ofOption.test(name) : name[prefix.length] !== '_';
// What an option's value is, and no option.
const ofOption = /^(SO_EE_|TCP_REPAIR_O|IPV6_PMTUDISC_|IPV6_RTHDR_TYPE_)/;

/** 'AF_INET'; '0x3039 /* AF_???…' where no constant that begins so has the value. */
export function named(prefix: string, value: number): string {
  return table(prefix).get(value) ?? unknown(prefix, value);
}

// timerfd_settime's flags are TFD_TIMER_ABSTIME and the like, and TFD_??? where they are not known.
const unknown = (prefix: string, value: number) =>
  `0x${(value >>> 0).toString(16)} /* ${prefix === 'TFD_TIMER_' ? 'TFD_' : prefix.endsWith('_') ? prefix : `${prefix}_`}??? */`;

// Numbers among the flags.
const noFlag = /^(O_RDONLY|O_WRONLY|O_RDWR|EPOLL_CTL_.*)$/;
// Of these strace has what ends in CLOEXEC before what ends in NONBLOCK, against the order of their values.
const closesFirst = /^(SOCK|EFD|SFD|TFD)_$/;

// TFD_TIMER_ABSTIME is none of timerfd_create's.
const ofSettime = (prefix: string, name: string) => prefix === 'TFD_' && name.startsWith('TFD_TIMER_');

const bits = new Map<string, [number, string][]>();

const splits = new Map<string, [names: string[], rest: number]>();

// The names of the flags of a single bit, in the order of their values, and the bits that have none.
function split(prefix: string, value: number): [names: string[], rest: number] {
  const key = prefix + value;
  let found = splits.get(key);
  if (found !== undefined) return found;
  let rest = value >>> 0;
  const names: string[] = [];
  for (const [bit, name] of bitsOf(prefix)) {
    if ((rest & bit) === 0) continue;
    names.push(name);
    rest = (rest & ~bit) >>> 0;
  }
  found = [names, rest];
  if (splits.size < 1000) splits.set(key, found);
  return found;
}

function bitsOf(prefix: string): [number, string][] {
  let list = bits.get(prefix);
  if (list === undefined) {
    const single = [...table(prefix)].filter(
      ([bit, name]) => bit !== 0 && (bit & (bit - 1)) === 0 && !noFlag.test(name) && !ofSettime(prefix, name),
    );
    list = single.sort(([a], [b]) => (a >>> 0) - (b >>> 0));
    const [wait, exec] = ['NONBLOCK', 'CLOEXEC'].map((end) =>
      list!.findIndex(([, name]) => name === prefix + end),
    );
    if (closesFirst.test(prefix) && wait >= 0 && exec >= 0)
      [list[wait], list[exec]] = [list[exec], list[wait]];
    bits.set(prefix, list);
  }
  return list;
}

/** 'MSG_DONTWAIT|MSG_NOSIGNAL|0x10000000'; zero is '0'. */
export function flags(prefix: string, value: number): string {
  const [names, rest] = split(prefix, value);
  if (rest === 0) return names.length === 0 ? '0' : names.join('|');
  return names.length === 0 ? unknown(prefix, rest) : `${names.join('|')}|0x${rest.toString(16)}`;
}

/** ['MSG_DONTWAIT', 'MSG_NOSIGNAL', '0x10000000'] */
export function flagNames(prefix: string, value: number): string[] {
  const [names, rest] = split(prefix, value);
  return rest === 0 ? names : [...names, `0x${rest.toString(16)}`];
}

/** An array: strace stops at so many elements. */
export const shownList = <T>(list: T[], text: (item: T) => string) =>
  `[${list.slice(0, 32).map(text).join(', ')}${list.length > 32 ? ', ...' : ''}]`;

const pathAt = layout['sockaddr_un.sun_path']!;

/** {sa_family=AF_INET, sin_port=htons(12345), sin_addr=inet_addr("127.0.0.1")} */
export function sockaddr(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 2) return quoted(bytes);
  const family = familyOf(bytes);
  const begin = `{sa_family=${named('AF_', family)}`;
  if (family === constants.AF_INET && bytes.length >= 8) {
    return `${begin}, sin_port=htons(${view.getUint16(2)}), sin_addr=inet_addr("${formatInet(bytes, 4)}")}`;
  }
  if (family === constants.AF_INET6 && bytes.length >= 28) {
    const flow = `sin6_flowinfo=htonl(${view.getUint32(4)})`;
    const host = `inet_pton(AF_INET6, "${formatInet6(bytes, 8)}", &sin6_addr)`;
    const scope = `sin6_scope_id=${scopeId(view.getUint32(24, true))}`;
    return `${begin}, sin6_port=htons(${view.getUint16(2)}), ${flow}, ${host}, ${scope}}`;
  }
  if (family === constants.AF_UNIX) {
    const path = bytes.subarray(pathAt);
    if (path.length === 0) return `${begin}}`;
    if (path[0] === 0) return `${begin}, sun_path=@${whole(path.subarray(1))}}`;
    const end = path.indexOf(0);
    return `${begin}, sun_path=${whole(end < 0 ? path : path.subarray(0, end))}}`;
  }
  return `${begin}, sa_data=${whole(bytes.subarray(2))}}`;
}

// The kernel's index of an interface; strace has its name, which would cost a call.
const scopeId = (index: number) => String(index);

function whole(bytes: Uint8Array): string {
  let text = '"';
  for (let i = 0; i < bytes.length; i++) text += escaped(bytes[i], bytes[i + 1] ?? 0);
  return `${text}"`;
}

/** {tv_sec=1, tv_usec=500000} of a struct timeval, or with tv_nsec of a timespec; null is NULL. */
export function time(words: BigInt64Array | null, unit: 'tv_usec' | 'tv_nsec'): string {
  if (words === null) return 'NULL';
  const part = unit === 'tv_nsec' ? BigInt.asUintN(64, words[1]) : words[1]; // As strace has it.
  return `{tv_sec=${words[0]}, ${unit}=${part}}`;
}
