// CPython's test_socket, GeneralModuleTests: the module's functions, constants and the object's
// attributes; TestExceptions, TestMacOSTCPFlags. Each test bears the name of its case.

import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { OSError, TimeoutError } from '../../src/python/errors.ts';
import * as S from '../../src/socket.ts';
import { type InetAddress, Socket, socket } from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { isLinux, isMac } from '../support/platform.ts';
import { addressOf, bound, kept, listener, pair, tcpPair, withCode } from '../support/sockets.ts';

afterEach(() => {
  S.setdefaulttimeout(null);
});

const BEYOND = 2 ** 1000;

describe('the object', () => {
  test('GeneralModuleTests.test_SocketType_is_socketobject: SocketType is what sockets are', () => {
    expect(S.SocketType).toBe(Socket);
    expect(kept(socket())).toBeInstanceOf(S.SocketType);
  });

  test('GeneralModuleTests.test_repr: tells descriptor, family, type, protocol, and the names that there are', () => {
    const sock = kept(socket(S.AF_INET, S.SOCK_STREAM));
    const text = inspect(sock);
    for (const part of [`fd=${sock.fileno()}`, `family=${S.AF_INET}`, `type=${S.SOCK_STREAM}`, 'proto=0'])
      expect(text).toContain(part);
    expect(text).not.toContain('raddr');
    sock.bind(['127.0.0.1', 0]);
    expect(`${sock}`).toContain(`laddr=('127.0.0.1', ${addressOf(sock)[1]})`);
    sock.close();
    expect(`${sock}`).toContain('[closed]');
    expect(`${sock}`).not.toContain('laddr');

    const { client, server } = tcpPair();
    const [own, port] = [addressOf(client)[1], addressOf(server)[1]];
    const head = `fd=${client.fileno()}, family=${S.AF_INET}, type=1, proto=0`;
    expect(inspect(client)).toBe(
      `<socket.socket ${head}, laddr=('127.0.0.1', ${own}), raddr=('127.0.0.1', ${port})>`,
    );
    expect(String(pair()[0])).toMatch(/^<socket.socket fd=\d+, family=1, type=1, proto=0>$/);
    client.close();
    expect(`${client}`).toBe(`<socket.socket [closed] fd=-1, family=${S.AF_INET}, type=1, proto=0>`);
  });

  test('GeneralModuleTests.test_socket_methods: has the methods that some systems lack', () => {
    const names = ['recvmsg', 'recvmsg_into', 'sendmsg', 'sendfile', 'makefile', 'detach'] as const;
    const more = [
      'recvfrom',
      'recvfrom_into',
      'recv_into',
      'sendto',
      'getblocking',
      'set_inheritable',
    ] as const;
    for (const name of [...names, ...more]) expect(Socket.prototype[name]).toBeTypeOf('function');
  });

  test('GeneralModuleTests.testNewAttributes: knows family, type and protocol', () => {
    const sock = kept(socket(S.AF_INET, S.SOCK_STREAM));
    expect([sock.family, sock.type, sock.proto]).toEqual([S.AF_INET, S.SOCK_STREAM, 0]);
  });

  test('GeneralModuleTests.testSockName: has the name that it was bound to', () => {
    const sock = kept(socket());
    sock.bind(['0.0.0.0', 0]);
    const [host, port] = addressOf(sock);
    expect(host).toBe('0.0.0.0');
    expect(port).toBeGreaterThan(0);
    const other = kept(socket());
    expect(() => other.bind(['0.0.0.0', port])).toThrow(withCode('EADDRINUSE'));
  });

  test('GeneralModuleTests.testGetSockOpt: SO_REUSEADDR is 0 at first', () => {
    expect(kept(socket()).getsockopt(S.SOL_SOCKET, S.SO_REUSEADDR)).toBe(0);
  });

  test('GeneralModuleTests.testSetSockOpt: SO_REUSEADDR is not 0 once set', () => {
    const sock = kept(socket());
    sock.setsockopt(S.SOL_SOCKET, S.SO_REUSEADDR, 1);
    expect(sock.getsockopt(S.SOL_SOCKET, S.SO_REUSEADDR)).not.toBe(0);
  });

  test('GeneralModuleTests.testSendAfterClose: send on a closed socket with a timeout is an OSError', () => {
    const sock = kept(socket());
    sock.settimeout(5);
    sock.close();
    expect(() => sock.send(Buffer.from('ten'))).toThrow(OSError);
  });

  test('GeneralModuleTests.testCloseException: closing what somebody else closed is EBADF', () => {
    const sock = kept(socket());
    sys.close(sock.fileno());
    expect(() => sock.close()).toThrow(withCode('EBADF'));
  });

  test('GeneralModuleTests.test_getsockaddrarg: a port beyond 16 bits is refused, the right one is not', () => {
    const port = addressOf(bound())[1];
    for (const wrong of [port - 65536, port + 65536]) {
      expect(() => kept(socket()).bind(['0.0.0.0', wrong])).toThrow(RangeError);
    }
    const sock = kept(socket());
    sock.bind(['0.0.0.0', 0]);
    expect(addressOf(sock)[1]).toBeGreaterThan(0);
  });

  test('GeneralModuleTests.testSendtoErrors: tells what was wrong', () => {
    const sock = kept(socket(S.AF_INET, S.SOCK_DGRAM));
    sock.bind(['127.0.0.1', 0]);
    const address = addressOf(sock);
    const data = Buffer.from('foo');
    const sendto = sock.sendto.bind(sock) as (...args: unknown[]) => number;
    const needed = "a bytes-like object is required, not 'str': Buffer.from(string) makes one";
    for (const rest of [[address], [0, address]]) {
      expect(() => sendto('\u2620', ...rest)).toThrow(new TypeError(needed));
      expect(() => sendto(5n, ...rest)).toThrow(
        new TypeError("a bytes-like object is required, not 'bigint'"),
      );
    }
    expect(() => sendto(data, null)).toThrow(/address must be .*, got null/);
    expect(() => sendto(data, 'bar', address)).toThrow(TypeError);
    expect(() => sendto(data, null, null)).toThrow(TypeError);
    expect(() => sendto(data)).toThrow(new TypeError('sendto() takes 2 or 3 arguments (1 given)'));
    expect(() => sendto(data, 0, address, 4)).toThrow(
      new TypeError('sendto() takes 2 or 3 arguments (4 given)'),
    );
  });

  test('GeneralModuleTests.test_listen_backlog: may be 0, negative, or left out', () => {
    for (const backlog of [0, -1]) {
      expect(() => bound().listen(backlog)).not.toThrow();
    }
    expect(() => bound().listen()).not.toThrow();
  });

  test('GeneralModuleTests.test_listen_backlog_overflow: may not be beyond a C int', () => {
    expect(() => bound().listen(2 ** 31)).toThrow(RangeError);
  });

  test('GeneralModuleTests.test_socket_consistent_sock_type: the type has no flags, whatever the mode', () => {
    const sock = kept(socket(S.AF_INET, S.SOCK_STREAM | (S.SOCK_NONBLOCK ?? 0) | (S.SOCK_CLOEXEC ?? 0)));
    const changes: (() => void)[] = [
      () => {},
      () => sock.settimeout(1),
      () => sock.settimeout(0),
      () => sock.setblocking(true),
      () => sock.setblocking(false),
    ];
    for (const change of changes) {
      change();
      expect(sock.type).toBe(S.SOCK_STREAM);
    }
  });

  test('GeneralModuleTests.test_str_for_enums: families and types print as their numbers', () => {
    const sock = kept(socket(S.AF_INET, S.SOCK_STREAM));
    expect(`${sock.family} ${sock.type}`).toBe(`${S.AF_INET} ${S.SOCK_STREAM}`);
    expect(inspect(S.AF_INET)).toBe('2');
  });
});

