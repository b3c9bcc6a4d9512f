// A process without privileges that makes every raw call with random memory, and getsockopt, setsockopt and ioctl
// with every number that it is given, and looks whether a byte beside that memory changed: fuzz-memory.test.ts
// runs it, and looks at how it ends. It prints what it did, as JSON.
//
//   node fuzz-memory.mjs seed step calls
//
// step: every so many of the numbers 0 to 65535 (1: all of them); those of the usual options and requests are
// among them in any case. calls: how many raw calls are made with random arguments.
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const [seed, step, calls] = process.argv.slice(2).map(Number);
const dist = (name) => import(new URL(`../../dist/${name}.js`, import.meta.url).href);
const S = await dist('socket');
const { kernel } = await dist('kernel/fast-calls');
const { calls: table, parametersOf } = await dist('kernel/calls');
const { F_GETFL, F_OFD_SETLKW, F_SETFL, F_SETLKW, F_SETOWN, F_SETSIG, O_NONBLOCK, SPLICE_F_NONBLOCK } =
  await dist('kernel/constants/fcntl');
const { FIOSETOWN, SIOCSPGRP, TIOCGPTN, TIOCGPTPEER, TIOCSETD, TIOCSPTLCK } =
  await dist('kernel/constants/ioctl');
const { packSockaddr } = await dist('kernel/structs/sockaddr');
const { AI_NUMERICHOST, NI_NUMERICHOST } = await dist('kernel/constants/names');

