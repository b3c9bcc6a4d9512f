// The methods of Python's list that an array lacks.

/** list.remove(item): takes out the first item that is the same. Throws RangeError, Python's ValueError, if there is none. */
export function remove<T>(list: T[], item: T): void {
  const i = list.indexOf(item);
  if (i < 0) throw new RangeError('list.remove(x): x not in list');
  list.splice(i, 1);
}
