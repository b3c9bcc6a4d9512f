// "A descriptor, or an object with fileno()": the rule that select, poll, epoll and kqueue share.
// CPython's PyObject_AsFileDescriptor.

/** A descriptor, or anything that has one. */
export type FileLike = number | { fileno(): number };

/** The descriptor of a file-like. Throws TypeError for anything else, RangeError below 0 or beyond a C int. */
export function filenoOf(file: unknown): number {
  let fd = file;
  if (typeof file !== 'number') {
    if (typeof (file as { fileno?: unknown } | null)?.fileno !== 'function') {
      throw new TypeError('argument must be an int, or have a fileno() method.');
    }
    fd = (file as { fileno(): unknown }).fileno();
    if (typeof fd !== 'number') throw new TypeError('fileno() returned a non-integer');
  }
  if (!Number.isInteger(fd)) throw new TypeError(`file descriptor must be an integer, got ${fd}`);
  const descriptor = fd as number;
  if (descriptor < 0) throw new RangeError(`file descriptor cannot be a negative integer (${descriptor})`);
  if (descriptor > 0x7fffffff) throw new RangeError(`file descriptor is too large (${descriptor})`);
  return descriptor;
}
