// if_nametoindex(3) and its kin: the machine's interfaces as the kernel has them.

import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { IF_NAMESIZE } from '../../src/kernel/constants/ioctl.ts';
import { ENODEV, ENXIO } from '../../src/kernel/errno.ts';
import * as sys from '../../src/syscalls.ts';
import { isLinux } from '../support/platform.ts';

const name = isLinux ? 'lo' : 'lo0';
const ENTRY = 4 + IF_NAMESIZE;

function list(room: number): [index: number, name: string][] {
  const memory = Buffer.alloc(room * ENTRY);
  const n = sys.if_nameindex(memory);
  return Array.from({ length: Math.min(n, room) }, (_, i) => {
    const entry = memory.subarray(i * ENTRY, (i + 1) * ENTRY);
    return [entry.readUInt32LE(0), entry.toString('latin1', 4, entry.indexOf(0, 4))];
  });
}

describe('an interface', () => {
  test('has a number for its name, and the name for its number', () => {
    const index = sys.if_nametoindex(Buffer.from(name));
    expect(index).toBeGreaterThan(0);
    const back = Buffer.alloc(IF_NAMESIZE, 0xff);
    expect(sys.if_indextoname(index, back)).toBe(0);
    expect(back.toString('latin1', 0, back.indexOf(0))).toBe(name);
    expect(Object.keys(networkInterfaces())).toContain(name);
  });

  test('is known by a name that ends at a zero, or with its array', () => {
    const index = sys.if_nametoindex(Buffer.from(name));
    expect(sys.if_nametoindex(Buffer.from(`${name}\0rubbish`))).toBe(index);
    expect(sys.if_nametoindex(Buffer.from(`${name}xy`).subarray(0, name.length))).toBe(index);
  });

  test('a name or an index that no interface has is an error', () => {
    for (const text of ['', 'nosuch0', 'x'.repeat(300)]) {
      const result = sys.if_nametoindex(Buffer.from(text));
      expect([-ENODEV, -ENXIO]).toContain(result);
    }
    for (const index of [0, -1, 2 ** 31 - 1])
      expect(sys.if_indextoname(index, Buffer.alloc(IF_NAMESIZE))).toBe(-ENXIO);
  });

  test('is in the list of all, as many of which are written as the memory holds', () => {
    expect(sys.if_nameindex(new Uint8Array(0))).toBeGreaterThan(0);
    const all = list(500);
    expect(all).toContainEqual([sys.if_nametoindex(Buffer.from(name)), name]);
    expect(list(1)).toEqual(all.slice(0, 1));
    const short = Buffer.alloc(ENTRY + 5, 0xee);
    expect(sys.if_nameindex(short)).toBeGreaterThan(0);
    expect(short.readUInt32LE(0)).toBe(all[0][0]);
    expect([...short.subarray(ENTRY)]).toEqual(Array(5).fill(0xee));
  });

  // Other tests make interfaces and take them away: those that stay are compared.
  test.skipIf(!isLinux)('is what /sys/class/net says of it', () => {
    const inSys = () =>
      readdirSync('/sys/class/net').flatMap((entry) => {
        try {
          return [`${readFileSync(`/sys/class/net/${entry}/ifindex`, 'utf8').trim()} ${entry}`];
        } catch {
          return []; // It went, or is no interface.
        }
      });
    const before = inSys();
    const told = list(500).map(([index, entry]) => `${index} ${entry}`);
    const after = inSys();
    expect(told).toEqual(expect.arrayContaining(before.filter((entry) => after.includes(entry))));
    expect(before.length).toBeGreaterThan(0);
  });
});
