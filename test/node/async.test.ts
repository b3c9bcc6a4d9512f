// rfds/async: waiting for descriptors beside Node's event loop.

import { afterEach, describe, expect, test } from 'vitest';
import {
  AsyncSocket,
  add_reader,
  add_writer,
  notify_closing,
  readable,
  readiness,
  remove_reader,
  remove_writer,
  sock_recv,
  waiting,
  writable,
} from '../../src/async.ts';
import {
  AF_INET,
  AF_UNIX,
  SOCK_DGRAM,
  SOCK_STREAM,
  type Socket,
  socket,
  socketpair,
} from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { isLinux } from '../support/platform.ts';

function pair(type = SOCK_STREAM): [Socket<string>, Socket<string>] {
  const ends = socketpair(AF_UNIX, type) as [Socket<string>, Socket<string>];
  for (const end of ends) end.setblocking(false);
  return ends;
}

const byte = Buffer.from('x');
/** A turn of the event loop: what is ready by now is told. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 20));

function fill(sock: Socket<string>): number {
  let sent = 0;
  for (;;) {
    const n = sys.send(sock.fileno(), Buffer.alloc(65536), 0);
    if (n < 0) return sent;
    sent += n;
  }
}

afterEach(() => expect(waiting()).toBe(0));

describe('readable and writable', () => {
  test('resolve when bytes come, at once when they are there', async () => {
    const [near, far] = pair();
    const came = readable(near);
    far.send(byte);
    await came;
    await readable(near);
    expect(near.recv(10)).toEqual(byte);
    near.close();
    far.close();
  });

  test('resolve at the end of a stream, and when the peer resets', async () => {
    const [near, far] = pair();
    far.close();
    await Promise.all([readable(near), writable(near)]);
    expect(near.recv(1).length).toBe(0);
    near.close();
  });

  test('in both directions are waited for apart, and writable until the peer reads', async () => {
    const [near, far] = pair();
    fill(near);
    let isWritable = false;
    const space = writable(near).then(() => {
      isWritable = true;
    });
    const came = readable(near);
    far.send(byte);
    await came;
    await turn();
    expect(isWritable).toBe(false);
    while (sys.recv(far.fileno(), Buffer.alloc(65536), 0) > 0);
    await space;
    near.close();
    far.close();
  });

  test('of one descriptor may be many, which all resolve', async () => {
    const [near, far] = pair();
    const all = Promise.all(Array.from({ length: 100 }, () => readable(near)));
    far.send(byte);
    await all;
    near.close();
    far.close();
  });

  test('10,400 at once, of 800 descriptors, are all resolved', async () => {
    // Duplicates of one: each has an interest of its own.
    const [near, far] = pair();
    const fds = Array.from({ length: 800 }, () => sys.dup(near.fileno()));
    const waits = fds.flatMap((fd) => Array.from({ length: 13 }, () => readable(fd)));
    expect(waiting()).toBe(800 * 13);
    far.send(byte);
    await Promise.all(waits);
    for (const fd of fds) {
      notify_closing(fd);
      sys.close(fd);
    }
    near.close();
    far.close();
  });

  test('reject what is no descriptor (EBADF), and with TypeError what has none', async () => {
    await expect(readable(987654)).rejects.toMatchObject({ code: 'EBADF', syscall: 'epoll_ctl' });
    await expect(readable({} as { fileno(): number })).rejects.toThrow(TypeError);
    await expect(readable(-1)).rejects.toThrow(RangeError);
  });

  test.runIf(isLinux)('take what net.Socket refuses: eventfd, timerfd, UNIX datagrams', async () => {
    const event = sys.eventfd(0, sys.EFD_NONBLOCK!);
    const came = readable(event);
    sys.write(event, BigUint64Array.of(3n));
    await came;
    const timer = sys.timerfd_create(sys.CLOCK_MONOTONIC, 0);
    sys.timerfd_settime(timer, 0, BigInt64Array.of(0n, 0n, 0n, 5_000_000n), null);
    await readable(timer);
    const [near, far] = pair(SOCK_DGRAM);
    const message = readable(near);
    far.send(byte);
    await message;
    for (const fd of [event, timer]) {
      notify_closing(fd);
      sys.close(fd);
    }
    near.close();
    far.close();
  });
});

describe('a wait that is aborted', () => {
  test('is rejected with the reason, and the others go on', async () => {
    const [near, far] = pair();
    const controller = new AbortController();
    const aborted = readable(near, { signal: controller.signal });
    const other = readable(near);
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    far.send(byte);
    await other;
    near.close();
    far.close();
  });

  test('before it began is rejected at once, and makes no call', async () => {
    const [near, far] = pair();
    await expect(readable(near, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    far.send(byte);
    await expect(sock_recv(near, 1, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(near.recv(1)).toEqual(byte);
    near.close();
    far.close();
  });

  test('leaves no listener on its signal', async () => {
    const [near, far] = pair();
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = ((...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    }) as typeof add;
    signal.removeEventListener = ((...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    }) as typeof remove;
    far.send(byte);
    for (let i = 0; i < 10; i++) await readable(near, { signal });
    expect(listeners).toBe(0);
    near.close();
    far.close();
  });

  test('leaves no event for the next owner of the number, which needs no notify_closing', async () => {
    const [near, far] = pair();
    const number = near.fileno();
    const controller = new AbortController();
    const aborted = readable(near, { signal: controller.signal });
    controller.abort();
    await expect(aborted).rejects.toThrow();
    far.close(); // EPOLLHUP, which the poller's thread has time for; JavaScript has none.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    near.close();
    // Whichever end gets the number.
    const ends = pair();
    const next = ends.find((end) => end.fileno() === number)!;
    const peer = ends.find((end) => end !== next)!;
    let isReady = false;
    const other = readable(next).then(() => {
      isReady = true;
    });
    await turn();
    expect(isReady).toBe(false);
    peer.send(byte);
    await other;
    for (const end of ends) {
      notify_closing(end);
      end.close();
    }
  });
});

describe('notify_closing', () => {
  test('rejects those that wait with EBADF', async () => {
    const [near, far] = pair();
    const waits = [readable(near), readable(near)];
    notify_closing(near);
    for (const wait of waits) await expect(wait).rejects.toMatchObject({ code: 'EBADF', syscall: 'close' });
    near.close();
    far.close();
  });

  test('keeps the events of a descriptor from the next owner of its number', async () => {
    let reused = 0;
    for (let i = 0; i < 200 && reused < 50; i++) {
      const [near, far] = pair();
      const number = near.fileno();
      const wait = readable(near);
      far.send(byte); // The event may be under way by now.
      notify_closing(near);
      near.close();
      await wait.catch(() => {});
      const [next, peer] = pair();
      if (next.fileno() === number) reused++; // Else another of Node's descriptors has it.
      let isReady = false;
      const other = readable(next).then(() => {
        isReady = true;
      });
      await new Promise(setImmediate);
      await new Promise(setImmediate);
      expect(isReady).toBe(false);
      peer.send(byte);
      await other;
      for (const sock of [next, peer, far]) {
        notify_closing(sock);
        sock.close();
      }
    }
    expect(reused).toBe(50);
  });
});

describe('readiness', () => {
  test('gives a guard at once until EAGAIN was seen, then waits', async () => {
    const [near, far] = pair();
    far.send(Buffer.from('abc'));
    const read: number[] = [];
    const buffer = Buffer.alloc(1);
    for await (const ready of readiness(near)) {
      const n = ready.try(() => sys.recv(near.fileno(), buffer, 0));
      read.push(n);
      if (n === -sys.EAGAIN) setTimeout(() => far.close(), 5);
      if (n === 0) break;
    }
    expect(read).toEqual([1, 1, 1, -sys.EAGAIN, 0]);
    near.close();
  });
});

describe('add_reader and add_writer', () => {
  test('call back again and again while the descriptor is ready, until they are removed', async () => {
    const [near, far] = pair();
    let calls = 0;
    await new Promise<void>((resolve) => {
      add_reader(near, () => {
        if (++calls === 5) {
          expect(remove_reader(near)).toBe(true);
          resolve();
        }
      });
      far.send(byte);
    });
    await turn();
    expect(calls).toBe(5);
    expect(remove_reader(near)).toBe(false);
    near.close();
    far.close();
  });

  test('call back once for bytes that the callback reads', async () => {
    const [near, far] = pair();
    let calls = 0;
    add_reader(near, () => {
      calls++;
      near.recv(10);
    });
    for (let i = 1; i <= 20; i++) {
      far.send(byte);
      while (calls < i) await turn();
    }
    await turn();
    expect(calls).toBe(20);
    remove_reader(near);
    near.close();
    far.close();
  });

  test('replace an earlier callback of the same direction, and leave that of the other', async () => {
    const [near, far] = pair();
    const called: string[] = [];
    add_reader(near, () => called.push('first'));
    await new Promise<void>((resolve) => {
      add_reader(near, () => {
        called.push('second');
        remove_reader(near);
        resolve();
      });
      add_writer(near, () => {
        called.push('writer');
        remove_writer(near);
      });
      far.send(byte);
    });
    await turn();
    expect(called.sort()).toEqual(['second', 'writer']);
    near.close();
    far.close();
  });
});

describe('AsyncSocket', () => {
  test('accepts, connects, and moves more bytes than the buffers hold', async () => {
    const listener = new AsyncSocket(socket(AF_INET, SOCK_STREAM));
    listener.sock.bind(['127.0.0.1', 0]);
    listener.sock.listen();
    const client = new AsyncSocket(socket(AF_INET, SOCK_STREAM));
    const [[served]] = await Promise.all([
      listener.accept(),
      client.connect(listener.sock.getsockname() as [string, number]),
    ]);
    const data = Buffer.alloc(20_000_000, 'rfds');
    const sent = client.sendall(data).then(() => client.close());
    const parts: Buffer[] = [];
    for await (const part of served) parts.push(part);
    await sent;
    expect(Buffer.concat(parts).equals(data)).toBe(true);
    served.close();
    listener.close();
  });

  test('rejects a refused connection with its errno and address', async () => {
    const probe = socket(AF_INET, SOCK_STREAM);
    probe.bind(['127.0.0.1', 0]);
    const [, port] = probe.getsockname() as [string, number];
    const client = new AsyncSocket(socket(AF_INET, SOCK_STREAM));
    await expect(client.connect(['127.0.0.1', port])).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      address: '127.0.0.1',
      port,
    });
    client.close();
    probe.close();
  });

  test('whose close() ends a receive that waits', async () => {
    const [near, far] = pair();
    const waits = new AsyncSocket(near);
    const received = waits.recv(1);
    await turn();
    waits.close();
    await expect(received).rejects.toMatchObject({ code: 'EBADF' });
    waits.close();
    far.close();
  });

  test('passes descriptors with a message', async () => {
    const [near, far] = pair(SOCK_DGRAM).map((end) => new AsyncSocket(end));
    const event = sys.dup(1);
    const fds = Buffer.alloc(4);
    fds.writeInt32LE(event);
    const received = far.recvmsg(10, 64);
    await near.sendmsg([byte], [[sys.SOL_SOCKET, sys.SCM_RIGHTS, fds]]);
    const [data, [[level, type, came]]] = await received;
    expect([data, level, type]).toEqual([byte, sys.SOL_SOCKET, sys.SCM_RIGHTS]);
    sys.close(came.readInt32LE());
    sys.close(event);
    near.close();
    far.close();
  });

  test('refuses a Socket that blocks where the function is called by itself', async () => {
    const [near, far] = pair();
    near.setblocking(true);
    await expect(sock_recv(near, 1)).rejects.toThrow('the socket must be non-blocking');
    near.close();
    far.close();
  });
});
