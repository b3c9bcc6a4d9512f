// What the kernel may write to: the memory that it is given and nothing behind it, also where only it knows how
// much a request writes, or the request's struct holds an address; and ints, which are passed on or are an error.

import { execFileSync } from 'node:child_process';
import { closeSync, constants, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { release } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { FIONREAD, SIOCGIFCONF, TIOCGPTN, TIOCSPTLCK } from '../../src/kernel/constants/ioctl.ts';
import { POLLIN } from '../../src/kernel/constants/select.ts';
import {
  AF_INET,
  AF_UNIX,
  IPPROTO_TCP,
  SO_GET_FILTER,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_ZEROCOPY_RECEIVE,
} from '../../src/kernel/constants/socket.ts';
import { EBADF, EFAULT, EINVAL, ENOMEM, EOPNOTSUPP } from '../../src/kernel/errno.ts';
import { layout } from '../../src/kernel/native.ts';
import { packSockaddr } from '../../src/kernel/structs/sockaddr.ts';
import * as sys from '../../src/syscalls.ts';
import { afterTest } from '../support/cleanup.ts';
import { opened, pair } from '../support/descriptors.ts';
import { isLinux } from '../support/platform.ts';

const CANARY = 0xee;

/** Memory for a call, amid bytes that are to stay as they are. */
function guarded(size: number): { bytes: Buffer; intact(): boolean } {
  const all = Buffer.alloc(size + 2 * 4096, CANARY);
  const bytes = all.subarray(4096, 4096 + size).fill(0);
  return {
    bytes,
    intact: () => all.every((byte, i) => (i >= 4096 && i < 4096 + size) || byte === CANARY),
  };
}

const socket = (type = SOCK_STREAM) => opened(sys.socket(AF_INET, type, 0));

describe('a request of unknown size', () => {
  const FS_IOC_FIEMAP = 0xc020660b;
  /** struct fiemap, asked for the whole file and so many extents, in memory of that size. */
  function fiemap(
    fd: number,
    extents: number,
    size: number,
  ): [result: number, mapped: number, intact: boolean] {
    const { bytes, intact } = guarded(size);
    bytes.writeBigUInt64LE(2n ** 64n - 1n, 8);
    bytes.writeUInt32LE(extents, 24);
    const result = sys.ioctl(fd, FS_IOC_FIEMAP, bytes);
    return [result, bytes.readUInt32LE(20), intact()];
  }

  test.skipIf(!isLinux)(
    'of ioctl writes no more than its memory: FS_IOC_FIEMAP, whose number says 32 bytes',
    (context) => {
      // Not in the system's folder for such files, which may be memory: that has no extents.
      const folder = mkdtempSync(fileURLToPath(new URL('../../build/fiemap-', import.meta.url)));
      afterTest(() => rmSync(folder, { recursive: true }));
      const fd = openSync(path.join(folder, 'holes'), 'w+');
      afterTest(() => closeSync(fd));
      const page = Buffer.alloc(4096, 1);
      for (let i = 0; i < 400; i++) writeSync(fd, page, 0, page.length, i * 2 * page.length);
      fsyncSync(fd);
      const [asked, extents] = fiemap(fd, 0, 32);
      if (asked === -EOPNOTSUPP) context.skip('the file system has no FS_IOC_FIEMAP');
      expect(asked).toBe(0);
      if (extents < 100) context.skip('the file system joins the extents');
      const enough = 32 + 56 * 100;
      expect(fiemap(fd, 100, enough)).toEqual([0, 100, true]);
      expect(fiemap(fd, 100, enough - 1).slice(0, 1)).toEqual([-EFAULT]);
      for (const size of [32, 100, enough - 1]) expect(fiemap(fd, 400, size)[2]).toBe(true);
    },
  );

  test.skipIf(!isLinux)(
    'of getsockopt writes no more than its memory: SO_GET_FILTER, whose length counts instructions',
    () => {
      const fd = socket(SOCK_DGRAM);
      const count = 200;
      const attach = `
import ctypes, socket, struct
code = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0x41414141) * ${count})
socket.socket(fileno=3).setsockopt(socket.SOL_SOCKET, 26, struct.pack('HL', ${count}, ctypes.addressof(code)))`;
      execFileSync('python3', ['-c', attach], { stdio: ['ignore', 'ignore', 'inherit', fd] });

      const short = guarded(256);
      expect(sys.getsockopt(fd, SOL_SOCKET, SO_GET_FILTER!, short.bytes, Int32Array.of(256))).toBe(-EFAULT);
      expect(short.intact()).toBe(true);
      const whole = guarded(8 * count);
      const length = Int32Array.of(count);
      expect(sys.getsockopt(fd, SOL_SOCKET, SO_GET_FILTER!, whole.bytes, length)).toBe(0);
      expect([length[0], whole.bytes.readUInt16LE(8 * 199), whole.intact()]).toEqual([count, 6, true]);
    },
  );

  test('of getsockopt may have a value of any size', () => {
    const fd = socket();
    for (const size of [4, 32_768, 32_769, 1_000_000]) {
      const { bytes, intact } = guarded(size);
      const length = Int32Array.of(size);
      expect(sys.getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, bytes, length)).toBe(0);
      expect([length[0], intact()]).toEqual([4, true]);
    }
    expect(sys.getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, new Uint8Array(8), Int32Array.of(0))).toBe(0);
  });
});

