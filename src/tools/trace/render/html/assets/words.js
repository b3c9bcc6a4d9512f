// What the page says: times, bytes, addresses, calls and packets in words. Below: model.js.

import { begin } from './model.js';

/** Three digits: 850 ns, 12.3 µs, 4.56 ms, 789 s. */
export function duration(ns) {
  const units = [
    [1e9, 's'],
    [1e6, 'ms'],
    [1e3, 'µs'],
  ];
  const [size, unit] = units.find(([least]) => ns >= least) ?? [1, 'ns'];
  const amount = ns / size;
  return `${amount.toFixed(size === 1 || amount >= 100 ? 0 : amount >= 10 ? 1 : 2)} ${unit}`;
}

/** Since the recording began, in milliseconds to the microsecond. */
export const clock = (ns) =>
  ((ns - begin) / 1e6).toLocaleString('en', { minimumFractionDigits: 3, maximumFractionDigits: 3 });

export const count = (n, thing) => `${n.toLocaleString('en')} ${thing}${n === 1 ? '' : 's'}`;

export const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Bytes as text: UTF-8 where they are that, and what cannot be printed escaped as in C. */
export function textOf(bytes) {
  let text;
  try {
    text = utf8.decode(bytes);
  } catch {
    text = String.fromCharCode(...bytes);
  }
  const named = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
  const code = (one) => one.codePointAt(0).toString(16).padStart(2, '0');
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (one) => named[one] ?? (one < '\u0100' ? `\\x${code(one)}` : `\\u{${code(one)}}`),
  );
}

export const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** What a user would recognise of the bytes: the documented programs put times before the message. */
const messageOf = (bytes) => textOf(bytes).replace(/^(\d+\.\d+:)+|\\n$/g, '');
const quoted = (bytes) => `“${shortened(messageOf(bytes), 60)}”`;

/** The message that a call sent, received or read; '' for any other call. */
export function carried(call) {
  if (!call.data || call.result <= 0 || !/^(send|recv|read)/.test(call.name)) return '';
  call.message ??= quoted(bytesOf(call.data));
  return call.message;
}

export function addressText(address) {
  if (address === null) return '–';
  if (typeof address === 'string') return textOf(new TextEncoder().encode(address)) || 'unnamed';
  const [host, port] = address;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export const resultText = ({ result, errno }) => (errno ? `−1 ${errno}` : String(result));

/** What stands beside a call's name in its lane: the least that tells it. */
export function briefly(call, phase) {
  const { name, data, slept, start, end } = call;
  const isOut = /^(send|write)/.test(name);
  if (phase === 'begin') {
    if (isOut) return carried(call) || (data ? count(bytesOf(data).length, 'byte') : '');
    return slept ? `waits ${duration(end - start)}` : '…';
  }
  // What went out was told when it did.
  const told = isOut && phase === 'return' ? '' : carried(call);
  return `${phase === 'return' ? '→ ' : ''}${told || came(call)}`;
}

/** What a call gave back, in a word or two. */
function came({ name, result, fd, ready, errno }) {
  if (errno) return errno;
  if (ready) return ready.length > 0 ? `${ready.join(', ')} ready` : 'none ready';
  if (/^(socket$|accept|epoll_create|kqueue|dup)/.test(name)) return `new ${result}`;
  if (/^(recv|read)/.test(name) && result === 0) return 'end of stream';
  if (/^(recv|read|send|write)/.test(name)) return count(result, 'byte');
  if (name === 'connect') return String(result);
  return fd === undefined ? String(result) : `on ${fd}`;
}

/** ACK is in nearly all of them: it is said last. */
export const flagsOf = ({ flags }) =>
  [...flags.filter((flag) => flag !== 'ACK'), ...flags.filter((flag) => flag === 'ACK')].join(' ') ||
  'no flags';

/** What a packet is, by its flags. */
export function packetBriefly({ tcp, ip, length }) {
  if (tcp === null) return ip === null ? count(length, 'byte') : `protocol ${ip.protocol}`;
  return flagsOf(tcp);
}

/** The payload's bytes; null where they were not captured. */
function payloadOf(packet) {
  if (packet.bytes === '' || packet.ip === null || packet.tcp === null) return null;
  const start = (packet.link ? 14 : 0) + packet.ip.headerLength + packet.tcp.headerLength;
  return bytesOf(packet.bytes).subarray(start, start + packet.tcp.payloadLength);
}

export function packetMessage(packet) {
  if (!packet.tcp?.payloadLength) return '';
  packet.message ??= messageIn(packet);
  return packet.message;
}

function messageIn(packet) {
  const payload = payloadOf(packet);
  if (payload !== null) return quoted(payload);
  return packet.call ? carried(packet.call) : '';
}

export function whose(lane) {
  if (lane === undefined) return 'somebody';
  return /^(process|thread)/.test(lane.name) ? lane.name : `the ${lane.name}`;
}

/** As a sentence begins, but for the name of a call. */
export const capital = (text) =>
  /^\w+\(/.test(text) ? text : text.slice(0, 1).toUpperCase() + text.slice(1);
