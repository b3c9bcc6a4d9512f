// The methods of Python's list that an array lacks.

/**
 * list.remove(value): takes out the first item that is the value, and moves those behind it up. Throws
 * RangeError, Python's ValueError, if there is none. Unlike Python, which compares with ==, this compares with
 * ===: two objects of the same contents are not the same.
 */
export function remove<T>(list: T[], value: T): void {
  const index = list.indexOf(value);
  if (index < 0) throw new RangeError('list.remove(x): x not in list');
  list.splice(index, 1);
}
