// Network interfaces by name and index: Python's if_nameindex and its two companions. netdevice(7).
// Above: address-link.ts, socket.ts. Below: native/names.cc.

import { IF_NAMESIZE } from './constants/names.ts';
import { check, ENODEV, OSError } from './errno.ts';
import { names } from './native.ts';
import { inRange } from './sockaddr.ts';

/** The interfaces, each with its index. if_nameindex(3). */
export function if_nameindex(): [index: number, name: string][] {
  let out = Buffer.alloc(4096);
  let length = check(names.if_nameindex(out), 'if_nameindex');
  while (length > out.length) {
    out = Buffer.alloc(2 * length); // There are more than expected, and may be more by now.
    length = check(names.if_nameindex(out), 'if_nameindex');
  }
  const list: [number, string][] = [];
  for (let at = 0; at < length; ) {
    const name = at + 8 + out.readInt32LE(at + 4);
    list.push([out.readInt32LE(at), out.toString('utf8', at + 8, name)]);
    at = name;
  }
  return list;
}

/** The index of an interface. Throws OSError ENODEV where there is none of that name. if_nametoindex(3). */
export function if_nametoindex(if_name: string | Uint8Array): number {
  if (typeof if_name !== 'string' && !(if_name instanceof Uint8Array)) {
    throw new TypeError(`if_nametoindex(): if_name must be a string or bytes, got ${typeof if_name}`);
  }
  const name = Buffer.concat([Buffer.from(if_name as string), Buffer.alloc(1)]);
  if (name.indexOf(0) < name.length - 1) throw new RangeError('if_nametoindex(): embedded null byte');
  const index = names.if_nametoindex(name);
  // Some C libraries leave errno as it was.
  if (index < 0) throw new OSError(-ENODEV, 'if_nametoindex', String(if_name));
  return index;
}

/** The name of an interface. Throws OSError ENXIO where there is none with that index. if_indextoname(3). */
export function if_indextoname(if_index: number): string {
  const out = Buffer.alloc(IF_NAMESIZE);
  const index = inRange(if_index, 0xffffffff, 'if_index', 'if_indextoname');
  check(names.if_indextoname(index | 0, out), 'if_indextoname');
  return out.toString('utf8', 0, out.indexOf(0));
}

/** The same for an address: '' where the index is nobody's. */
export function interfaceName(index: number): string {
  try {
    return if_indextoname(index);
  } catch {
    return ''; // 0, or gone since.
  }
}