const folder = mkdtempSync(path.join(tmpdir(), 'rfds-fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.chdir(folder);
if (process.geteuid() === 0) {
  const { chownSync } = await import('node:fs');
  chownSync(folder, 65534, 65534);
  process.setgroups([]);
  process.setgid(65534);
  process.setuid(65534);
}
// What the requests may ask for: signals, which end a process by default.
for (const name of ['SIGIO', 'SIGALRM', 'SIGVTALRM', 'SIGPROF', 'SIGHUP', 'SIGTTIN', 'SIGTTOU', 'SIGTSTP']) {
  kernel.sigaction((await import('node:os')).constants.signals[name], 1);
}

// ---- Random numbers (mulberry32), and memory amid bytes that are to stay as they are.

let state = seed;
function random(n) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % n;
}
const one = (list) => list[random(list.length)];

const MARGIN = 2048;
const LARGEST = 1024;
const untouched = Buffer.alloc(MARGIN, 0xee);
const noise = Buffer.from(Array.from({ length: 65_536 + LARGEST }, () => random(256)));
const sizes = [
  0,
  1,
  2,
  3,
  4,
  4,
  4,
  5,
  8,
  8,
  12,
  16,
  16,
  20,
  24,
  28,
  32,
  36,
  40,
  64,
  100,
  128,
  256,
  300,
  LARGEST,
];

// As many as a call has arguments: each with its own margins, all made once.
const areas = Array.from({ length: 24 }, () => Buffer.alloc(2 * MARGIN + LARGEST, 0xee));
let used = 0;
const ends = [];

/** Memory of that size: of random bytes, of zeros, or of small numbers. */
function memory(size = one(sizes)) {
  const area = areas[used];
  const bytes = area.subarray(MARGIN, MARGIN + size);
  ends[used++] = size;
  const kind = random(4);
  if (kind < 2) noise.copy(bytes, 0, random(65_536));
  else bytes.fill(0);
  if (kind === 3) for (let at = 0; at < size; at += 4) bytes[at] = random(100);
  return bytes;
}

const seen = { options: 0, ioctls: 0, calls: 0, answered: 0, violations: [] };

/** After each call: nothing beside the memory changed. */
function check(...what) {
  for (let i = 0; i < used; i++) {
    const area = areas[i];
    const end = MARGIN + ends[i];
    const before = area.compare(untouched, 0, MARGIN, 0, MARGIN) === 0;
    const behind = area.compare(untouched, 0, MARGIN, end, end + MARGIN) === 0;
    if (!before || !behind) seen.violations.push([...what, { size: ends[i], before, behind }]);
    if (before && behind) area.fill(0xee, MARGIN, end);
    else area.fill(0xee);
  }
  used = 0;
}

const usual = (number) =>
  number < 512 ||
  (number >= 0x5400 && number < 0x5500) ||
  (number >= 0x8900 && number < 0x8c00) ||
  (number >= 0x4b00 && number < 0x4b80);
const numbers = [];
for (let number = 0; number < 65_536; number++) {
  if (usual(number) || number % step === 0) numbers.push(number);
}

// ---- Descriptors

const loopback = packSockaddr(S.AF_INET, ['127.0.0.1', 0], 'bind');
const loopback6 = packSockaddr(S.AF_INET6, ['::1', 0], 'bind');

/** Its descriptor, or undefined where there is no such socket. */
function socket(family, type, protocol = 0) {
  const fd = kernel.socket(family, type | S.SOCK_NONBLOCK | S.SOCK_CLOEXEC, protocol);
  if (fd < 0) return undefined;
  if (family === S.AF_INET) kernel.bind(fd, loopback);
  if (family === S.AF_INET6) kernel.bind(fd, loopback6);
  return fd;
}

/** An end of a connection whose other end stays open, and has sent something. */
function connected(family, type, protocol) {
  if (family === S.AF_UNIX) {
    const sv = new Int32Array(2);
    if (kernel.socketpair(family, type | S.SOCK_NONBLOCK, 0, sv) < 0) return undefined;
    kernel.send(sv[1], noise, 0, 100, 0);
    toClose.push(sv[1]);
    return sv[0];
  }
  const listener = socket(family, type, protocol);
  const client = socket(family, type, protocol);
  if (listener === undefined || client === undefined) return undefined;
  const address = Buffer.alloc(128);
  const length = Int32Array.of(128);
  kernel.listen(listener, 1);
  kernel.getsockname(listener, address, length);
  kernel.connect(client, address.subarray(0, length[0]));
  kernel.send(client, noise, 0, 100, S.MSG_NOSIGNAL);
  toClose.push(listener, client);
  const accepted = kernel.accept4(listener, null, null, S.SOCK_NONBLOCK);
  return accepted < 0 ? undefined : accepted;
}

const toClose = [];
function closeAll() {
  for (const fd of toClose.splice(0)) kernel.close(fd);
}

const SOL = { IP: 0, SOCKET: S.SOL_SOCKET, TCP: 6, UDP: 17, IPV6: 41, UDPLITE: 136, RAW: 255 };
const [SOL_NETLINK, SOL_PPPOL2TP, SOL_ALG, SOL_TLS, SOL_MPTCP, SOL_VSOCK] = [270, 273, 279, 282, 284, 287];
const [AF_ALG, AF_VSOCK, IPPROTO_MPTCP] = [38, 40, 262];
const sockets = {
  tcp: [() => socket(S.AF_INET, S.SOCK_STREAM), [SOL.SOCKET, SOL.IP, SOL.TCP, SOL_TLS]],
  'connected tcp': [() => connected(S.AF_INET, S.SOCK_STREAM), [SOL.SOCKET, SOL.IP, SOL.TCP, SOL_TLS]],
  'tcp over IPv6': [() => socket(S.AF_INET6, S.SOCK_STREAM), [SOL.IP, SOL.IPV6, SOL.TCP]],
  mptcp: [() => connected(S.AF_INET, S.SOCK_STREAM, IPPROTO_MPTCP), [SOL.IP, SOL.TCP, SOL_MPTCP]],
  udp: [() => socket(S.AF_INET, S.SOCK_DGRAM), [SOL.SOCKET, SOL.IP, SOL.UDP, SOL_PPPOL2TP]],
  'udp over IPv6': [() => socket(S.AF_INET6, S.SOCK_DGRAM), [SOL.IPV6, SOL.UDP, SOL.RAW]],
  unix: [() => connected(S.AF_UNIX, S.SOCK_STREAM), [SOL.SOCKET, SOL.IP]],
  'unix datagrams': [() => connected(S.AF_UNIX, S.SOCK_DGRAM), [SOL.SOCKET]],
  netlink: [() => socket(S.AF_NETLINK, S.SOCK_RAW), [SOL.SOCKET, SOL_NETLINK]],
  alg: [() => socket(AF_ALG, S.SOCK_SEQPACKET), [SOL_ALG]],
  vsock: [() => socket(AF_VSOCK, S.SOCK_STREAM), [AF_VSOCK, SOL_VSOCK]],
};

// ---- Every option

for (const [kind, [make, levels]] of Object.entries(sockets)) {
  for (const level of levels) {
    let fd;
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i];
      // A new one now and then, for an option may make it useless.
      if (i % 64 === 0) {
        closeAll();
        fd = make();
        if (fd === undefined) break;
        toClose.push(fd);
      }
      const value = memory();
      const length = memory(4);
      length.writeInt32LE(random(4) > 0 ? value.length : random(value.length + 1));
      if (kernel.getsockopt(fd, level, number, value, length) === 0) seen.answered++;
      check('getsockopt', kind, level, number);
      try {
        if (kernel.setsockopt(fd, level, number, memory()) === 0) seen.answered++;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
      check('setsockopt', kind, level, number);
      seen.options += 2;
    }
  }
}
closeAll();

