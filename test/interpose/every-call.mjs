// Makes every raw call of Linux, with arguments of all kinds, good and bad: recorded and under strace, to
// compare what the two write of it. Run by recorder-strace.test.ts; its first argument is where dist is.

// Before the first recorded call, for it is none.
const { hostname: nameOfHost, tmpdir } = await import('node:os');
const hostname = Buffer.from(nameOfHost());
const { mkdtempSync, openSync, rmSync, writeFileSync } = await import('node:fs');
const folder = mkdtempSync(`${tmpdir()}/rfds-calls-`);
process.on('exit', () => rmSync(folder, { recursive: true }));
writeFileSync(`${folder}/file`, 'some bytes of a file, and some more');
const file = openSync(`${folder}/file`, 'r+');

const from = (name) => import(new URL(name, process.argv[2]));
const sys = await from('kernel/syscalls.js');
const own = await from('kernel/own-calls.js');
const S = await from('socket.js');
const F = await from('kernel/constants/fcntl.js');
const { F_GETLK, F_OFD_SETLK, F_RDLCK, F_SETLK, F_SETLKW, F_UNLCK, F_WRLCK } = F;
const { SPLICE_F_MORE, SPLICE_F_NONBLOCK } = F;
const { flock } = await from('kernel/structs/flock.js');
const { FIOCLEX, FIONBIO, FIONREAD, SIOCOUTQ } = await from('kernel/constants/ioctl.js');
const { MSG_WAITFORONE, SO_ATTACH_FILTER } = await from('kernel/constants/socket.js');
const E = await from('kernel/constants/select.js');
const { CLOCK_MONOTONIC, CLOCK_REALTIME } = await from('kernel/constants/clock.js');
const T = await from('kernel/constants/event.js');
const { packSockaddr } = await from('kernel/structs/sockaddr.js');
const { SA_RESTART } = await from('kernel/constants/sigaction.js');
const { ITIMER_VIRTUAL, SIG_BLOCK, SIG_UNBLOCK, SIGUSR1 } = await from('kernel/constants/signal.js');

const ints = (...values) => Int32Array.from(values);
const room = () => [new Uint8Array(128), ints(128)];
const at = (family, address) => packSockaddr(family, address, 'bind');
const bytes = (...values) => Uint8Array.from(values);

// Addresses of every family, and none.
for (const [family, address] of [
  [S.AF_INET, ['127.0.0.1', 0]],
  [S.AF_INET6, ['::1', 0]],
  [S.AF_INET6, ['::ffff:1.2.3.4', 80, 5, 0]],
  [S.AF_UNIX, '\0rfds "abstract"\n'],
  [S.AF_UNIX, '/no/such/ünix'],
]) {
  const fd = sys.socket(family, S.SOCK_STREAM | S.SOCK_CLOEXEC | S.SOCK_NONBLOCK, 0);
  sys.bind(fd, at(family, address));
  sys.listen(fd, 3);
  sys.getsockname(fd, ...room());
  sys.getpeername(fd, ...room());
  sys.accept(fd, null, null);
  sys.accept4(fd, ...room(), S.SOCK_CLOEXEC | S.SOCK_NONBLOCK);
  sys.close(fd);
}
sys.socket(S.AF_INET, S.SOCK_DGRAM, S.IPPROTO_UDP);
sys.socket(S.AF_INET6, S.SOCK_STREAM, S.IPPROTO_TCP);
sys.socket(S.AF_UNIX, S.SOCK_SEQPACKET, 0);
sys.socket(S.AF_INET, 77, 99);
sys.socket(12345, S.SOCK_STREAM, 0);
sys.bind(99, at(S.AF_INET, ['0.0.0.0', 65535]));

// Options.
const tcp = sys.socket(S.AF_INET, S.SOCK_STREAM, 0);
sys.setsockopt(tcp, S.SOL_SOCKET, S.SO_REUSEADDR, ints(1));
sys.setsockopt(tcp, S.SOL_SOCKET, S.SO_LINGER, ints(1, 5));
sys.setsockopt(tcp, S.SOL_TCP, S.TCP_NODELAY, ints(1));
sys.setsockopt(tcp, S.SOL_IP, S.IP_TTL, ints(64));
sys.setsockopt(tcp, S.SOL_SOCKET, S.SO_RCVBUF, bytes(1, 2));
sys.setsockopt(tcp, S.SOL_SOCKET, SO_ATTACH_FILTER, bytes(6, 0, 0, 0, 255, 255, 0, 0));
for (const [level, name] of [
  [S.SOL_SOCKET, S.SO_ERROR],
  [S.SOL_SOCKET, S.SO_TYPE],
  [S.SOL_SOCKET, S.SO_LINGER],
  [S.SOL_TCP, S.TCP_NODELAY],
  [S.SOL_TCP, 9999],
]) {
  sys.getsockopt(
    tcp,
    level,
    name,
    new Uint8Array(8),
    ints(level === S.SOL_SOCKET && name === S.SO_LINGER ? 8 : 4),
  );
}
sys.connect(tcp, at(S.AF_INET, ['127.0.0.1', 1]));

