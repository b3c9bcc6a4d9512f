// Python's f-strings, for the lines that the documented programs print with every message: not made
// as text but written as bytes, right where they go.
// Above: print.ts, servers/select-server.ts. Below: repr.ts, time.ts.

import { reprBytes, reprRoom, writeReprBytes } from './repr.ts';
import { TIMESTAMP_ROOM, Timestamp } from './time.ts';

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

  /** How many bytes it takes at most. */
  get room(): number {
    return roomOf(this.#texts, this.#values, true);
  }

  /** Writes it as UTF-8 to an offset of a buffer that has room; returns where it ends. */
  write(into: Buffer, offset: number): number {
    return writeTemplate(into, offset, this.#texts, this.#values, true);
  }

  toString(): string {
    const shown = this.#values.map((value) => (value instanceof Uint8Array ? reprBytes(value) : value));
    return String.raw({ raw: this.#texts }, ...shown);
  }
}

/** f`{ip}: ${ip}` is Python's f"{ip}: {ip}". */
export function f(texts: TemplateStringsArray, ...values: Value[]): FString {
  return new FString(texts, values);
}

/** The bytes of a template, in which bytes stand as they are, and text as UTF-8. */
export function bytes(texts: TemplateStringsArray, ...values: Value[]): Buffer {
  const into = Buffer.allocUnsafe(roomOf(texts, values, false));
  const end = writeTemplate(into, 0, texts, values, false);
  return end === into.length ? into : into.subarray(0, end);
}

// How many bytes a template takes at most, its bytes as their repr or as they are.
function roomOf(texts: readonly string[], values: readonly Value[], asRepr: boolean): number {
  let room = 0;
  for (const text of texts) room += utf8Room(text);
  for (const value of values) {
    if (value instanceof Uint8Array) room += asRepr ? reprRoom(value.length) : value.length;
    else room += value instanceof Timestamp ? TIMESTAMP_ROOM : utf8Room(String(value));
  }
  return room;
}

const utf8Room = (text: string) => text.length * 3;

function writeTemplate(
  into: Buffer,
  offset: number,
  texts: readonly string[],
  values: readonly Value[],
  asRepr: boolean,
): number {
  let at = writeText(into, offset, texts[0]);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value instanceof Timestamp) at = value.write(into, at);
    else if (!(value instanceof Uint8Array)) at = writeText(into, at, String(value));
    else at = asRepr ? writeReprBytes(into, at, value, 0, value.length) : writeBytes(into, at, value);
    at = writeText(into, at, texts[i + 1]);
  }
  return at;
}

// Byte by byte: for the short texts of a line that is quicker than a call into Node.
function writeText(into: Buffer, offset: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return offset + into.write(text, offset);
    into[offset + i] = code;
  }
  return offset + text.length;
}

function writeBytes(into: Uint8Array, offset: number, data: Uint8Array): number {
  if (data.length > 128) into.set(data, offset);
  else for (let i = 0; i < data.length; i++) into[offset + i] = data[i];
  return offset + data.length;
}
