// Network interfaces by name and index: Python's if_nameindex and its two companions. netdevice(7).

import { IF_NAMESIZE } from '../../kernel/constants/ioctl.ts';
import { ENODEV } from '../../kernel/errno.ts';
import { inRange } from '../../kernel/structs/struct.ts';
import * as sys from '../../kernel/syscalls.ts';
import { check, OSError } from '../errors.ts';

const ENTRY = 4 + IF_NAMESIZE;

/** The interfaces, each with its index. if_nameindex(3). */
export function if_nameindex(): [index: number, name: string][] {
  let list = Buffer.alloc(64 * ENTRY);
  let count = check(sys.if_nameindex(list), 'if_nameindex');
  while (count * ENTRY > list.length) {
    list = Buffer.alloc(2 * count * ENTRY); // There are more than expected, and may be more by now.
    count = check(sys.if_nameindex(list), 'if_nameindex');
  }
  return Array.from({ length: count }, (_, i) => {
    const at = i * ENTRY;
    return [list.readUInt32LE(at), nameIn(list.subarray(at + 4, at + ENTRY))];
  });
}

const nameIn = (bytes: Buffer) => bytes.toString('utf8', 0, bytes.indexOf(0));

/** The index of an interface. Throws OSError ENODEV where there is none of that name. if_nametoindex(3). */
export function if_nametoindex(if_name: string | Uint8Array): number {
  if (typeof if_name !== 'string' && !(if_name instanceof Uint8Array)) {
    throw new TypeError(`if_nametoindex(): if_name must be a string or bytes, got ${typeof if_name}`);
  }
  const name = Buffer.concat([Buffer.from(if_name as string), Buffer.alloc(1)]);
  if (name.indexOf(0) < name.length - 1) throw new RangeError('if_nametoindex(): embedded null byte');
  const index = sys.if_nametoindex(name);
  // Some C libraries leave errno as it was.
  if (index < 0) throw new OSError(-ENODEV, 'if_nametoindex', String(if_name));
  return index;
}

/** The name of an interface. Throws OSError ENXIO where there is none with that index. if_indextoname(3). */
export function if_indextoname(if_index: number): string {
  const out = Buffer.alloc(IF_NAMESIZE);
  const index = inRange(if_index, 0xffffffff, 'if_index', 'if_indextoname');
  check(sys.if_indextoname(index | 0, out), 'if_indextoname');
  return nameIn(out);
}

/** The same for an address: '' where no interface has the index. */
export function interfaceName(index: number): string {
  try {
    return if_indextoname(index);
  } catch {
    return ''; // 0, or gone since.
  }
}
