// The door that every loop lets clients in by, under every error that accept may report.

import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as errno from '../../src/kernel/errno.ts';
import { Doorkeeper } from '../../src/programs/serving/acceptor.ts';
import { Conversations } from '../../src/programs/serving/connections.ts';
import { type InetAddress, type Socket, socket } from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';

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

describe('a doorkeeper', () => {
  test('lets a client in, with its address', () => {
    using doorkeeper = new Doorkeeper();
    client.connect(server.getsockname() as InetAddress);
    const [accepted, address] = doorkeeper.accept(server)!;
    expect(address).toEqual(client.getsockname());
    accepted.close();
  });

  test('turns away a client whose descriptor is beyond the limit', () => {
    using doorkeeper = new Doorkeeper(3);
    client.connect(server.getsockname() as InetAddress);
    const warned = answering();
    expect(doorkeeper.accept(server)).toBeNull();
    expect(warned()).toMatch(/beyond the loop's reach/);
    expect(client.recv(1)).toHaveLength(0);
  });

  test.each(['EAGAIN', 'ECONNABORTED', 'EPROTO', 'ENETDOWN', 'EHOSTUNREACH', 'ENETUNREACH'] as const)(
    'takes %s for nobody, and lets the next one in (H2, H23)',
    (name) => {
      using doorkeeper = new Doorkeeper();
      client.connect(server.getsockname() as InetAddress);
      answering(-errno[name]);
      expect(doorkeeper.accept(server)).toBeNull();
      doorkeeper.accept(server)![0].close();
    },
  );

  test.each(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'] as const)(
    'turns the client away on %s, so that the loop does not spin (H22)',
    (name) => {
      using doorkeeper = new Doorkeeper();
      client.connect(server.getsockname() as InetAddress);
      const warned = answering(-errno[name]);
      expect(doorkeeper.accept(server)).toBeNull();
      expect(warned()).toMatch(new RegExp(`turned a client away: accept ${name}`));
      expect(client.recv(1)).toHaveLength(0);
    },
  );

  test('does not wait on EMFILE when nobody is there', () => {
    using doorkeeper = new Doorkeeper();
    const warned = answering(-errno.EMFILE);
    expect(doorkeeper.accept(server)).toBeNull();
    expect(warned()).toMatch(/EMFILE/);
  });

  test('leaves what is wrong with the listener to the caller', () => {
    using doorkeeper = new Doorkeeper();
    answering(-errno.EINVAL);
    expect(() => doorkeeper.accept(server)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  });
});

describe.skipIf(process.platform !== 'linux')('conversations that cannot begin (needs /proc)', () => {
  const descriptors = () => readdirSync('/proc/self/fd').length;

  test.each(['socket', 'setsockopt', 'bind', 'listen'])(
    'leave no descriptor behind when %s fails',
    (failing) => {
      const before = descriptors();
      sys.interpose((name, call, args) => (name === failing ? -errno.ENOBUFS : call(...args)));
      expect(() => new Conversations('127.0.0.1', 0, () => {})).toThrow(
        expect.objectContaining({ code: 'ENOBUFS' }),
      );
      sys.interpose(null);
      expect(descriptors()).toBe(before);
    },
  );
});