// ---- Every request

function terminal() {
  const fd = openSync('/dev/ptmx', 'r+');
  kernel.ioctl(fd, TIOCSPTLCK, new Int32Array(1));
  const number = new Int32Array(1);
  kernel.ioctl(fd, TIOCGPTN, number);
  return [fd, openSync(`/dev/pts/${number[0]}`, 256 /* O_NOCTTY */ | 2)];
}
function optional(make) {
  try {
    return make();
  } catch {
    return undefined;
  }
}
const pipe = new Int32Array(2);
kernel.pipe2(pipe, O_NONBLOCK);
const [master, slave] = optional(terminal) ?? [];
const others = {
  'the end of a pipe that is read': pipe[0],
  'the end of a pipe that is written': pipe[1],
  eventfd: kernel.eventfd(1, O_NONBLOCK),
  pidfd: kernel.pidfd_open(process.pid, 0),
  timerfd: kernel.timerfd_create(1, O_NONBLOCK),
  signalfd: kernel.signalfd(-1, new BigUint64Array(1), O_NONBLOCK),
  epoll: kernel.epoll_create1(0),
  file: openSync(path.join(folder, 'file'), 'w+'),
  folder: openSync(folder, 'r'),
  'the master of a terminal': master,
  terminal: slave,
  '/dev/null': openSync('/dev/null', 'r+'),
  '/dev/zero': optional(() => openSync('/dev/zero', 'r+')),
};
for (const kind of Object.keys(sockets)) others[kind] = sockets[kind][0]();

for (const [kind, fd] of Object.entries(others)) {
  if (fd === undefined || fd < 0) continue;
  for (const number of numbers) {
    // A line discipline may be a module of the kernel's, which is loaded then.
    if (number === TIOCSETD) continue;
    for (const arg of [memory(), random(1 << 16) - 10]) {
      const result = kernel.ioctl(fd, number, arg);
      check('ioctl', kind, number, typeof arg);
      if (result >= 0) seen.answered++;
      if (number === TIOCGPTPEER && result > 2) kernel.close(result);
      // Nobody is to have signals of it.
      if (number === FIOSETOWN || number === SIOCSPGRP) kernel.fcntl(fd, F_SETOWN, 0);
      seen.ioctls++;
    }
  }
}

// ---- Every call, with random arguments

