// The acceptor that every loop has, under every error that accept may report.

import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as errno from '../../src/kernel/errno.ts';
import { Acceptor } from '../../src/programs/serving/acceptor.ts';
import { type Connection, Connections } from '../../src/programs/serving/connections.ts';
import { osError } from '../../src/python/errors.ts';
import { EVENT_READ } from '../../src/selectors.ts';
import {
  type InetAddress,
  packLinger,
  SO_LINGER_SECONDS,
  SOL_SOCKET,
  type Socket,
  socket,
} from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { isLinux } from '../support/platform.ts';

let server: Socket;
let client: Socket;

beforeEach(() => {
  server = socket();
  server.bind(['127.0.0.1', 0]);
  server.listen();
  client = socket();
});
afterEach(() => {
  sys.interpose(null);
  server.close();
  client.close();
});

/**
 * Answers accept in turn, then as the kernel does; keeps off stderr what is warned of, and returns it.
 */
function answering(...answers: number[]): () => string {
  let warned = '';
  sys.interpose((name, call, args) => {
    if (name === 'write') {
      warned += Buffer.from(args[1] as Uint8Array).toString();
      return (args[1] as Uint8Array).length;
    }
    return (name === 'accept' || name === 'accept4' ? answers.shift() : undefined) ?? call(...args);
  });
  return () => warned;
}