describe.skipIf(!isLinux)('EFAULT: a struct that holds an address', () => {
  const somewhere = Buffer.alloc(512, 0x10);

  test('that getsockopt would write through', () => {
    const fd = socket();
    const SOL_MPTCP = 284;
    for (const [level, name] of [
      [IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE!],
      [SOL_MPTCP, 4],
      [0, 129],
      [0, 131],
    ])
      expect([name, sys.getsockopt(fd, level, name, somewhere, Int32Array.of(64))]).toEqual([name, -EFAULT]);
  });

  test('that setsockopt would write through', () => {
    for (const [level, name] of [
      [0, 64],
      [0, 96],
      [0, 128],
      [41, 64],
    ])
      expect([name, sys.setsockopt(socket(), level, name, somewhere)]).toEqual([name, -EFAULT]);
  });

  test.each([
    ['SIOCETHTOOL', 0x8946],
    ['SIOCETHTOOL in the low 32 bits', 2 ** 32 + 0x8946],
    ['SIOCGHWTSTAMP', 0x89b1],
    ['SIOCDEVPRIVATE + 1', 0x89f1],
    ['SIOCGIWESSID, of the wireless requests', 0x8b1b],
  ])('that ioctl would write through: %s', (_, request) => {
    expect(sys.ioctl(socket(), request, somewhere)).toBe(-EFAULT);
  });

  test('but SIOCGIFCONF says how much there is, and writes nowhere', () => {
    const conf = Buffer.from(somewhere.subarray(0, 16));
    expect(sys.ioctl(socket(), SIOCGIFCONF, conf)).toBe(0);
    expect(conf.readInt32LE(0) % 40).toBe(0); // struct ifreq
  });
});

