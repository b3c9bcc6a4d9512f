// CPython's test_socket: the names of AF_UNIX sockets (TestLinuxAbstractNamespace, TestUnixDomain).
// Each test bears the name of its case.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OSError } from '../../src/python/errors.ts';
import { AF_UNIX, SOCK_STREAM, type Socket, socket } from '../../src/socket.ts';
import { isLinux } from '../support/platform.ts';
import { kept } from '../support/sockets.ts';

const unix = () => kept(socket(AF_UNIX, SOCK_STREAM));
const SUN_PATH = 108;

describe.skipIf(!isLinux)('abstract names (Linux has them)', () => {
  // Names of this process's own: the namespace is shared.
  const own = `rfds-${process.pid}-`;

  test('TestLinuxAbstractNamespace.testLinuxAbstractNamespace: may have any bytes', () => {
    const name = Buffer.from(`\0${own}\0\xff`, 'latin1');
    const server = unix();
    server.bind(name);
    server.listen();
    const client = unix();
    client.connect(server.getsockname() as Buffer);
    const [conn] = server.accept();
    expect(kept(conn).getsockname()).toEqual(name);
    expect(client.getpeername()).toEqual(name);
  });

  test('TestLinuxAbstractNamespace.testMaxName: may fill all of sun_path', () => {
    const name = Buffer.alloc(SUN_PATH, 'h');
    name.write(`\0${own}`);
    const sock = unix();
    sock.bind(name);
    expect(sock.getsockname()).toEqual(name);
  });

  test('TestLinuxAbstractNamespace.testNameOverflow: may not be longer', () => {
    const name = Buffer.alloc(SUN_PATH + 1, 'h').fill(0, 0, 1);
    // Unlike in Python (OSError) this is an argument that no kernel has seen.
    expect(() => unix().bind(name)).toThrow(RangeError);
  });

  test('TestLinuxAbstractNamespace.testStrName: given as a string they come back as bytes', () => {
    const sock = unix();
    sock.bind(`\0${own}string`);
    expect(sock.getsockname()).toEqual(Buffer.from(`\0${own}string`));
  });

  test('TestLinuxAbstractNamespace.testBytearrayName: may be any Uint8Array', () => {
    const sock = unix();
    sock.bind(new Uint8Array(Buffer.from(`\0${own}bytes`)));
    expect(sock.getsockname()).toEqual(Buffer.from(`\0${own}bytes`));
  });

  test('TestLinuxAbstractNamespace.testAutobind: are chosen by the kernel for no name', () => {
    const names = [unix(), unix()].map((sock) => {
      sock.bind('');
      return sock.getsockname() as Buffer;
    });
    for (const name of names) expect(name.toString('latin1')).toMatch(/^\0[0-9a-f]{5}$/);
    expect(names[0]).not.toEqual(names[1]);
  });
});

describe('paths', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'rfds-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const isBound = (sock: Socket, address: string | Buffer, expected: unknown = address) => {
    sock.bind(address);
    expect(sock.getsockname()).toEqual(expected);
  };

  test('TestUnixDomain.testUnbound: there is none at first', () => {
    // macOS: by XNU's source a sockaddr without a name (uipc_sockaddr()); CPython has seen none (bpo-30205).
    expect(isLinux ? [''] : ['', null]).toContain(unix().getsockname());
  });

  test('TestUnixDomain.testStrAddr: may be a string', () => {
    isBound(unix(), path.join(folder, 'string'));
  });

  test('TestUnixDomain.testBytesAddr: given as bytes they come back as a string', () => {
    const name = path.join(folder, 'bytes');
    isBound(unix(), Buffer.from(name), name);
  });

  // Unlike Python, which has surrogates in its strings for such bytes.
  test.skipIf(!isLinux)(
    'TestUnixDomain.testSurrogateescapeBind: that are not UTF-8 are bytes, there and back (macOS refuses them)',
    () => {
      const name = Buffer.concat([Buffer.from(path.join(folder, 'odd')), Buffer.of(0xff, 0x80)]);
      isBound(unix(), name);
    },
  );

  test('TestUnixDomain.testUnencodableAddr: with a lone surrogate are refused', () => {
    expect(() => unix().bind(path.join(folder, 'odd\ud800'))).toThrow(RangeError);
    isBound(unix(), path.join(folder, 'fine\u{1f600}'));
  });

  test.skipIf(isLinux)(
    'TestUnixDomain.testEmptyAddress: may not be empty (Linux chooses a name then)',
    () => {
      expect(() => unix().bind('')).toThrow(OSError);
    },
  );
});
