// NetSem's rules of UDP, each with a case of our own.

import { SIOCATMARK } from '../../src/kernel/constants/ioctl.ts';
import {
  AF_UNSPEC,
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SO_ACCEPTCONN,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from '../../src/kernel/constants/socket.ts';
import { unpackSockaddr } from '../../src/kernel/structs/sockaddr.ts';
import * as sys from '../../src/syscalls.ts';
import {
  address,
  at,
  hostOf,
  must,
  nameOf,
  nonblocking,
  option,
  peerOf,
  pendingError,
  portOf,
  received,
  said,
  sent,
  sentTo,
  setOption,
  shut,
  timeout,
} from './netsem-kernels.ts';
import { agrees, type Case, differs } from './netsem-rule.ts';

const connect = (fd: number, to: Uint8Array) => said(sys.connect(fd, to));
const unspecified = new Uint8Array(16);
new DataView(unspecified.buffer).setUint16(0, AF_UNSPEC, true);
const recv = (fd: number, flags = 0) => sys.recv(fd, new Uint8Array(10), flags);

/** recvfrom(): the bytes and whom they are from; or the errno. */
function receivedFrom(fd: number, flags = 0, size = 100): unknown {
  const buffer = Buffer.alloc(size);
  const [addr, addrlen] = [new Uint8Array(16), Int32Array.of(16)];
  const n = sys.recvfrom(fd, buffer, flags, addr, addrlen);
  if (n < 0) return said(n);
  const from = addrlen[0] === 0 ? null : (unpackSockaddr(Buffer.from(addr), 16) as unknown[]).join(':');
  return [buffer.toString('latin1', 0, n), from];
}

export const datagramCases: readonly Case[] = [
  {
    rules: {
      accept_7: agrees('EOPNOTSUPP of a UDP socket.'),
      listen_7: agrees('EOPNOTSUPP of a UDP socket.'),
      getsocklistening_2: agrees('SO_ACCEPTCONN of a UDP socket is 0.'),
    },
    run(kernel) {
      const fds = [kernel.udp(), kernel.bound(kernel.udp())];
      return fds.map((fd) => [
        said(sys.accept(fd, null, null)),
        said(sys.listen(fd, 1)),
        option(fd, SOL_SOCKET, SO_ACCEPTCONN),
      ]);
    },
    expected: [
      ['EOPNOTSUPP', 'EOPNOTSUPP', 0],
      ['EOPNOTSUPP', 'EOPNOTSUPP', 0],
    ],
  },
  {
    rules: { close_10: agrees('The last descriptor of a UDP socket: it is gone, and its port is free.') },
    run(kernel) {
      const [one, other] = kernel.udpPair();
      const port = portOf(other);
      return {
        closed: kernel.close(other),
        sent: [sent(one, 'x'), sent(one, 'x')],
        bound: said(sys.bind(kernel.udp(), at('127.0.0.1', port))),
      };
    },
    expected: { closed: 0, sent: [1, 'ECONNREFUSED'], bound: 0 },
  },
  {
    rules: {
      connect_7: agrees(
        'A socket without addresses gets the peer’s, its own that packets to the peer leave from, and an ephemeral port if it has none. A port 0 of the peer is none.',
      ),
      connect_8: agrees(
        'One that has addresses gets another peer; others may have the same addresses as it (Linux).',
      ),
    },
    run(kernel) {
      const [fd, second, same] = [kernel.udp(), kernel.bound(kernel.udp()), kernel.udp()];
      const [to, next] = [at('127.0.0.1', 1009), at('127.0.0.1', 1010)];
      const first = [connect(fd, to), peerOf(fd), hostOf(fd), portOf(fd) !== 0];
      const own = nameOf(fd);
      const again = [connect(fd, next), peerOf(fd), nameOf(fd) === own];
      must(setOption(second, SOL_SOCKET, SO_REUSEADDR, 1));
      must(setOption(same, SOL_SOCKET, SO_REUSEADDR, 1));
      must(sys.bind(same, address(second)));
      return {
        first,
        again,
        same: [connect(second, to), connect(same, to)],
        portZero: [connect(fd, at('127.0.0.1', 0)), peerOf(fd)],
      };
    },
    expected: {
      first: [0, '127.0.0.1:1009', '127.0.0.1', true],
      again: [0, '127.0.0.1:1010', true],
      same: [0, 0],
      portZero: [0, 'ENOTCONN'],
    },
  },
  {
    rules: {
      disconnect_1: differs(
        'connect() to AF_UNSPEC takes the peer’s address away, and the own; the port stays.',
        'What was asked for in bind() stays, the address too; an ephemeral port is given back.',
      ),
      disconnect_2: differs('A socket without addresses gets an ephemeral port by it.', 'It gets none.'),
      disconnect_3: differs(
        'EAGAIN, EADDRNOTAVAIL or ENOBUFS where no ephemeral port is free.',
        'It succeeds, for it takes none.',
      ),
    },
    run(kernel) {
      const port = kernel.freePort(SOCK_DGRAM);
      const asked = kernel.bound(kernel.udp(), '127.0.0.1', port);
      const any = kernel.bound(kernel.udp(), '0.0.0.0', kernel.freePort(SOCK_DGRAM));
      const [bound, auto, fresh] = [kernel.bound(kernel.udp()), kernel.udp(), kernel.udp()];
      for (const fd of [asked, any, bound, auto]) must(connect(fd, at('127.0.0.1', 1009)));
      const portless = kernel.portless(SOCK_DGRAM);
      return {
        results: [asked, any, bound, auto, fresh, portless].map((fd) => connect(fd, unspecified)),
        peers: [asked, any, bound, auto].map(peerOf),
        asked: nameOf(asked) === `127.0.0.1:${port}`,
        any: [hostOf(any), portOf(any) !== 0],
        others: [bound, auto, fresh].map(nameOf),
      };
    },
    expected: {
      results: [0, 0, 0, 0, 0, 0],
      peers: ['ENOTCONN', 'ENOTCONN', 'ENOTCONN', 'ENOTCONN'],
      asked: true,
      any: ['0.0.0.0', true],
      others: ['127.0.0.1:0', '0.0.0.0:0', '0.0.0.0:0'],
    },
  },
  {
    rules: {
      recv_11: agrees(
        'Returns the oldest datagram and whom it is from; what does not fit is lost. MSG_PEEK leaves it.',
      ),
    },
    run(kernel) {
      const [one, other] = kernel.udpPair();
      const own = nameOf(one);
      for (const data of ['first', 'second', '', 'last']) must(sent(one, data));
      const results = [
        receivedFrom(other, MSG_PEEK, 3),
        receivedFrom(other, 0, 3),
        receivedFrom(other),
        receivedFrom(other),
        receivedFrom(other),
      ];
      return results.map((one) => {
        const [data, from] = one as [string, string];
        return [data, from === own];
      });
    },
    expected: [
      ['fir', true],
      ['fir', true],
      ['second', true],
      ['', true],
      ['last', true],
    ],
  },
  {
    rules: {
      recv_12: differs(
        'A blocking call waits where there is no datagram; a socket without a port gets an ephemeral one by it.',
        'It gets none.',
      ),
    },
    run(kernel) {
      const [bound, fresh] = [kernel.bound(kernel.udp()), kernel.udp()];
      for (const fd of [bound, fresh]) timeout(fd, 30);
      return [bound, fresh].map((fd) => [kernel.waited(0.03, () => recv(fd)), portOf(fd) !== 0]);
    },
    expected: [
      [['EAGAIN', true], true],
      [['EAGAIN', true], false],
    ],
  },
  {
    rules: { recv_13: agrees('EAGAIN instead of waiting, with O_NONBLOCK or MSG_DONTWAIT.') },
    run(kernel) {
      const [one, other] = [kernel.bound(kernel.udp(SOCK_NONBLOCK)), kernel.bound(kernel.udp())];
      return [said(recv(one)), said(recv(other, MSG_DONTWAIT)), said(recv(kernel.udp(SOCK_NONBLOCK)))];
    },
    expected: ['EAGAIN', 'EAGAIN', 'EAGAIN'],
  },
  {
    rules: {
      recv_14: differs(
        'EAGAIN, EADDRNOTAVAIL or ENOBUFS where the socket has no port and no ephemeral one is free.',
        'It takes no port, and waits.',
      ),
    },
    run(kernel) {
      const fd = kernel.portless(SOCK_DGRAM);
      timeout(fd, 30);
      return kernel.waited(0.03, () => recv(fd));
    },
    expected: ['EAGAIN', true],
  },
  {
    rules: { recv_15: agrees('A call that waits returns the datagram that comes, or as much as fits.') },
    run(kernel) {
      const [one, other] = kernel.udpPair();
      kernel.later(0.03, 'send', one, Buffer.from('hello'), 0);
      const whole = kernel.waited(0.03, () => recv(other));
      kernel.later(0.03, 'send', one, Buffer.from('hello'), 0);
      return [
        whole,
        kernel.waited(0.03, () => sys.recv(other, new Uint8Array(2), 0)),
        said(recv(other, MSG_DONTWAIT)),
      ];
    },
    expected: [[5, true], [2, true], 'EAGAIN'],
  },
  {
    rules: {
      recv_17: differs(
        'Where reading was shut down and no datagram is left it returns 0.',
        'So where it might wait; with O_NONBLOCK or MSG_DONTWAIT it is EAGAIN.',
      ),
      shutdown_2: agrees(
        'Of a socket with a peer: SHUT_RD ends reading, SHUT_WR writing; what is unread stays.',
      ),
    },
    run(kernel) {
      const [one, other] = kernel.udpPair();
      must(sent(one, 'unread'));
      const result = shut(other, SHUT_RD);
      const read = [received(other), received(other), received(other, MSG_DONTWAIT)];
      must(sent(one, 'later'));
      return {
        result,
        read,
        later: [received(other), received(other)],
        writes: [sent(other, 'x'), shut(other, SHUT_WR), sent(other, 'x'), shut(other, SHUT_RDWR)],
      };
    },
    expected: { result: 0, read: ['unread', '', 'EAGAIN'], later: ['later', ''], writes: [1, 0, 'EPIPE', 0] },
  },
  {
    rules: {
      recv_24: differs(
        'Fails with the pending error and takes it; MSG_PEEK leaves it. On Linux a socket without a peer gets one, too.',
        'MSG_PEEK takes it, too; without a peer there is none, unless IP_RECVERR is set (not exercised).',
      ),
    },
    run(kernel) {
      const [refused, peeked, alone] = [kernel.refusedUdp(), kernel.refusedUdp(), kernel.bound(kernel.udp())];
      must(sentTo(alone, 'x', at('127.0.0.1', kernel.freePort(SOCK_DGRAM))));
      return {
        refused: [said(recv(refused)), said(recv(refused, MSG_DONTWAIT))],
        peeked: [said(recv(peeked, MSG_PEEK)), said(recv(peeked, MSG_DONTWAIT))],
        alone: [said(recv(alone, MSG_DONTWAIT)), pendingError(alone)],
      };
    },
    expected: {
      refused: ['ECONNREFUSED', 'EAGAIN'],
      peeked: ['ECONNREFUSED', 'EAGAIN'],
      alone: ['EAGAIN', 0],
    },
  },
  {
    rules: {
      send_9: agrees(
        'Sends a datagram, to the address that is given, else to the peer; a socket without a port gets an ephemeral one.',
      ),
    },
    run(kernel) {
      const [one, other] = kernel.udpPair();
      const [third, fresh] = [kernel.bound(kernel.udp()), kernel.udp()];
      const results = [
        sent(one, 'peer'),
        sentTo(one, 'third', address(third)),
        sentTo(fresh, 'fresh', address(third)),
        sentTo(fresh, '', address(third)),
      ];
      return {
        results,
        other: received(other),
        third: [received(third), received(third), received(third)],
        fresh: [hostOf(fresh), portOf(fresh) !== 0],
      };
    },
    expected: {
      results: [4, 5, 5, 0],
      other: 'peer',
      third: ['third', 'fresh', ''],
      fresh: ['0.0.0.0', true],
    },
  },
  {
    rules: {
      send_12: differs(
        'ENOTCONN where there is neither a peer nor an address; on Linux a socket without a port gets an ephemeral one first.',
        'EDESTADDRREQ; it does get the port.',
      ),
    },
    run(kernel) {
      const fd = kernel.udp();
      return [sent(fd, 'x'), portOf(fd) !== 0, sent(kernel.bound(kernel.udp()), 'x')];
    },
    expected: ['EDESTADDRREQ', true, 'EDESTADDRREQ'],
  },
  {
    rules: { send_13: agrees('EMSGSIZE for more than 65,507 bytes.') },
    run(kernel) {
      const [one] = kernel.udpPair();
      return [65_507, 65_508, 100_000].map((n) => said(sys.send(one, new Uint8Array(n), 0)));
    },
    expected: [65_507, 'EMSGSIZE', 'EMSGSIZE'],
  },
  {
    rules: { send_14: agrees('EAGAIN where the socket has no port and no ephemeral one is free.') },
    run: (kernel) => sentTo(kernel.portless(SOCK_DGRAM), 'x', at('127.0.0.1', 1009)),
    expected: 'EAGAIN',
  },
  {
    rules: { send_18: agrees('EOPNOTSUPP with MSG_OOB; MSG_PEEK is ignored.') },
    run(kernel) {
      const [one, other] = kernel.udpPair();
      return [sent(one, 'x', MSG_OOB), sent(one, 'x', MSG_PEEK), received(other)];
    },
    expected: ['EOPNOTSUPP', 1, 'x'],
  },
  {
    rules: { send_22: agrees('EPIPE where writing was shut down.') },
    run(kernel) {
      const [one, other] = kernel.udpPair();
      must(shut(one, SHUT_WR));
      return [sent(one, 'x'), sentTo(one, 'x', address(other))];
    },
    expected: ['EPIPE', 'EPIPE'],
  },
  {
    rules: { send_23: agrees('Fails with the pending error, and takes it.') },
    run(kernel) {
      const fd = kernel.refusedUdp();
      nonblocking(fd);
      return [sent(fd, 'x'), pendingError(fd), sent(fd, 'x'), sent(fd, 'x')];
    },
    expected: ['ECONNREFUSED', 0, 1, 'ECONNREFUSED'],
  },
  {
    rules: {
      shutdown_4: agrees(
        'ENOTCONN of a socket without a peer; reading and writing are shut down all the same.',
      ),
    },
    run(kernel) {
      const [fd, other] = [kernel.bound(kernel.udp()), kernel.bound(kernel.udp())];
      return [shut(fd), sentTo(fd, 'x', address(other)), said(recv(fd)), shut(kernel.udp(), SHUT_RD)];
    },
    expected: ['ENOTCONN', 'EPIPE', 0, 'ENOTCONN'],
  },
  {
    rules: {
      sockatmark_2: differs('EINVAL of a UDP socket.', 'It is ENOTTY.'),
    },
    run: (kernel) => said(sys.ioctl(kernel.udp(), SIOCATMARK, new Int32Array(1))),
    expected: 'ENOTTY',
  },
];
