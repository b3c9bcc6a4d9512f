// The Internet checksum (RFC 1071).

/** The 16-bit one's complement sum of bytes, added to a sum so far; not yet folded. */
export function sum(bytes: Uint8Array, sum = 0): number {
  let total = sum;
  const even = bytes.length & ~1;
  for (let i = 0; i < even; i += 2) total += (bytes[i] << 8) | bytes[i + 1];
  // An odd byte counts as if a zero followed.
  return even < bytes.length ? total + (bytes[even] << 8) : total;
}

/** A sum in 16 bits: what is above them is carried round. */
export function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return folded;
}

/** Whether bytes that hold their own checksum, added to a sum so far, sum up to all ones, as they must. */
export function sumsUp(bytes: Uint8Array, before = 0): boolean {
  return fold(sum(bytes, before)) === 0xffff;
}
