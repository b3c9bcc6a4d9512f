// What XNU does otherwise than Linux, in the simulated kernel: each case stands for a place in Apple's source, which
// src/sim names. And what Python's modules and the loops make of it.

import { describe, expect, test } from 'vitest';
import { monotonic } from '../../../src/builtins.ts';
import { F_GETFL, O_NONBLOCK } from '../../../src/kernel/constants/fcntl.ts';
import * as C from '../../../src/kernel/constants/select.ts';
import { PollFds } from '../../../src/kernel/structs/pollfd.ts';
import { packInet } from '../../../src/kernel/structs/sockaddr.ts';
import { timeval } from '../../../src/kernel/structs/timespec.ts';
import { harmless } from '../../../src/python/signal/pending.ts';
import { select } from '../../../src/select.ts';
import { EVENT_READ, EVENT_WRITE, KqueueSelector } from '../../../src/selectors.ts';
import { ITIMER_REAL, SIGALRM, SIGIO, SIGUSR1, setitimer, signal } from '../../../src/signal.ts';
import * as S from '../../../src/socket.ts';
import * as sys from '../../../src/syscalls.ts';
import { afterTest } from '../../support/cleanup.ts';
import { kept, pair, tcpPair } from '../../support/sockets.ts';
import { world } from './kernel.ts';

const errnoOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code!;
  }
  return 'none';
};

/** Sends RST, and closes. */
function reset(sock: S.Socket): void {
  sock.setsockopt(S.SOL_SOCKET, S.SO_LINGER, Buffer.from(Int32Array.of(1, 0).buffer));
  sock.close();
}

function listening(): { listener: S.Socket; connect: () => S.Socket } {
  const listener = kept(S.create_server(['127.0.0.1', 0]));
  const connect = () => {
    const client = kept(S.socket());
    client.connect(listener.getsockname());
    return client;
  };
  return { listener, connect };
}

const flagsOf = (fd: number) => sys.fcntl(fd, F_GETFL, 0);

describe('accept', () => {
  test('gives the new descriptor the listener’s O_NONBLOCK; Python’s socket blocks where it says so', () => {
    const { listener, connect } = listening();
    listener.setblocking(false);
    connect();
    const fd = sys.accept(listener.fileno(), null, null);
    expect(flagsOf(fd) & O_NONBLOCK).toBe(O_NONBLOCK);
    sys.close(fd);
    listener.settimeout(1);
    connect();
    const conn = kept(listener.accept()[0]);
    expect([conn.getblocking(), flagsOf(conn.fileno()) & O_NONBLOCK]).toEqual([true, 0]);
  });

  test('gives a client that has reset its connection, without an address', () => {
    const { listener, connect } = listening();
    reset(connect());
    const [conn, address] = listener.accept();
    kept(conn);
    expect(address).toBeNull();
    expect(errnoOf(() => conn.getpeername())).toBe('EINVAL');
    expect(errnoOf(() => conn.setsockopt(S.IPPROTO_TCP, S.TCP_NODELAY, 1))).toBe('EINVAL');
    expect(errnoOf(() => conn.recv(1))).toBe('ECONNRESET');
    expect(conn.recv(1)).toHaveLength(0);
  });

  test('without a free descriptor loses the connection', () => {
    const { listener, connect } = listening();
    const client = connect();
    listener.setblocking(false);
    world.program.maxDescriptors = world.program.descriptors.length;
    expect(sys.accept(listener.fileno(), null, null)).toBe(-sys.EMFILE);
    expect(sys.accept(listener.fileno(), null, null)).toBe(-sys.EAGAIN);
    expect(client.recv(1)).toHaveLength(0);
  });
});

