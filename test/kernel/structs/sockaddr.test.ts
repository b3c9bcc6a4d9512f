// sockaddr.ts: struct sockaddr both ways, and what is no address.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC } from '../../../src/kernel/constants/socket.ts';
import {
  formatInet6,
  packSockaddr,
  parseInet6,
  type SockaddrLike,
  unpackSockaddr,
} from '../../../src/kernel/structs/sockaddr.ts';
import { isLinux } from '../../support/platform.ts';

const there = (family: number, address: SockaddrLike) => packSockaddr(family, address, 'bind');
const thereAndBack = (family: number, address: SockaddrLike) => {
  const sockaddr = there(family, address);
  return unpackSockaddr(sockaddr, sockaddr.length);
};

describe('a round trip', () => {
  test.each<[string, number, SockaddrLike, unknown]>([
    ['an IPv4 address', AF_INET, ['10.0.0.2', 54321], ['10.0.0.2', 54321]],
    ['every IPv4 interface', AF_INET, ['', 0], ['0.0.0.0', 0]],
    ['the IPv4 broadcast address', AF_INET, ['<broadcast>', 65535], ['255.255.255.255', 65535]],
    ['an IPv6 address', AF_INET6, ['::1', 8080], ['::1', 8080, 0, 0]],
    ['every IPv6 interface', AF_INET6, ['', 0], ['::', 0, 0, 0]],
    ['a flowinfo', AF_INET6, ['fe80::1', 1, 0xfffff], ['fe80::1', 1, 0xfffff, 0]],
    ['a scope id', AF_INET6, ['fe80::1', 1, 1, 0xffffffff], ['fe80::1', 1, 1, 0xffffffff]],
    ['a path', AF_UNIX, '/tmp/a', '/tmp/a'],
    ['a path in UTF-8', AF_UNIX, '/tmp/é😀', '/tmp/é😀'],
    ['a path in bytes', AF_UNIX, Buffer.from('/tmp/a'), '/tmp/a'],
  ])('keeps %s', (_, family, address, expected) => {
    expect(thereAndBack(family, address)).toEqual(expected);
  });

  test.skipIf(!isLinux)('keeps an abstract name, to its NULs (Linux has them)', () => {
    for (const name of [
      Buffer.from('\0abc'),
      Buffer.from('\0a\0\xff', 'latin1'),
      Buffer.of(0),
      Buffer.alloc(108),
    ])
      expect(thereAndBack(AF_UNIX, name)).toEqual(name);
    expect(thereAndBack(AF_UNIX, '\0abc')).toEqual(Buffer.from('\0abc'));
  });

  test('keeps the longest path, with a NUL behind it', () => {
    const path = 'p'.repeat(isLinux ? 107 : 103);
    expect(thereAndBack(AF_UNIX, path)).toBe(path);
    expect(there(AF_UNIX, path).at(-1)).toBe(0);
  });

  test('a UNIX address without a name comes back without one', () => {
    expect(thereAndBack(AF_UNIX, '')).toBe('');
    expect(there(AF_UNIX, '')).toHaveLength(2);
  });

  test('keeps any IPv6 address', () => {
    const host = fc.ipV6().map((text) => formatInet6(parseInet6(text)!));
    const [port, flowinfo, scope] = [0xffff, 0xfffff, 0xffffffff].map((max) => fc.integer({ min: 0, max }));
    fc.assert(
      fc.property(fc.tuple(host, port, flowinfo, scope), (address) => {
        expect(thereAndBack(AF_INET6, address)).toEqual(address);
      }),
      { seed: 6 },
    );
  });
});

describe('the bytes of a sockaddr', () => {
  const start = (length: number, family: number) => (isLinux ? [family, 0] : [length, family]);

  test('are the family, then port and address in network order', () => {
    const inet = [...start(16, AF_INET), 0x12, 0x34, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0];
    expect([...there(AF_INET, ['1.2.3.4', 0x1234])]).toEqual(inet);
    const inet6 = [
      ...start(28, AF_INET6),
      0x12,
      0x34,
      0,
      1,
      2,
      3,
      0x20,
      1,
      ...Array(13).fill(0),
      5,
      9,
      8,
      7,
      6,
    ];
    expect([...there(AF_INET6, ['2001::5', 0x1234, 0x10203, 0x06070809])]).toEqual(inet6);
    expect([...there(AF_UNIX, 'a')]).toEqual([...start(4, AF_UNIX), 97, 0]);
  });

  test('a sockaddr of length 0 is null: no address', () => {
    expect(unpackSockaddr(Buffer.alloc(128, 1), 0)).toBe(null);
  });

  test('of a path end at its NUL, or at the kernel’s length', () => {
    const sockaddr = Buffer.concat([there(AF_UNIX, 'abc'), Buffer.from('def')]);
    expect(unpackSockaddr(sockaddr, sockaddr.length)).toBe('abc');
    expect(unpackSockaddr(sockaddr, 4)).toBe('ab');
  });

  test('a sockaddr of a family without a codec comes back as its bytes', () => {
    const sockaddr = Buffer.from([...start(6, AF_UNSPEC), 1, 2, 3, 4, 0, 0]);
    expect(unpackSockaddr(sockaddr, 6)).toEqual(sockaddr.subarray(0, 6));
    expect(unpackSockaddr(sockaddr, 60)).toEqual(sockaddr);
  });

  test('of IPv6 leave the traffic class out of the flowinfo', () => {
    const sockaddr = there(AF_INET6, ['::', 0, 0xfffff]);
    sockaddr[4] = 0xff;
    sockaddr[5] = 0xff;
    expect(unpackSockaddr(sockaddr, sockaddr.length)).toEqual(['::', 0, 0xfffff, 0]);
  });
});

