// CPython's test_eintr, its portable cases; each title bears the case's name. SIGALRM interrupts every
// call again and again, and its handler is the peer: what the call waits for comes with a later alarm,
// so that it must have gone on after the earlier ones (PEP 475).

import { describe, expect, test } from 'vitest';
import { EINTR } from '../../src/kernel/errno.ts';
import { monotonic } from '../../src/python/builtins/time.ts';
import { epoll, kqueue, poll, select } from '../../src/select.ts';
import { handleEintr } from '../../src/signal.ts';
import { type InetAddress, Socket, socket } from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { withAlarms } from '../support/alarms.ts';
import { isLinux, isMac } from '../support/platform.ts';
import { kept, pair } from '../support/sockets.ts';

// Every third alarm of ten, with what comes then: the two before interrupt and bring nothing.
const eachThird = (act: (turn: number) => void) => (count: number) => {
  if (count % 3 === 0) act(count / 3 - 1);
};

describe('SocketEINTRTest', () => {
  /** Receives a few bytes, one alarm after another, with a way of receiving. */
  function receives(receive: (sock: Socket) => Buffer): void {
    const [near, far] = pair();
    const expected = ['x', 'y', 'z'];
    const got: string[] = [];
    withAlarms(
      eachThird((turn) => turn < 3 && far.send(Buffer.from(expected[turn]))),
      () => {
        for (const _ of expected) got.push(receive(near).toString());
      },
    );
    expect(got).toEqual(expected);
  }

  test('SocketEINTRTest.test_recv: each byte comes, whatever interrupts', () => {
    receives((near) => near.recv(1));
  });

  // Socket.recvmsg and sendmsg are there once rfds/socket is whole.
  test.skipIf(!('recvmsg' in Socket.prototype))(
    'SocketEINTRTest.test_recvmsg: each byte comes, whatever interrupts',
    () => {
      receives((near) => (near as unknown as { recvmsg(size: number): [Buffer] }).recvmsg(1)[0]);
    },
  );

  /** Sends more than the kernel holds while each alarm's handler reads what is there, with a way of sending. */
  function sends(sendSome: (sock: Socket, data: Uint8Array) => number): void {
    const [near, far] = pair();
    far.setblocking(false);
    const data = Buffer.alloc(3_000_000);
    for (let i = 0; i < data.length; i += 4) data.writeUInt32LE(i, i);
    const received: Buffer[] = [];
    const drain = () => {
      for (;;) {
        try {
          received.push(far.recv(1 << 20));
        } catch {
          return; // BlockingIOError: nothing more for now
        }
      }
    };
    const alarms = withAlarms(
      eachThird(() => drain()),
      () => {
        let sent = 0;
        while (sent < data.length) sent += sendSome(near, data.subarray(sent));
        return sent;
      },
      0.002,
    );
    drain();
    expect(alarms).toBe(data.length);
    expect(Buffer.concat(received).equals(data)).toBe(true);
  }

  test('SocketEINTRTest.test_send: all of it comes, whatever interrupts', () => {
    sends((near, data) => near.send(data));
  });

  test('SocketEINTRTest.test_sendall: all of it comes, whatever interrupts', () => {
    sends((near, data) => {
      near.sendall(data);
      return data.length;
    });
  });

  test.skipIf(!('sendmsg' in Socket.prototype))(
    'SocketEINTRTest.test_sendmsg: all of it comes, whatever interrupts',
    () => {
      sends((near, data) => (near as unknown as { sendmsg(list: Uint8Array[]): number }).sendmsg([data]));
    },
  );

  test('SocketEINTRTest.test_accept: waits on until a client comes', () => {
    const listener = socket();
    const client = socket();
    for (const sock of [listener, client]) kept(sock);
    listener.bind(['127.0.0.1', 0]);
    listener.listen();
    const address = listener.getsockname() as InetAddress;
    const [accepted, peer] = withAlarms(
      eachThird((turn) => turn === 0 && client.connect(address)),
      () => listener.accept(),
    );
    kept(accepted);
    expect(peer).toEqual(client.getsockname());
  });
});

describe('SelectEINTRTest', () => {
  /** A wait of that many seconds: it lasts them, though it was interrupted, and brings nothing. */
  function lasts(seconds: number, wait: () => unknown[]): void {
    let alarms = 0;
    const start = monotonic();
    const ready = withAlarms((count) => {
      alarms = count;
    }, wait);
    expect(monotonic() - start).toBeGreaterThanOrEqual(seconds);
    expect(ready.flat()).toEqual([]);
    expect(alarms).toBeGreaterThan(1);
  }

  test('SelectEINTRTest.test_select: lasts its time', () => {
    lasts(0.2, () => select([], [], [], 0.2));
  });

  test.skipIf(isMac)(
    "SelectEINTRTest.test_poll: lasts its time (not macOS: its poll does not, CPython's bpo-28087)",
    () => {
      lasts(0.2, () => poll().poll(200));
    },
  );

  test.skipIf(!isLinux)('SelectEINTRTest.test_epoll: lasts its time (Linux has epoll, no other)', () => {
    using poller = epoll();
    lasts(0.2, () => poller.poll(0.2));
  });

  test.skipIf(!isMac)('SelectEINTRTest.test_kqueue: lasts its time (macOS has kqueue, no other)', () => {
    using queue = kqueue();
    lasts(0.2, () => queue.control(null, 1, 0.2));
  });
});

describe('OSEINTRTest', () => {
  // What Python's os.read and os.write do around the calls.
  function retried(name: string, call: () => number): number {
    for (;;) {
      const result = call();
      if (result !== -EINTR) return result;
      retries++;
      handleEintr(name);
    }
  }
  let retries = 0;

  function pipe(): [r: number, w: number] {
    const [near, far] = pair();
    return [near.fileno(), far.fileno()];
  }

  test('OSEINTRTest.test_read: each byte comes, whatever interrupts', () => {
    const [r, w] = pipe();
    const expected = ['x', 'y', 'z'];
    const byte = Buffer.alloc(1);
    let got = '';
    retries = 0;
    withAlarms(
      eachThird((turn) => turn < 3 && sys.write(w, Buffer.from(expected[turn]))),
      () => {
        for (const _ of expected) {
          expect(retried('read', () => sys.read(r, byte))).toBe(1);
          got += byte.toString();
        }
      },
    );
    expect(got).toBe('xyz');
    expect(retries).toBeGreaterThan(0);
  });

  test('OSEINTRTest.test_write: all of it comes, whatever interrupts', () => {
    const [r, w] = pipe();
    const data = Buffer.alloc(3_000_000, 'abcdefg');
    const room = Buffer.alloc(data.length);
    let received = 0;
    retries = 0;
    const readSome = () => {
      received += sys.read(r, room.subarray(received, received + 100_000));
    };
    withAlarms(
      eachThird(readSome),
      () => {
        let sent = 0;
        while (sent < data.length) {
          sent += retried('write', () => sys.write(w, data, sent, data.length - sent));
        }
      },
      0.002,
    );
    while (received < data.length) readSome();
    expect(room.equals(data)).toBe(true);
    expect(retries).toBeGreaterThan(0);
  });
});
