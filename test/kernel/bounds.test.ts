// The addon's bounds: the kernel never reads or writes beyond the memory that JavaScript gave it.

import { describe, expect, test } from 'vitest';
import { F_SETFL, F_SETLK } from '../../src/kernel/constants/fcntl.ts';
import { POLLIN } from '../../src/kernel/constants/select.ts';
import { NSIG, SIG_BLOCK } from '../../src/kernel/constants/signal.ts';
import { AF_UNIX, SOCK_STREAM } from '../../src/kernel/constants/socket.ts';
import { EBADF, EMSGSIZE } from '../../src/kernel/errno.ts';
import { type Calls, layout, native } from '../../src/kernel/native.ts';
import { flock } from '../../src/kernel/structs/flock.ts';
import { isLinux } from '../support/platform.ts';

describe('offset and length', () => {
  const calls: [name: string, call: (buf: Uint8Array, offset: number, length: number) => number][] = [
    ['recv', (...part) => native.recv(-1, ...part, 0)],
    ['send', (...part) => native.send(-1, ...part, 0)],
    ['write', (...part) => native.write(-1, ...part)],
    ['recvfrom', (...part) => native.recvfrom(-1, ...part, 0, null, null)],
    ['sendto', (...part) => native.sendto(-1, ...part, 0, null)],
  ];

  test.each([
    [8, 0, 9],
    [8, 8, 1],
    [8, 9, 0],
    [8, -1, 1],
    [8, 0, -1],
    [8, 2 ** 53, 1],
    [8, 1, 2 ** 53],
    [8, 2 ** 62, 2 ** 62],
    [8, -(2 ** 63), 8],
    [0, 0, 1],
  ])(
    'of recv, send, write, recvfrom and sendto reach outside %i bytes from %d, %d bytes long',
    (size, offset, length) => {
      for (const [name, call] of calls)
        expect(() => call(new Uint8Array(size), offset, length)).toThrow(
          new RangeError(`${name}: offset and length reach outside the buffer`),
        );
    },
  );

  test.each([
    [8, 0, 8],
    [8, 7, 1],
    [8, 8, 0],
    [0, 0, 0],
  ])(
    'of recv, send, write, recvfrom and sendto are within %i bytes from %i, %i bytes long',
    (size, offset, length) => {
      for (const [, call] of calls) expect(call(new Uint8Array(size), offset, length)).toBe(-EBADF);
    },
  );

  test.each([
    ['an Int8Array of 8', new Int8Array(8), 8],
    ['a Uint8Array of 8', new Uint8Array(8), 8],
    ['a Uint8ClampedArray of 8', new Uint8ClampedArray(8), 8],
    ['an Int16Array of 4', new Int16Array(4), 8],
    ['a Uint16Array of 4', new Uint16Array(4), 8],
    ['an Int32Array of 2', new Int32Array(2), 8],
    ['a Uint32Array of 2', new Uint32Array(2), 8],
    ['a Float32Array of 2', new Float32Array(2), 8],
    ['a Float64Array of 1', new Float64Array(1), 8],
    ['a BigInt64Array of 1', new BigInt64Array(1), 8],
    ['a BigUint64Array of 1', new BigUint64Array(1), 8],
    ['a view of shared memory', new Uint8Array(new SharedArrayBuffer(8)), 8],
    ['a part of a Buffer', Buffer.alloc(16).subarray(3, 11), 8],
    ['a view of memory that was transferred away', detached(new Uint8Array(8)), 0],
    ['a view of memory that shrank to 2', shrunk((buffer) => new Uint8Array(buffer)), 2],
    ['the same from its byte 1 on', shrunk((buffer) => new Uint8Array(buffer, 1)), 1],
    ['a view of 8 bytes of it', shrunk((buffer) => new Uint8Array(buffer, 0, 8)), 0],
  ])('are counted in bytes: %s', (_, buf, bytes) => {
    expect(native.recv(-1, buf, 0, bytes, 0)).toBe(-EBADF);
    expect(() => native.recv(-1, buf, 0, bytes + 1, 0)).toThrow(RangeError);
  });
});

