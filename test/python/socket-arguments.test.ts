// What rfds/socket takes for an int, an address, an option, a name of <netdb.h>, against the machine's own Python: the
// same result, or an error of the same kind.

import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { OSError } from '../../src/python/errors.ts';
import * as S from '../../src/socket.ts';
import { python } from '../support/python.ts';
import { kept, pair } from '../support/sockets.ts';

/** What came of it, as the scripts below tell it of Python. */
function outcome(call: () => unknown): unknown {
  try {
    const result = call();
    return result instanceof Uint8Array ? Buffer.from(result).toString('hex') : (result ?? null);
  } catch (error) {
    if (error instanceof OSError) return 'OSError';
    return error instanceof TypeError ? 'TypeError' : 'RangeError';
  }
}

const OUTCOME = `
import socket
def outcome(call):
    try: result = call()
    except TypeError: return 'TypeError'
    except OSError: return 'OSError'
    except (ValueError, OverflowError): return 'RangeError'
    return result.hex() if isinstance(result, bytes) else result
`;

// true is left out: an int in Python, and none here.
const ints: unknown[] = [
  0,
  -1,
  1.5,
  'x',
  '5',
  null,
  {},
  [],
  2 ** 31,
  -(2 ** 31),
  -(2 ** 31) - 1,
  2 ** 32,
  2 ** 40,
];
const noInts = [1.5, 'x', '5', null, {}, [], true, undefined, Number.NaN, 5n];

describe('an int', () => {
  const uses = ['send', 'sendall', 'sendto', 'sendmsg', 'recv', 'recv_into', 'recvfrom', 'recvmsg', 'listen'];

  test.each(uses)('%s takes what Python takes', (use) => {
    const [near, far] = pair(S.SOCK_DGRAM);
    const data = Buffer.from('x');
    const methods: Record<string, (flags: never) => unknown> = {
      send: (flags) => near.send(data, flags),
      sendall: (flags) => near.sendall(data, flags),
      sendto: (flags) => near.sendto(data, flags, ''),
      sendmsg: (flags) => near.sendmsg([data], [], flags),
      recv: (flags) => near.recv(1, flags),
      recv_into: (flags) => near.recv_into(Buffer.alloc(1), 1, flags),
      recvfrom: (flags) => near.recvfrom(1, flags) && null,
      recvmsg: (flags) => near.recvmsg(1, 0, flags) && null,
      listen: (backlog) => near.listen(backlog),
    };
    near.settimeout(0);
    const ours = ints.map((flags) => outcome(() => methods[use](flags as never)));
    far.close();
    expect(ours.map((result) => (typeof result === 'string' ? result : 'taken'))).toEqual(
      python(
        `${OUTCOME}
near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
near.setblocking(False)
methods = {
    'send': lambda flags: near.send(b'x', flags),
    'sendall': lambda flags: near.sendall(b'x', flags),
    'sendto': lambda flags: near.sendto(b'x', flags, ''),
    'sendmsg': lambda flags: near.sendmsg([b'x'], [], flags),
    'recv': lambda flags: near.recv(1, flags),
    'recv_into': lambda flags: near.recv_into(bytearray(1), 1, flags),
    'recvfrom': lambda flags: near.recvfrom(1, flags),
    'recvmsg': lambda flags: near.recvmsg(1, 0, flags),
    'listen': near.listen,
}
results = [outcome(lambda: methods[given[0]](flags)) for flags in given[1]]
answer = [result if isinstance(result, str) else 'taken' for result in results]`,
        [use, ints],
      ),
    );
    for (const flags of noInts.filter((value) => value !== undefined))
      expect(() => methods[use](flags as never), String(flags)).toThrow(TypeError);
  });

  test('is what socket, socketpair and send_fds take', () => {
    const [near] = pair();
    for (const value of noInts.slice(0, -3)) {
      expect(() => S.socket(value as never)).toThrow(TypeError);
      expect(() => S.socket(S.AF_INET, value as never)).toThrow(TypeError);
      expect(() => S.socketpair(S.AF_UNIX, value as never)).toThrow(TypeError);
    }
    // Of none of them descriptor 0 or another is sent.
    for (const value of [...noInts, near])
      expect(() => S.send_fds(near, [Buffer.from('x')], [value as never]), String(value)).toThrow(TypeError);
    expect(() => S.send_fds(near, [Buffer.from('x')], [2 ** 31])).toThrow(RangeError);
    expect(() => S.send_fds(near, [Buffer.from('x')], 5 as never)).toThrow(TypeError);
  });
});

test('connect_ex of a success is 0, and no -0', () => {
  const server = kept(S.create_server(['127.0.0.1', 0]));
  const client = kept(S.socket());
  expect(Object.is(client.connect_ex(server.getsockname()), 0)).toBe(true);
});

