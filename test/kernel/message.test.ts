// recvmsg and sendmsg of native/message.cc, and control.ts: messages in parts, with a sender's
// address and control messages; and arrays that change while they are read.

import { describe, expect, test } from 'vitest';
import {
  AF_INET,
  AF_UNIX,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_TRUNC,
  MSG_WAITFORONE,
  SCM_RIGHTS,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '../../src/kernel/constants/socket.ts';
import { EAGAIN, EBADF } from '../../src/kernel/errno.ts';
import { layout } from '../../src/kernel/native.ts';
import { controlMessages, controlSpace } from '../../src/kernel/structs/cmsghdr.ts';
import { packSockaddr } from '../../src/kernel/structs/sockaddr.ts';
import * as sys from '../../src/syscalls.ts';
import { opened, pair } from '../support/descriptors.ts';
import { isLinux } from '../support/platform.ts';

const lengths = (namelen = 0, controllen = 0) => Int32Array.of(namelen, controllen, -1);

describe('a message', () => {
  test('is sent from one list of buffers and received into another', () => {
    const [here, there] = pair();
    const parts = [Buffer.from('Hel'), new ArrayBuffer(0), Uint16Array.of(0x6f6c)];
    expect(sys.sendmsg(here, parts, null, null, 0)).toBe(5);
    const [first, second] = [new Uint8Array(2), new ArrayBuffer(8)];
    const told = lengths();
    expect(sys.recvmsg(there, [first, second], null, null, told, 0)).toBe(5);
    expect(Buffer.from(first).toString() + Buffer.from(second, 0, 3).toString()).toBe('Hello');
    expect([...told]).toEqual([0, 0, 0]);
  });

  test('that is longer than its buffers is cut, and msg_flags says so', () => {
    const [here, there] = pair(SOCK_DGRAM);
    sys.sendmsg(here, [Buffer.from('Hello')], null, null, 0);
    const told = lengths();
    const result = sys.recvmsg(there, [new Uint8Array(2)], null, null, told, MSG_TRUNC);
    expect(result).toBe(isLinux ? 5 : 2);
    expect(told[2] & MSG_TRUNC).toBe(MSG_TRUNC);
  });

  test('that is not there leaves the lengths alone', () => {
    const [here] = pair();
    const told = lengths();
    expect(sys.recvmsg(here, [new Uint8Array(2)], null, null, told, MSG_DONTWAIT)).toBe(-EAGAIN);
    expect([...told]).toEqual([0, 0, -1]);
  });

  // Abstract names are Linux's.
  test.skipIf(!isLinux)('carries the address of its sender', () => {
    const [here, there] = [0, 0].map(() => opened(sys.socket(AF_UNIX, SOCK_DGRAM, 0)));
    const bound = [here, there].map((fd, i) => {
      const address = packSockaddr(AF_UNIX, `\0rfds-message-${process.pid}-${i}`, 'bind');
      expect(sys.bind(fd, address)).toBe(0);
      return address;
    });
    expect(sys.sendmsg(here, [Buffer.from('x')], bound[1], null, 0)).toBe(1);
    const name = Buffer.alloc(110);
    const told = lengths(name.length);
    expect(sys.recvmsg(there, [new Uint8Array(8)], name, null, told, 0)).toBe(1);
    expect(name.subarray(0, told[0])).toEqual(bound[0]);
  });

  test('carries a descriptor in a control message', () => {
    const [here, there] = pair();
    const [passed, other] = pair();
    const control = Buffer.alloc(controlSpace(4));
    control.writeUInt32LE(layout['CMSG_LEN(0)']! + 4, layout['cmsghdr.cmsg_len']!);
    control.writeInt32LE(SOL_SOCKET, layout['cmsghdr.cmsg_level']!);
    control.writeInt32LE(SCM_RIGHTS, layout['cmsghdr.cmsg_type']!);
    control.writeInt32LE(passed, layout['CMSG_LEN(0)']!);
    expect(sys.sendmsg(here, [Buffer.from('x')], null, control, 0)).toBe(1);

    const room = Buffer.alloc(256);
    const told = lengths(0, room.length);
    expect(sys.recvmsg(there, [new Uint8Array(8)], null, room, told, 0)).toBe(1);
    const [message, ...more] = controlMessages(room, told[1]);
    expect(more).toEqual([]);
    expect(message).toMatchObject({ level: SOL_SOCKET, type: SCM_RIGHTS });
    const received = opened(message.data.readInt32LE(0));
    expect(message.data.length).toBe(4);
    sys.send(received, Buffer.from('through'), 0);
    expect(sys.recv(other, new Uint8Array(16), 0)).toBe(7);
  });

  test('whose control message does not fit is received, and msg_flags says so', () => {
    const [here, there] = pair();
    const control = Buffer.alloc(controlSpace(4));
    control.writeUInt32LE(layout['CMSG_LEN(0)']! + 4, layout['cmsghdr.cmsg_len']!);
    control.writeInt32LE(SOL_SOCKET, layout['cmsghdr.cmsg_level']!);
    control.writeInt32LE(SCM_RIGHTS, layout['cmsghdr.cmsg_type']!);
    sys.sendmsg(here, [Buffer.from('x')], null, control, 0);
    const told = lengths(0, 1);
    expect(sys.recvmsg(there, [new Uint8Array(8)], null, new Uint8Array(1), told, 0)).toBe(1);
    expect(told[2] & MSG_CTRUNC).toBe(MSG_CTRUNC);
  });
});

describe('control messages', () => {
  const align = layout.CMSG_ALIGN!;
  const dataOffset = layout['CMSG_LEN(0)']!;
  function message(level: number, type: number, data: Buffer, length = dataOffset + data.length): Buffer {
    const bytes = Buffer.alloc(controlSpace(data.length));
    bytes.writeUInt32LE(length, layout['cmsghdr.cmsg_len']!);
    bytes.writeInt32LE(level, layout['cmsghdr.cmsg_level']!);
    bytes.writeInt32LE(type, layout['cmsghdr.cmsg_type']!);
    data.copy(bytes, dataOffset);
    return bytes;
  }

  test('begin where the one before ends, rounded up', () => {
    const all = Buffer.concat([message(1, 2, Buffer.from('abc')), message(3, 4, Buffer.from('d'))]);
    expect(all.length).toBe(2 * (dataOffset + align));
    expect([...controlMessages(all, all.length)]).toEqual([
      { level: 1, type: 2, data: Buffer.from('abc') },
      { level: 3, type: 4, data: Buffer.from('d') },
    ]);
  });

  test('end with what the kernel wrote, whatever their lengths say', () => {
    const large = message(1, 2, Buffer.from('abc'), 1000);
    expect([...controlMessages(large, dataOffset + 2)]).toEqual([
      { level: 1, type: 2, data: Buffer.from('ab') },
    ]);
    expect([...controlMessages(large, dataOffset - 1)]).toEqual([]);
    expect([...controlMessages(message(1, 2, Buffer.from('abc'), 0), large.length)]).toEqual([]);
  });
});

describe('an array of buffers', () => {
  const send = (buffers: unknown) => sys.sendmsg(-1, buffers as Uint8Array[], null, null, 0);
  const expected =
    'sendmsg: argument 2 (buffers) must be an array of at most 1024 TypedArrays or ArrayBuffers';

  /** An array whose element i runs some code, and is what that returns. */
  function withGetter(length: number, i: number, get: (array: unknown[]) => unknown): unknown[] {
    const array: unknown[] = Array.from({ length }, () => new Uint8Array(8));
    Object.defineProperty(array, i, { get: () => get(array) });
    return array;
  }

  test('may have 1024 of them, and no more', () => {
    expect(send(Array(1024).fill(new Uint8Array(1)))).toBe(-EBADF);
    expect(() => send(Array(1025).fill(new Uint8Array(1)))).toThrow(
      new RangeError(`${expected}, got an object`),
    );
    expect(() => send(new Array(2 ** 32 - 1))).toThrow(RangeError);
  });

  test.each([
    ['a hole', new Array(1)],
    ['a number', [new Uint8Array(1), 1]],
    ['null', [null]],
    ['an array', [[new Uint8Array(1)]]],
  ])('is refused with %s in it', (_, buffers) => {
    expect(() => send(buffers)).toThrow(new TypeError(`${expected}, got an object`));
  });

  test('that shrinks while its elements are read is a TypeError', () => {
    const shrinking = withGetter(64, 1, (array) => {
      array.length = 2;
      return new Uint8Array(8);
    });
    expect(() => send(shrinking)).toThrow(TypeError);
  });

  test('an array of buffers whose getter throws passes that error on', () => {
    const error = new Error('mine');
    const throwing = withGetter(4, 2, () => {
      throw error;
    });
    expect(() => send(throwing)).toThrow(error);
  });

  test('may transfer memory away that was read already: that counts as empty', () => {
    const [here, there] = pair();
    const taken = new Uint8Array(8).fill(0x61);
    const taking = withGetter(2, 1, () => {
      structuredClone(taken.buffer, { transfer: [taken.buffer] });
      return Buffer.from('rest');
    });
    taking[0] = taken;
    expect(sys.sendmsg(here, taking as Uint8Array[], null, null, 0)).toBe(4);
    const received = Buffer.alloc(16);
    expect(sys.recv(there, received, 0)).toBe(4);
    expect(received.toString('latin1', 0, 4)).toBe('rest');
  });

  test('may shrink the memory of its own address, which is read after it', () => {
    const memory: ArrayBuffer = Reflect.construct(ArrayBuffer, [16, { maxByteLength: 16 }]);
    const name = new Uint8Array(memory);
    const shrinking = withGetter(1, 0, () => {
      (memory as unknown as { resize(size: number): void }).resize(2);
      return new Uint8Array(8);
    });
    expect(() => sys.recvmsg(-1, shrinking as Uint8Array[], name, null, Int32Array.of(16, 0, 0), 0)).toThrow(
      new RangeError('recvmsg: the length is larger than its buffer'),
    );
  });
});

describe.skipIf(process.platform !== 'linux')('recvmmsg and sendmmsg', () => {
  test('take no memory for more messages than the kernel looks at, 1024', () => {
    const many = 4_000_000;
    const msgvec = new ArrayBuffer(many * 20);
    const before = process.memoryUsage.rss();
    const peak = process.resourceUsage().maxRSS * 1024;
    expect(sys.sendmmsg(-1, [], null, null, msgvec, many, 0)).toBe(-EBADF);
    // 64 bytes for each would be 256 MB.
    expect(process.resourceUsage().maxRSS * 1024 - Math.max(before, peak)).toBeLessThan(100e6);
  });

  /** Of each message [iovlen, namelen, controllen, flags, len]. */
  const messages = (...list: [iovlen: number, namelen?: number, controllen?: number][]) =>
    Int32Array.from(
      list.flatMap(([iovlen, namelen = 0, controllen = 0]) => [iovlen, namelen, controllen, -1, -1]),
    );
  const word = (msgvec: Int32Array, which: 0 | 1 | 2 | 3 | 4) =>
    [...msgvec].filter((_, i) => i % 5 === which);
  const [NAMELEN, CONTROLLEN, FLAGS, LEN] = [1, 2, 3, 4] as const;
  const udp = (): [fd: number, address: Buffer] => {
    const fd = opened(sys.socket(AF_INET, SOCK_DGRAM, 0));
    expect(sys.bind(fd, packSockaddr(AF_INET, ['127.0.0.1', 0], 'bind'))).toBe(0);
    const address = Buffer.alloc(16);
    expect(sys.getsockname(fd, address, Int32Array.of(16))).toBe(0);
    return [fd, address];
  };

  test('move many datagrams of UDP in one call each, with the addresses of both sides', () => {
    const [[here, from], [there, to]] = [udp(), udp()];
    const sent = messages([2, 16], [1, 16], [0, 16]);
    const parts = [Buffer.from('ab'), Buffer.from('c'), Buffer.from('defg')];
    expect(sys.sendmmsg(here, parts, Buffer.concat([to, to, to]), null, sent, 3, 0)).toBe(3);
    expect(word(sent, LEN)).toEqual([3, 4, 0]);

    const buffers = [2, 2, 2, 2].map((size) => new Uint8Array(size));
    const names = Buffer.alloc(3 * 28);
    const received = messages([2, 28], [1, 28], [1, 28]);
    expect(sys.recvmmsg(there, buffers, names, null, received, 3, 0, null)).toBe(3);
    expect(buffers.map((bytes) => Buffer.from(bytes).toString('latin1'))).toEqual([
      'ab',
      'c\0',
      'de',
      '\0\0',
    ]);
    expect(word(received, LEN)).toEqual([3, 2, 0]);
    expect(word(received, FLAGS)).toEqual([0, MSG_TRUNC, 0]);
    expect(word(received, NAMELEN)).toEqual([16, 16, 16]);
    for (const i of [0, 1, 2]) expect(names.subarray(28 * i, 28 * i + 16)).toEqual(from);
  });

  test('move as many as there are messages, and leave the others’ words alone', () => {
    const [here, there] = pair(SOCK_DGRAM);
    const texts = Array.from({ length: 64 }, (_, i) => Buffer.from(`message ${i}`));
    expect(
      sys.sendmmsg(here, texts, null, null, messages(...texts.map((): [number] => [1])), 64, MSG_DONTWAIT),
    ).toBeGreaterThan(5);
    const buffers = Array.from({ length: 5 }, () => new Uint8Array(16));
    const received = messages([1], [1], [1], [1], [1]);
    expect(sys.recvmmsg(there, buffers, null, null, received, 4, 0, null)).toBe(4);
    expect(Buffer.from(buffers[3]).toString()).toMatch(/^message 3\0/);
    expect(word(received, LEN)).toEqual([9, 9, 9, 9, -1]);
    expect(word(received, FLAGS)).toEqual([0, 0, 0, 0, -1]);
  });

  test('wait for one with MSG_WAITFORONE, for all until the time is over, and for none with MSG_DONTWAIT', () => {
    const [here, there] = pair(SOCK_DGRAM);
    const buffers = [new Uint8Array(1), new Uint8Array(1)];
    const received = messages([1], [1]);
    expect(sys.recvmmsg(there, buffers, null, null, received, 2, MSG_DONTWAIT, null)).toBe(-EAGAIN);
    expect(word(received, LEN)).toEqual([-1, -1]);
    sys.send(here, Buffer.from('x'), 0);
    expect(sys.recvmmsg(there, buffers, null, null, received, 2, MSG_WAITFORONE, null)).toBe(1);
    // The time is looked at when a message has come: then it is over, and the second is not waited for.
    sys.send(here, Buffer.from('x'), 0);
    const timeout = BigInt64Array.of(0n, 1n);
    expect(sys.recvmmsg(there, buffers, null, null, received, 2, 0, timeout)).toBe(1);
    expect([...timeout]).toEqual([0n, 0n]);
  });

  test('carry a descriptor in the control messages of the message that has it', () => {
    const [here, there] = pair(SOCK_DGRAM);
    const [passed] = pair();
    const control = Buffer.alloc(controlSpace(4));
    control.writeUInt32LE(layout['CMSG_LEN(0)']! + 4, layout['cmsghdr.cmsg_len']!);
    control.writeInt32LE(SOL_SOCKET, layout['cmsghdr.cmsg_level']!);
    control.writeInt32LE(SCM_RIGHTS, layout['cmsghdr.cmsg_type']!);
    control.writeInt32LE(passed, layout['CMSG_LEN(0)']!);
    const parts = [Buffer.from('x'), Buffer.from('y')];
    const sent = messages([1], [1, 0, control.length]);
    expect(sys.sendmmsg(here, parts, null, control, sent, 2, 0)).toBe(2);
    const capacity = control.length;
    const controls = Buffer.alloc(2 * capacity);
    const received = messages([1, 0, capacity], [1, 0, capacity]);
    const buffers = [new Uint8Array(1), new Uint8Array(1)];
    expect(sys.recvmmsg(there, buffers, null, controls, received, 2, 0, null)).toBe(2);
    expect(word(received, CONTROLLEN)[0]).toBe(0);
    const [rights] = controlMessages(controls.subarray(capacity), word(received, CONTROLLEN)[1]);
    opened(rights.data.readInt32LE(0));
  });

  test('move none of none, and no more than a descriptor allows', () => {
    expect(sys.sendmmsg(-1, [], null, null, new Int32Array(0), 0, 0)).toBe(-EBADF);
    const [here] = pair(SOCK_DGRAM);
    expect(sys.sendmmsg(here, [], null, null, new Int32Array(0), 0, 0)).toBe(0);
    expect(sys.recvmmsg(here, [], null, null, new Int32Array(0), 0, 0, null)).toBe(0);
  });
});
