// NetSem's rules of recv(), send() and shutdown() of TCP, each with a case of our own.

import {
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  MSG_WAITALL,
  SHUT_RD,
  SHUT_WR,
  SO_RCVLOWAT,
  SO_SNDTIMEO,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from '../../src/kernel/constants/socket.ts';
import * as sys from '../../src/syscalls.ts';
import {
  address,
  at,
  linger,
  must,
  nonblocking,
  pendingError,
  received,
  said,
  sent,
  setOption,
  shut,
  timeout,
} from './netsem-kernels.ts';
import { agrees, type Case, differs } from './netsem-rule.ts';

const recv = (fd: number, flags = 0) => sys.recv(fd, Buffer.alloc(10), flags);

const chunk = Buffer.alloc(1_000_000);
const hello = Buffer.from('hello');

export const transferCases: readonly Case[] = [
  {
    rules: {
      recv_1: differs(
        'Returns the bytes that are there, at most as many as asked for; with MSG_WAITALL only all of them, unless MSG_PEEK, which leaves them, is set, too. Of an end that the peer, or shutdown(), has closed it returns what is left, and 0 then.',
        'MSG_PEEK with MSG_WAITALL waits for all bytes.',
      ),
    },
    run(kernel) {
      const [client, conn] = kernel.connection();
      must(sent(client, 'abcdef'));
      const [fresh] = kernel.connection();
      must(shut(fresh, SHUT_RD));
      const parts = [
        received(conn, MSG_PEEK, 2),
        received(conn, 0, 2),
        received(conn, MSG_PEEK | MSG_WAITALL, 4),
        received(conn, MSG_WAITALL, 4),
      ];
      must(sent(client, 'end'));
      timeout(conn, 30);
      const peeks = kernel.waited(0.03, () => recv(conn, MSG_PEEK | MSG_WAITALL));
      must(shut(client, SHUT_WR));
      return {
        parts,
        peeks,
        nothing: recv(fresh),
        end: [received(conn, MSG_WAITALL), received(conn), received(conn)],
        none: said(sys.recv(conn, new Uint8Array(0), 0)),
      };
    },
    expected: {
      parts: ['ab', 'ab', 'cdef', 'cdef'],
      peeks: [3, true],
      nothing: 0,
      end: ['end', '', ''],
      none: 0,
    },
  },
  {
    rules: {
      recv_2: agrees(
        'A blocking call waits where fewer bytes are there than SO_RCVLOWAT, or than were asked for with MSG_WAITALL; so it does while the handshake lasts.',
      ),
    },
    run(kernel) {
      const [client, conn] = kernel.connection();
      const [connecting, low] = [kernel.connecting(0), kernel.connection()];
      for (const fd of [conn, connecting, low[1]]) timeout(fd, 30);
      const empty = kernel.waited(0.03, () => recv(conn));
      must(sent(client, 'abc'));
      must(setOption(low[1], SOL_SOCKET, SO_RCVLOWAT, 5));
      must(sent(low[0], 'abc'));
      return {
        empty,
        whole: kernel.waited(0.03, () => recv(conn, MSG_WAITALL)),
        connecting: kernel.waited(0.03, () => recv(connecting)),
        lowWater: kernel.waited(0.03, () => recv(low[1])),
      };
    },
    expected: {
      empty: ['EAGAIN', true],
      whole: [3, true],
      connecting: ['EAGAIN', true],
      lowWater: [3, true],
    },
  },
  {
    rules: {
      recv_3: agrees('A call that waits returns the bytes that come, or 0 at the end of the stream.'),
    },
    run(kernel) {
      const [client, conn] = kernel.connection();
      kernel.later(0.03, 'send', client, hello, 0);
      const first = kernel.waited(0.03, () => recv(conn));
      kernel.later(0.03, 'send', client, hello, 0);
      kernel.later(0.04, 'send', client, hello, 0);
      const whole = kernel.waited(0.04, () => recv(conn, MSG_WAITALL));
      kernel.later(0.03, 'shutdown', client, SHUT_WR);
      return [first, whole, kernel.waited(0.03, () => recv(conn))];
    },
    expected: [
      [5, true],
      [10, true],
      [0, true],
    ],
  },
  {
    rules: {
      recv_4: agrees(
        'EAGAIN instead of waiting, with O_NONBLOCK or MSG_DONTWAIT; also while the handshake lasts, and of an end that has shut down writing.',
      ),
    },
    run(kernel) {
      const [client, conn] = kernel.connection();
      nonblocking(client);
      const results = [recv(client), recv(conn, MSG_DONTWAIT), recv(kernel.connecting())].map(said);
      must(shut(client, SHUT_WR));
      return [...results, said(recv(client))];
    },
    expected: ['EAGAIN', 'EAGAIN', 'EAGAIN', 'EAGAIN'],
  },
  {
    rules: {
      recv_6: agrees('MSG_OOB without urgent data is EINVAL. (With urgent data: out of scope.)'),
    },
    run(kernel) {
      const [client, conn] = kernel.connection();
      must(sent(client, 'x'));
      return said(recv(conn, MSG_OOB));
    },
    expected: 'EINVAL',
  },
  {
    rules: { recv_7: agrees('ENOTCONN of a socket that listens or is closed.') },
    run: (kernel) =>
      [kernel.tcp(), kernel.bound(kernel.tcp()), kernel.listener()].map((fd) => said(recv(fd))),
    expected: ['ENOTCONN', 'ENOTCONN', 'ENOTCONN'],
  },
  {
    rules: {
      recv_8: differs(
        'Fails with the pending error where it has no bytes to return, and takes it; MSG_PEEK leaves it.',
        'MSG_PEEK takes it, too.',
      ),
    },
    run(kernel) {
      const [client, conn] = kernel.connection();
      must(sent(conn, 'x'));
      must(sent(client, 'unread'));
      kernel.close(conn); // With unread bytes: a reset, behind the byte.
      const refused = kernel.tcp(SOCK_NONBLOCK);
      sys.connect(refused, at('127.0.0.1', kernel.freePort()));
      const peeked = kernel.resetConnection();
      const [ended, ending] = kernel.connection();
      must(shut(ending, SHUT_WR));
      kernel.reset(ending);
      return {
        behindEnd: [received(ended), pendingError(ended), received(ended)],
        results: [kernel.resetConnection()].map((fd) => [said(recv(fd)), received(fd)]),
        behindBytes: [received(client), received(client), received(client)],
        refused: [said(recv(refused)), received(refused)],
        peeked: [said(recv(peeked, MSG_PEEK)), received(peeked)],
      };
    },
    expected: {
      behindEnd: ['', 'EPIPE', ''],
      results: [['ECONNRESET', '']],
      behindBytes: ['x', 'ECONNRESET', ''],
      refused: ['ECONNREFUSED', ''],
      peeked: ['ECONNRESET', ''],
    },
  },
  {
    rules: { recv_8a: agrees('A call that waits fails with the error that comes.') },
    run(kernel) {
      const [client, conn] = kernel.connection();
      const connecting = kernel.tcp(SOCK_NONBLOCK);
      linger(conn, 0);
      kernel.later(0.03, 'connect', conn, new Uint8Array(16)); // AF_UNSPEC: resets.
      must(connecting);
      return [kernel.waited(0.03, () => recv(client)), pendingError(client), received(client)];
    },
    expected: [['ECONNRESET', true], 0, ''],
  },
  {
    rules: {
      send_1: agrees(
        'Takes bytes into the send queue as far as they fit, and returns at once; also where the peer has sent FIN. Fewer than given only where it must not wait.',
      ),
    },
    run(kernel) {
      const [client, conn] = kernel.connection();
      must(shut(conn, SHUT_WR));
      const [stuffed] = kernel.smallConnection();
      const n = sys.send(stuffed, chunk, MSG_DONTWAIT);
      return {
        result: sent(client, 'hello'),
        came: received(conn),
        isPart: n > 0 && n < chunk.length,
        none: said(sys.send(client, new Uint8Array(0), 0)),
      };
    },
    expected: { result: 5, came: 'hello', isPart: true, none: 0 },
  },
  {
    rules: {
      send_2: agrees('A blocking call waits for space; also while the handshake lasts.'),
    },
    run(kernel) {
      const [client] = kernel.stuffedConnection();
      const connecting = kernel.connecting(0);
      for (const fd of [client, connecting]) timeout(fd, 30, SO_SNDTIMEO);
      return {
        full: kernel.waited(0.03, () => sys.send(client, hello, 0)),
        connecting: kernel.waited(0.03, () => sys.send(connecting, hello, 0)),
      };
    },
    expected: { full: ['EAGAIN', true], connecting: ['EAGAIN', true] },
  },
  {
    rules: {
      send_3: agrees('A call that waits returns when all bytes are in the send queue.'),
      send_3a: agrees('While it waits, bytes go into the queue as there is space.'),
    },
    run(kernel) {
      const [client, conn] = kernel.smallConnection();
      kernel.later(0.03, 'drain', conn);
      const result = kernel.waited(0.03, () => sys.send(client, chunk, 0));
      must(shut(client, SHUT_WR));
      const [other] = kernel.smallConnection();
      timeout(other, 30, SO_SNDTIMEO);
      const [part, waited] = kernel.waited(0.03, () => sys.send(other, chunk, 0));
      return { result, isPart: Number(part) > 0 && Number(part) < chunk.length, waited };
    },
    expected: { result: [chunk.length, true], isPart: true, waited: true },
  },
  {
    rules: {
      send_4: agrees(
        'EAGAIN instead of waiting, with O_NONBLOCK or MSG_DONTWAIT; also while the handshake lasts.',
      ),
    },
    run(kernel) {
      const [client] = kernel.stuffedConnection();
      const dontWait = sent(client, 'x', MSG_DONTWAIT);
      nonblocking(client);
      return [dontWait, sent(client, 'x'), sent(kernel.connecting(), 'x')];
    },
    expected: ['EAGAIN', 'EAGAIN', 'EAGAIN'],
  },
  {
    rules: { send_5: agrees('Fails with the pending error, and takes it.') },
    run(kernel) {
      const [reset, refused] = [kernel.resetConnection(), kernel.tcp(SOCK_NONBLOCK)];
      sys.connect(refused, at('127.0.0.1', kernel.freePort()));
      return [reset, refused].map((fd) => [sent(fd, 'x'), pendingError(fd), sent(fd, 'x')]);
    },
    expected: [
      ['ECONNRESET', 0, 'EPIPE'],
      ['ECONNREFUSED', 0, 'EPIPE'],
    ],
  },
  {
    rules: { send_5a: agrees('A call that waits fails with the error that comes.') },
    run(kernel) {
      const [client, conn] = kernel.stuffedConnection();
      kernel.later(0.03, 'connect', conn, new Uint8Array(16)); // AF_UNSPEC: resets.
      return [kernel.waited(0.03, () => sys.send(client, hello, sys.MSG_NOSIGNAL!)), sent(client, 'x')];
    },
    expected: [['ECONNRESET', true], 'EPIPE'],
  },
  {
    rules: { send_6: agrees('EPIPE of a socket that is closed or listens.') },
    run: (kernel) => [kernel.tcp(), kernel.bound(kernel.tcp()), kernel.listener()].map((fd) => sent(fd, 'x')),
    expected: ['EPIPE', 'EPIPE', 'EPIPE'],
  },
  {
    rules: {
      send_7: agrees('EPIPE where writing was shut down: at once, or while a call waits.'),
    },
    run(kernel) {
      const [client] = kernel.connection();
      must(shut(client, SHUT_WR));
      const [waiting] = kernel.stuffedConnection();
      kernel.later(0.03, 'shutdown', waiting, SHUT_WR);
      return [sent(client, 'x'), kernel.waited(0.03, () => sys.send(waiting, hello, sys.MSG_NOSIGNAL!))];
    },
    expected: ['EPIPE', ['EPIPE', true]],
  },
  {
    rules: {
      send_8: differs(
        'EOPNOTSUPP with MSG_PEEK or MSG_WAITALL.',
        'The flags are ignored, and the bytes are sent.',
      ),
    },
    run(kernel) {
      const [client, conn] = kernel.connection();
      return [sent(client, 'a', MSG_PEEK), sent(client, 'b', MSG_WAITALL), received(conn)];
    },
    expected: [1, 1, 'ab'],
  },
  {
    rules: {
      shutdown_1: differs(
        'Of a connection: SHUT_RD drops what is unread and ends reading, SHUT_WR sends FIN and ends writing.',
        'What is unread stays, and what still comes is received.',
      ),
    },
    run(kernel) {
      const [client, conn] = kernel.connection();
      must(sent(client, 'unread'));
      const reading = [shut(conn, SHUT_RD), received(conn), received(conn)];
      const later = [sent(client, 'later'), received(conn), received(conn)];
      const writing = [shut(conn, SHUT_WR), received(client), sent(conn, 'x')];
      return { reading, later, writing, again: [shut(client), shut(client)] };
    },
    expected: {
      reading: [0, 'unread', ''],
      later: [5, 'later', ''],
      writing: [0, '', 'EPIPE'],
      again: [0, 'ENOTCONN'],
    },
  },
  {
    rules: {
      shutdown_3: differs(
        'ENOTCONN of a socket that is not ESTABLISHED.',
        'So of a closed one, and of one that both ends have shut down. One end may still shut down after the other; SHUT_RD ends listening, SHUT_WR of a listener does nothing, and both give up a handshake. What fails with ENOTCONN still shuts down, a later connection, too.',
      ),
    },
    run(kernel) {
      const [client, conn] = kernel.connection();
      must(shut(client, SHUT_WR));
      const second = shut(conn, SHUT_WR);
      const [reading, writing] = [kernel.listener(), kernel.listener()];
      const [connecting, other] = [kernel.connecting(), kernel.connecting()];
      const to = address(kernel.listener());
      const marked = kernel.tcp();
      return {
        closed: [shut(kernel.tcp()), shut(kernel.bound(kernel.tcp()))],
        marked: [
          shut(marked),
          received(marked),
          said(sys.connect(marked, to)),
          received(marked),
          sent(marked, 'x'),
        ],
        second,
        ended: [shut(client), shut(conn)],
        listeners: [shut(reading, SHUT_RD), shut(reading, SHUT_RD), shut(writing, SHUT_WR)],
        listens: [reading, writing].map((fd) => said(sys.connect(kernel.tcp(), address(fd)))),
        connecting: [shut(connecting, SHUT_RD), said(sys.connect(connecting, to))],
        other: [shut(other, SHUT_WR), said(sys.connect(other, to))],
      };
    },
    expected: {
      closed: ['ENOTCONN', 'ENOTCONN'],
      marked: ['ENOTCONN', '', 0, '', 'EPIPE'],
      second: 0,
      ended: ['ENOTCONN', 'ENOTCONN'],
      listeners: [0, 'ENOTCONN', 0],
      listens: ['ECONNREFUSED', 0],
      connecting: [0, 'EINPROGRESS'],
      other: [0, 'EINPROGRESS'],
    },
  },
];