describe('send and receive', () => {
  test('send waits in spite of MSG_DONTWAIT, until a signal comes; recv does not', () => {
    const [near] = pair();
    near.setblocking(false);
    for (let sent = 1; sent > 0; ) sent = sys.send(near.fileno(), Buffer.alloc(4096), 0);
    near.setblocking(true);
    signal(SIGALRM, () => {});
    setitimer(ITIMER_REAL, 3);
    const start = monotonic();
    expect(sys.send(near.fileno(), Buffer.alloc(4096), S.MSG_DONTWAIT)).toBe(-sys.EINTR);
    expect(monotonic() - start).toBeCloseTo(3, 9);
    expect(sys.recv(near.fileno(), Buffer.alloc(1), S.MSG_DONTWAIT)).toBe(-sys.EAGAIN);
  });

  test('send after a reset is EPIPE, and the error stays for recv', () => {
    const { client, conn } = tcpPair();
    reset(client);
    expect(errnoOf(() => conn.send(Buffer.from('x')))).toBe('EPIPE');
    expect(conn.getsockopt(S.SOL_SOCKET, S.SO_ERROR)).toBe(sys.ECONNRESET);
  });

  test('what is not connected is ENOTCONN, of a stream to send and of a UNIX stream to receive', () => {
    expect(errnoOf(() => kept(S.socket()).send(Buffer.from('x')))).toBe('ENOTCONN');
    expect(errnoOf(() => kept(S.socket(S.AF_UNIX)).recv(1))).toBe('ENOTCONN');
  });

  test('each direction is shut down once, and what was received is gone', () => {
    const { client, conn } = tcpPair();
    client.send(Buffer.from('abc'));
    conn.shutdown(S.SHUT_RD);
    expect(conn.recv(3)).toHaveLength(0);
    expect(errnoOf(() => conn.shutdown(S.SHUT_RD))).toBe('ENOTCONN');
    conn.shutdown(S.SHUT_WR);
    expect(errnoOf(() => conn.shutdown(S.SHUT_WR))).toBe('ENOTCONN');
    expect(errnoOf(() => conn.getpeername())).toBe('EINVAL');
  });

  test('a UNIX peer that closes without having read leaves no error', () => {
    const [near, far] = pair();
    near.send(Buffer.from('unread'));
    far.close();
    expect(near.recv(1)).toHaveLength(0);
    expect(errnoOf(() => near.send(Buffer.from('x')))).toBe('EPIPE');
  });

  test('a UNIX datagram without space for it is ENOBUFS, at once', () => {
    const [near] = pair(S.SOCK_DGRAM);
    expect(errnoOf(() => near.send(Buffer.alloc(2049)))).toBe('EMSGSIZE');
    expect(near.send(Buffer.alloc(2000))).toBe(2000);
    expect(near.send(Buffer.alloc(2000))).toBe(2000);
    expect(errnoOf(() => near.send(Buffer.alloc(2000)))).toBe('ENOBUFS');
  });

  test('a message takes a buffer, and Python’s sendmsg() of none gives it one', () => {
    const [near, far] = pair(S.SOCK_DGRAM);
    expect(sys.sendmsg(far.fileno(), [], null, null, 0)).toBe(-sys.EMSGSIZE);
    expect(sys.recvmsg(near.fileno(), [], null, null, new Int32Array(3), 0)).toBe(-sys.EMSGSIZE);
    expect([sys.readv(near.fileno(), []), sys.writev(near.fileno(), [])]).toEqual([-sys.EINVAL, -sys.EINVAL]);
    expect(far.sendmsg([])).toBe(0);
    expect(near.recvmsg_into([])[0]).toBe(0);
  });

  test('all files of a message become descriptors, and recv_fds closes those beyond maxfds', () => {
    const [near, far] = pair();
    const open = () => world.program.descriptors.filter((descriptor) => descriptor !== undefined).length;
    S.send_fds(far, [Buffer.from('x')], [near.fileno(), far.fileno(), near.fileno()]);
    const before = open();
    const [data, fds, flags] = S.recv_fds(near, 10, 1);
    expect([String(data), fds.length, flags & S.MSG_CTRUNC]).toEqual(['x', 1, S.MSG_CTRUNC]);
    expect(open() - before).toBe(1);
  });
});

