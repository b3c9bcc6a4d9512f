// The tables of members: each struct of rfds/structs against the compiler's layout, and what its codec throws.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { layout } from '../../../src/kernel/native.ts';
import { bits, nested, overlaid, struct, u8, u16, u32 } from '../../../src/kernel/structs/struct.ts';
import * as structs from '../../../src/structs.ts';
import { isLinux } from '../../support/platform.ts';

const isStruct = (value: unknown): value is structs.Struct<Record<string, structs.Type<unknown>>> =>
  typeof value === 'object' && value !== null && 'members' in value;
const all = Object.entries<unknown>(structs).flatMap(([name, value]) =>
  isStruct(value) ? [[name, value] as const] : [],
);

/** Members without a layout: bit-fields, which have no offset, and what the headers may lack. */
const hasNoLayout = (struct: string, member: string) =>
  layout[`sizeof ${struct}`] === undefined && struct !== 'tcp_info'
    ? true // The other platform's.
    : struct === 'tcp_info'
      ? !(`tcp_info.${member}` in layout)
      : /^(__|ee_pad)|^tcpi_tfo_/.test(member);

describe('a struct is laid out as the compiler has it', () => {
  test('there are some, on each platform', () => {
    expect(all.length).toBeGreaterThan(30);
    const here = all.filter(([name]) => layout[`sizeof ${name}`] !== undefined);
    expect(here.length).toBeGreaterThan(isLinux ? 30 : 18);
  });

  test.each(all)('%s', (name, { name: cName, size, members }) => {
    expect(cName).toBe(name);
    for (const [member, { offset, size: bytes }] of Object.entries(members)) {
      expect(offset + bytes, member).toBeLessThanOrEqual(size);
      if (hasNoLayout(name, member)) continue;
      expect({ member, offset, bytes }).toEqual({
        member,
        offset: layout[`${name}.${member}`],
        bytes: layout[`sizeof ${name}.${member}`],
      });
    }
  });

  test.skipIf(!isLinux)('every member in the layout of the compiler is in a table (Linux)', () => {
    const known = new Map(all);
    const missing = Object.keys(layout).flatMap((key) => {
      const [, name, member] = /^(\w+)\.(\w+)$/.exec(key) ?? [];
      return name !== undefined && known.has(name) && !(member in known.get(name)!.members) ? [key] : [];
    });
    expect(missing).toEqual([]);
  });
});

test('docs/structs.md lists every name of rfds/structs', () => {
  const page = readFileSync(new URL('../../../docs/structs.md', import.meta.url), 'utf8');
  const listed = new Set([...page.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(Object.keys(structs).filter((name) => !listed.has(name))).toEqual([]);
});

describe('packing and unpacking', () => {
  const inner = struct('rfds test inner', { low: u8, high: u32 });
  const outer = struct('rfds test outer', {
    first: overlaid(bits(0, 4)),
    second: bits(4, 4),
    either: overlaid(u16),
    or: u32,
    inner: nested(inner),
  });

  test('a struct that is not in the layout of the compiler is laid out by the rules of C', () => {
    expect([inner.size, inner.members.high.offset]).toEqual([8, 4]);
    const offsets = Object.fromEntries(
      Object.entries(outer.members).map(([name, { offset }]) => [name, offset]),
    );
    expect(offsets).toEqual({ first: 0, second: 0, either: 2, or: 4, inner: 8 });
    expect(outer.size).toBe(16);
  });

  test('members that are not given are 0, and those of write() stay as they are', () => {
    const memory = outer.pack({ first: 3, second: 12, inner: { low: 7, high: 0xffffffff } });
    outer.write(memory, { second: 1 });
    expect(outer.unpack(memory)).toEqual({
      first: 3,
      second: 1,
      either: 0,
      or: 0,
      inner: { low: 7, high: 0xffffffff },
    });
  });

  test('a struct can lie at any offset of a view', () => {
    const memory = Buffer.alloc(20);
    inner.write(memory.subarray(3), { low: 1, high: 0x01020304 }, 2);
    expect(memory.toString('hex', 5, 13)).toBe('0100000004030201');
    expect(inner.unpack(memory, 5)).toEqual({ low: 1, high: 0x01020304 });
    expect(inner.unpack(new DataView(memory.buffer, memory.byteOffset + 5, 8))).toEqual({
      low: 1,
      high: 0x01020304,
    });
  });

  test('too few bytes are a RangeError', () => {
    expect(() => inner.unpack(Buffer.alloc(7))).toThrow(
      new RangeError('rfds test inner.unpack(): needs 8 bytes at 0, got 7 in all'),
    );
    for (const offset of [1, -1, 0.5, Number.NaN])
      expect(() => inner.unpack(Buffer.alloc(8), offset)).toThrow(RangeError);
  });

  test('a value beyond its C type, of another type, or of no member is an error that says so', () => {
    expect(() => structs.linger.pack({ l_onoff: 2 ** 31 })).toThrow(
      new RangeError('linger: l_onoff must be -2147483648 to 2147483647, got 2147483648'),
    );
    expect(() => structs.pollfd.pack({ events: -1 })).toThrow(
      new RangeError('pollfd: events must be 0-65535, got -1'),
    );
    expect(() => structs.pollfd.pack({ fd: '1' as never })).toThrow(
      new TypeError('pollfd: fd must be a number, got a string'),
    );
    expect(() => structs.pollfd.pack({ fd: 1.5 })).toThrow(RangeError);
    expect(() => structs.pollfd.pack({ fds: 1 } as never)).toThrow(
      new TypeError('pollfd: there is no member fds: it has fd, events, revents'),
    );
    expect(() => structs.epoll_event.pack({ data: 1 as never })).toThrow(TypeError);
    expect(() => structs.epoll_event.pack({ data: 2n ** 64n })).toThrow(RangeError);
    expect(() => structs.itimerspec.pack({ it_value: 1 as never })).toThrow(
      new TypeError('itimerspec: it_value must be a struct timespec, got a number'),
    );
    expect(() => structs.ip_mreq.pack({ imr_multiaddr: '::1' })).toThrow(
      new RangeError("ip_mreq: imr_multiaddr must be a numeric IPv4 address, got '::1'"),
    );
    expect(() => structs.packet_mreq.pack({ mr_address: Buffer.alloc(9) })).toThrow(
      new RangeError('packet_mreq: mr_address must be 8 bytes or less, got 9'),
    );
    expect(() => structs.ifreq.pack({ ifr_name: 'an-interface-of-16' })).toThrow(
      new RangeError('ifreq: ifr_name must be 15 bytes or less, got 18'),
    );
    expect(() => structs.xucred.pack({ cr_groups: Array(17).fill(0) })).toThrow(RangeError);
  });
});