test('getsockopt and setsockopt take lengths and values as Python does', () => {
  const sock = kept(S.socket());
  const lengths = [0, -1, 1024, 1025, 1.5, 'x'];
  const values = [1, 1.5, 'x', -(2 ** 31)];
  const ours = [
    lengths.map((length) => outcome(() => sock.getsockopt(S.SOL_SOCKET, S.SO_TYPE, length as never))),
    values.map((value) => outcome(() => sock.setsockopt(S.SOL_SOCKET, S.SO_KEEPALIVE, value as never))),
  ];
  const theirs = python<unknown[][]>(
    `${OUTCOME}
sock = socket.socket()
answer = [
    [outcome(lambda: sock.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE, length)) for length in given[0]],
    [outcome(lambda: sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, value)) for value in given[1]],
]`,
    [lengths, values],
  );
  // Unlike Python, a number that is no int is a RangeError.
  theirs[1][1] = 'RangeError';
  expect(ours).toEqual(theirs);
});

test('create_connection takes an array of a host and a port, and no string', () => {
  for (const address of ['ab', 'abc', ['127.0.0.1'], 5, null, undefined])
    expect(() => S.create_connection(address as never)).toThrow(TypeError);
});

test('a socket that was closed while a file of it is open has a repr of its own, as in Python', () => {
  const [near] = pair();
  const file = kept(near.makefile('rb'));
  const fd = near.fileno();
  near.close();
  expect(`${near}`).toBe(`<socket.socket [closed] fd=${fd}, family=${S.AF_UNIX}, type=1, proto=0>`);
  file.close();
  expect(`${near}`).toBe(`<socket.socket [closed] fd=-1, family=${S.AF_UNIX}, type=1, proto=0>`);
});

test('inet_aton takes the texts that C takes', () => {
  const parts = [
    ...[
      '0',
      '1',
      '127',
      '255',
      '256',
      '0x',
      '0x1',
      '0X7f',
      '0xg',
      '08',
      '010',
      '0377',
      '0400',
      '65535',
      '65536',
    ],
    ...[
      '16777216',
      '4294967295',
      '4294967296',
      '',
      'a',
      '0b1',
      ' ',
      '1 ',
      '\t',
      '-1',
      '+1',
      '99999999999999999999',
    ],
    ...['1x', '\u00a0', '00', '0x0', '1\n', '\v2'],
  ];
  let state = 1;
  const random = (n: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % n;
  };
  const texts = Array.from({ length: 5000 }, () => {
    const numbers = Array.from({ length: 1 + random(5) }, () => parts[random(parts.length)]);
    return numbers.join('.') + (random(8) === 0 ? parts[random(parts.length)] : '');
  });
  const theirs = python<unknown[]>(
    `${OUTCOME}\nanswer = [outcome(lambda: socket.inet_aton(text)) for text in given]`,
    ['127.0x', ...texts],
  );
  const ours = ['127.0x', ...texts].map((text) => outcome(() => S.inet_aton(text)));
  const differing = [...ours.keys()].filter((i) => ours[i] !== theirs[i]).map((i) => ['127.0x', ...texts][i]);
  expect(differing).toEqual([]);
  expect(theirs.filter((result) => result !== 'OSError').length).toBeGreaterThan(500);
});

// Of a system without these files Python knows nothing.
describe.skipIf(!existsSync('/etc/services') || !existsSync('/etc/protocols'))(
  'services and protocols',
  () => {
    const questions = `${OUTCOME}
def words(file):
    lines = [line.split('#')[0].split() for line in open(file)]
    return [line for line in lines if len(line) > 1]
services, protocols = words('/etc/services'), words('/etc/protocols')
wheres = [line[1].split('/') for line in services]
byname = [[name, *rest] for line in services for name in [line[0], *line[2:]] for rest in [[], ['tcp'], ['udp'], ['sctp'], ['ddp'], [line[1].split('/')[1]]]]
byname += [['', ], ['80'], ['HTTP'], ['http', ''], ['http', 'TCP'], ['no-such-service']]
byport = [[int(port), *rest] for port, protocol in wheres for rest in [[], [protocol], ['tcp'], ['udp']]]
byport += [[0], [65535], [65536], [-1], [1, 'no-such-protocol']]
names = [name for line in protocols for word in [line[0], *line[2:]] for name in [word, word.upper(), word.lower()]]
names += ['', 'no-such-protocol', '6']
`;

    test('are found by name and by port as in Python, for every protocol of the platform', () => {
      const { byname, byport, names, theirs } = python<Record<string, never[][]> & { theirs: unknown[][] }>(
        `${questions}
answer = {'byname': byname, 'byport': byport, 'names': names, 'theirs': [
    [outcome(lambda: socket.getservbyname(*asked)) for asked in byname],
    [outcome(lambda: socket.getservbyport(*asked)) for asked in byport],
    [outcome(lambda: socket.getprotobyname(name)) for name in names],
]}`,
        null,
      );
      expect(
        byname.map((asked) => [asked, outcome(() => S.getservbyname(...(asked as unknown as [string])))]),
      ).toEqual(byname.map((asked, i) => [asked, theirs[0][i]]));
      expect(
        byport.map((asked) => [asked, outcome(() => S.getservbyport(...(asked as unknown as [number])))]),
      ).toEqual(byport.map((asked, i) => [asked, theirs[1][i]]));
      expect(names.map((name) => [name, outcome(() => S.getprotobyname(name as unknown as string))])).toEqual(
        names.map((name, i) => [name, theirs[2][i]]),
      );
    });
  },
);