describe('connect', () => {
  test('is EISCONN at once, EOPNOTSUPP of a listener, and EINVAL after it was refused', () => {
    const { listener, connect } = listening();
    const address = packInet(Uint8Array.of(127, 0, 0, 1), (listener.getsockname() as S.InetAddress)[1]);
    expect(sys.connect(connect().fileno(), address)).toBe(-sys.EISCONN);
    expect(sys.connect(listener.fileno(), address)).toBe(-sys.EOPNOTSUPP);
    const refused = kept(S.socket()).fileno();
    const nobody = packInet(Uint8Array.of(127, 0, 0, 1), 1);
    expect([sys.connect(refused, nobody), sys.connect(refused, address)]).toEqual([
      -sys.ECONNREFUSED,
      -sys.EINVAL,
    ]);
  });

  test('a full UNIX listener refuses; a backlog of 0 is the most', () => {
    const listener = kept(S.socket(S.AF_UNIX));
    listener.bind('/tmp/listener');
    listener.listen(1);
    const connect = () => errnoOf(() => kept(S.socket(S.AF_UNIX)).connect('/tmp/listener'));
    expect([connect(), connect()]).toEqual(['none', 'ECONNREFUSED']);
    listener.listen(0);
    expect([connect(), connect()]).toEqual(['none', 'none']);
  });
});

describe('select', () => {
  test('takes no more than 100,000,000 s, which Python’s select() keeps to', () => {
    const seconds = (n: number) => sys.select(0, null, null, null, BigInt64Array.of(BigInt(n), 0n));
    expect(seconds(100_000_001)).toBe(-sys.EINVAL);
    signal(SIGALRM, () => {
      throw new Error('enough');
    });
    setitimer(ITIMER_REAL, 5);
    expect(() => select([], [], [], 1e9)).toThrow('enough');
  });

  test('leaves the timeout as it is, and the bits above the table of descriptors', () => {
    const [near] = pair();
    const set = new Uint32Array(64).fill(0);
    set[near.fileno() >> 5] |= 1 << (near.fileno() & 31);
    set[63] = 0x80000000; // Descriptor 2047, of a table of 25.
    const timeout = BigInt64Array.of(0n, 5000n);
    expect(sys.select(2048, set, null, null, timeout)).toBe(0);
    expect([set[0], set[63], ...timeout]).toEqual([0, 0x80000000, 0n, 5000n]);
    expect(errnoOf(() => select([near, 1000], [], [], 0))).toBe('EBADF');
  });
});

describe('poll', () => {
  const revents = (fd: number, events: number): number => {
    const fds = new PollFds(1);
    fds.set(0, fd, events);
    expect(sys.poll(fds.memory, 1, 0)).toBeGreaterThanOrEqual(0);
    return fds.revents(0);
  };

  test('watches nothing for an event mask of 0, not even a descriptor that is closed', () => {
    expect([revents(999, 0), revents(999, C.POLLIN)]).toEqual([0, C.POLLNVAL]);
  });

  test('has POLLHUP or POLLOUT, never both, and no POLLERR', () => {
    const { client, conn } = tcpPair();
    expect(revents(conn.fileno(), C.POLLIN | C.POLLOUT)).toBe(C.POLLOUT);
    reset(client);
    expect(revents(conn.fileno(), C.POLLIN | C.POLLOUT)).toBe(C.POLLIN | C.POLLHUP);
    expect(revents(conn.fileno(), C.POLLOUT)).toBe(C.POLLHUP);
  });

  test('takes at most 10240 descriptors, and any negative time but -1 for a long one', () => {
    world.program.maxDescriptors = 20_000;
    expect(sys.poll(new PollFds(10_241).memory, 10_241, 0)).toBe(-sys.EINVAL);
    const start = monotonic();
    expect(sys.poll(new PollFds(0).memory, 0, -5)).toBe(0);
    expect(monotonic() - start).toBeCloseTo(4_294_967.291, 3);
  });
});