const descriptors = Object.values(others).filter((fd) => fd !== undefined && fd >= 0);
for (const fd of descriptors) kernel.fcntl(fd, F_SETFL, kernel.fcntl(fd, F_GETFL, 0) | O_NONBLOCK);
const fresh = () => {
  const fd = kernel.dup(one(descriptors));
  toClose.push(fd);
  return fd;
};
const integer = () => one([0, 1, 2, 3, 4, 8, 16, -1, 64, 100, 1024, 2 ** 31 - 1, -(2 ** 31), random(65_536)]);
/** Only to this machine, and to no port that anybody has. */
function address() {
  const bytes = memory(one([0, 1, 2, 3, 8, 16, 28, 110, 128]));
  if (bytes.length < 2) return bytes;
  bytes.writeUInt16LE(one([0, 1, 1, 2, 16, 40, 99]));
  if (bytes[0] === 2) loopback.copy(bytes, 2, 2, Math.min(bytes.length, loopback.length));
  if (bytes[0] === 2 && bytes.length >= 4) bytes.writeUInt16BE(9, 2);
  return bytes;
}
const never = new Set(['set_wakeup_fd', 'chain_signal']);

function argument(name, { name: parameter, kind }) {
  if (name === 'close' || parameter === 'newfd' || parameter === 'oldfd') return fresh();
  if (kind === 'fd') return one(descriptors);
  if (kind === 'signal') return one([10, 12, 0, -1, 9, 1000]);
  if (kind === 'milliseconds') return 0;
  if (kind === 'integer') return integer();
  if (kind === 'bytes or int') return random(2) ? memory() : integer();
  if (kind === 'flags AI_') return integer() | AI_NUMERICHOST;
  if (kind === 'flags NI_') return integer() | NI_NUMERICHOST;
  if (name === 'fcntl' && parameter === 'cmd')
    return one([0, 1, 2, 3, 5, 6, 7, 9, 11, 15, 16, 36, 37, 1035, 1036, random(2048)]);
  if (name === 'splice' && parameter === 'flags') return integer() | SPLICE_F_NONBLOCK;
  if (parameter === 'flags' && /^(recv|send)/.test(name)) return integer() | S.MSG_DONTWAIT | S.MSG_NOSIGNAL;
  if (!/^(in|out|inout) /.test(kind)) return integer();
  if (kind.endsWith('?') && random(3) === 0 && !/time/.test(kind)) return null;
  if (/ iovecs?$/.test(kind)) return Array.from({ length: random(4) }, () => memory());
  if (/time(val|spec)/.test(kind) && parameter === 'timeout') return memory(16).fill(0);
  if (/ sockaddr\??$/.test(kind)) return /^in /.test(kind) ? address() : memory();
  if (/ socklen/.test(kind)) {
    const length = memory(4);
    length.writeInt32LE(random(40));
    return length;
  }
  if (/ (lengths|mmsghdr)$/.test(kind)) {
    const words = memory(20 * (1 + random(3)));
    for (let at = 0; at < words.length; at += 4) words.writeInt32LE(random(4), at);
    return words;
  }
  return memory();
}

const forms = Object.entries(table)
  .filter(([name]) => !never.has(name))
  .flatMap(([name, row]) => parametersOf(row).map((parameters) => ({ name, row, parameters })));
for (let i = 0; i < calls; i++) {
  const { name, row, parameters } = forms[i % forms.length];
  const args = parameters.map((parameter) => argument(name, parameter));
  if (name === 'fcntl' && [F_SETFL, F_SETOWN, F_SETSIG].includes(args[1])) continue;
  // They wait for a lock, which only this process could give up.
  if (name === 'fcntl' && [F_SETLKW, F_OFD_SETLKW].includes(args[1]) && typeof args[2] !== 'number') continue;
  let result = -1;
  try {
    result = kernel[name](...args);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
  }
  if (result >= 0) seen.answered++;
  const { makes } = row;
  if (
    makes?.where === 'result' &&
    result > 2 &&
    (makes.commands === undefined || [0, 1030].includes(args[1]))
  )
    toClose.push(result);
  if (makes && row.args[makes.where] === 'out pair' && result === 0) {
    const pair = args[Object.keys(row.args).indexOf(makes.where)];
    toClose.push(pair.readInt32LE(0), pair.readInt32LE(4));
  }
  check(name, args);
  seen.calls++;
  closeAll();
}
process.stdout.write(`${JSON.stringify(seen)}\n`);
process.exit(0);
