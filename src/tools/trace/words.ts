// The words and figures that the terminal's story and the page have in common: durations, counts,
// addresses, bytes as text, results, what a packet is. The page is bundled with this file:
// no node: module, no Buffer.

import type { AddressText, CallLine, PacketLine, TcpHeader } from '../../interpose/recorder/recording.ts';

/** A call is one event, or two: it begins, and it returns. */
export type Phase = 'whole' | 'begin' | 'return';

/** '12 µs', '1.25 ms', '3.2 s' */
export function duration(nanos: number): string {
  const size = Math.abs(nanos);
  if (size < 1e3) return `${Math.round(nanos)} ns`;
  if (size < 1e6) return `${threeDigits(nanos / 1e3)} µs`;
  return size < 1e9 ? `${threeDigits(nanos / 1e6)} ms` : `${threeDigits(nanos / 1e9)} s`;
}

const threeDigits = (value: number) =>
  Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));

/** '1 byte', '65,536 bytes' */
export const count = (n: number, thing: string) => `${n.toLocaleString('en')} ${thing}${n === 1 ? '' : 's'}`;

/** '127.0.0.1:12345', '[::1]:12345', a UNIX path; '-' where there is none. */
export function addressText(address: AddressText | null | undefined): string {
  if (address === null || address === undefined) return '-';
  if (typeof address === 'string') return address === '' ? 'unnamed' : printable(address);
  const [host, port] = address;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export const bytesOf = (base64: string) =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Bytes as text: UTF-8 where they are that, Latin-1 otherwise, what cannot be printed escaped as in C. */
export function textOf(bytes: Uint8Array): string {
  try {
    return printable(utf8.decode(bytes));
  } catch {
    return printable(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  }
}

const escapes: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function printable(text: string): string {
  const code = (one: string) => one.codePointAt(0)!.toString(16).padStart(2, '0');
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (one) => escapes[one] ?? (one < '\u0100' ? `\\x${code(one)}` : `\\u{${code(one)}}`),
  );
}

/** At most so many UTF-16 units, no character cut in two. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

export const quoted = (text: string) => `“${shortened(text, 60)}”`;

/** What a user would recognise in the bytes: the documented programs put times before the message. */
export const messageText = (bytes: Uint8Array) => textOf(bytes).replace(/^(\d+\.\d+:)+|\\n$/g, '');

/** 'fd 3, fd 5' */
export const fdList = (fds: number[]) => fds.map((fd) => `fd ${fd}`).join(', ');

/** '-1 EAGAIN', '23' */
export const resultText = ({ result, errno }: CallLine) =>
  result < 0 || errno ? `-1 ${errno ?? -result}` : String(result);

/** 'SYN ACK', 'PSH ACK': ACK is in nearly every segment, and comes last. */
export const flagsOf = ({ flags }: TcpHeader): string =>
  [...flags.filter((flag) => flag !== 'ACK'), ...flags.filter((flag) => flag === 'ACK')].join(' ') ||
  'no flags';

/** What a packet is, by its flags. */
export function packetName({ tcp, ip, length }: Pick<PacketLine, 'tcp' | 'ip' | 'length'>): string {
  if (tcp !== null) return flagsOf(tcp);
  return ip === null ? count(length, 'byte') : `protocol ${ip.protocol}`;
}

/** 'seq 1, ack 24', relative. */
export const numbersOf = ({ flags, relativeSeq, relativeAck }: TcpHeader): string =>
  `seq ${relativeSeq}${flags.includes('ACK') ? `, ack ${relativeAck}` : ''}`;

/** As a sentence begins; the name of a call stays as it is. */
export const capital = (text: string) =>
  /^\w+\(/.test(text) ? text : text.slice(0, 1).toUpperCase() + text.slice(1);