describe('an int', () => {
  test('EINVAL: for a command of fcntl that is not known to take one, of which the kernel is not asked', () => {
    const [fd] = pair();
    expect(sys.fcntl(fd, 9999, 1)).toBe(-EINVAL);
    expect(sys.fcntl(-1, 9999, 1)).toBe(-EINVAL);
  });

  test('EFAULT: for a request of ioctl that is not known to take one, of which the kernel is not asked', () => {
    const [fd] = pair();
    expect(sys.ioctl(fd, 0x6fff, 1)).toBe(-EFAULT);
    expect(sys.ioctl(-1, FIONREAD, 1)).toBe(-EFAULT);
  });

  const [major, minor] = release().split('.').map(Number);
  const hasQuery = isLinux && (major > 6 || (major === 6 && minor >= 10));
  test.skipIf(!hasQuery)('is passed on to F_DUPFD_QUERY', () => {
    const [fd, other] = pair();
    expect(sys.fcntl(fd, 1027, opened(sys.dup(fd)))).toBe(1);
    expect(sys.fcntl(fd, 1027, other)).toBe(0);
    expect(sys.fcntl(fd, 1027, -1)).toBe(-EBADF);
  });

  test.skipIf(!isLinux)(
    'is passed on to TCFLSH: TCOFLUSH leaves what a terminal has to read, TCIFLUSH does not',
    () => {
      const [TCFLSH, TCIFLUSH, TCOFLUSH] = [0x540b, 0, 1];
      const terminal = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY);
      afterTest(() => closeSync(terminal));
      const number = new Int32Array(1);
      expect(sys.ioctl(terminal, TIOCSPTLCK!, new Int32Array(1))).toBe(0);
      expect(sys.ioctl(terminal, TIOCGPTN!, number)).toBe(0);
      const tty = openSync(`/dev/pts/${number[0]}`, constants.O_RDWR | constants.O_NOCTTY);
      afterTest(() => closeSync(tty));
      sys.write(terminal, Buffer.from('unread\n'));
      // The kernel brings it to the other end in its own time.
      const pollfd = new Int32Array([tty, POLLIN]);
      expect(sys.poll(pollfd, 1, 10_000)).toBe(1);
      const unread = () => {
        const count = new Int32Array(1);
        expect(sys.ioctl(tty, FIONREAD, count)).toBe(0);
        return count[0];
      };
      expect(unread()).toBe(7);
      expect(sys.ioctl(tty, TCFLSH, TCOFLUSH)).toBe(0);
      expect(unread()).toBe(7);
      expect(sys.ioctl(tty, TCFLSH, TCIFLUSH)).toBe(0);
      expect(unread()).toBe(0);
    },
  );
});

test.skipIf(!isLinux)('ENOMEM: a call that needs memory where there is none, which ends no process', () => {
  const program = `
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as sys from ${JSON.stringify(new URL('../../dist/syscalls.js', import.meta.url).href)};
const size = 2 ** 30;
const value = new ArrayBuffer(size);
const fd = sys.socket(sys.AF_INET, sys.SOCK_STREAM, 0);
const pages = Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[0]);
execFileSync('prlimit', ['--pid', String(process.pid), '--as=' + (pages * 4096 + size / 2)]);
console.log(sys.getsockopt(fd, sys.SOL_SOCKET, sys.SO_REUSEADDR, value, Int32Array.of(size)));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect(output).toBe(`${-ENOMEM}\n`);
});

test('a UNIX address without a NUL is read to its end, and no further: getnameinfo', () => {
  const memory = Buffer.alloc(128, 'x');
  const address = packSockaddr(AF_UNIX, '/path', 'bind');
  address.copy(memory);
  const [host, service] = [Buffer.alloc(256), Buffer.alloc(256)];
  const end = layout['sockaddr_un.sun_path']! + '/path'.length;
  const result = sys.getnameinfo(memory.subarray(0, end), host, service, 0);
  // macOS has no names for this family.
  if (isLinux) expect([result, service.toString('latin1', 0, service.indexOf(0))]).toEqual([0, '/path']);
  expect(service.includes('x')).toBe(false);
});

test('an address or an option of more than 4 GiB is an argument error, not one of what is left modulo 4 GiB', (context) => {
  let large: ArrayBuffer;
  try {
    large = new ArrayBuffer(2 ** 32 + 16); // of which no page is touched
  } catch {
    context.skip('there is no memory for it');
    return;
  }
  const text = 'it is longer than a socklen_t counts';
  expect(() => sys.bind(-1, large)).toThrow(new RangeError(`bind: ${text}`));
  expect(() => sys.connect(-1, large)).toThrow(new RangeError(`connect: ${text}`));
  expect(() => sys.setsockopt(-1, 0, 0, large)).toThrow(new RangeError(`setsockopt: ${text}`));
  expect(() => sys.sendto(-1, new Uint8Array(1), 0, large)).toThrow(new RangeError(`sendto: ${text}`));
});