describe('a socket over a descriptor', () => {
  test('GeneralModuleTests.test_unknown_socket_family_repr: keeps a family and a type that nobody knows', () => {
    const sock = kept(socket(S.AF_INET, S.SOCK_STREAM));
    const odd = kept(socket(42, 13331, -1, sock.detach()));
    expect([odd.family, odd.type]).toEqual([42, 13331]);
    expect(`${odd}`).toContain('family=42, type=13331');
  });

  const isSame = (original: Socket) => {
    const copy = kept(socket(-1, -1, -1, original.fileno()));
    expect([copy.family, copy.type, copy.fileno()]).toEqual([
      original.family,
      original.type,
      original.fileno(),
    ]);
    if (isLinux) expect(copy.proto).toBe(original.getsockopt(S.SOL_SOCKET, S.SO_PROTOCOL));
    copy.detach();
  };

  test('GeneralModuleTests.test_socket_fileno: asks it for its family and type', () => {
    isSame(bound(S.SOCK_STREAM));
    isSame(bound(S.SOCK_DGRAM));
    isSame(bound(S.SOCK_STREAM, S.AF_INET6));
    isSame(pair()[0]);
  });

  const over = (fileno: unknown, family = -1, type = -1) => socket(family, type, -1, fileno as number);

  test('GeneralModuleTests.test_socket_fileno_rejects_float: is no fraction', () => {
    expect(() => over(42.5)).toThrow(TypeError);
    expect(() => over(42.5, S.AF_INET, S.SOCK_STREAM)).toThrow(TypeError);
  });

  test('GeneralModuleTests.test_socket_fileno_rejects_other_types: is no string', () => {
    expect(() => over('foo')).toThrow(TypeError);
    expect(() => over({})).toThrow(TypeError);
  });

  test('GeneralModuleTests.test_socket_fileno_rejects_invalid_socket: is not -1', () => {
    expect(() => over(-1)).toThrow(new RangeError('negative file descriptor'));
  });

  test('GeneralModuleTests.test_socket_fileno_rejects_negative: is not negative', () => {
    expect(() => over(-42)).toThrow(new RangeError('negative file descriptor'));
  });

  test('GeneralModuleTests.test_socket_fileno_requires_valid_fd: is open', () => {
    const sock = socket();
    const fd = sock.fileno();
    sock.close();
    expect(() => over(fd)).toThrow(withCode('EBADF'));
    expect(() => over(fd, S.AF_INET, S.SOCK_STREAM)).toThrow(withCode('EBADF'));
  });

  test('GeneralModuleTests.test_socket_fileno_requires_socket_fd: is a socket', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'rfds-'));
    const file = path.join(folder, 'file');
    writeFileSync(file, 'foo');
    const fd = openSync(file, 'r');
    try {
      expect(() => over(fd)).toThrow(withCode('ENOTSOCK'));
      expect(() => over(fd, S.AF_INET, S.SOCK_STREAM)).toThrow(withCode('ENOTSOCK'));
    } finally {
      sys.close(fd);
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the module', () => {
  test('GeneralModuleTests.testSocketError: its errors are OSErrors', () => {
    expect(new S.gaierror(-2, 'getaddrinfo')).toBeInstanceOf(OSError);
    expect(new S.herror('HOST_NOT_FOUND', 'gethostbyaddr', 'x')).toBeInstanceOf(OSError);
    expect(() => S.gethostbyname('-nowhere.invalid')).toThrow(S.gaierror);
  });

  test('TestExceptions.testExceptionTree: herror, gaierror and timeout are OSErrors; error is OSError', () => {
    for (const type of [S.herror, S.gaierror, S.timeout]) expect(type.prototype).toBeInstanceOf(OSError);
    expect(S.error).toBe(OSError);
    expect(S.timeout).toBe(TimeoutError);
  });

  test('TestExceptions.test_setblocking_invalidfd: setblocking on a closed descriptor is an OSError', () => {
    const sock = kept(socket());
    const other = kept(socket(S.AF_INET, S.SOCK_STREAM, 0, sock.fileno()));
    sock.close();
    expect(() => other.setblocking(false)).toThrow(withCode('EBADF'));
    other.detach();
  });

  test('GeneralModuleTests.testCrucialConstants: the constants that every program needs are there', () => {
    const { AF_INET, AF_INET6, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET } = S;
    const types = [SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET];
    for (const value of [AF_INET, AF_INET6, ...types, S.SOL_SOCKET, S.SO_REUSEADDR])
      expect(value).toBeTypeOf('number');
  });

  test('GeneralModuleTests.testCrucialIpProtoConstants: so are TCP, UDP and IPv6', () => {
    expect([S.IPPROTO_TCP, S.IPPROTO_UDP, S.IPPROTO_IPV6]).toEqual([6, 17, 41]);
  });

  test.skipIf(!isMac)(
    'GeneralModuleTests.test3542SocketOptions: macOS has the IPv6 options of RFC 3542',
    () => {
      const names = [
        'CHECKSUM',
        'DONTFRAG',
        'DSTOPTS',
        'HOPLIMIT',
        'HOPOPTS',
        'NEXTHOP',
        'PATHMTU',
        'PKTINFO',
      ]
        .concat(['RECVDSTOPTS', 'RECVHOPLIMIT', 'RECVHOPOPTS', 'RECVPATHMTU', 'RECVPKTINFO', 'RECVRTHDR'])
        .concat(['RECVTCLASS', 'RTHDR', 'RTHDRDSTOPTS', 'RTHDR_TYPE_0', 'TCLASS', 'USE_MIN_MTU']);
      expect(names).toHaveLength(20);
      for (const name of names) expect(S[`IPV6_${name}` as keyof typeof S]).toBeTypeOf('number');
    },
  );

  test.skipIf(!isMac)('TestMacOSTCPFlags.test_tcp_keepalive: macOS has TCP_KEEPALIVE', () => {
    expect(S.TCP_KEEPALIVE).toBeTypeOf('number');
  });

  test('GeneralModuleTests.testDefaultTimeout: new sockets get it', () => {
    expect(S.getdefaulttimeout()).toBeNull();
    expect(kept(socket()).gettimeout()).toBeNull();
    S.setdefaulttimeout(10);
    expect(S.getdefaulttimeout()).toBe(10);
    expect(kept(socket()).gettimeout()).toBe(10);
    S.setdefaulttimeout(null);
    expect(S.getdefaulttimeout()).toBeNull();
    expect(kept(socket()).gettimeout()).toBeNull();
    expect(() => S.setdefaulttimeout(-1)).toThrow(RangeError);
    expect(() => S.setdefaulttimeout('ten' as never)).toThrow(TypeError);
  });

  test('GeneralModuleTests.test_socket_close: close(fd) closes it, and nothing else than a descriptor', () => {
    const sock = kept(socket());
    sock.bind(['127.0.0.1', 0]);
    S.close(sock.fileno());
    expect(() => sock.listen(1)).toThrow(withCode('EBADF'));
    expect(() => sock.close()).toThrow(withCode('EBADF'));
    expect(() => S.close(null as never)).toThrow(TypeError);
    expect(() => S.close(-1)).toThrow(withCode('EBADF'));
  });

  test('GeneralModuleTests.test_makefile_mode: reports the mode', () => {
    for (const mode of ['r', 'rb', 'rw', 'w', 'wb']) {
      const sock = kept(socket());
      const file = sock.makefile(mode, null, { encoding: 'utf-8' });
      expect(file.mode).toBe(mode);
      file.close();
    }
  });

  test('GeneralModuleTests.test_makefile_invalid_mode: refuses others', () => {
    for (const mode of ['rt', 'x', '+', 'a']) {
      expect(() => kept(socket()).makefile(mode)).toThrow(
        new RangeError(`invalid mode '${mode}' (only r, w, b allowed)`),
      );
    }
  });

  test('GeneralModuleTests.test_unusable_closed_socketio: a closed file answers no question', () => {
    const file = kept(socket()).makefile('rb', 0);
    expect([file.readable(), file.writable(), file.seekable()]).toEqual([true, false, false]);
    file.close();
    for (const ask of [file.readable, file.writable, file.seekable])
      expect(() => ask.call(file)).toThrow(new RangeError('I/O operation on closed socket.'));
  });
});

