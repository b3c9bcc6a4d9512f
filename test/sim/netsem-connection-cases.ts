// NetSem's rules of socket(), bind(), listen(), accept(), connect() and close() of TCP, each with a case of our own.

import { F_GETFD, FD_CLOEXEC } from '../../src/kernel/constants/fcntl.ts';
import {
  AF_INET,
  AF_UNSPEC,
  MSG_DONTWAIT,
  SHUT_RD,
  SHUT_WR,
  SO_REUSEADDR,
  SO_SNDTIMEO,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../src/kernel/constants/socket.ts';
import * as sys from '../../src/syscalls.ts';
import {
  address,
  at,
  hostOf,
  isNonblocking,
  linger,
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
  timeout,
} from './netsem-kernels.ts';
import { agrees, type Case, differs } from './netsem-rule.ts';

const accept = (fd: number) => sys.accept(fd, null, null);
const connect = (fd: number, to: Uint8Array) => said(sys.connect(fd, to));
const bind = (fd: number, host: string, port: number) => said(sys.bind(fd, at(host, port)));
const listen = (fd: number, backlog = 5) => said(sys.listen(fd, backlog));
const reuse = (fd: number) => {
  must(setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1));
  return fd;
};
const unspecified = new Uint8Array(16);
new DataView(unspecified.buffer).setUint16(0, AF_UNSPEC, true);

