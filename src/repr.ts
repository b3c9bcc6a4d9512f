// Python's repr of the few values that the documented programs print: bytes, str, addresses.
// A leaf.

const escapes: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' };

// Bytes 0 … 255 as they stand in a bytes repr, but for the quotes, which depend on each other.
const byteText = Array.from({ length: 256 }, (_, byte) => {
  if (byte in escapes) return escapes[byte];
  if (byte < 0x20 || byte >= 0x7f) return `\\x${byte.toString(16).padStart(2, '0')}`;
  return String.fromCharCode(byte);
});

// Double quotes only where that saves escaping: a ' and no " inside.
function quoteFor(hasSingle: boolean, hasDouble: boolean): string {
  return hasSingle && !hasDouble ? '"' : "'";
}

/** repr(bytes): b'caf\xc3\xa9'. */
export function reprBytes(data: Uint8Array): string {
  const quote = quoteFor(data.includes(0x27), data.includes(0x22));
  let text = '';
  for (let i = 0; i < data.length; i++) {
    const byte = data[i];
    text += byte === 0x27 && quote === "'" ? "\\'" : byteText[byte];
  }
  return `b${quote}${text}${quote}`;
}

// What str.isprintable() refuses: controls, lone surrogates, separators other than the space,
// private use, and what no Unicode version has assigned yet.
const unprintable = /^[\p{C}\p{Z}]$/u;

/** repr(str): printable text stands as it is, beyond ASCII too. */
export function reprString(value: string): string {
  const quote = quoteFor(value.includes("'"), value.includes('"'));
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