// Bytes, in every way that a string can be escaped.
const sv = ints(0, 0);
sys.socketpair(S.AF_UNIX, S.SOCK_STREAM | S.SOCK_CLOEXEC, 0, sv);
sys.socketpair(S.AF_INET, S.SOCK_STREAM, 0, ints(0, 0));
const [a, b] = sv;
const every = Uint8Array.from({ length: 256 }, (_, i) => i);
for (let i = 0; i < 256; i += 16) sys.send(a, every, i, 16, S.MSG_NOSIGNAL | S.MSG_DONTWAIT);
for (let i = 0; i < 256; i += 16) sys.recv(b, new Uint8Array(16), S.MSG_DONTWAIT | (i % 32 ? 0 : S.MSG_PEEK));
sys.recv(b, new Uint8Array(4096), 0);
for (const text of [
  '',
  'x'.repeat(31),
  'x'.repeat(32),
  'x'.repeat(33),
  '\x001\x017\x0099',
  '\n\t\v\f\r\b"\\',
  'ünïcode',
]) {
  sys.write(a, Buffer.from(text));
  if (text) sys.read(b, new Uint8Array(64));
}
sys.write(a, Buffer.from('0123456789'), 2, 5);
sys.recv(b, new ArrayBuffer(16), 4, 12, S.MSG_WAITALL | S.MSG_DONTWAIT);
sys.recv(b, new Uint8Array(5), S.MSG_DONTWAIT);
sys.read(99, new Uint8Array(5));
sys.send(99, bytes(1, 2, 3), 0x10000000);

// Flags of descriptors, and requests.
sys.fcntl(a, F.F_GETFD, 0);
sys.fcntl(a, F.F_SETFD, 0);
sys.fcntl(a, F.F_GETFD, 0);
sys.fcntl(a, F.F_SETFD, F.FD_CLOEXEC);
sys.fcntl(a, F.F_GETFL, 0);
sys.fcntl(a, F.F_SETFL, F.O_RDWR | F.O_NONBLOCK);
sys.fcntl(a, F.F_GETFL, 0);
sys.fcntl(99, F.F_GETFL, 0);
sys.fcntl(a, F.F_DUPFD, 200);
sys.dup(a);
sys.dup(-1);
sys.ioctl(b, FIONREAD, ints(0));
sys.ioctl(b, SIOCOUTQ, ints(0));
sys.ioctl(b, FIONBIO, ints(1));
sys.ioctl(b, FIOCLEX, 0);
sys.pipe2(ints(0, 0), F.O_CLOEXEC | F.O_NONBLOCK);
sys.pipe2(ints(0, 0), 0);
sys.pipe2(ints(0, 0), 1);
sys.pipe(ints(0, 0));
sys.dup2(a, 210);
sys.dup2(a, a);
sys.dup2(-1, 211);
sys.dup3(a, 212, F.O_CLOEXEC);
sys.dup3(a, a, 0);
sys.dup3(a, 213, 7);