describe('options', () => {
  test('a flag that is set is its own bit, and not 1', () => {
    const sock = kept(S.socket());
    for (const [level, name, bit] of [
      [S.SOL_SOCKET, S.SO_REUSEADDR, S.SO_REUSEADDR],
      [S.SOL_SOCKET, S.SO_KEEPALIVE, S.SO_KEEPALIVE],
      [S.IPPROTO_TCP, S.TCP_NODELAY, 4],
    ]) {
      expect(sock.getsockopt(level, name)).toBe(0);
      sock.setsockopt(level, name, 1);
      expect(sock.getsockopt(level, name)).toBe(bit);
    }
  });

  test('a buffer is as large as was asked for; SO_LINGER counts in ticks; tv_usec is an int', () => {
    const sock = kept(S.socket());
    sock.setsockopt(S.SOL_SOCKET, S.SO_SNDBUF, 5000);
    expect(sock.getsockopt(S.SOL_SOCKET, S.SO_SNDBUF)).toBe(5000);
    sock.setsockopt(S.SOL_SOCKET, sys.SO_LINGER_SEC!, Buffer.from(Int32Array.of(1, 2).buffer));
    const linger = new Int32Array(2);
    expect(sys.getsockopt(sock.fileno(), S.SOL_SOCKET, S.SO_LINGER, linger, Int32Array.of(8))).toBe(0);
    expect([...linger]).toEqual([1, 200]);
    // What lies behind the int is padding.
    const time = timeval.pack({ tv_sec: 1, tv_usec: 500_000 });
    time.fill(0xff, 12);
    expect(sys.setsockopt(sock.fileno(), S.SOL_SOCKET, S.SO_RCVTIMEO, time)).toBe(0);
    const got = Buffer.alloc(16);
    expect(sys.getsockopt(sock.fileno(), S.SOL_SOCKET, S.SO_RCVTIMEO, got, Int32Array.of(16))).toBe(0);
    expect(timeval.unpack(got)).toEqual({ tv_sec: 1, tv_usec: 500_000 });
  });
});

test('calls of Linux alone are ENOSYS, and there is no SOCK_SEQPACKET', () => {
  expect([sys.accept4(0, null, null, 0), sys.epoll_create1(0), sys.eventfd(0, 0)]).toEqual(
    new Array(3).fill(-sys.ENOSYS),
  );
  expect([sys.pipe2(new Int32Array(2), 0), sys.ppoll(new PollFds(1).memory, 1, null, null)]).toEqual(
    new Array(2).fill(-sys.ENOSYS),
  );
  expect(sys.socket(S.AF_UNIX, S.SOCK_SEQPACKET, 0)).toBe(-sys.EPROTONOSUPPORT);
});

test('SIGIO is ignored by default, so that a listener for it ends no call', () => {
  expect([harmless.has(SIGIO), harmless.has(SIGUSR1)]).toEqual([true, false]);
  world.addSignal(SIGIO, 1);
  const start = monotonic();
  expect(select([], [], [], 2)).toEqual([[], [], []]);
  expect(monotonic() - start).toBeCloseTo(2, 9);
});

test('a KqueueSelector that cannot watch for writing does not stay watching for reading', () => {
  const [near, far] = pair();
  const selector = kept(new KqueueSelector());
  // As where the kernel has no memory for a second knote.
  const detach = sys.attach((name, call) => (...args) => {
    const changes = args[1] as ArrayBuffer | null;
    const isWrite = name === 'kevent' && args[2] === 2 && changes !== null;
    if (!isWrite) return call(...args);
    return call(args[0], changes, 1, args[3], args[4], args[5]) || -sys.ENOMEM;
  });
  afterTest(detach);
  expect(errnoOf(() => selector.register(near, EVENT_READ | EVENT_WRITE))).toBe('ENOMEM');
  expect(selector.get_map()!.size).toBe(0);
  far.send(Buffer.from('x'));
  expect(selector.select(0)).toEqual([]);
  selector.register(near, EVENT_READ);
  expect(selector.select(0)).toHaveLength(1);
});