describe('numbers and texts', () => {
  test('GeneralModuleTests.testNtoH: to the network and back is where it was', () => {
    const there = [
      [S.htonl, S.ntohl, 2 ** 32 - 1],
      [S.htons, S.ntohs, 2 ** 16 - 1],
    ] as const;
    for (const [hton, ntoh, most] of there) {
      for (const number of [0, 1, 0xffff & most, 2, 0x01234567 & most, 0x76543210 & most, most]) {
        expect(ntoh(hton(number))).toBe(number);
        expect(hton(ntoh(number))).toBe(number);
      }
      expect(() => hton(2 ** 34)).toThrow(RangeError);
      expect(() => ntoh(2 ** 34)).toThrow(RangeError);
    }
    expect([S.htons(0x0102), S.htonl(0x01020304)]).toEqual([0x0201, 0x04030201]);
  });

  test('GeneralModuleTests.testNtoHErrors: what does not fit is refused', () => {
    for (const [call, bits] of [
      [S.htons, 16],
      [S.ntohs, 16],
      [S.htonl, 32],
      [S.ntohl, 32],
    ] as const) {
      for (const good of [0, 1, 2, 2 ** bits - 1]) expect(() => call(good)).not.toThrow();
      for (const bad of [-1, -2, -(2 ** 31), 2 ** bits, 2 ** 64]) expect(() => call(bad)).toThrow(RangeError);
    }
  });

  test('GeneralModuleTests.testIPv4_inet_aton_fourbytes: an address of four numbers is four bytes', () => {
    expect(S.inet_aton('0.0.0.0')).toEqual(Buffer.from([0, 0, 0, 0]));
    expect(S.inet_aton('255.255.255.255')).toEqual(Buffer.from([255, 255, 255, 255]));
  });

  test('GeneralModuleTests.testIPv4toString: texts of IPv4 become bytes', () => {
    const pton = (text: string) => S.inet_pton(S.AF_INET, text);
    for (const [text, bytes] of [
      ['0.0.0.0', [0, 0, 0, 0]],
      ['255.0.255.0', [0xff, 0, 0xff, 0]],
      ['170.170.170.170', [0xaa, 0xaa, 0xaa, 0xaa]],
      ['1.2.3.4', [1, 2, 3, 4]],
      ['255.255.255.255', [0xff, 0xff, 0xff, 0xff]],
    ] as const) {
      expect(S.inet_aton(text)).toEqual(Buffer.from(bytes));
      expect(pton(text)).toEqual(Buffer.from(bytes));
    }
    // inet_aton knows the old notations, inet_pton does not.
    expect(S.inet_aton('127.1')).toEqual(Buffer.from([127, 0, 0, 1]));
    expect(S.inet_aton('0x7f.0.01')).toEqual(Buffer.from([127, 0, 0, 1]));
    for (const text of ['0.0.0.', '300.0.0.0', 'a.0.0.0', '1.2.3.4.5', '::1', ''])
      expect(() => S.inet_aton(text)).toThrow('illegal IP address string passed to inet_aton');
    for (const text of ['0.0.0.', '300.0.0.0', 'a.0.0.0', '1.2.3.4.5', '::1', '127.1', '01.2.3.4'])
      expect(() => pton(text)).toThrow('illegal IP address string passed to inet_pton');
  });

  test('GeneralModuleTests.testIPv6toString: texts of IPv6 become bytes', () => {
    const pton = (text: string) => S.inet_pton(S.AF_INET6, text);
    const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
    for (const [text, bytes] of [
      ['::', '0'.repeat(32)],
      ['0::0', '0'.repeat(32)],
      ['1::', `0001${'0'.repeat(28)}`],
      ['2001:db8:1a:cafe:fe0:bad:1924:f00d', '2001 0db8 001a cafe 0fe0 0bad 1924 f00d'],
      ['2a00:1b2::99:0:17:3', '2a00 01b2 0000 0000 0099 0000 0017 0003'],
      ['::ffff:1.2.3.4', `${'0'.repeat(20)} ffff 0102 0304`],
      ['1:2:3:4:5:6:1.2.3.4', '0001 0002 0003 0004 0005 0006 0102 0304'],
      ['DEAD::BEEF', `dead ${'0'.repeat(24)} beef`],
    ]) {
      expect(pton(text)).toEqual(hex(bytes));
    }
    const wrong = ['0x20::', ':::', '::0::', '1::abc::', '1::abc::def', '1:2:3:4:5:6', '1:2:3:4:5:6:']
      .concat([
        '1:2:3:4:5:6:7:8:0',
        '1:2:3:4:5:6:7:8:',
        '1.2.3.4',
        '::1.2.3',
        '::1.2.3.4.5',
        '1:2:3:4:5:6:7:1.2.3.4',
      ])
      .concat([':1:2:3:4:5:6:7', '::12345', '::g', '1::2%lo', '']);
    for (const text of wrong) expect(() => pton(text), text).toThrow(OSError);
  });

  test('GeneralModuleTests.testStringToIPv4: four bytes become a text', () => {
    for (const [text, bytes] of [
      ['1.0.1.0', [1, 0, 1, 0]],
      ['170.85.170.85', [0xaa, 0x55, 0xaa, 0x55]],
      ['255.255.255.255', [0xff, 0xff, 0xff, 0xff]],
      ['1.2.3.4', [1, 2, 3, 4]],
    ] as const) {
      expect(S.inet_ntoa(Buffer.from(bytes))).toBe(text);
      expect(S.inet_ntop(S.AF_INET, Uint8Array.from(bytes))).toBe(text);
    }
    for (const length of [0, 3, 5]) {
      expect(() => S.inet_ntoa(new Uint8Array(length))).toThrow(OSError);
      expect(() => S.inet_ntop(S.AF_INET, new Uint8Array(length))).toThrow(RangeError);
    }
    expect(() => S.inet_ntoa('1234' as never)).toThrow(TypeError);
  });

  test('GeneralModuleTests.testStringToIPv6: sixteen bytes become a text', () => {
    const ntop = (hex: string) => S.inet_ntop(S.AF_INET6, Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    expect(ntop('0'.repeat(32))).toBe('::');
    expect(ntop(`${'0'.repeat(31)}1`)).toBe('::1');
    expect(ntop('0bee 0f00 0102 3004 ffff 8765 0043 0210')).toBe('bee:f00:102:3004:ffff:8765:43:210');
    expect(ntop(`${'0'.repeat(20)} ffff 0102 0304`)).toBe('::ffff:1.2.3.4');
    for (const length of [0, 15, 17])
      expect(() => S.inet_ntop(S.AF_INET6, new Uint8Array(length))).toThrow(RangeError);
    expect(() => S.inet_ntop(99, new Uint8Array(4))).toThrow(RangeError);
  });
});

describe('interfaces', () => {
  test('GeneralModuleTests.testInterfaceNameIndex: names and indices lead to each other', () => {
    const interfaces = S.if_nameindex();
    expect(interfaces.length).toBeGreaterThan(0);
    for (const [index, name] of interfaces) {
      expect(index).toBeGreaterThan(0);
      expect(S.if_nametoindex(name)).toBe(index);
      expect(S.if_indextoname(index)).toBe(name);
    }
  });

  test('GeneralModuleTests.testInvalidInterfaceIndexToName: an index that is none is refused', () => {
    expect(() => S.if_indextoname(0)).toThrow(OSError);
    expect(() => S.if_indextoname(-1)).toThrow(RangeError);
    expect(() => S.if_indextoname(BEYOND)).toThrow(RangeError);
    expect(() => S.if_indextoname('no-such-if' as never)).toThrow(TypeError);
  });

  test('GeneralModuleTests.testInvalidInterfaceNameToIndex: a name that is none is refused', () => {
    expect(() => S.if_nametoindex(0 as never)).toThrow(TypeError);
    expect(() => S.if_nametoindex('no-such-if')).toThrow(OSError);
  });
});

describe('hosts and services', () => {
  test('GeneralModuleTests.testHostnameRes: this host’s name, address and full name agree', (context) => {
    const hostname = S.gethostname();
    let ip: string;
    try {
      ip = S.gethostbyname(hostname);
    } catch (error) {
      return context.skip(`the resolver does not know this host: ${error}`);
    }
    expect(ip).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    let found: [string, string[], string[]];
    try {
      found = S.gethostbyaddr(ip);
    } catch (error) {
      return context.skip(`the resolver does not know ${ip}: ${error}`);
    }
    expect([hostname, found[0], ...found[1]]).toContain(S.getfqdn(ip));
    expect(found[2]).toContain(ip);
  });

  test('GeneralModuleTests.test_host_resolution: a numeric address is itself', () => {
    for (const address of ['0.1.1.4', '127.0.0.1', '255.255.255.255', '1.1.1.1']) {
      expect(S.gethostbyname(address)).toBe(address);
    }
    expect(S.gethostbyname('127.1')).toBe('127.0.0.1');
  });

  test('GeneralModuleTests.test_host_resolution_bad_address: an address that is none is an OSError', () => {
    for (const address of ['0.1.1.~2', '2+.1.1.1', '::1z', '::1::3', '2:1:1:1:1:1:1:1:1']) {
      expect(() => S.gethostbyname(address)).toThrow(OSError);
      expect(() => S.gethostbyaddr(address)).toThrow(OSError);
    }
  });

  test('GeneralModuleTests.testGetServBy: names and ports of services lead to each other', () => {
    // One of these is in every /etc/services.
    const known = ['echo', 'daytime', 'domain', 'ssh', 'http'].find((name) => {
      try {
        return S.getservbyname(name, 'tcp') > 0;
      } catch {
        return false;
      }
    });
    expect(known).toBeDefined();
    const port = S.getservbyname(known!, 'tcp');
    expect(S.getservbyname(known!)).toBe(port);
    expect(S.getservbyport(port)).toBe(known);
    expect(S.getservbyport(port, 'tcp')).toBe(known);
    const udp = S.getservbyname('domain', 'udp');
    expect(S.getservbyport(udp, 'udp')).toBe('domain');
    expect(() => S.getservbyname('no such service')).toThrow('service/proto not found');
    expect(() => S.getservbyname('80')).toThrow('service/proto not found');
    expect(() => S.getservbyport(65535)).toThrow('port/proto not found');
    for (const wrong of [-1, 65536])
      expect(() => S.getservbyport(wrong)).toThrow(new RangeError('getservbyport: port must be 0-65535.'));
  });

  test('GeneralModuleTests.testInterpreterCrash: getnameinfo of nonsense throws', () => {
    expect(() => S.getnameinfo(['x', 0, 0, 0], 0)).toThrow(OSError);
  });

  test('GeneralModuleTests.test_getnameinfo: a name in place of an address is refused', () => {
    expect(() => S.getnameinfo(['a-name.invalid', 0], 0)).toThrow(S.gaierror);
    expect(S.getnameinfo(['127.0.0.1', 80], S.NI_NUMERICHOST | S.NI_NUMERICSERV)).toEqual([
      '127.0.0.1',
      '80',
    ]);
  });

  test('GeneralModuleTests.test_flowinfo: a flowinfo beyond 20 bits is refused', () => {
    expect(() => S.getnameinfo(['::1', 0, 0xffffffff], 0)).toThrow(RangeError);
    expect(() => kept(socket(S.AF_INET6)).bind(['::1', 0, 0xffffffff])).toThrow(RangeError);
  });

  test('GeneralModuleTests.test_getfqdn_filter_localhost: no name, 0.0.0.0 and :: are this host', () => {
    expect(S.getfqdn()).toBe(S.getfqdn('0.0.0.0'));
    expect(S.getfqdn()).toBe(S.getfqdn('::'));
  });
});

describe('getaddrinfo', () => {
  test('GeneralModuleTests.testGetaddrinfo: takes hosts and ports of every kind', () => {
    const get = S.getaddrinfo as (...args: unknown[]) => S.AddressInfo[];
    // Ports: names, numbers, and none.
    for (const port of ['http', 80, '80', Buffer.from('80'), 80n])
      expect((get('127.0.0.1', port)[0][4] as InetAddress)[1]).toBe(80);
    expect((get('127.0.0.1', null)[0][4] as InetAddress)[1]).toBe(0);
    // Hosts.
    expect((get('127.0.0.1', 80)[0][4] as InetAddress)[0]).toBe('127.0.0.1');
    expect((get(Buffer.from('127.0.0.1'), 80)[0][4] as InetAddress)[0]).toBe('127.0.0.1');
    expect(get('localhost', 80).length).toBeGreaterThan(0);
    expect((get('::1', 80)[0][4] as InetAddress)[0]).toBe('::1');
    for (const [family, type, proto, canonname, sockaddr] of get(null, 80, 0, S.SOCK_STREAM)) {
      expect([S.AF_INET, S.AF_INET6]).toContain(family);
      expect([type, proto, canonname]).toEqual([S.SOCK_STREAM, S.IPPROTO_TCP, '']);
      expect(['127.0.0.1', '::1']).toContain((sockaddr as InetAddress)[0]);
    }
    // Filters.
    for (const [family] of get('localhost', null, S.AF_INET)) expect(family).toBe(S.AF_INET);
    for (const [, type] of get('127.0.0.1', null, 0, S.SOCK_DGRAM)) expect(type).toBe(S.SOCK_DGRAM);
    for (const [, , proto] of get('127.0.0.1', null, 0, 0, S.SOL_TCP)) expect(proto).toBe(S.SOL_TCP);
    const passive = get(null, 0, S.AF_INET, S.SOCK_STREAM, 0, S.AI_PASSIVE);
    expect(passive.map(([, , , , address]) => address)).toEqual([['0.0.0.0', 0]]);
    expect(get('127.0.0.1', null, 0, S.SOCK_STREAM, 0, S.AI_CANONNAME)[0][3]).toBe('127.0.0.1');
    // By name as by position.
    const family = S.AF_INET;
    const type = S.SOCK_STREAM;
    expect(get(null, 0, { family, type, flags: S.AI_PASSIVE })).toEqual(passive);
    expect(get('127.0.0.1', 80, { type })).toEqual(get('127.0.0.1', 80, 0, type));
    // What is none.
    expect(() => get('127.0.0.1', '\ud800')).toThrow(RangeError);
    expect(() => get('127.0.0.1', {})).toThrow('Int or String expected');
    expect(() => get(5, 80)).toThrow(TypeError);
    expect(() => get('127.0.0.1', '80\0')).toThrow(RangeError);
    expect(() => get('localhost', 80, 12345)).toThrow(withCode('EAI_FAMILY'));
    expect(() => get('localhost', null, 0, 0, 0, S.AI_NUMERICHOST)).toThrow(
      expect.objectContaining({ code: 'EAI_NONAME', syscall: 'getaddrinfo', name: 'gaierror' }),
    );
    // An older macOS crashed here.
    for (const port of [null, 0, '0']) get('localhost', port, 0, S.SOCK_STREAM, 0, S.AI_NUMERICSERV);
  });

  test('GeneralModuleTests.test_getaddrinfo_int_port_overflow: no number is out of range, though some are no port', () => {
    const outcome = (port: number | bigint) => {
      try {
        return S.getaddrinfo(null, port);
      } catch (error) {
        return error;
      }
    };
    for (const port of [
      2n ** 32n,
      -(2n ** 31n),
      2n ** 63n,
      -(2n ** 63n) - 1n,
      2n ** 70n,
      65536,
      -1,
      2 ** 53,
    ]) {
      const result = outcome(port);
      if (!Array.isArray(result)) expect(result).toBeInstanceOf(S.gaierror);
    }
  });

  test('GeneralModuleTests.test_getaddrinfo_ipv6_basic: an IPv6 address comes in its plainest form', () => {
    const [[, , , , sockaddr]] = S.getaddrinfo(
      'ff02::abc:d0:Feed:9',
      1234,
      S.AF_INET6,
      S.SOCK_DGRAM,
      S.IPPROTO_UDP,
    );
    expect(sockaddr).toEqual(['ff02::abc:d0:feed:9', 1234, 0, 0]);
  });

  test('GeneralModuleTests.test_getaddrinfo_ipv6_scopeid_symbolic: %interface becomes the scope id', () => {
    const [index, name] = S.if_nameindex()[0];
    const [[, , , , sockaddr]] = S.getaddrinfo(
      `ff02::abc:d0:Feed:9%${name}`,
      1234,
      S.AF_INET6,
      S.SOCK_DGRAM,
      S.IPPROTO_UDP,
    );
    expect(sockaddr).toEqual(['ff02::abc:d0:feed:9', 1234, 0, index]);
  });

  test('GeneralModuleTests.test_getnameinfo_ipv6_scopeid_symbolic: the scope id becomes %interface', () => {
    const [index, name] = S.if_nameindex()[0];
    const numeric = S.NI_NUMERICHOST | S.NI_NUMERICSERV;
    expect(S.getnameinfo(['ff02::abc:d0:Feed:9', 1234, 0, index], numeric)).toEqual([
      `ff02::abc:d0:feed:9%${name}`,
      '1234',
    ]);
  });

  test('bind and connect take names, as in Python', () => {
    const server = kept(socket());
    server.bind(['localhost', 0]);
    server.listen();
    const client = kept(socket());
    client.connect(['localhost', addressOf(server)[1]]);
    expect(client.getpeername()).toEqual(addressOf(server));
    expect(() => kept(socket()).connect(['no-such-host.invalid', 1])).toThrow(S.gaierror);
    expect(addressOf(listener())[0]).toBe('127.0.0.1');
  });
});
