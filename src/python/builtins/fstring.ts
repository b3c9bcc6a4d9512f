// Python's f-strings, for the lines that the documented programs print with every message: not made
// as text but written as bytes, right where they go.

import { Buffer } from 'node:buffer';
import { ARENA_SIZE, arena } from '../arena.ts';
import { maxReprLength, reprBytes, writeReprBytes } from './repr.ts';
import { MAX_TIMESTAMP_LENGTH, Timestamp } from './time.ts';

/** What may stand in a template. */
export type Value = string | number | Timestamp | Uint8Array;

/** An f-string that is not text yet: bytes stand as their repr there, b'Hello', as in Python. */
export class FString {
  readonly #texts: readonly string[];
  readonly #values: readonly Value[];

  constructor(texts: readonly string[], values: readonly Value[]) {
    this.#texts = texts;
    this.#values = values;
  }

  /** Writes it as UTF-8 to an offset of a buffer; returns where it ends, or -1 if it might not fit. */
  write(into: Buffer, offset: number): number {
    return writeTemplate(into, offset, this.#texts, this.#values, true);
  }

  toString(): string {
    const shown = this.#values.map((value) => (value instanceof Uint8Array ? reprBytes(value) : value));
    return String.raw({ raw: this.#texts }, ...shown);
  }
}

/** f`[${ip}] ${data}` is Python's f"[{ip}] {data}", in which bytes stand as their repr: b'Hello'. For print(). */
export function f(texts: TemplateStringsArray, ...values: Value[]): FString {
  return new FString(texts, values);
}

/**
 * The bytes of a template: bytes`${time()}:${data}` is Python's f"{time.time()}:".encode() + data. Text stands
 * as UTF-8 and bytes as they are.
 */
export function bytes(texts: TemplateStringsArray, ...values: Value[]): Buffer {
  // What is left of the block, however little that is; then a whole one.
  let start = arena.slot(0);
  let end = writeTemplate(arena.bytes, start, texts, values, false);
  if (end < 0) {
    start = arena.slot(ARENA_SIZE);
    end = writeTemplate(arena.bytes, start, texts, values, false);
    if (end < 0) return concatenated(texts, values);
  }
  return arena.commit(end - start);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Python's bytes.decode(): the text of UTF-8. Throws TypeError, Python UnicodeDecodeError, for other bytes. */
export function decode(data: Uint8Array): string {
  return utf8.decode(data);
}

function concatenated(texts: readonly string[], values: readonly Value[]): Buffer {
  const asBytes = (value: Value) => (value instanceof Uint8Array ? value : Buffer.from(String(value)));
  return Buffer.concat(texts.flatMap((text, i) => [text, ...values.slice(i, i + 1)].map(asBytes)));
}

// The end of what was written, or -1 where the buffer might be too short for it.
function writeTemplate(
  into: Buffer,
  offset: number,
  texts: readonly string[],
  values: readonly Value[],
  asRepr: boolean,
): number {
  let at = writeText(into, offset, texts[0]);
  for (let i = 0; i < values.length && at >= 0; i++) {
    at = writeValue(into, at, values[i], asRepr);
    if (at >= 0) at = writeText(into, at, texts[i + 1]);
  }
  return at;
}

function writeValue(into: Buffer, at: number, value: Value, asRepr: boolean): number {
  if (typeof value === 'string') return writeText(into, at, value);
  if (typeof value === 'number') return writeNumber(into, at, value);
  if (value instanceof Timestamp) return into.length - at < MAX_TIMESTAMP_LENGTH ? -1 : value.write(into, at);
  if (into.length - at < maxReprLength(value.length)) return -1;
  if (asRepr) return writeReprBytes(into, at, value, 0, value.length);
  into.set(value, at);
  return at + value.length;
}

// A port, most often: its digits are quicker than its text.
function writeNumber(into: Buffer, offset: number, value: number): number {
  if (!(value > 0 && value < 100_000 && Number.isInteger(value)))
    return writeText(into, offset, String(value));
  if (into.length - offset < 5) return -1;
  let end = offset + 1;
  for (let power = 10; power <= value; power *= 10) end++;
  for (let at = end, rest = value; at > offset; rest = (rest / 10) | 0) into[--at] = 0x30 + (rest % 10);
  return end;
}

// Byte by byte: for the short texts of a line that is quicker than a call into Node.
function writeText(into: Buffer, offset: number, text: string): number {
  if (into.length - offset < 3 * text.length) return -1; // UTF-8
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return offset + into.write(text, offset);
    into[offset + i] = code;
  }
  return offset + text.length;
}