// Bytes with addresses and control messages.
const [c, d] = [0, 0].map(() => sys.socket(S.AF_UNIX, S.SOCK_DGRAM, 0));
const [from_c, to_d] = ['\0rfds-every-c', '\0rfds-every-d'].map((name) =>
  at(S.AF_UNIX, `${name}${process.pid}`),
);
sys.bind(c, from_c);
sys.bind(d, to_d);
sys.sendto(c, bytes(1, 2, 3), 0, to_d);
sys.sendto(c, Buffer.from('0123456789'), 2, 5, S.MSG_NOSIGNAL, to_d);
sys.sendto(c, bytes(1), 0, null);
sys.recvfrom(d, new Uint8Array(8), 0, ...room());
sys.recvfrom(d, new Uint8Array(8), 1, 3, S.MSG_TRUNC, ...room());
sys.recvfrom(d, new Uint8Array(8), S.MSG_DONTWAIT, ...room());
sys.recvfrom(d, new Uint8Array(8), S.MSG_DONTWAIT, null, null);
sys.send(a, bytes(5, 6, 7), 0);
sys.recvfrom(b, new Uint8Array(8), S.MSG_DONTWAIT, ...room());
sys.recvfrom(b, new Uint8Array(8), S.MSG_DONTWAIT, null, null);
const rights = new ArrayBuffer(24);
new Int32Array(rights).set([20, 0, S.SOL_SOCKET, S.SCM_RIGHTS, 0]);
const long = Buffer.from('more than strace shows of a string at once');
sys.sendmsg(c, [bytes(1, 2), Buffer.from('three')], to_d, null, 0);
sys.sendmsg(c, [long, long], to_d, rights, S.MSG_NOSIGNAL);
sys.sendmsg(c, [], to_d, null, 0);
sys.sendmsg(99, [bytes(1)], null, bytes(1), 0);
const recvmsg = (name, control, flags) =>
  sys.recvmsg(
    d,
    [new Uint8Array(4), new Uint8Array(60)],
    name,
    control,
    ints(name?.length ?? 0, control?.length ?? 0, 0),
    flags,
  );
recvmsg(new Uint8Array(128), new Uint8Array(64), 0);
recvmsg(new Uint8Array(128), new Uint8Array(64), S.MSG_CMSG_CLOEXEC);
recvmsg(null, null, 0);
recvmsg(new Uint8Array(128), null, S.MSG_DONTWAIT);
sys.setsockopt(d, S.SOL_SOCKET, S.SO_PASSCRED, ints(1));
sys.sendmsg(c, [bytes(1, 2)], to_d, null, 0);
recvmsg(null, new Uint8Array(64), 0);
sys.writev(a, [bytes(1, 2), new Uint8Array(0), long]);
sys.writev(a, []);
sys.writev(99, [bytes(1)]);
sys.readv(b, [new Uint8Array(4), new Uint8Array(60)]);
sys.readv(99, [new Uint8Array(4)]);
sys.readv(b, []);
const moved = ints(0, 0);
sys.pipe(moved);
const place = BigInt64Array.of(3n);
sys.splice(file, place, moved[1], null, 5, SPLICE_F_NONBLOCK);
sys.splice(file, place, moved[1], null, 5, SPLICE_F_NONBLOCK | SPLICE_F_MORE);
sys.splice(moved[0], null, a, null, 10, 0);
sys.splice(99, null, a, null, 10, 0);
sys.recv(b, new Uint8Array(64), 0);
const lock = (l_type, l_start, l_len = 0) => flock.pack({ l_type, l_start, l_len });
sys.fcntl(file, F_SETLK, lock(F_WRLCK, 3, 7));
sys.fcntl(file, F_OFD_SETLK, lock(F_WRLCK, 20));
sys.fcntl(file, F_GETLK, lock(F_WRLCK, 0));
sys.fcntl(file, F_SETLK, lock(F_RDLCK, 25));
sys.fcntl(file, F_SETLKW, lock(F_UNLCK, 0));
sys.fcntl(99, F_GETLK, lock(F_WRLCK, 0));

