// Python's repr of the few values that the documented programs print: bytes, str, addresses.

const escapes: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' };

const SINGLE = 0x27;
const DOUBLE = 0x22;

// How each byte stands in a bytes repr, as bytes: itself, or its escape. The quotes depend on the
// rest of the data and are seen to below.
const byteTexts = Array.from({ length: 256 }, (_, byte) => {
  const isPlain = byte >= 0x20 && byte < 0x7f;
  const hex = `\\x${byte.toString(16).padStart(2, '0')}`;
  return Buffer.from(escapes[byte] ?? (isPlain ? String.fromCharCode(byte) : hex), 'latin1');
});
// The bytes that stand as themselves, whatever else there is: nearly all of an ordinary message.
const isItself = Uint8Array.from(byteTexts, ({ length }, byte) =>
  length === 1 && byte !== SINGLE && byte !== DOUBLE ? 1 : 0,
);

/** How many bytes the repr of n bytes takes at most. */
export const maxReprLength = (n: number) => 4 * n + 3;

/**
 * Writes repr(bytes) of data[start … end) into a buffer, at an offset; returns where it ends.
 * Allocates nothing, unless the data has quotes of both kinds.
 */
export function writeReprBytes(
  into: Uint8Array,
  offset: number,
  data: Uint8Array,
  start: number,
  end: number,
): number {
  let at = offset;
  let singles = 0;
  let doubles = 0;
  into[at++] = 0x62; // b
  into[at++] = SINGLE;
  if (start === 0 && end === data.length && standsAsItself(data)) {
    into.set(data, at);
    at += end;
    into[at++] = SINGLE;
    return at;
  }
  for (let i = start; i < end; i++) {
    const byte = data[i];
    if (isItself[byte] === 1) {
      into[at++] = byte;
      continue;
    }
    if (byte === SINGLE) singles++;
    if (byte === DOUBLE) doubles++;
    const escaped = byteTexts[byte];
    for (let j = 0; j < escaped.length; j++) into[at++] = escaped[j];
  }
  into[at++] = SINGLE;
  // Rarely, for only then does the whole of it decide: a ' inside.
  if (singles > 0) return quoteAgain(into, offset, at, doubles === 0);
  return at;
}

function standsAsItself(data: Uint8Array): boolean {
  for (let i = 0; i < data.length; i++) if (isItself[data[i]] === 0) return false;
  return true;
}

// Turns the quotes into double ones, or escapes the single ones inside.
function quoteAgain(into: Uint8Array, offset: number, end: number, toDouble: boolean): number {
  if (toDouble) {
    into[offset + 1] = DOUBLE;
    into[end - 1] = DOUBLE;
    return end;
  }
  const inside = Uint8Array.from(into.subarray(offset + 2, end - 1));
  let at = offset + 2;
  for (const byte of inside) {
    if (byte === SINGLE) into[at++] = 0x5c;
    into[at++] = byte;
  }
  into[at++] = SINGLE;
  return at;
}

const scratch = Buffer.alloc(maxReprLength(1024));

/** repr(bytes): b'caf\xc3\xa9'. */
export function reprBytes(data: Uint8Array): string {
  const capacity = maxReprLength(data.length);
  const text = capacity <= scratch.length ? scratch : Buffer.allocUnsafe(capacity);
  return text.toString('latin1', 0, writeReprBytes(text, 0, data, 0, data.length));
}

// Double quotes only where that saves escaping: a ' and no " inside.
function quoteFor(value: string): string {
  return value.includes("'") && !value.includes('"') ? '"' : "'";
}

// What is false for str.isprintable(): controls, lone surrogates, separators other than the space,
// private use, and what no Unicode version has assigned yet.
const unprintable = /^[\p{C}\p{Z}]$/u;

/** repr(str): printable text stands as it is, beyond ASCII too. */
export function reprString(value: string): string {
  const quote = quoteFor(value);
  let text = '';
  for (const character of value) {
    const code = character.codePointAt(0)!;
    if (code in escapes) text += escapes[code];
    else if (character === quote) text += `\\${quote}`;
    else if (character === ' ' || !unprintable.test(character)) text += character;
    else if (code <= 0xff) text += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (code <= 0xffff) text += `\\u${code.toString(16).padStart(4, '0')}`;
    else text += `\\U${code.toString(16).padStart(8, '0')}`;
  }
  return `${quote}${text}${quote}`;
}

/** Python's repr: of null, numbers that are ints, strings, bytes, and arrays of them, which are its tuples. */
export function repr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'string') return reprString(value);
  if (value instanceof Uint8Array) return reprBytes(value);
  if (Array.isArray(value)) return `(${value.map(repr).join(', ')}${value.length === 1 ? ',' : ''})`;
  return String(value);
}
