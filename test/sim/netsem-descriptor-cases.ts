// NetSem's rules of descriptors, names, options and pselect(), and of what all calls have in common, each with a case
// of our own.

import { F_DUPFD, F_GETFL, F_SETFL, O_ASYNC, O_NONBLOCK } from '../../src/kernel/constants/fcntl.ts';
import { SIOCATMARK } from '../../src/kernel/constants/ioctl.ts';
import {
  SHUT_RD,
  SHUT_WR,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_BSDCOMPAT,
  SO_DONTROUTE,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_OOBINLINE,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_SNDBUF,
  SO_SNDLOWAT,
  SO_SNDTIMEO,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from '../../src/kernel/constants/socket.ts';
import * as sys from '../../src/syscalls.ts';
import {
  address,
  at,
  fdSet,
  hostOf,
  isNonblocking,
  isSet,
  type Kernel,
  linger,
  MAX_DESCRIPTORS,
  must,
  nameOf,
  nonblocking,
  option,
  peerOf,
  pendingError,
  portOf,
  ready,
  received,
  said,
  sent,
  setOption,
  shut,
  timespec,
} from './netsem-kernels.ts';
import { agrees, type Case, differs } from './netsem-rule.ts';

const set = (fd: number, name: number, ...value: number[]) => setOption(fd, SOL_SOCKET, name, ...value);
const get = (fd: number, name: number) => option(fd, SOL_SOCKET, name);
const NONE = MAX_DESCRIPTORS - 1;

const booleans = {
  SO_REUSEADDR,
  SO_KEEPALIVE,
  SO_OOBINLINE,
  SO_DONTROUTE,
  SO_BROADCAST,
};

/** A time option, as [seconds, microseconds]; or SO_LINGER's [on, seconds]. */
function time(fd: number, name: number): unknown {
  if (name === SO_LINGER) {
    const value = new Int32Array(2);
    must(sys.getsockopt(fd, SOL_SOCKET, name, value, Int32Array.of(8)));
    return [...value];
  }
  const value = new BigInt64Array(2);
  must(sys.getsockopt(fd, SOL_SOCKET, name, value, Int32Array.of(16)));
  return [...value].map(Number);
}
const setTime = (fd: number, name: number, seconds: bigint, micros: bigint) =>
  said(sys.setsockopt(fd, SOL_SOCKET, name, BigInt64Array.of(seconds, micros)));

/** The calls that take a descriptor, of each what it says of one. */
function everyCall(fd: number): Record<string, string | number> {
  const [addr, len] = [new Uint8Array(16), Int32Array.of(16)];
  const value = new Int32Array(1);
  const calls: Record<string, () => number> = {
    accept: () => sys.accept(fd, null, null),
    bind: () => sys.bind(fd, at('127.0.0.1', 0)),
    connect: () => sys.connect(fd, at('127.0.0.1', 9)),
    disconnect: () => sys.connect(fd, new Uint8Array(16)),
    getpeername: () => sys.getpeername(fd, addr, len),
    getsockname: () => sys.getsockname(fd, addr, len),
    getsockopt: () => sys.getsockopt(fd, SOL_SOCKET, SO_ERROR, value, Int32Array.of(4)),
    listen: () => sys.listen(fd, 1),
    recv: () => sys.recv(fd, addr, 0),
    recvfrom: () => sys.recvfrom(fd, addr, 0, null, null),
    send: () => sys.send(fd, addr, 0),
    sendto: () => sys.sendto(fd, addr, 0, null),
    setsockopt: () => sys.setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, value),
    shutdown: () => sys.shutdown(fd, SHUT_WR),
  };
  return Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, said(call())]));
}
const socketCalls = [
  'accept',
  'bind',
  'connect',
  'disconnect',
  'getpeername',
  'getsockname',
  'getsockopt',
  'listen',
  'recv',
  'recvfrom',
  'send',
  'sendto',
  'setsockopt',
  'shutdown',
];
const all = (answer: string) => Object.fromEntries(socketCalls.map((name) => [name, answer]));