// Waiting.
const set = (...fds) => {
  const bits = new Uint8Array(128);
  for (const fd of fds) bits[fd >> 3] |= 1 << (fd & 7);
  return bits;
};
sys.write(a, Buffer.from('ready'));
const nfds = Math.max(a, b) + 1;
sys.select(nfds, set(a, b), set(a), set(b), BigInt64Array.of(1n, 500_000n));
sys.select(nfds, set(b), null, null, BigInt64Array.of(0n, 0n));
sys.select(nfds, set(a), null, set(a), BigInt64Array.of(0n, 1000n));
sys.select(nfds, set(), null, null, BigInt64Array.of(0n, 0n));
sys.select(100, set(99), null, null, BigInt64Array.of(0n, 0n));
sys.select(0, null, null, null, BigInt64Array.of(0n, 0n));
const pollfds = (...entries) => {
  const words = new Int16Array(entries.length * 4);
  for (const [i, [fd, events]] of entries.entries()) {
    new Int32Array(words.buffer)[i * 2] = fd;
    words[i * 4 + 2] = events;
  }
  return words;
};
sys.poll(pollfds([a, E.POLLIN | E.POLLOUT | E.POLLPRI], [b, E.POLLIN], [-1, E.POLLIN], [99, 0]), 4, 1000);
sys.poll(pollfds([a, E.POLLIN | E.POLLRDHUP]), 1, 0);
sys.poll(pollfds(), 0, 0);
sys.poll(pollfds(...Array(40).fill([b, E.POLLIN])), 40, 0);
const epfd = sys.epoll_create1(E.EPOLL_CLOEXEC);
sys.epoll_create1(1);
const event = (events, data) => {
  const buffer = new ArrayBuffer(process.arch === 'x64' ? 12 : 16);
  const view = new DataView(buffer);
  view.setUint32(0, events, true);
  view.setBigUint64(buffer.byteLength - 8, data, true);
  return buffer;
};
sys.epoll_ctl(epfd, E.EPOLL_CTL_ADD, b, event(E.EPOLLIN | E.EPOLLOUT | E.EPOLLRDHUP, BigInt(b)));
sys.epoll_ctl(epfd, E.EPOLL_CTL_ADD, b, event(0, 0n));
sys.epoll_wait(epfd, new ArrayBuffer(64), 4, 0);
sys.epoll_ctl(epfd, E.EPOLL_CTL_MOD, b, event(E.EPOLLIN | E.EPOLLET | E.EPOLLONESHOT, 2n ** 40n + 7n));
sys.epoll_wait(epfd, new ArrayBuffer(64), 4, -1);
sys.epoll_ctl(epfd, E.EPOLL_CTL_DEL, b, null);
sys.epoll_ctl(epfd, 77, b, event(0, 0n));
sys.epoll_wait(epfd, new ArrayBuffer(64), 4, 0);
sys.epoll_wait(epfd, new ArrayBuffer(64), 0, 0);

const mask = (...signals) => BigUint64Array.of(signals.reduce((all, n) => all | (1n << BigInt(n - 1)), 0n));
const some = mask(2, 10, 12, 34, 64);
const most = BigUint64Array.of(~0n ^ some[0]);
const soon = () => BigInt64Array.of(0n, 1000n);
for (const signals of [
  null,
  mask(),
  some,
  most,
  BigUint64Array.of(2n ** 42n - 1n),
  BigUint64Array.of(2n ** 41n - 1n),
]) {
  sys.pselect(nfds, set(b), set(a), null, soon(), signals);
  sys.ppoll(pollfds([a, E.POLLOUT], [-1, 0]), 2, soon(), signals);
  sys.epoll_pwait(epfd, new ArrayBuffer(64), 4, 0, signals);
}
sys.pselect(nfds, null, null, set(a), soon(), null);
sys.pselect(nfds, null, set(a), null, null, some);
sys.pselect(0, null, null, null, BigInt64Array.of(-1n, 0n), some);
sys.ppoll(pollfds([a, E.POLLOUT]), 1, null, null);
sys.ppoll(pollfds([a, E.POLLPRI]), 1, soon(), null);
sys.ppoll(pollfds([a, E.POLLIN]), 1, BigInt64Array.of(0n, -1n), null);
sys.epoll_pwait(99, new ArrayBuffer(64), 4, 0, some);
for (const signals of [null, mask(), some, most])
  sys.epoll_pwait2(epfd, new ArrayBuffer(64), 4, BigInt64Array.of(0n, 0n), signals);
