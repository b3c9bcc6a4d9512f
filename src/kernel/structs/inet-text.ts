// IP addresses as text: inet_pton(3) and inet_ntop(3), in JavaScript, because formatting one is what a
// server does for every message.

/** inet_pton(AF_INET): exactly four decimal bytes without leading zeros, or null. */
export function parseInet(text: string): Uint8Array | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return null;
  return Uint8Array.from(parts, Number);
}

/** inet_pton(AF_INET6) of RFC 4291's text forms, without a scope, or null. */
export function parseInet6(text: string): Uint8Array | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half, i) => inet6Words(half, i === halves.length - 1));
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const words = [...head, ...new Array<number>(missing).fill(0), ...(tail ?? [])];
  return Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]));
}

// The 16-bit words of 'a:b:c', or of 'a:1.2.3.4' where that may stand; null if it is neither.
function inet6Words(text: string, isLast: boolean): number[] | null {
  if (text === '') return [];
  const groups = text.split(':');
  const inet = isLast && groups.at(-1)!.includes('.') ? parseInet(groups.pop()!) : undefined;
  if (inet === null || !groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  const words = groups.map((group) => Number.parseInt(group, 16));
  return inet === undefined ? words : [...words, (inet[0] << 8) | inet[1], (inet[2] << 8) | inet[3]];
}

// The last address formatted: a server's clients share few, and ask for them with every message.
let lastInet = -1;
let lastInetText = '';

/** inet_ntop(AF_INET) of the four bytes at offset. */
export function formatInet(bytes: Uint8Array, offset = 0): string {
  const inet =
    (bytes[offset] << 24) | (bytes[offset + 1] << 16) | (bytes[offset + 2] << 8) | bytes[offset + 3];
  if (inet !== lastInet || lastInetText === '') {
    lastInet = inet;
    lastInetText = `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
  }
  return lastInetText;
}

/** inet_ntop(AF_INET6) of the sixteen bytes at offset, as glibc writes it (RFC 5952). */
export function formatInet6(bytes: Uint8Array, offset = 0): string {
  const words = Array.from({ length: 8 }, (_, i) => (bytes[offset + 2 * i] << 8) | bytes[offset + 2 * i + 1]);
  const [start, length] = longestZeros(words);
  // ::ffff:1.2.3.4 (mapped) and ::1.2.3.4 (compatible) keep their last words in IPv4's notation.
  const isInet = start === 0 && (length === 6 || (length === 5 && words[5] === 0xffff));
  const texts = words.map((word) => word.toString(16));
  if (isInet) texts.splice(6, 2, formatInet(bytes, offset + 12));
  if (length < 2) return texts.join(':');
  return `${texts.slice(0, start).join(':')}::${texts.slice(start + length).join(':')}`;
}

// The first longest run of zero words: [start, length].
function longestZeros(words: number[]): [number, number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < words.length; start++) {
    let length = 0;
    while (words[start + length] === 0) length++;
    if (length > best[1]) best = [start, length];
  }
  return best;
}