const atMark = (fd: number) => {
  const value = Int32Array.of(-1);
  const result = sys.ioctl(fd, SIOCATMARK, value);
  return result < 0 ? said(result) : value[0];
};

function datagramEvents(kernel: Kernel): Record<string, string | number> {
  const [one, other] = kernel.udpPair();
  must(sent(one, 'x'));
  const [shutDown] = kernel.udpPair();
  must(shut(shutDown));
  return {
    udp: ready(one),
    udpDatagram: ready(other),
    udpShutDown: ready(shutDown),
    udpError: ready(kernel.refusedUdp()),
  };
}

function events(kernel: Kernel): Record<string, string | number> {
  const [client, conn, listener] = kernel.connection();
  const idle = ready(client);
  must(sent(conn, 'x'));
  const [lowWater, writer] = kernel.connection();
  must(set(lowWater, SO_RCVLOWAT, 5));
  must(sent(writer, 'four'));
  const [ended, ending] = kernel.connection();
  must(shut(ending, SHUT_WR));
  const [stuffed] = kernel.stuffedConnection();
  const shutForReading = kernel.connection()[0];
  must(shut(shutForReading, SHUT_RD));
  const empty = ready(listener);
  kernel.client(listener);
  return {
    idle,
    bytes: ready(client),
    lowWater: ready(lowWater),
    peerHasEnded: ready(ended),
    shutForWriting: ready(ending),
    shutForReading: ready(shutForReading),
    full: ready(stuffed),
    listener: empty,
    queue: ready(listener),
    closed: ready(kernel.tcp()),
    connecting: ready(kernel.connecting()),
    error: ready(kernel.resetConnection()),
    ...datagramEvents(kernel),
  };
}

