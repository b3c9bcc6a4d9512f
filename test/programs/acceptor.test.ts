// The acceptor that every loop has, under every error that accept may report.

import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as errno from '../../src/kernel/errno.ts';
import { Acceptor } from '../../src/programs/serving/acceptor.ts';
import { Connections } from '../../src/programs/serving/connections.ts';
import { type InetAddress, type Socket, socket } from '../../src/socket.ts';
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

  test.each(['EAGAIN', 'ECONNABORTED', 'EPROTO', 'ENETDOWN', 'EHOSTUNREACH', 'ENETUNREACH'] as const)(
    'takes %s for no client, and accepts the next one (H2, H23)',
    (name) => {
      using acceptor = new Acceptor();
      client.connect(server.getsockname() as InetAddress);
      answering(-errno[name]);
      expect(acceptor.accept(server)).toBeNull();
      acceptor.accept(server)![0].close();
    },
  );

  test.each(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'] as const)(
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