describe('an acceptor', () => {
  test('accepts a client, with its address', () => {
    using acceptor = new Acceptor();
    client.connect(server.getsockname() as InetAddress);
    const [accepted, address] = acceptor.accept(server)!;
    expect(address).toEqual(client.getsockname());
    accepted.close();
  });

  test('turns away a client whose descriptor is beyond the limit', () => {
    using acceptor = new Acceptor(3);
    client.connect(server.getsockname() as InetAddress);
    const warned = answering();
    expect(acceptor.accept(server)).toBeNull();
    expect(warned()).toMatch(/beyond the loop's reach/);
    expect(client.recv(1)).toHaveLength(0);
  });

  test.each([
    'EAGAIN',
    'ECONNABORTED',
    'EPROTO',
    'ENETDOWN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ETIMEDOUT',
    'EPROTONOSUPPORT',
    'ESOCKTNOSUPPORT',
  ] as const)('takes %s for no client, and accepts the next one (H2, H23)', (name) => {
    using acceptor = new Acceptor();
    client.connect(server.getsockname() as InetAddress);
    answering(-errno[name]);
    expect(acceptor.accept(server)).toBeNull();
    acceptor.accept(server)![0].close();
  });

  test.each(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'ENOSR'] as const)(
    'turns the client away on %s, so that the loop does not spin (H22)',
    (name) => {
      using acceptor = new Acceptor();
      client.connect(server.getsockname() as InetAddress);
      const warned = answering(-errno[name]);
      expect(acceptor.accept(server)).toBeNull();
      expect(warned()).toMatch(new RegExp(`turned a client away: accept ${name}`));
      expect(client.recv(1)).toHaveLength(0);
    },
  );

  test('stands still for a moment, and logs one line, when the reserve does not help either', () => {
    using acceptor = new Acceptor();
    client.connect(server.getsockname() as InetAddress);
    const warned = answering(...Array(10).fill(-errno.ENFILE));
    const pauses: unknown[] = [];
    const detach = sys.attach((name, call) => {
      if (name !== 'select') return call;
      return (...args) => {
        pauses.push(args[0]);
        return 0;
      };
    });
    for (let i = 0; i < 5; i++) expect(acceptor.accept(server)).toBeNull();
    detach();
    expect(pauses).toEqual([0, 0, 0, 0, 0]);
    expect(warned()).toMatch(/^rfds server: a client waits: accept ENFILE, [^\n]*\n$/);
    acceptor.accept(server)![0].close();
  });

  test.each([
    ['ENOMEM', 'select'],
    ['EAGAIN', 'select'],
    ['EAGAIN', 'poll'],
  ] as const)(
    'stands still, and logs one line, when %s of %s leaves no client to turn away',
    (name, call) => {
      using acceptor = new Acceptor();
      const warned = answering();
      const pauses: unknown[] = [];
      const detach = sys.attach((made, beneath) => {
        if (made !== 'select') return beneath;
        return (...args) => {
          pauses.push(args[0]);
          return 0;
        };
      });
      for (let i = 0; i < 5; i++) acceptor.dropLast([server], osError(-errno[name], call));
      detach();
      expect(pauses).toEqual([0, 0, 0, 0, 0]);
      expect(warned()).toBe(`rfds server: no client to turn away: ${call} ${name}\n`);
    },
  );

  test('leaves a wait that failed for another reason to the caller', () => {
    using acceptor = new Acceptor();
    for (const [name, call] of [
      ['EBADF', 'select'],
      ['EAGAIN', 'accept'],
    ] as const) {
      const error = osError(-errno[name], call);
      expect(() => acceptor.dropLast([server], error)).toThrow(error);
    }
  });

  test('knows who a client was that has reset the connection', () => {
    using acceptor = new Acceptor();
    client.connect(server.getsockname() as InetAddress);
    const [host, port] = client.getsockname() as InetAddress;
    const [accepted] = acceptor.accept(server)!;
    client.setsockopt(SOL_SOCKET, SO_LINGER_SECONDS, packLinger(true, 0));
    client.close();
    expect(acceptor.peerOf(accepted)).toBe(`${host}:${port}`);
    accepted.close();
  });

  test('does not wait on EMFILE when the queue is empty', () => {
    using acceptor = new Acceptor();
    const warned = answering(-errno.EMFILE);
    expect(acceptor.accept(server)).toBeNull();
    expect(warned()).toMatch(/EMFILE/);
  });

  test('leaves an error of the listener itself to the caller', () => {
    using acceptor = new Acceptor();
    answering(-errno.EINVAL);
    expect(() => acceptor.accept(server)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  });
});

describe.skipIf(!isLinux)('a connection table that cannot listen (needs /proc)', () => {
  const descriptors = () => readdirSync('/proc/self/fd').length;

  test.each(['socket', 'setsockopt', 'bind', 'listen'])(
    'leaves no descriptor open when %s fails',
    (failing) => {
      const before = descriptors();
      sys.interpose((name, call, args) => (name === failing ? -errno.ENOBUFS : call(...args)));
      expect(() => new Connections('127.0.0.1', 0, () => {})).toThrow(
        expect.objectContaining({ code: 'ENOBUFS' }),
      );
      sys.interpose(null);
      expect(descriptors()).toBe(before);
    },
  );
});

describe('a connection table', () => {
  let connections: Connections;
  let clients: Socket[];
  let register: (connection: Connection) => void;
  let detach: () => void;

  beforeEach(() => {
    detach = sys.attach((name, call) =>
      name === 'write' ? (_fd, _buf, _offset, length) => length as number : call,
    );
    register = () => {};
    connections = new Connections('127.0.0.1', 0, (connection) => register(connection));
    clients = [];
  });
  afterEach(() => {
    for (const client of clients) client.close();
    connections.close();
    detach();
  });

  const connect = (n: number) => {
    for (let i = 0; i < n; i++) {
      clients.push(socket());
      clients.at(-1)!.connect(connections.address);
    }
  };
  const listenerIsReady = () => connections.onReady(connections.server_socket.fileno(), EVENT_READ);

  test('accepts all clients that wait, at most 64 for an event', () => {
    let accepted = 0;
    register = () => accepted++;
    connect(100);
    listenerIsReady();
    expect(accepted).toBe(64);
    listenerIsReady();
    expect(accepted).toBe(100);
  });

  test.each(['ENOSPC', 'ENOMEM'] as const)('closes a client that cannot be registered (%s)', (name) => {
    connect(2);
    register = (connection) => {
      if (connection.interest !== 0) throw osError(-errno[name], 'epoll_ctl');
    };
    expect(listenerIsReady).not.toThrow();
    for (const client of clients) expect(client.recv(1)).toHaveLength(0);
  });

  test.each(['ENOMEM', 'EAGAIN'] as const)(
    'outlives a wait that failed with %s: without a client it stands still, with one it drops that',
    (name) => {
      const error = osError(-errno[name], 'poll');
      connections.onWaitError(error);
      connect(1);
      listenerIsReady();
      connections.onWaitError(error);
      expect(clients[0].recv(1)).toHaveLength(0);
    },
  );

  test('leaves an error that is no shortage to the caller', () => {
    connect(1);
    register = () => {
      throw osError(-errno.EBADF, 'epoll_ctl');
    };
    expect(listenerIsReady).toThrow(expect.objectContaining({ code: 'EBADF' }));
  });
});
