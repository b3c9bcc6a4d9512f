// Python's bytes-like objects, as JavaScript has them.

/** What send takes: any view of memory, or the memory. */
export type BytesLike = NodeJS.ArrayBufferView | ArrayBuffer | SharedArrayBuffer;

/** The same memory as bytes. Throws TypeError, as Python does, for a string above all. */
export function bytesOf(data: BytesLike): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data);
  throw new TypeError(`a bytes-like object is required, not '${typeName(data)}'`);
}

/** A whole number that is not negative. Throws TypeError, or RangeError with Python's words. */
export function checkSize(size: unknown, name: string, negative: string): number {
  if (typeof size !== 'number' || !Number.isInteger(size)) {
    throw new TypeError(
      `${name} must be an integer, got ${typeof size === 'number' ? size : typeName(size)}`,
    );
  }
  if (size < 0) throw new RangeError(negative);
  return size;
}

// Python's names for the types that are given by mistake.
function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType';
  const type = typeof value;
  return type === 'string' ? 'str' : type;
}
