// How long a Socket's calls wait, what runs meanwhile, and what a signal's handler may do to what they wait for.

import { afterEach, describe, expect, test } from 'vitest';
import { TimeoutError } from '../../src/python/errors.ts';
import { epoll } from '../../src/select.ts';
import { SIG_IGN, SIGUSR1, signal } from '../../src/signal.ts';
import * as S from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { withAlarms } from '../support/alarms.ts';
import { isLinux } from '../support/platform.ts';
import { kept, listener, pair, tcpPair, udpPair } from '../support/sockets.ts';

afterEach(() => sys.interpose(null));

describe.skipIf(!isLinux)('a timeout holds where poll says ready and the call does not', () => {
  const seconds = 0.2;
  function timesOut(call: () => unknown): void {
    const begin = performance.now();
    expect(call).toThrow(TimeoutError);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(seconds * 1000 - 1);
  }

  test('recv of a UDP socket after shutdown', () => {
    const { server, client } = udpPair();
    client.connect(server.getsockname());
    client.shutdown(S.SHUT_RD);
    client.settimeout(seconds);
    timesOut(() => client.recv(1));
  });

  test('recvmsg of an error queue, with data but no error', () => {
    const { server, client } = udpPair();
    client.sendto(Buffer.from('x'), server.getsockname());
    server.settimeout(seconds);
    timesOut(() => server.recvmsg(1, 64, sys.MSG_ERRQUEUE));
  });

  test('sendto of a UNIX datagram to a receiver whose queue is full', () => {
    const receiver = kept(S.socket(S.AF_UNIX, S.SOCK_DGRAM));
    receiver.bind('');
    const sender = kept(S.socket(S.AF_UNIX, S.SOCK_DGRAM));
    sender.setblocking(false);
    const send = () => sender.sendto(Buffer.from('x'), receiver.getsockname());
    expect(() => {
      for (;;) send();
    }).toThrow(expect.objectContaining({ code: 'EAGAIN' }));
    sender.settimeout(seconds);
    timesOut(send);
  });
});

describe('the handler of a pending signal', () => {
  afterEach(() => {
    signal(SIGUSR1, SIG_IGN);
  });

  test.each<[string, (sock: S.Socket<unknown>, data: Buffer) => void]>([
    ['sendall', (sock, data) => sock.sendall(data)],
    ["a file's write", (sock, data) => void kept(sock.makefile('wb')).write(data)],
  ])('runs between the sends of %s', (_, write) => {
    const { client } = tcpPair();
    const order: string[] = [];
    signal(SIGUSR1, () => order.push('handler'));
    sys.interpose((name, call, args) => {
      if (name !== 'send') return call(...args);
      order.push('send');
      // A signal cuts the first short.
      if (order.length === 1) process.kill(process.pid, 'SIGUSR1');
      return order.length === 1 ? 100_000 : call(...args);
    });
    write(client, Buffer.alloc(200_000));
    expect(order.slice(0, 3)).toEqual(['send', 'handler', 'send']);
  });

  test.skipIf(!isLinux)(
    'may close the epoll that it interrupted: another of that number is not asked',
    () => {
      const [near, far] = pair();
      far.send(Buffer.from('x'));
      const polled = epoll();
      const fd = polled.fileno();
      withAlarms(
        (count) => {
          if (count > 1) return;
          polled.close();
          const another = kept(epoll());
          expect(another.fileno()).toBe(fd);
          another.register(near);
        },
        () => {
          expect(() => polled.poll(5)).toThrow(expect.objectContaining({ code: 'EBADF' }));
        },
      );
    },
  );

  const connection = () => pair()[0];
  test.each<[string, () => S.Socket<unknown>, (sock: S.Socket<unknown>) => unknown]>([
    ['recv', connection, (sock) => sock.recv(1)],
    ['recv_into', connection, (sock) => sock.recv_into(new Uint8Array(1))],
    ['recvfrom', connection, (sock) => sock.recvfrom(1)],
    ['recvmsg', connection, (sock) => sock.recvmsg(1)],
    ['sendall', connection, (sock) => sock.sendall(Buffer.alloc(10_000_000))],
    ['accept', listener, (sock) => sock.accept()],
  ])(
    'may close the socket whose %s it interrupted: another of that number is not waited for',
    (_, make, call) => {
      const sock = make();
      const fd = sock.fileno();
      sock.settimeout(5);
      withAlarms(
        (count) => {
          if (count > 1) return;
          sock.close();
          const [another, peer] = pair();
          expect([another.fileno(), peer.fileno()]).toContain(fd);
        },
        () => {
          expect(() => call(sock)).toThrow(expect.objectContaining({ code: 'EBADF' }));
        },
      );
    },
  );

  test('may close the socket whose connect it interrupted, which is not waited for then', () => {
    const sock = kept(S.socket());
    sock.settimeout(5);
    signal(SIGUSR1, () => sock.close());
    let waits = 0;
    sys.interpose((name, call, args) => {
      if (name === 'connect') return -sys.EINPROGRESS;
      if (name !== 'poll') return call(...args);
      waits++;
      process.kill(process.pid, 'SIGUSR1');
      return -sys.EINTR;
    });
    expect(() => sock.connect(['127.0.0.1', 1])).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(waits).toBe(1);
  });
});
