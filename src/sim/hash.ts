// Hashes of what happened and of what is: two of 32 bits, which together give a number of 53.

/** 32 bits that depend on both. After MurmurHash3's finalizer. */
export function mix(a: number, b: number): number {
  let h = (a ^ Math.imul(b + 0x7f4a7c15, 0x9e3779b1)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** A number of 53 bits of two of 32. */
export const together = (low: number, high: number): number => (high >>> 11) * 2 ** 32 + (low >>> 0);

/** What is put into it, in its order. */
export class Hash {
  low = 0;
  high = 0;

  /** A whole number of up to 53 bits. */
  add(n: number): void {
    const bits = n | 0;
    this.low = mix(this.low, bits);
    this.high = mix(this.high ^ 0x5bd1e995, bits);
    if (bits !== n) this.#addHigh(Math.floor(n / 2 ** 32) | 0);
  }

  #addHigh(bits: number): void {
    this.low = mix(this.low, bits ^ 0x27d4eb2f);
    this.high = mix(this.high, bits);
  }

  addFlags(...flags: readonly boolean[]): void {
    let bits = 1;
    for (const flag of flags) bits = bits * 2 + (flag ? 1 : 0);
    this.add(bits);
  }

  addBytes(bytes: Uint8Array): void {
    this.add(bytes.length);
    for (const byte of bytes) this.add(byte);
  }

  addText(text: string): void {
    this.add(text.length);
    for (let i = 0; i < text.length; i++) this.add(text.charCodeAt(i));
  }

  /** Whatever order such hashes are put in. */
  addUnordered(other: Hash): void {
    this.low = (this.low + mix(other.low, 0x1234567)) | 0;
    this.high = (this.high + mix(other.high, 0x89abcde)) | 0;
  }

  addHash(other: Hash): void {
    this.low = mix(this.low, other.low);
    this.high = mix(this.high, other.high);
  }

  clear(): void {
    this.low = 0;
    this.high = 0;
  }
}