describe('a buffer too small', () => {
  const bytes = (size: number) => new Uint8Array(size);
  const room = (size: number) => Int32Array.of(size);
  const event = layout['sizeof epoll_event'] ?? 0;
  const larger = 'the length is larger than its buffer';
  const lacking = 'the length must be an Int32Array of at least one element';
  const three = 'lengths must be an Int32Array of at least three elements';
  const set = 'a set is smaller than nfds bits';
  const timeout = 'timeout must be a BigInt64Array of at least two elements';
  const offset = 'an offset must be a BigInt64Array of at least one element';
  const struct = 'arg is smaller than the struct of this command';
  const mask = 'the signal mask must be a BigUint64Array of at least one element';
  const four = 'an itimerspec must be a BigInt64Array of at least four elements';
  const vlen = 'vlen is negative or more than msgvec holds';
  const iovlen = 'there are fewer buffers than the messages take';
  const nfds = 'nfds is negative or more than fds holds';

  test.each(
    titled<string>([
      ['socketpair', [AF_UNIX, SOCK_STREAM, 0, room(0)], 'sv must be an Int32Array of at least two elements'],
      ['accept', [-1, bytes(16), room(17)], larger],
      ['accept', [-1, null, room(1)], larger],
      ['accept', [-1, bytes(16), room(-1)], larger],
      ['getsockname', [-1, bytes(16), room(-1)], larger],
      ['getsockopt', [-1, 1, 1, bytes(3), room(-1)], larger],
      ['accept', [-1, bytes(16), null], lacking],
      ['accept', [-1, bytes(16), bytes(3)], lacking],
      ['getsockname', [-1, bytes(16), room(17)], larger],
      ['getpeername', [-1, bytes(16), room(2 ** 31 - 1)], larger],
      ['getsockopt', [-1, 1, 1, bytes(3), room(4)], larger],
      ['getsockopt', [-1, 1, 1, bytes(4), bytes(0)], lacking],
      ['select', [1, bytes(7), null, null, null], set],
      ['select', [65, null, bytes(8), null, null], set],
      ['select', [1024, null, null, bytes(127), null], set],
      ['select', [2 ** 31 - 1, bytes(8), null, null, null], set],
      ['select', [0, null, null, null, new BigInt64Array(1)], timeout],
      ['select', [0, null, null, null, new BigInt64Array(0)], timeout],
      ['select', [1, detached(bytes(128)), null, null, null], set],
      ['poll', [bytes(7), 1, 0], nfds],
      ['poll', [bytes(8), 2, 0], nfds],
      ['poll', [bytes(8), 2 ** 31 - 1, 0], nfds],
      ['poll', [bytes(8), -1, 0], nfds],
      ['recvmsg', [-1, [bytes(1)], null, null, room(0), 0], three],
      ['recvmsg', [-1, [bytes(1)], bytes(16), null, Int32Array.of(17, 0, 0), 0], larger],
      ['recvmsg', [-1, [bytes(1)], null, null, Int32Array.of(1, 0, 0), 0], larger],
      ['recvmsg', [-1, [bytes(1)], null, bytes(16), Int32Array.of(0, 17, 0), 0], larger],
      ['recvmsg', [-1, [bytes(1)], null, bytes(16), Int32Array.of(0, -1, 0), 0], larger],
      ['recvmsg', [-1, [], detached(bytes(16)), null, Int32Array.of(16, 0, 0), 0], larger],
      ['recvfrom', [-1, bytes(1), 0, bytes(16), room(17)], larger],
      ['recvfrom', [-1, bytes(1), 0, bytes(16), room(-1)], larger],
      ['recvfrom', [-1, bytes(1), 0, bytes(16), null], lacking],
      ['recvfrom', [-1, bytes(1), 0, 1, 0, bytes(16), room(17)], larger],
      ['recvfrom', [-1, bytes(1), 0, 1, 0, null, room(1)], larger],
      ['pselect', [65, null, bytes(8), null, null, null], set],
      ['pselect', [0, null, null, null, new BigInt64Array(1), null], timeout],
      ['pselect', [0, null, null, null, new BigInt64Array(2), bytes(7)], mask],
      ['pipe', [room(0)], 'fds must be an Int32Array of at least two elements'],
      ['if_indextoname', [1, bytes(15)], 'name must have room for IF_NAMESIZE bytes'],
      ['ioctl', [-1, 0, bytes(16385)], 'arg is larger than any request takes'],
      ['clock_gettime', [0, new BigInt64Array(1)], 'time must be a BigInt64Array of at least two elements'],
      ['sigaction', [NSIG, 2], 'handler must be SIG_DFL (0) or SIG_IGN (1)'],
      ['sigaction', [NSIG, -1], 'handler must be SIG_DFL (0) or SIG_IGN (1)'],
      ['fcntl', [-1, F_SETLK, bytes(flock.size - 1)], struct],
      ['fcntl', [-1, F_SETFL, bytes(64)], 'this command takes an int'],
      ['pthread_sigmask', [SIG_BLOCK, bytes(7), null], mask],
      [
        'pthread_sigmask',
        [SIG_BLOCK, null, bytes(7)],
        'oldset must be a BigUint64Array of at least one element',
      ],
      ['catch_signal', [NSIG, 1], 'flags must be 0 or SA_RESTART'],
      [
        'take_pending_signals',
        [new Int32Array(NSIG - 1)],
        'signums must be an Int32Array of at least NSIG elements',
      ],
    ]),
  )('is refused before the kernel could write beyond it: %s', (_, name, args, text) => {
    expect(() => raw(name, args)).toThrow(new RangeError(`${name}: ${text}`));
  });

  test.skipIf(!isLinux).each(
    titled<string>([
      ['accept4', [-1, bytes(16), room(17), 0], larger],
      ['pipe2', [room(0), 0], 'fds must be an Int32Array of at least two elements'],
      ['recvmmsg', [-1, [], null, null, bytes(19), 1, 0, null], vlen],
      ['recvmmsg', [-1, [], null, null, bytes(40), -1, 0, null], vlen],
      ['recvmmsg', [-1, [], null, null, Int32Array.of(1, 0, 0, 0, 0), 1, 0, null], iovlen],
      [
        'recvmmsg',
        [-1, [bytes(1)], null, null, Int32Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0), 2, 0, null],
        iovlen,
      ],
      ['recvmmsg', [-1, [bytes(1)], null, null, Int32Array.of(-1, 0, 0, 0, 0), 1, 0, null], iovlen],
      ['recvmmsg', [-1, [], bytes(16), null, Int32Array.of(0, 17, 0, 0, 0), 1, 0, null], larger],
      [
        'recvmmsg',
        [-1, [], bytes(16), null, Int32Array.of(0, 9, 0, 0, 0, 0, 8, 0, 0, 0), 2, 0, null],
        larger,
      ],
      ['recvmmsg', [-1, [], null, bytes(16), Int32Array.of(0, 0, -1, 0, 0), 1, 0, null], larger],
      ['recvmmsg', [-1, [], null, null, bytes(20), 1, 0, new BigInt64Array(1)], timeout],
      ['sendmmsg', [-1, [], null, null, bytes(19), 1, 0], vlen],
      ['sendmmsg', [-1, [], null, bytes(16), Int32Array.of(0, 0, 17, 0, 0), 1, 0], larger],
      ['ppoll', [bytes(8), 2, new BigInt64Array(2), null], nfds],
      ['ppoll', [bytes(8), 1, new BigInt64Array(1), null], timeout],
      ['ppoll', [bytes(8), 1, new BigInt64Array(2), bytes(7)], mask],
      ['epoll_pwait', [-1, bytes(2 * event - 1), 2, 0, null], 'maxevents is more than events holds'],
      ['epoll_pwait', [-1, bytes(event), 1, 0, bytes(7)], mask],
      ['epoll_pwait2', [-1, bytes(2 * event - 1), 2, null, null], 'maxevents is more than events holds'],
      ['epoll_pwait2', [-1, bytes(event), 1, new BigInt64Array(1), null], timeout],
      ['epoll_pwait2', [-1, bytes(event), 1, null, bytes(7)], mask],
      ['splice', [-1, bytes(7), -1, null, 1, 0], offset],
      ['splice', [-1, null, -1, bytes(7), 1, 0], offset],
      ['splice', [-1, null, -1, null, -1, 0], 'len must not be negative'],
      ['fcntl', [-1, 36, bytes(31)], struct],
      ['fcntl', [-1, 15, bytes(7)], struct],
      ['fcntl', [-1, 1035, bytes(7)], struct],
      ['signalfd', [-1, bytes(7), 0], mask],
      ['eventfd', [-1, 0], 'initval does not fit an unsigned int'],
      ['eventfd', [2 ** 32, 0], 'initval does not fit an unsigned int'],
      ['timerfd_settime', [-1, 0, new BigInt64Array(3), null], four],
      ['timerfd_settime', [-1, 0, new BigInt64Array(4), new BigInt64Array(3)], four],
      ['timerfd_gettime', [-1, new BigInt64Array(3)], four],
      ['epoll_ctl', [-1, 1, 0, bytes(event - 1)], 'event is smaller than a struct epoll_event'],
      ['epoll_wait', [-1, bytes(2 * event - 1), 2, 0], 'maxevents is more than events holds'],
      ['epoll_wait', [-1, bytes(event), 2 ** 31 - 1, 0], 'maxevents is more than events holds'],
    ]),
  )('is refused by the calls of Linux too: %s', (_, name, args, text) => {
    expect(() => raw(name, args)).toThrow(new RangeError(`${name}: ${text}`));
  });

  test.each(
    titled<number>([
      ['accept', [-1, bytes(16), room(16)], -EBADF],
      ['accept', [-1, null, null], -EBADF],
      ['accept', [-1, undefined], -EBADF],
      ['getsockopt', [-1, 1, 1, bytes(4), room(4)], -EBADF],
      ['select', [64, bytes(8), bytes(8), bytes(8), new BigInt64Array(2)], 0],
      ['poll', [bytes(8).fill(0xff), 1, 0], 0],
      ['take_pending_signals', [new Int32Array(NSIG)], 0],
      ['recvmsg', [-1, [bytes(1)], bytes(16), bytes(16), Int32Array.of(16, 16, 0), 0], -EBADF],
      // macOS looks at how many buffers there are first.
      ['recvmsg', [-1, [], null, null, new Int32Array(3), 0], isLinux ? -EBADF : -EMSGSIZE],
    ]),
  )('is none that just fits: %s', (_, name, args, result) => {
    expect(raw(name, args)).toBe(result);
  });

  test('is none that begins at an odd byte', () => {
    const odd = (size: number) => new DataView(new ArrayBuffer(size + 3), 3);
    const memory = (view: DataView) => new Uint8Array(view.buffer, view.byteOffset);
    const [sv, rfds, pollfd, time] = [8, 128, 8, 16].map(odd);
    expect(native.socketpair(AF_UNIX, SOCK_STREAM, 0, memory(sv) as never)).toBe(0);
    const [fd, peer] = [sv.getInt32(0, true), sv.getInt32(4, true)];
    native.send(peer, Buffer.from('x'), 0);

    memory(rfds)[fd >> 3] = 1 << (fd & 7);
    expect(native.select(fd + 1, memory(rfds), null, null, new BigInt64Array(2))).toBe(1);
    pollfd.setInt32(0, fd, true);
    pollfd.setInt16(4, POLLIN, true);
    expect(native.poll(memory(pollfd), 1, 0)).toBe(1);
    expect(native.clock_gettime(0, memory(time) as never)).toBe(0);
    expect(Number(time.getBigInt64(0, true))).toBeGreaterThan(1.7e9);
    native.close(fd);
    native.close(peer);
  });
});

/** Puts the call in front, as a title: accept(-1, Uint8Array(16), null). */
function titled<T>(rows: [keyof Calls, unknown[], T][]): [string, ...(typeof rows)[number]][] {
  const shown = (arg: unknown) =>
    ArrayBuffer.isView(arg) ? `${arg.constructor.name}(${arg.byteLength})` : arg;
  return rows.map((row) => [`${row[0]}(${row[1].map(shown).map(String).join(', ')})`, ...row]);
}

function raw(name: keyof Calls, args: unknown[]): number {
  return (native[name] as (...args: unknown[]) => number)(...args);
}

/** The array after its memory was transferred away. */
function detached<T extends NodeJS.TypedArray>(array: T): T {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}

/** An array made on 8 bytes of which 2 are left. */
function shrunk(make: (buffer: ArrayBuffer) => Uint8Array): Uint8Array {
  const buffer = Reflect.construct(ArrayBuffer, [8, { maxByteLength: 8 }]);
  const array = make(buffer);
  buffer.resize(2);
  return array;
}