describe('what is no address', () => {
  const inet = 'AF_INET address must be [host, port], got';
  const inet6 = 'AF_INET6 address must be [host, port, flowinfo?, scope_id?], got';

  test.each<[number, unknown, string]>([
    [AF_INET, ['1.2.3.4'], `${inet} an array of 1`],
    [AF_INET, ['1.2.3.4', 1, 2], `${inet} an array of 3`],
    [AF_INET, '1.2.3.4', `${inet} a string`],
    [AF_INET, null, `${inet} null`],
    [AF_INET, undefined, `${inet} undefined`],
    [AF_INET, {}, `${inet} an object`],
    [AF_INET, [80, '1.2.3.4'], 'host must be a string, got a number'],
    [AF_INET, ['1.2.3.4', '80'], 'port must be a number, got a string'],
    [AF_INET, ['1.2.3.4', null], 'port must be a number, got null'],
    [AF_INET, ['1.2.3.4', [80]], 'port must be a number, got an array of 1'],
    [AF_INET6, ['::1', 1, 0, 0, 0], `${inet6} an array of 5`],
    [AF_INET6, ['::1', 80, '0'], 'flowinfo must be a number, got a string'],
    [AF_INET6, ['::1', 80, 0, 'lo'], 'scope_id must be a number, got a string'],
    [AF_UNIX, ['/tmp/a', 1], 'AF_UNIX address must be a path or bytes, got an array of 2'],
    [AF_UNIX, 5, 'AF_UNIX address must be a path or bytes, got a number'],
  ])('is a TypeError: family %i, %o', (family, address, text) => {
    expect(() => there(family, address as SockaddrLike)).toThrow(new TypeError(`bind(): ${text}`));
  });

  test.each<[number, unknown, string]>([
    [AF_INET, ['localhost', 80], "host must be a numeric IPv4 address, got 'localhost'"],
    [AF_INET, ['::1', 80], "host must be a numeric IPv4 address, got '::1'"],
    [AF_INET6, ['1.2.3.4', 80], "host must be a numeric IPv6 address, got '1.2.3.4'"],
    [AF_INET6, ['<broadcast>', 80], "host must be a numeric IPv6 address, got '<broadcast>'"],
    [AF_INET, ['1.2.3.4', -1], 'port must be 0-65535, got -1'],
    [AF_INET, ['1.2.3.4', 65536], 'port must be 0-65535, got 65536'],
    [AF_INET, ['1.2.3.4', 1.5], 'port must be 0-65535, got 1.5'],
    [AF_INET, ['1.2.3.4', Number.NaN], 'port must be 0-65535, got NaN'],
    [AF_INET6, ['::1', 80, 2 ** 20], 'flowinfo must be 0-1048575, got 1048576'],
    [AF_INET6, ['::1', 80, 0, 2 ** 32], 'scope_id must be 0-4294967295, got 4294967296'],
    [AF_UNSPEC, ['1.2.3.4', 80], 'addresses of family 0 are not supported'],
  ])('is a RangeError: family %i, %o', (family, address, text) => {
    expect(() => there(family, address as SockaddrLike)).toThrow(new RangeError(`bind(): ${text}`));
  });

  test.skipIf(!isLinux)(
    'is a path or an abstract name that sun_path has no room for (108 bytes on Linux)',
    () => {
      for (const [name, text] of [
        ['p'.repeat(108), '108 bytes, at most 107'],
        ['é'.repeat(54), '108 bytes, at most 107'],
        [Buffer.alloc(108).fill('p', 0, 1), '108 bytes, at most 107'],
        [Buffer.alloc(109), '109 bytes, at most 108'],
      ] as const)
        expect(() => there(AF_UNIX, name)).toThrow(new RangeError(`bind(): AF_UNIX path too long: ${text}`));
    },
  );
});

test.each([
  ['AF_INET', AF_INET, 8],
  ['AF_INET6', AF_INET6, 28],
])('unpackSockaddr throws RangeError for fewer bytes than an address of %s has', (_, family, least) => {
  const sockaddr = packSockaddr(family, family === AF_INET ? ['10.0.0.2', 80] : ['::1', 80], 'test');
  expect(unpackSockaddr(sockaddr.subarray(0, least))).toEqual(unpackSockaddr(sockaddr));
  expect(() => unpackSockaddr(sockaddr.subarray(0, least - 1))).toThrow(
    new RangeError(`unpackSockaddr(): needs ${least} bytes for this family, got ${least - 1}`),
  );
});