sys.epoll_pwait2(99, new ArrayBuffer(64), 4, null, some);
sys.epoll_create(7);
sys.epoll_create(0);
sys.eventfd(3, T.EFD_SEMAPHORE | T.EFD_CLOEXEC | T.EFD_NONBLOCK);
sys.eventfd(4_000_000_000, 0);
// Several messages at once, with and without addresses, control messages and a time.
const dgrams = ints(0, 0);
sys.socketpair(S.AF_UNIX, S.SOCK_DGRAM, 0, dgrams);
const two = () => ints(1, 0, 0, 0, 0, 2, 0, 0, 0, 0);
const three = (n) => [Buffer.alloc(n), Buffer.alloc(n), Buffer.alloc(n)];
sys.sendmmsg(dgrams[0], [Buffer.from('ab'), Buffer.from('c'), Buffer.from('defgh')], null, null, two(), 2, 0);
sys.recvmmsg(dgrams[1], three(3), null, null, two(), 2, S.MSG_DONTWAIT, null);
sys.recvmmsg(dgrams[1], three(3), null, null, two(), 2, S.MSG_DONTWAIT, null);
sys.sendmmsg(dgrams[0], [Buffer.from('ab')], null, null, two(), 1, S.MSG_NOSIGNAL);
sys.recvmmsg(dgrams[1], three(1), null, null, two(), 2, MSG_WAITFORONE, BigInt64Array.of(0n, 1n));
const [near, far] = [0, 1].map(() => {
  const fd = sys.socket(S.AF_INET, S.SOCK_DGRAM, 0);
  const address = at(S.AF_INET, ['127.0.0.1', 0]);
  sys.bind(fd, address);
  sys.getsockname(fd, address, ints(16));
  return [fd, address];
});
const addresses = ints(2, 16, 0, 0, 0, 1, 16, 0, 0, 0);
sys.sendmmsg(
  near[0],
  [Buffer.from('ab'), Buffer.from('cd'), Buffer.from('e')],
  Buffer.concat([far[1], far[1]]),
  null,
  addresses,
  2,
  0,
);
const capacities = ints(2, 28, 32, 0, 0, 1, 28, 32, 0, 0);
sys.recvmmsg(far[0], three(2), Buffer.alloc(56), Buffer.alloc(64), capacities, 2, 0, null);
sys.sendmmsg(99, [Buffer.from('ab')], null, null, two(), 1, 0);
sys.recvmmsg(99, three(1), null, null, two(), 2, 0, BigInt64Array.of(1n, 2n));
sys.sendmmsg(dgrams[0], [], null, null, ints(), 0, 0);

sys.eventfd(0, 64);
const self = sys.pidfd_open(process.pid, 0);
sys.pidfd_open(-1, 0);
sys.pidfd_open(process.pid, 1);
sys.pidfd_open(process.pid, T.PIDFD_NONBLOCK ?? 2048);
sys.close(sys.pidfd_getfd(self, a, 0));
sys.pidfd_getfd(self, 999, 0);
sys.pidfd_getfd(a, 0, 0);
const signals = sys.signalfd(-1, some, T.SFD_CLOEXEC | T.SFD_NONBLOCK);
sys.signalfd(signals, mask(), 0);
sys.signalfd(-1, some, 4);
const timer = sys.timerfd_create(CLOCK_MONOTONIC, T.TFD_CLOEXEC | T.TFD_NONBLOCK);
sys.timerfd_create(CLOCK_REALTIME, 0);
sys.timerfd_create(77, 0);
const old = () => new BigInt64Array(4);
sys.timerfd_settime(timer, 0, BigInt64Array.of(1n, 2n, 0n, 0n), null);
sys.timerfd_settime(timer, T.TFD_TIMER_ABSTIME, BigInt64Array.of(1n, 2n, 2n ** 40n, 4n), old());
sys.timerfd_settime(timer, 64, old(), old());
sys.timerfd_settime(timer, 0, old(), null);
sys.timerfd_gettime(timer, old());
sys.timerfd_gettime(99, old());

// The name that it has already; and one that is too long.
sys.sethostname(hostname);
sys.sethostname(Buffer.alloc(65, 'x'));

const maskBefore = new BigUint64Array(1);
sys.pthread_sigmask(SIG_BLOCK, null, null);
sys.sigaction(SIGUSR1, 1);
sys.sigaction(SIGUSR1, 0);
sys.sigaction(9, 1);
own.catch_signal(SIGUSR1, 0);
own.catch_signal(SIGUSR1, SA_RESTART);
sys.pthread_sigmask(99, some, maskBefore);
sys.pthread_sigmask(SIG_BLOCK, mask(12, 34), maskBefore);
sys.pthread_sigmask(SIG_UNBLOCK, mask(12, 34), maskBefore);
sys.sigaction(SIGUSR1, 0);
sys.setitimer(ITIMER_VIRTUAL, BigInt64Array.of(3n, 250000n, 1000n, 5n), null);
sys.getitimer(ITIMER_VIRTUAL, new BigInt64Array(4));
sys.setitimer(ITIMER_VIRTUAL, new BigInt64Array(4), new BigInt64Array(4));
sys.setitimer(ITIMER_VIRTUAL, BigInt64Array.of(0n, 0n, -1n, 0n), new BigInt64Array(4));
sys.getitimer(99, new BigInt64Array(4));
sys.shutdown(a, S.SHUT_WR);
sys.shutdown(b, S.SHUT_RD);
sys.shutdown(tcp, S.SHUT_RDWR);
sys.close(a);
sys.close(a);
