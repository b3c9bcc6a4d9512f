// CPython's test_socket: create_connection (NetworkConnection*, ContextManagersTest) and create_server
// (CreateServerTest, CreateServerFunctionalTest). Each test bears the name of its case.

import { afterEach, describe, expect, test } from 'vitest';
import { ECONNREFUSED, EINPROGRESS } from '../../src/kernel/errno.ts';
import { ConnectionRefusedError, OSError, TimeoutError } from '../../src/python/errors.ts';
import {
  AF_INET,
  AF_INET6,
  create_connection,
  create_server,
  getaddrinfo,
  has_dualstack_ipv6,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_REUSEPORT,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  setdefaulttimeout,
  socket,
} from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { isLinux } from '../support/platform.ts';
import { addressOf, bound, kept, listener, MSG, peer, withCode } from '../support/sockets.ts';

afterEach(() => {
  sys.interpose(null);
  setdefaulttimeout(null);
});

/** A port that nobody listens at. */
function closedPort(): number {
  const sock = bound();
  const [, port] = addressOf(sock);
  sock.close();
  return port;
}
// By the machine, where a host has IPv6 addresses too that lead nowhere.
const refusals = ['ECONNREFUSED', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENETUNREACH', 'EHOSTUNREACH'];

describe('where nobody listens', () => {
  test('NetworkConnectionNoServer.test_connect: connect is ECONNREFUSED', () => {
    const port = closedPort();
    const error = {
      code: 'ECONNREFUSED',
      address: '127.0.0.1',
      port,
      message: `connect ECONNREFUSED 127.0.0.1:${port}`,
    };
    expect(() => kept(socket()).connect(['127.0.0.1', port])).toThrow(expect.objectContaining(error));
    expect(kept(socket()).connect_ex(['127.0.0.1', port])).toBe(ECONNREFUSED);
    const patient = kept(socket());
    patient.settimeout(10);
    expect(() => patient.connect(['127.0.0.1', port])).toThrow(ConnectionRefusedError);
  });

  test('NetworkConnectionNoServer.test_create_connection: create_connection keeps the errno', () => {
    expect(() => create_connection(['localhost', closedPort()])).toThrow(
      expect.objectContaining({ code: expect.toSatisfy((code) => refusals.includes(code)) }),
    );
    expect(() => create_connection(['127.0.0.1', closedPort()])).toThrow(withCode('ECONNREFUSED'));
  });

  test('NetworkConnectionNoServer.test_create_connection_all_errors: or has an error for each address', () => {
    const port = closedPort();
    const addresses = getaddrinfo('localhost', port, 0, SOCK_STREAM);
    const all = { all_errors: true };
    let caught: unknown;
    try {
      create_connection(['localhost', port], undefined, null, all);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(AggregateError);
    const { errors } = caught as AggregateError;
    expect(errors).toHaveLength(addresses.length);
    for (const error of errors) expect(error).toBeInstanceOf(OSError);
  });

  test('NetworkConnectionNoServer.test_create_connection_timeout: a timeout stays a TimeoutError', () => {
    const server = listener();
    sys.interpose((name, call, args) => {
      if (name === 'connect') return -EINPROGRESS;
      return name === 'poll' ? 0 : call(...args);
    });
    expect(() => create_connection(addressOf(server), 10)).toThrow(TimeoutError);
    expect(() => create_connection(addressOf(server), 10)).toThrow('timed out');
  });
});

describe('create_connection', () => {
  const connected = (...rest: [timeout?: number | null, source?: [string, number]]) => {
    const server = listener();
    const client = kept(create_connection(addressOf(server), ...rest));
    return { server, client, conn: kept(server.accept()[0]) };
  };

  test('NetworkConnectionAttributesTest.testFamily: is of the family of the address', () => {
    expect(connected(30).client.family).toBe(AF_INET);
  });

  test('NetworkConnectionAttributesTest.testSourceAddress: comes from the address that is asked for', () => {
    const port = closedPort();
    const { client, conn } = connected(30, ['127.0.0.1', port]);
    expect(addressOf(client)).toEqual(['127.0.0.1', port]);
    expect(conn.getpeername()).toEqual(['127.0.0.1', port]);
  });

  test('NetworkConnectionAttributesTest.testTimeoutDefault: has the default timeout', () => {
    const server = listener();
    setdefaulttimeout(42);
    expect(kept(create_connection(addressOf(server))).gettimeout()).toBe(42);
  });

  test('NetworkConnectionAttributesTest.testTimeoutNone: unless null is given', () => {
    const server = listener();
    setdefaulttimeout(30);
    expect(kept(create_connection(addressOf(server), null)).gettimeout()).toBeNull();
  });

  test('NetworkConnectionAttributesTest.testTimeoutValueNamed: or a number', () => {
    const timeout = 30;
    expect(connected(timeout).client.gettimeout()).toBe(30);
  });

  test('NetworkConnectionAttributesTest.testTimeoutValueNonamed: which is the second argument', () => {
    expect(kept(create_connection(addressOf(listener()), 30)).gettimeout()).toBe(30);
  });

  // The peer answers late: as late as it is told to.
  const lateServer = (ms: number) => `
    const server = S.socket(-1, -1, -1, data.fd);
    const [conn] = server.accept();
    server.detach();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${ms});
    try { conn.sendall(Buffer.from('done!')); } catch {}
    conn.close();
    return true;`;

  test('NetworkConnectionBehaviourTest.testInsideTimeout: without a timeout it waits for a late answer', async () => {
    const server = listener();
    const answered = peer(lateServer(300), { fd: server.fileno() });
    const client = kept(create_connection(addressOf(server)));
    expect(client.recv(5).toString()).toBe('done!');
    await answered;
  });

  test('NetworkConnectionBehaviourTest.testOutsideTimeout: with one it does not', async () => {
    // Nobody accepts, let alone answers: the kernel takes the connection all the same.
    const client = kept(create_connection(addressOf(listener()), 0.2));
    expect(() => client.recv(5)).toThrow(TimeoutError);
  });

  const echo = `
    const server = S.socket(-1, -1, -1, data.fd);
    const [conn] = server.accept();
    server.detach();
    for (let message = conn.recv(1024); message.length > 0; message = conn.recv(1024)) conn.sendall(message);
    conn.close();
    return true;`;

  test('ContextManagersTest.testCreateConnectionBase: is closed after its block', async () => {
    const server = listener();
    const echoed = peer(echo, { fd: server.fileno() });
    let seen: Socket;
    {
      using sock = create_connection(addressOf(server));
      seen = sock;
      expect(sock.fileno()).toBeGreaterThanOrEqual(0);
      sock.sendall(MSG);
      expect(sock.recv(1024)).toEqual(MSG);
    }
    expect(seen.fileno()).toBe(-1);
    await echoed;
  });

  test('ContextManagersTest.testCreateConnectionClose: may be closed inside of it, and is no more then', () => {
    using sock = create_connection(addressOf(listener()));
    sock.close();
    expect(sock.fileno()).toBe(-1);
    expect(() => sock.sendall(MSG)).toThrow(OSError);
  });

  describe('to create_server', () => {
    /** An echo through a server's socket, which a thread serves. */
    async function echoes(server: Socket, host: string): Promise<unknown> {
      const [, port] = addressOf(server);
      const echoed = peer(echo, { fd: server.fileno() });
      const client = kept(create_connection([host, port], 20));
      client.sendall(MSG);
      expect(client.recv(1024)).toEqual(MSG);
      const name = client.getsockname();
      client.close();
      await echoed;
      return name;
    }

    test('CreateServerFunctionalTest.test_tcp4: over IPv4', async () => {
      await echoes(kept(create_server(['127.0.0.1', 0])), '127.0.0.1');
    });

    test('CreateServerFunctionalTest.test_tcp6: over IPv6', async () => {
      await echoes(kept(create_server(['::1', 0], { family: AF_INET6 })), '::1');
    });

    const dualstack = () => kept(create_server(['', 0], { family: AF_INET6, dualstack_ipv6: true }));

    test('CreateServerFunctionalTest.test_dual_stack_client_v4: an IPv4 client of a server for both', async () => {
      await echoes(dualstack(), '127.0.0.1');
    });

    test('CreateServerFunctionalTest.test_dual_stack_client_v6: an IPv6 client of a server for both', async () => {
      await echoes(dualstack(), '::1');
    });
  });
});

describe('create_server', () => {
  test('CreateServerTest.test_address: is bound to the address', () => {
    const server = kept(create_server(['127.0.0.1', 0]));
    const [host, port] = addressOf(server);
    expect(host).toBe('127.0.0.1');
    expect(() => create_server(['127.0.0.1', port])).toThrow(
      `bind EADDRINUSE 127.0.0.1:${port} (while attempting to bind on address ('127.0.0.1', ${port}))`,
    );
    const server6 = kept(create_server(['::1', 0], { family: AF_INET6 }));
    expect(addressOf(server6)[0]).toBe('::1');
  });

  test('CreateServerTest.test_family_and_type: has the family asked for, and is a stream', () => {
    const server = kept(create_server(['127.0.0.1', 0]));
    expect([server.family, server.type]).toEqual([AF_INET, SOCK_STREAM]);
    const server6 = kept(create_server(['::1', 0], { family: AF_INET6 }));
    expect([server6.family, server6.type]).toEqual([AF_INET6, SOCK_STREAM]);
  });

  test('CreateServerTest.test_reuse_port: shares its port only if asked to', () => {
    const option = (reuse_port?: boolean) =>
      kept(create_server(['127.0.0.1', 0], reuse_port === undefined ? {} : { reuse_port })).getsockopt(
        SOL_SOCKET,
        SO_REUSEPORT,
      );
    expect(option()).toBe(0);
    expect(option(false)).toBe(0);
    expect(option(true)).not.toBe(0);
  });

  test('CreateServerTest.test_ipv6_only_default: serves IPv6 only', () => {
    const server = kept(create_server(['::1', 0], { family: AF_INET6 }));
    expect(server.getsockopt(IPPROTO_IPV6, IPV6_V6ONLY)).not.toBe(0);
  });

  test('CreateServerTest.test_dualstack_ipv6_family: serves both in AF_INET6 alone', () => {
    expect(has_dualstack_ipv6()).toBe(true);
    // Of every interface: bound to an address that is no IPv4 one, Linux makes it IPv6 only by itself.
    const server = kept(create_server(['', 0], { family: AF_INET6, dualstack_ipv6: true }));
    expect(server.family).toBe(AF_INET6);
    expect(server.getsockopt(IPPROTO_IPV6, IPV6_V6ONLY)).toBe(0);
    expect(() => create_server(['', 0], { dualstack_ipv6: true })).toThrow(
      new RangeError('dualstack_ipv6 requires AF_INET6 family'),
    );
  });

  test.skipIf(!isLinux)('a client of IPv4 has a mapped address (H38; ::ffff:0/96)', () => {
    const server = kept(create_server(['::', 0], { family: AF_INET6, dualstack_ipv6: true }));
    const client = kept(create_connection(['127.0.0.1', addressOf(server)[1]]));
    const [conn, address] = server.accept();
    kept(conn);
    expect(address).toEqual(['::ffff:127.0.0.1', addressOf(client)[1], 0, 0]);
  });
});