export const descriptorCases: readonly Case[] = [
  {
    rules: { dup_1: agrees('The lowest free descriptor leads to the same open file, flags and all.') },
    run(kernel) {
      const first = kernel.tcp();
      const second = kernel.opened(sys.dup(first));
      nonblocking(second);
      return [second === first + 1, isNonblocking(first), kernel.close(first), ready(second)];
    },
    expected: [true, true, 0, 'rw'],
  },
  {
    rules: { dup_2: agrees('EMFILE without a free descriptor.') },
    run: (kernel) => kernel.atLimit(() => sys.dup(0)),
    expected: 'EMFILE',
  },
  {
    rules: { dupfd_1: agrees('F_DUPFD: the lowest free descriptor that is not below n.') },
    run(kernel) {
      const fd = kernel.tcp();
      const made = [100, 100, 0].map((n) => kernel.opened(sys.fcntl(fd, F_DUPFD, n)));
      return [made[0], made[1], made[2] === fd + 1];
    },
    expected: [100, 101, true],
  },
  {
    rules: { dupfd_3: agrees('EINVAL for an n below 0, or beyond the limit.') },
    run: (kernel) => {
      const fd = kernel.tcp();
      return [-1, MAX_DESCRIPTORS, MAX_DESCRIPTORS + 1].map((n) => said(sys.fcntl(fd, F_DUPFD, n)));
    },
    expected: ['EINVAL', 'EINVAL', 'EINVAL'],
  },
  {
    rules: { dupfd_4: agrees('EMFILE where no descriptor from n on is free.') },
    run(kernel) {
      const fd = kernel.tcp();
      const last = kernel.opened(sys.fcntl(fd, F_DUPFD, MAX_DESCRIPTORS - 1));
      return [last, said(sys.fcntl(fd, F_DUPFD, MAX_DESCRIPTORS - 1))];
    },
    expected: [MAX_DESCRIPTORS - 1, 'EMFILE'],
  },
  {
    rules: {
      getfileflags_1: agrees('F_GETFL gives the flags of the open file: O_NONBLOCK and O_ASYNC.'),
      setfileflags_1: agrees('F_SETFL sets those that are given, and takes the others away.'),
    },
    run(kernel) {
      const [plain, born] = [kernel.tcp(), kernel.tcp(SOCK_NONBLOCK)];
      const flags = (fd: number) => sys.fcntl(fd, F_GETFL, 0) & (O_NONBLOCK | O_ASYNC);
      const both = sys.fcntl(plain, F_SETFL, O_NONBLOCK | O_ASYNC);
      const [first, second] = [flags(plain), sys.fcntl(plain, F_SETFL, O_ASYNC)];
      return [flags(born), both, first, second, flags(plain), sys.fcntl(plain, F_SETFL, 0), flags(plain)];
    },
    expected: [O_NONBLOCK, 0, O_NONBLOCK | O_ASYNC, 0, O_ASYNC, 0, 0],
  },
  {
    rules: {
      getpeername_1: differs(
        "The peer's address: of a connection, also after either end's FIN; but not where both reading is shut down and the peer has acknowledged our FIN.",
        'There, too.',
      ),
      getpeername_2: agrees(
        'ENOTCONN of a socket that has no peer, connects, listens, or whose connection has ended.',
      ),
    },
    run(kernel) {
      const [client, conn, listener] = kernel.connection();
      const is = (fd: number, other: number) => peerOf(fd) === nameOf(other);
      const established = [is(client, conn), is(conn, client)];
      must(shut(client, SHUT_WR));
      const half = [is(client, conn), is(conn, client)];
      must(shut(client, SHUT_RD));
      const finWait2 = is(client, conn);
      must(shut(conn, SHUT_WR));
      return {
        established,
        half,
        finWait2,
        ended: [peerOf(client), peerOf(conn)],
        others: [kernel.tcp(), listener, kernel.connecting(), kernel.resetConnection()].map(peerOf),
      };
    },
    expected: {
      established: [true, true],
      half: [true, true],
      finWait2: true,
      ended: ['ENOTCONN', 'ENOTCONN'],
      others: ['ENOTCONN', 'ENOTCONN', 'ENOTCONN', 'ENOTCONN'],
    },
  },
  {
    rules: {
      getsockname_1: agrees("The socket's own address, as far as it has one."),
    },
    run(kernel) {
      const [client, conn, listener] = kernel.connection();
      const any = kernel.bound(kernel.tcp(), '0.0.0.0');
      return {
        fresh: nameOf(kernel.tcp()),
        any: hostOf(any),
        hasPort: portOf(any) !== 0,
        listener: hostOf(listener),
        conn: nameOf(conn) === nameOf(listener),
        client: hostOf(client),
      };
    },
    expected: {
      fresh: '0.0.0.0:0',
      any: '0.0.0.0',
      hasPort: true,
      listener: '127.0.0.1',
      conn: true,
      client: '127.0.0.1',
    },
  },
  {
    rules: {
      getsockbopt_1: agrees('The value of an option that is on or off, of TCP and of UDP.'),
      setsockbopt_1: differs(
        'Sets it: SO_REUSEADDR, SO_KEEPALIVE, SO_OOBINLINE, SO_DONTROUTE, SO_BSDCOMPAT (and SO_BROADCAST, which NetSem lacks).',
        'SO_BSDCOMPAT stays off, though setting it succeeds.',
      ),
    },
    run(kernel) {
      const results: Record<string, unknown> = {};
      for (const [name, number] of Object.entries(booleans)) {
        const fds = [kernel.tcp(), kernel.udp()];
        results[name] = fds.map((fd) => [
          get(fd, number),
          set(fd, number, 7),
          get(fd, number),
          set(fd, number, 0),
          get(fd, number),
        ]);
      }
      const fd = kernel.tcp();
      return { ...results, SO_BSDCOMPAT: [set(fd, SO_BSDCOMPAT!, 1), get(fd, SO_BSDCOMPAT!)] };
    },
    expected: {
      ...Object.fromEntries(
        Object.keys(booleans).map((name) => [
          name,
          [
            [0, 0, 1, 0, 0],
            [0, 0, 1, 0, 0],
          ],
        ]),
      ),
      SO_BSDCOMPAT: [0, 0],
    },
  },
  {
    rules: {
      getsocknopt_1: agrees('The value of SO_SNDBUF, SO_RCVBUF, SO_SNDLOWAT, SO_RCVLOWAT.'),
      setsocknopt_1: differs(
        'Sets a number; what is below the least or above the greatest becomes that: a send buffer of 2048 to 131070, a receive buffer of 256 to 131070.',
        'Buffers become twice what is asked for, at least 4608 and 2304; their greatest are the system’s (net.core.wmem_max), and not shown here. SO_RCVLOWAT of 0 is 1; it is at most half of the receive buffer.',
      ),
      setsocknopt_4: agrees('SO_SNDLOWAT cannot be set: ENOPROTOOPT. It is 1.'),
    },
    run(kernel) {
      const fd = kernel.tcp();
      const both = (name: number, value: number) => [set(fd, name, value), get(fd, name)];
      const big = [SO_SNDBUF, SO_RCVBUF].map((name) => both(name, 20_000));
      return {
        lowWater: [get(fd, SO_RCVLOWAT), get(fd, SO_SNDLOWAT)],
        big,
        least: [SO_SNDBUF, SO_RCVBUF].map((name) => [...both(name, 0), ...both(name, 1)]),
        greatest: both(SO_RCVLOWAT, 2 ** 30),
        negative: both(SO_RCVLOWAT, -1),
        zero: both(SO_RCVLOWAT, 0),
        five: both(SO_RCVLOWAT, 5),
        sndLowWater: both(SO_SNDLOWAT, 5),
      };
    },
    expected: {
      lowWater: [1, 1],
      big: [
        [0, 40_000],
        [0, 40_000],
      ],
      least: [
        [0, 4608, 0, 4608],
        [0, 2304, 0, 2304],
      ],
      greatest: [0, 1152],
      negative: [0, 1152],
      zero: [0, 1],
      five: [0, 5],
      sndLowWater: ['ENOPROTOOPT', 1],
    },
  },
  {
    rules: {
      getsocktopt_1: agrees('The value of SO_RCVTIMEO, SO_SNDTIMEO, SO_LINGER; none is 0.'),
      setsocktopt_1: agrees('Sets it; none, or 0, is for ever.'),
      setsocktopt_5: differs(
        'EDOM for a time that is too long.',
        'A long time is for ever, and with one below 0 no call waits; EDOM is for microseconds that are none.',
      ),
    },
    run(kernel) {
      const fd = kernel.udp();
      const names = [SO_RCVTIMEO, SO_SNDTIMEO];
      const before = [...names, SO_LINGER].map((name) => time(fd, name));
      const set5 = names.map((name) => [setTime(fd, name, 5n, 240_000n), time(fd, name)]);
      const lingers = [[set(fd, SO_LINGER, 1, 3), time(fd, SO_LINGER)], [set(fd, SO_LINGER, 0, 9)]];
      const [waiting] = kernel.connection();
      must(setTime(waiting, SO_RCVTIMEO, -1n, 0n));
      const negative = [
        kernel.waited(10, () => sys.recv(waiting, new Uint8Array(1), 0)),
        time(waiting, SO_RCVTIMEO),
      ];
      const long = names.map((name) => [setTime(fd, name, 2n ** 62n, 0n), time(fd, name)]);
      const invalid = names.map((name) => [1_000_000n, -1n].map((micros) => setTime(fd, name, 1n, micros)));
      return { before, set5, lingers, off: (time(fd, SO_LINGER) as number[])[0], long, negative, invalid };
    },
    expected: {
      before: [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
      set5: [
        [0, [5, 240_000]],
        [0, [5, 240_000]],
      ],
      lingers: [[0, [1, 3]], [0]],
      off: 0,
      long: [
        [0, [0, 0]],
        [0, [0, 0]],
      ],
      negative: [
        ['EAGAIN', false],
        [0, 0],
      ],
      invalid: [
        ['EDOM', 'EDOM'],
        ['EDOM', 'EDOM'],
      ],
    },
  },
  {
    rules: {
      getsockerr_1: agrees('SO_ERROR without a pending error: 0.'),
      getsockerr_2: agrees('With one: that, which is taken.'),
    },
    run(kernel) {
      const [client] = kernel.connection();
      const refused = kernel.tcp(SOCK_NONBLOCK);
      sys.connect(refused, at('127.0.0.1', kernel.freePort()));
      const reset = kernel.resetConnection();
      return [kernel.tcp(), client, refused, reset].map((fd) => [pendingError(fd), pendingError(fd)]);
    },
    expected: [
      [0, 0],
      [0, 0],
      ['ECONNREFUSED', 0],
      ['ECONNRESET', 0],
    ],
  },
  {
    rules: { getsocklistening_1: agrees('SO_ACCEPTCONN: whether a TCP socket listens.') },
    run(kernel) {
      const [client, , listener] = kernel.connection();
      return [kernel.tcp(), client, listener].map((fd) => get(fd, SO_ACCEPTCONN));
    },
    expected: [0, 0, 1],
  },
  {
    rules: { sockatmark_1: agrees('SIOCATMARK: whether urgent data begins here; without any: no.') },
    run(kernel) {
      const [client, conn] = kernel.connection();
      must(sent(conn, 'x'));
      return [atMark(client), atMark(conn)];
    },
    expected: [0, 0],
  },
  {
    rules: {
      pselect_1: differs(
        'Returns at once what is ready. Readable: as many bytes as SO_RCVLOWAT, an end, a queue, an error, a closed socket. Writable: space, an error, a closed socket; not one that was shut down for writing; UDP always.',
        'Where writing was shut down it is writable.',
      ),
    },
    run: events,
    expected: {
      idle: 'w',
      bytes: 'rw',
      lowWater: 'w',
      peerHasEnded: 'rw',
      shutForWriting: 'w',
      shutForReading: 'rw',
      full: '',
      listener: '',
      queue: 'r',
      closed: 'rw',
      connecting: '',
      error: 'rw',
      udp: 'w',
      udpDatagram: 'rw',
      udpShutDown: 'rw',
      udpError: 'rw',
    },
  },
  {
    rules: {
      pselect_2: agrees('Waits where nothing is ready.'),
      pselect_3: agrees('Returns when something becomes ready, or the time is over.'),
    },
    run(kernel) {
      const [client, conn] = kernel.connection();
      const wait = () => sys.pselect(client + 1, fdSet(client), null, null, timespec(5), null);
      const late = kernel.waited(0.03, () =>
        sys.pselect(client + 1, fdSet(client), null, null, timespec(0.03), null),
      );
      kernel.later(0.03, 'send', conn, Buffer.from('x'), 0);
      const readable = kernel.waited(0.03, wait);
      must(received(client) === 'x' ? 0 : -1);
      kernel.later(0.03, 'shutdown', conn, SHUT_WR);
      return {
        late,
        readable,
        ended: kernel.waited(0.03, wait),
        none: sys.pselect(0, null, null, null, timespec(0), null),
      };
    },
    expected: { late: [0, true], readable: [1, true], ended: [1, true], none: 0 },
  },
  {
    rules: {
      pselect_4: differs(
        'EINVAL for a time with seconds or nanoseconds below 0, or more than 1,000,000,000 nanoseconds.',
        'Also for just as many.',
      ),
    },
    run: () =>
      [
        [-1n, 0n],
        [0n, -1n],
        [0n, 1_000_000_001n],
        [0n, 1_000_000_000n],
        [0n, 999n],
      ].map((time) => said(sys.pselect(0, null, null, null, BigInt64Array.from(time), null))),
    expected: ['EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 0],
  },
  {
    rules: {
      pselect_5: differs(
        'EINVAL for a descriptor that is not below FD_SETSIZE, 1024.',
        'The kernel takes sets of any size; a number of descriptors below 0 is EINVAL.',
      ),
    },
    run(kernel) {
      const client = kernel.tcp();
      const set = fdSet(client);
      const result = sys.pselect(4096, set, null, null, timespec(0), null);
      return [result, isSet(set, client), said(sys.pselect(-1, null, null, null, timespec(0), null))];
    },
    expected: [1, true, 'EINVAL'],
  },
  {
    rules: { pselect_6: agrees('EBADF where a set has a descriptor that is not open; before a wait.') },
    run(kernel) {
      const client = kernel.tcp();
      const dead = kernel.tcp();
      kernel.close(dead);
      const results = [0, 1, 2].map((which) => {
        const sets = [0, 1, 2].map((i) => (i === which ? fdSet(client, dead) : null));
        return said(sys.pselect(dead + 1, sets[0], sets[1], sets[2], timespec(0), null));
      });
      return results;
    },
    expected: ['EBADF', 'EBADF', 'EBADF'],
  },
  {
    rules: { badf_1: agrees('EBADF of every call for a descriptor that is not open.') },
    run: () => ({
      ...everyCall(NONE),
      dup: said(sys.dup(NONE)),
      close: said(sys.close(NONE)),
      F_DUPFD: said(sys.fcntl(NONE, F_DUPFD, 0)),
      F_GETFL: said(sys.fcntl(NONE, F_GETFL, 0)),
      F_SETFL: said(sys.fcntl(NONE, F_SETFL, 0)),
      sockatmark: atMark(NONE),
    }),
    expected: {
      ...all('EBADF'),
      ...Object.fromEntries(
        ['dup', 'close', 'F_DUPFD', 'F_GETFL', 'F_SETFL', 'sockatmark'].map((name) => [name, 'EBADF']),
      ),
    },
  },
  {
    rules: { notsock_1: agrees('ENOTSOCK of every call for sockets, for a descriptor that is none.') },
    run(kernel) {
      const fds = new Int32Array(2);
      must(sys.pipe(fds));
      const [reader] = [...fds].map((fd) => kernel.opened(fd));
      return everyCall(reader);
    },
    expected: all('ENOTSOCK'),
  },
  {
    rules: {
      intr_1: differs(
        'A call that waits fails with EINTR when a signal is caught: accept, connect, recv, send, pselect, and a lingering close.',
        'A lingering close() returns 0, and so it does when its time is over. After EINTR the handshake of a connect() goes on.',
      ),
    },
    run(kernel) {
      const [stuffed] = kernel.stuffedConnection();
      const [lingering] = kernel.stuffedConnection();
      linger(lingering, 20);
      const connecting = kernel.tcp();
      const full = address(kernel.fullListener());
      const results = {
        accept: kernel.interrupted(() => sys.accept(kernel.listener(), null, null)),
        connect: kernel.interrupted(() => sys.connect(connecting, full)),
        recv: kernel.interrupted(() => sys.recv(stuffed, Buffer.alloc(1), 0)),
        send: kernel.interrupted(() => sys.send(stuffed, Buffer.from('x'), 0)),
        pselect: kernel.interrupted(() =>
          sys.pselect(stuffed + 1, fdSet(stuffed), null, null, timespec(20), null),
        ),
        close: kernel.waited(20, () => kernel.interrupted(() => kernel.close(lingering) as number)),
      };
      nonblocking(connecting);
      return { ...results, connecting: said(sys.connect(connecting, full)) };
    },
    expected: {
      accept: 'EINTR',
      connect: 'EINTR',
      recv: 'EINTR',
      send: 'EINTR',
      pselect: 'EINTR',
      close: [0, false],
      connecting: 'EALREADY',
    },
  },
];