export const connectionCases: readonly Case[] = [
  {
    rules: {
      socket_1: agrees(
        'A new socket of TCP or UDP gets the lowest free descriptor; it is closed, has no addresses and its options are the defaults.',
      ),
    },
    run(kernel) {
      const [first, second] = [kernel.tcp(), kernel.udp()];
      kernel.close(first);
      const third = kernel.tcp();
      return {
        isLowestFree: third === first && second === first + 1,
        types: [option(third, SOL_SOCKET, SO_TYPE), option(second, SOL_SOCKET, SO_TYPE)],
        name: nameOf(third),
        peer: peerOf(third),
        isNonblocking: isNonblocking(third),
        closesOnExec: sys.fcntl(third, F_GETFD, 0) & FD_CLOEXEC,
        options: [option(third, SOL_SOCKET, SO_REUSEADDR), pendingError(third)],
        events: ready(third),
      };
    },
    expected: {
      isLowestFree: true,
      types: [SOCK_STREAM, SOCK_DGRAM],
      name: '0.0.0.0:0',
      peer: 'ENOTCONN',
      isNonblocking: false,
      closesOnExec: 0,
      options: [0, 0],
      events: 'rw',
    },
  },
  {
    rules: { socket_2: agrees('Without a free descriptor it fails with EMFILE.') },
    run: (kernel) =>
      [SOCK_STREAM, SOCK_DGRAM].map((type) => kernel.atLimit(() => sys.socket(AF_INET, type, 0))),
    expected: ['EMFILE', 'EMFILE'],
  },
  {
    rules: {
      accept_1: agrees(
        "The oldest of the listener's finished connections gets a descriptor with default flags and the address that the client connected to: at once, or as the result of a call that waited.",
      ),
    },
    run(kernel) {
      const listener = kernel.listener(5, SOCK_NONBLOCK);
      const clients = [kernel.client(listener), kernel.client(listener)];
      const conns = [kernel.accepted(listener), kernel.accepted(listener)];
      const blocking = kernel.listener();
      const third = kernel.tcp();
      kernel.later(0.03, 'connect', third, address(blocking));
      const start = kernel.waited(0.03, () => kernel.opened(accept(blocking)));
      return {
        inOrder: conns.map((conn, i) => peerOf(conn) === nameOf(clients[i])),
        isNonblocking: conns.map(isNonblocking),
        hasAddressOfListener: nameOf(conns[0]) === nameOf(listener),
        waited: start[1],
      };
    },
    expected: {
      inOrder: [true, true],
      isNonblocking: [false, false],
      hasAddressOfListener: true,
      waited: true,
    },
  },
  {
    rules: { accept_2: agrees('Where no connection is finished, a blocking call waits.') },
    run(kernel) {
      const listener = kernel.listener();
      timeout(listener, 30);
      return kernel.waited(0.03, () => accept(listener));
    },
    expected: ['EAGAIN', true],
  },
  {
    rules: { accept_3: agrees('Where no connection is finished, O_NONBLOCK makes it fail with EAGAIN.') },
    run: (kernel) => said(accept(kernel.listener(5, SOCK_NONBLOCK))),
    expected: 'EAGAIN',
  },
  {
    rules: {
      accept_4: differs(
        'A call that waits fails with ECONNABORTED when another thread shuts the listener down for reading or closes it.',
        'After shutdown(SHUT_RD) it is EINVAL; after close() the call keeps the socket, and gets the next connection (shown on the kernel alone: a process of the model has one thread).',
      ),
      accept_5: agrees(
        'EINVAL for a socket that does not listen: at once, or where it stops listening while the call waits.',
      ),
    },
    run(kernel) {
      const listener = kernel.listener();
      const [client, conn] = kernel.connection();
      kernel.later(0.03, 'shutdown', listener, SHUT_RD);
      return {
        waiting: kernel.waited(0.03, () => accept(listener)),
        fresh: said(accept(kernel.tcp())),
        bound: said(accept(kernel.bound(kernel.tcp()))),
        connected: [said(accept(client)), said(accept(conn))],
        connecting: said(accept(kernel.connecting())),
      };
    },
    expected: {
      waiting: ['EINVAL', true],
      fresh: 'EINVAL',
      bound: 'EINVAL',
      connected: ['EINVAL', 'EINVAL'],
      connecting: 'EINVAL',
    },
  },
  {
    rules: {
      accept_6: differs(
        'EMFILE without a free descriptor, whether or not a connection is there; a call that waits fails so when another thread takes the last one.',
        'A call that waits reserved its descriptor before (shown on the kernel alone: a process of the model has one thread).',
      ),
    },
    run(kernel) {
      const [empty, full] = [kernel.listener(5, SOCK_NONBLOCK), kernel.listener()];
      kernel.client(full);
      const results = [empty, full].map((listener) => kernel.atLimit(() => accept(listener)));
      return [...results, kernel.accepted(full) >= 0];
    },
    expected: ['EMFILE', 'EMFILE', true],
  },
  {
    rules: {
      bind_1: agrees(
        'Gives a socket an address of the host, or any, and the port that is asked for, or a free ephemeral one. Sockets of both protocols may have the same port; so may two where both have SO_REUSEADDR and neither listens.',
      ),
    },
    run(kernel) {
      const port = kernel.freePort();
      const first = kernel.tcp();
      const asked = bind(reuse(first), '127.0.0.1', port);
      const ephemeral = portOf(kernel.bound(kernel.tcp()));
      return {
        asked,
        isAsAsked: nameOf(first) === `127.0.0.1:${port}`,
        isEphemeral: ephemeral > 1023,
        any: hostOf(kernel.bound(kernel.tcp(), '0.0.0.0')),
        other: bind(kernel.tcp(), '127.0.0.2', port),
        udp: bind(kernel.udp(), '127.0.0.1', port),
        reused: bind(reuse(kernel.tcp()), '127.0.0.1', port),
      };
    },
    expected: { asked: 0, isAsAsked: true, isEphemeral: true, any: '0.0.0.0', other: 0, udp: 0, reused: 0 },
  },
  {
    rules: {
      bind_2: agrees(
        'EADDRINUSE where another socket of the protocol has the port and the same address, or either has any; SO_REUSEADDR does not help beside a listener.',
      ),
    },
    run(kernel) {
      const [listener, udp] = [kernel.bound(reuse(kernel.tcp())), kernel.bound(kernel.udp())];
      const without = bind(kernel.tcp(), '127.0.0.1', portOf(listener));
      listen(listener);
      return {
        without,
        same: bind(reuse(kernel.tcp()), '127.0.0.1', portOf(listener)),
        any: bind(reuse(kernel.tcp()), '0.0.0.0', portOf(listener)),
        udp: bind(kernel.udp(), '127.0.0.1', portOf(udp)),
        udpAny: bind(kernel.udp(), '0.0.0.0', portOf(udp)),
      };
    },
    expected: {
      without: 'EADDRINUSE',
      same: 'EADDRINUSE',
      any: 'EADDRINUSE',
      udp: 'EADDRINUSE',
      udpAny: 'EADDRINUSE',
    },
  },
  {
    rules: { bind_3: agrees('EADDRNOTAVAIL for an address that is none of the host.') },
    run: (kernel) => [bind(kernel.tcp(), '192.0.2.1', 0), bind(kernel.udp(), '192.0.2.1', 0)],
    expected: ['EADDRNOTAVAIL', 'EADDRNOTAVAIL'],
  },
  {
    rules: { bind_5: agrees('EINVAL for a socket that is bound already.') },
    run(kernel) {
      const [client, conn] = kernel.connection();
      const all = [kernel.bound(kernel.tcp()), kernel.bound(kernel.udp()), client, conn, kernel.listener()];
      return all.map((fd) => bind(fd, '127.0.0.1', 0));
    },
    expected: ['EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL'],
  },
  {
    rules: { bind_7: agrees('EACCES for a privileged port, without the privilege.') },
    run: (kernel) => [bind(kernel.tcp(), '127.0.0.1', 1), bind(kernel.udp(), '127.0.0.1', 1023)],
    expected: ['EACCES', 'EACCES'],
  },
  {
    rules: {
      bind_9: differs('ENOBUFS where no ephemeral port is free.', 'EADDRINUSE, of TCP and of UDP.'),
    },
    run: (kernel) => [SOCK_STREAM, SOCK_DGRAM].map((type) => bind(kernel.portless(type), '0.0.0.0', 0)),
    expected: ['EADDRINUSE', 'EADDRINUSE'],
  },
  {
    rules: {
      listen_1: agrees('A closed socket listens; one that is not bound gets an ephemeral port.'),
    },
    run(kernel) {
      const [bound, fresh] = [kernel.bound(kernel.tcp()), kernel.tcp()];
      return {
        results: [listen(bound), listen(fresh)],
        hasPort: portOf(fresh) !== 0,
        host: hostOf(fresh),
        connects: connect(kernel.tcp(), at('127.0.0.1', portOf(fresh))),
      };
    },
    expected: { results: [0, 0], hasPort: true, host: '0.0.0.0', connects: 0 },
  },
  {
    rules: { listen_1b: agrees('A listener may listen again, which changes its backlog.') },
    run(kernel) {
      const listener = kernel.fullListener();
      const before = kernel.tcp(SOCK_NONBLOCK);
      must(connect(before, address(listener)) === 'EINPROGRESS' ? 0 : -1);
      const isAnswered = ready(before).toString().includes('w');
      const again = listen(listener, 5);
      return { isAnswered, again, next: connect(kernel.tcp(), address(listener)) };
    },
    expected: { isAnswered: false, again: 0, next: 0 },
  },
  {
    rules: { listen_3: agrees('EINVAL for a socket that is connected or connects.') },
    run(kernel) {
      const [client, conn] = kernel.connection();
      return [listen(client), listen(conn), listen(kernel.connecting())];
    },
    expected: ['EINVAL', 'EINVAL', 'EINVAL'],
  },
  {
    rules: {
      listen_4: agrees(
        'EADDRINUSE where another socket listens on the port, at the same address or either at any; others may be bound there.',
      ),
    },
    run(kernel) {
      const port = kernel.freePort();
      const [one, same, other] = [1, 2, 3].map(() => reuse(kernel.tcp()));
      must(bind(one, '127.0.0.1', port));
      must(bind(same, '127.0.0.1', port));
      must(bind(other, '127.0.0.2', port));
      const any = reuse(kernel.tcp());
      must(bind(any, '0.0.0.0', port));
      return [listen(one), listen(same), listen(any), listen(other)];
    },
    expected: [0, 'EADDRINUSE', 'EADDRINUSE', 0],
  },
  {
    rules: {
      connect_1: agrees(
        'Sends a SYN. A blocking call waits for the answer; with O_NONBLOCK it fails with EINPROGRESS, and the handshake goes on.',
      ),
    },
    run(kernel) {
      const listener = kernel.listener();
      const client = kernel.tcp(SOCK_NONBLOCK);
      const result = connect(client, address(listener));
      const events = ready(client, 5);
      const conn = kernel.accepted(listener);
      const blocking = kernel.tcp();
      timeout(blocking, 30, SO_SNDTIMEO);
      const full = address(kernel.fullListener());
      return {
        result,
        events,
        error: pendingError(client),
        peers: [peerOf(client) === nameOf(listener), peerOf(conn) === nameOf(client)],
        blocking: kernel.waited(0.03, () => sys.connect(blocking, full)),
      };
    },
    expected: {
      result: 'EINPROGRESS',
      events: 'w',
      error: 0,
      peers: [true, true],
      blocking: ['EINPROGRESS', true],
    },
  },
  {
    rules: { connect_2: agrees('A call that waits returns when the connection is there.') },
    run(kernel) {
      const listener = kernel.fullListener();
      const client = kernel.tcp();
      // Makes space in the queue; the SYN is sent again after a second.
      kernel.later(0.03, 'accept', listener, null, null);
      const result = kernel.waited(0.03, () => sys.connect(client, address(listener)));
      kernel.opened(listener + 3);
      return [result, peerOf(client) === nameOf(listener)];
    },
    expected: [[0, true], true],
  },
  {
    rules: {
      connect_3: agrees(
        'A call that waits fails with the error that ended the handshake; the socket is closed, and may connect again.',
      ),
    },
    run(kernel) {
      const client = kernel.tcp();
      return {
        refused: connect(client, at('127.0.0.1', kernel.freePort())),
        error: pendingError(client),
        again: connect(client, address(kernel.listener())),
      };
    },
    expected: { refused: 'ECONNREFUSED', error: 0, again: 0 },
  },
  {
    rules: {
      connect_4a: agrees(
        'A closed socket with a pending error: the call fails with it and takes it; the next one connects.',
      ),
    },
    run(kernel) {
      const client = kernel.tcp(SOCK_NONBLOCK);
      const first = connect(client, at('127.0.0.1', kernel.freePort()));
      const events = ready(client, 5);
      const to = address(kernel.listener());
      return {
        first,
        events,
        second: connect(client, to),
        third: connect(client, to),
        error: pendingError(client),
      };
    },
    expected: { first: 'EINPROGRESS', events: 'rw', second: 'ECONNREFUSED', third: 'EINPROGRESS', error: 0 },
  },
  {
    rules: {
      connect_5: agrees(
        'EALREADY while a handshake lasts and O_NONBLOCK is set; EISCONN for a listener, and for a connection until its end, whatever was shut down.',
      ),
    },
    run(kernel) {
      const [client, conn, listener] = kernel.connection();
      const to = address(listener);
      const established = connect(client, to);
      must(shut(conn, SHUT_WR));
      const closeWait = connect(client, to);
      const finWait = connect(conn, to);
      must(shut(client, SHUT_WR));
      return {
        connecting: connect(kernel.connecting(), to),
        listening: connect(listener, to),
        established,
        closeWait,
        finWait,
        timeWait: connect(conn, to),
        ended: connect(client, to),
      };
    },
    expected: {
      connecting: 'EALREADY',
      listening: 'EISCONN',
      established: 'EISCONN',
      closeWait: 'EISCONN',
      finWait: 'EISCONN',
      timeWait: 'EISCONN',
      ended: 'EISCONN',
    },
  },
  {
    rules: { connect_5a: agrees('Without a route it fails, with ENETUNREACH.') },
    run: (kernel) => connect(kernel.tcp(), at('255.255.255.255', 9)),
    expected: 'ENETUNREACH',
  },
  {
    rules: {
      connect_5b: differs(
        'EADDRINUSE where another socket has the same two addresses and ports.',
        'It is EADDRNOTAVAIL.',
      ),
    },
    run(kernel) {
      const to = address(kernel.listener());
      const [one, other] = [reuse(kernel.tcp()), reuse(kernel.tcp())];
      kernel.bound(one);
      must(bind(other, '127.0.0.1', portOf(one)));
      return [connect(one, to), connect(other, to)];
    },
    expected: [0, 'EADDRNOTAVAIL'],
  },
  {
    rules: { connect_5c: agrees('EADDRNOTAVAIL where no ephemeral port is free.') },
    run(kernel) {
      const to = address(kernel.listener());
      return connect(kernel.portless(SOCK_STREAM), to);
    },
    expected: 'EADDRNOTAVAIL',
  },
  {
    rules: {
      connect_5d: agrees('A blocking call waits where a handshake is under way already.'),
    },
    run(kernel) {
      const client = kernel.connecting(0);
      timeout(client, 30, SO_SNDTIMEO);
      return kernel.waited(0.03, () => sys.connect(client, at('127.0.0.1', 9)));
    },
    expected: ['EALREADY', true],
  },
  {
    rules: {
      disconnect_5: differs(
        'connect() to AF_UNSPEC succeeds, and resets a connection; in other states nothing changes.',
        'A handshake is given up, too, and a listener does not listen any more; ECONNRESET is pending on what was connected.',
      ),
    },
    run(kernel) {
      const [client, conn, listener] = kernel.connection();
      const connecting = kernel.connecting();
      const results = [kernel.tcp(), client, connecting, listener].map((fd) => connect(fd, unspecified));
      return {
        results,
        peer: received(conn),
        client: [peerOf(client), pendingError(client), sent(client, 'x')],
        reconnected: connect(client, address(kernel.listener())),
        connecting: [connect(connecting, address(kernel.listener())), pendingError(connecting)],
        listener: said(accept(listener)),
      };
    },
    expected: {
      results: [0, 0, 0, 0],
      peer: 'ECONNRESET',
      client: ['ENOTCONN', 'ECONNRESET', 'EPIPE'],
      reconnected: 0,
      connecting: ['EINPROGRESS', 0],
      listener: 'EINVAL',
    },
  },
  {
    rules: { close_1: agrees('Closes one of several descriptors: the socket stays as it is.') },
    run(kernel) {
      const [client, conn] = kernel.connection();
      const other = kernel.opened(sys.dup(client));
      return [kernel.close(client), sent(other, 'still'), received(conn), received(conn, MSG_DONTWAIT)];
    },
    expected: [0, 5, 'still', 'EAGAIN'],
  },
  {
    rules: {
      close_2: agrees(
        'The last descriptor of a connection, without SO_LINGER: returns at once, and what is unsent is sent, and FIN behind it.',
      ),
    },
    run(kernel) {
      const [client, conn] = kernel.stuffedConnection();
      const [result, waited] = kernel.waited(1, () => kernel.close(client));
      kernel.later(0, 'drain', conn);
      const [plain, peer] = kernel.connection();
      must(sent(plain, 'last'));
      return { result, waited, closed: kernel.close(plain), peer: [received(peer), received(peer)] };
    },
    expected: { result: 0, waited: false, closed: 0, peer: ['last', ''] },
  },
  {
    rules: {
      close_3: agrees('With SO_LINGER of 0 seconds it resets the connection, and drops what is unsent.'),
    },
    run(kernel) {
      const [client, conn] = kernel.connection();
      linger(client, 0);
      const result = kernel.close(client);
      const [stuffedClient, peer] = kernel.stuffedConnection();
      linger(stuffedClient, 0);
      return [result, received(conn), kernel.close(stuffedClient), sent(peer, 'x'), sent(peer, 'x')];
    },
    expected: [0, 'ECONNRESET', 0, 'ECONNRESET', 'EPIPE'],
  },
  {
    rules: {
      close_4: agrees(
        'With SO_LINGER of some seconds it waits until all is sent and acknowledged, O_NONBLOCK or not.',
      ),
      close_6: differs(
        'Where that takes longer than the seconds, it fails with EAGAIN.',
        'It returns 0: nobody is told.',
      ),
    },
    run(kernel) {
      const [client, peer] = kernel.stuffedConnection();
      linger(client, 1);
      nonblocking(client);
      const result = kernel.waited(1, () => kernel.close(client));
      kernel.later(0, 'drain', peer);
      return result;
    },
    expected: [0, true],
  },
  {
    rules: { close_5: agrees('It returns when that is done, though the seconds have not passed.') },
    run(kernel) {
      const [client, peer] = kernel.stuffedConnection();
      linger(client, 20);
      kernel.later(0.03, 'drain', peer);
      return [kernel.waited(0.03, () => kernel.close(client)), kernel.waited(20, () => 0)];
    },
    expected: [
      [0, true],
      [0, false],
    ],
  },
  {
    rules: {
      close_7: agrees('Of a socket that is closed or connects it returns at once, whatever SO_LINGER says.'),
    },
    run(kernel) {
      const [fresh, bound, connecting] = [kernel.tcp(), kernel.bound(kernel.tcp()), kernel.connecting()];
      const port = portOf(bound);
      for (const fd of [fresh, bound, connecting]) linger(fd, 20);
      const results = [fresh, bound, connecting].map((fd) => kernel.waited(10, () => kernel.close(fd)));
      return [...results, bind(kernel.tcp(), '127.0.0.1', port)];
    },
    expected: [[0, false], [0, false], [0, false], 0],
  },
  {
    rules: {
      close_8: agrees('Of a listener: the connections of its queue are reset, and nobody listens any more.'),
    },
    run(kernel) {
      const listener = kernel.listener();
      const [to, client] = [address(listener), kernel.client(listener)];
      return [kernel.close(listener), received(client), connect(kernel.tcp(), to)];
    },
    expected: [0, 'ECONNRESET', 'ECONNREFUSED'],
  },
];
