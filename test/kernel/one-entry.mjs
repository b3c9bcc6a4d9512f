// Makes every raw call once, in each of its forms, between two marks that strace sees: one-entry.test.ts runs
// it and looks what the kernel was asked between them. Its first argument is where dist is. It prints
// [name, what strace must show] in the order of the calls.

const from = (name) => import(new URL(name, process.argv[2]));
const sys = { ...(await from('kernel/syscalls.js')), ...(await from('kernel/own-calls.js')) };
const S = await from('socket.js');
const E = await from('kernel/constants/select.js');
const T = await from('kernel/constants/event.js');
const { F_GETFL, O_CLOEXEC, O_NONBLOCK, SPLICE_F_NONBLOCK } = await from('kernel/constants/fcntl.js');
const { FIONREAD } = await from('kernel/constants/ioctl.js');
const { CLOCK_MONOTONIC } = await from('kernel/constants/clock.js');
const { SA_RESTART } = await from('kernel/constants/sigaction.js');
const { ITIMER_REAL, NSIG, SIG_BLOCK, SIGUSR1, SIGUSR2 } = await from('kernel/constants/signal.js');
const { packSockaddr, unpackSockaddr } = await from('kernel/structs/sockaddr.js');

const MARK = -1000; // A descriptor that is none: close(MARK) says where a case begins and ends.
const cases = [];

/** Makes a call; shows is what strace must show of it: one text, or a list where it is not one entry. */
function one(name, args, shows) {
  sys.close(MARK);
  const result = sys[name](...args);
  sys.close(MARK);
  const told =
    typeof shows === 'string' && !['names', 'files', 'uname'].includes(shows)
      ? [`${shows} = ${result}`]
      : shows;
  cases.push([name, result, told]);
  return result;
}

const ints = (...values) => Int32Array.from(values);
const text = (string) => Buffer.from(string);
const at = (address) => packSockaddr(S.AF_INET, address, 'bind');
const set = (...fds) => {
  const bits = new Uint8Array(128);
  for (const fd of fds) bits[fd >> 3] |= 1 << (fd & 7);
  return bits;
};
const nameOf = (fd) => {
  const addr = Buffer.alloc(128);
  sys.getsockname(fd, addr, ints(128));
  return unpackSockaddr(addr, 16);
};
const shown = ([host, port]) => `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("${host}")}`;
const mask = BigUint64Array.of(1n << BigInt(SIGUSR1 - 1));
const soon = BigInt64Array.of(0n, 1000n);

// A listener, a client, their connection.
const fd = one('socket', [S.AF_INET, S.SOCK_STREAM, 0], 'socket(AF_INET, SOCK_STREAM, IPPROTO_IP)');
one(
  'setsockopt',
  [fd, S.SOL_SOCKET, S.SO_REUSEADDR, ints(1)],
  `setsockopt(${fd}, SOL_SOCKET, SO_REUSEADDR, [1], 4)`,
);
one('bind', [fd, at(['127.0.0.1', 0])], `bind(${fd}, ${shown(['127.0.0.1', 0])}, 16)`);
one('listen', [fd, 5], `listen(${fd}, 5)`);
const address = nameOf(fd);
one('getsockname', [fd, Buffer.alloc(128), ints(128)], `getsockname(${fd}, ${shown(address)}, [128 => 16])`);
const clients = [0, 1].map(() => sys.socket(S.AF_INET, S.SOCK_STREAM, 0));
one('connect', [clients[0], at(address)], `connect(${clients[0]}, ${shown(address)}, 16)`);
sys.connect(clients[1], at(address));
const ends = clients.map((client) => shown(nameOf(client)));
one('accept', [fd, Buffer.alloc(128), ints(128)], `accept(${fd}, ${ends[0]}, [128 => 16])`);
one(
  'accept4',
  [fd, Buffer.alloc(128), ints(128), S.SOCK_CLOEXEC],
  `accept4(${fd}, ${ends[1]}, [128 => 16], SOCK_CLOEXEC)`,
);
one(
  'getpeername',
  [clients[0], Buffer.alloc(128), ints(128)],
  `getpeername(${clients[0]}, ${shown(address)}, [128 => 16])`,
);
one(
  'getsockopt',
  [fd, S.SOL_SOCKET, S.SO_TYPE, ints(0), ints(4)],
  `getsockopt(${fd}, SOL_SOCKET, SO_TYPE, [1], [4])`,
);

// Bytes through a pair.
const sv = ints(0, 0);
one('socketpair', [S.AF_UNIX, S.SOCK_STREAM, 0, sv], '');
const [a, b] = sv;
cases.at(-1)[2] = [`socketpair(AF_UNIX, SOCK_STREAM, 0, [${a}, ${b}]) = 0`];
one('send', [a, text('abc'), S.MSG_NOSIGNAL], `sendto(${a}, "abc", 3, MSG_NOSIGNAL, NULL, 0)`);
one('send', [a, text('0123456'), 2, 3, S.MSG_NOSIGNAL], `sendto(${a}, "234", 3, MSG_NOSIGNAL, NULL, 0)`);
one('recv', [b, Buffer.alloc(3), S.MSG_DONTWAIT], `recvfrom(${b}, "abc", 3, MSG_DONTWAIT, NULL, NULL)`);
one('recv', [b, Buffer.alloc(9), 1, 8, 0], `recvfrom(${b}, "234", 8, 0, NULL, NULL)`);
one('write', [a, text('abc')], `write(${a}, "abc", 3)`);
one('write', [a, text('0123456'), 2, 3], `write(${a}, "234", 3)`);
one('read', [b, Buffer.alloc(8)], `read(${b}, "abc234", 8)`);
one(
  'writev',
  [a, [text('ab'), text('c')]],
  `writev(${a}, [{iov_base="ab", iov_len=2}, {iov_base="c", iov_len=1}], 2)`,
);
one(
  'readv',
  [b, [Buffer.alloc(2), Buffer.alloc(5)]],
  `readv(${b}, [{iov_base="ab", iov_len=2}, {iov_base="c", iov_len=5}], 2)`,
);
const piped = ints(0, 0);
sys.pipe(piped);
sys.write(a, text('abc'));
one(
  'splice',
  [b, null, piped[1], null, 9, SPLICE_F_NONBLOCK],
  `splice(${b}, NULL, ${piped[1]}, NULL, 9, SPLICE_F_NONBLOCK)`,
);
one(
  'sendmsg',
  [a, [text('ab'), text('c')], null, null, 0],
  `sendmsg(${a}, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="ab", iov_len=2}, {iov_base="c", iov_len=1}], msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0)`,
);
one(
  'recvmsg',
  [b, [Buffer.alloc(2), Buffer.alloc(5)], null, null, ints(0, 0, 0), 0],
  `recvmsg(${b}, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="ab", iov_len=2}, {iov_base="c", iov_len=5}], msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0)`,
);
const hdr = (buffer, size) =>
  `{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="${buffer}", iov_len=${size}}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, msg_len=${buffer.length}}`;
const dgrams = ints(0, 0);
sys.socketpair(S.AF_UNIX, S.SOCK_DGRAM, 0, dgrams);
one(
  'sendmmsg',
  [dgrams[0], [text('ab'), text('c')], null, null, ints(1, 0, 0, 0, 0, 1, 0, 0, 0, 0), 2, 0],
  `sendmmsg(${dgrams[0]}, [${hdr('ab', 2)}, ${hdr('c', 1)}], 2, 0)`,
);
one(
  'recvmmsg',
  [
    dgrams[1],
    [Buffer.alloc(4), Buffer.alloc(5)],
    null,
    null,
    ints(1, 0, 0, 0, 0, 1, 0, 0, 0, 0),
    2,
    S.MSG_DONTWAIT,
    null,
  ],
  `recvmmsg(${dgrams[1]}, [${hdr('ab', 4)}, ${hdr('c', 5)}], 2, MSG_DONTWAIT, NULL)`,
);
const [udp, peer] = [0, 1].map(() => sys.socket(S.AF_INET, S.SOCK_DGRAM, 0));
for (const end of [udp, peer]) sys.bind(end, at(['127.0.0.1', 0]));
const [here, there] = [udp, peer].map(nameOf);
one('sendto', [udp, text('abc'), 0, at(there)], `sendto(${udp}, "abc", 3, 0, ${shown(there)}, 16)`);
one('sendto', [udp, text('0123456'), 2, 3, 0, at(there)], `sendto(${udp}, "234", 3, 0, ${shown(there)}, 16)`);
one(
  'recvfrom',
  [peer, Buffer.alloc(8), 0, Buffer.alloc(128), ints(128)],
  `recvfrom(${peer}, "abc", 8, 0, ${shown(here)}, [128 => 16])`,
);
one(
  'recvfrom',
  [peer, Buffer.alloc(8), 1, 7, 0, Buffer.alloc(128), ints(128)],
  `recvfrom(${peer}, "234", 7, 0, ${shown(here)}, [128 => 16])`,
);

// Descriptors.
one('fcntl', [a, F_GETFL, 0], `fcntl(${a}, F_GETFL)`);
one('ioctl', [b, FIONREAD, ints(7)], `ioctl(${b}, FIONREAD, [0])`);
one('dup', [a], `dup(${a})`);
one('dup2', [a, 200], `dup2(${a}, 200)`);
one('dup3', [a, 201, O_CLOEXEC], `dup3(${a}, 201, O_CLOEXEC)`);
for (const name of ['pipe', 'pipe2']) {
  const fds = ints(0, 0);
  const flags = name === 'pipe' ? [] : [O_NONBLOCK];
  one(name, [fds, ...flags], '');
  cases.at(-1)[2] = [`pipe2([${fds.join(', ')}], ${name === 'pipe' ? 0 : 'O_NONBLOCK'}) = 0`];
}

// Waiting.
const nfds = Math.max(a, b) + 1;
const pollfd = () => Int16Array.from([a, 0, E.POLLOUT, 0]);
one(
  'select',
  [nfds, set(b), null, null, BigInt64Array.of(0n, 1n)],
  `pselect6(${nfds}, [${b}], NULL, NULL, {tv_sec=0, tv_nsec=1000}, NULL)`,
);
one(
  'pselect',
  [nfds, set(b), null, null, soon, mask],
  `pselect6(${nfds}, [${b}], NULL, NULL, {tv_sec=0, tv_nsec=1000}, {sigmask=[USR1], sigsetsize=8})`,
);
one('poll', [pollfd(), 1, 7], `poll([{fd=${a}, events=POLLOUT}], 1, 7)`);
one(
  'ppoll',
  [pollfd(), 1, soon, mask],
  `ppoll([{fd=${a}, events=POLLOUT}], 1, {tv_sec=0, tv_nsec=1000}, [USR1], 8)`,
);
one('epoll_create', [3], 'epoll_create(3)');
const epfd = one('epoll_create1', [E.EPOLL_CLOEXEC], 'epoll_create1(EPOLL_CLOEXEC)');
const event = new Uint8Array(12);
new DataView(event.buffer).setUint32(0, E.EPOLLOUT, true);
new DataView(event.buffer).setUint32(4, a, true);
const told = `{events=EPOLLOUT, data={u32=${a}, u64=${a}}}`;
one('epoll_ctl', [epfd, E.EPOLL_CTL_ADD, a, event], `epoll_ctl(${epfd}, EPOLL_CTL_ADD, ${a}, ${told})`);
one('epoll_wait', [epfd, new Uint8Array(48), 4, 7], `epoll_wait(${epfd}, [${told}], 4, 7)`);
one(
  'epoll_pwait',
  [epfd, new Uint8Array(48), 4, 7, mask],
  `epoll_pwait(${epfd}, [${told}], 4, 7, [USR1], 8)`,
);
one(
  'epoll_pwait2',
  [epfd, new Uint8Array(48), 4, soon, mask],
  `epoll_pwait2(${epfd}, [${told}], 4, {tv_sec=0, tv_nsec=1000}, [USR1], 8)`,
);
one('kqueue', [], []);
one('kevent', [-1, null, 0, null, 0, null], []);

// Events, signals, timers, clocks.
one('eventfd', [4_000_000_000, T.EFD_SEMAPHORE], 'eventfd2(4000000000, EFD_SEMAPHORE)');
const pidfd = one('pidfd_open', [process.pid, 0], `pidfd_open(${process.pid}, 0)`);
one('pidfd_getfd', [pidfd, 0, 0], `pidfd_getfd(${pidfd}, 0, 0)`);
one('signalfd', [-1, mask, T.SFD_CLOEXEC], 'signalfd4(-1, [USR1], 8, SFD_CLOEXEC)');
const timer = one(
  'timerfd_create',
  [CLOCK_MONOTONIC, T.TFD_NONBLOCK],
  'timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)',
);
one(
  'timerfd_settime',
  [timer, 0, BigInt64Array.of(1n, 2n, 0n, 0n), new BigInt64Array(4)],
  `timerfd_settime(${timer}, 0, {it_interval={tv_sec=1, tv_nsec=2}, it_value={tv_sec=0, tv_nsec=0}}, {it_interval={tv_sec=0, tv_nsec=0}, it_value={tv_sec=0, tv_nsec=0}})`,
);
one(
  'timerfd_gettime',
  [timer, new BigInt64Array(4)],
  `timerfd_gettime(${timer}, {it_interval={tv_sec=1, tv_nsec=2}, it_value={tv_sec=0, tv_nsec=0}})`,
);
one(
  'sigaction',
  [SIGUSR1, 1],
  'rt_sigaction(SIGUSR1, {sa_handler=SIG_IGN, sa_mask=[], sa_flags=…}, NULL, 8)',
);
// The first starts the kick thread.
sys.catch_signal(SIGUSR1, 0);
one(
  'catch_signal',
  [SIGUSR1, SA_RESTART],
  'rt_sigaction(SIGUSR1, {sa_handler=…, sa_mask=[], sa_flags=…}, NULL, 8)',
);
one('pthread_sigmask', [SIG_BLOCK, mask, new BigUint64Array(1)], 'rt_sigprocmask(SIG_BLOCK, [USR1], [], 8)');
const times = (...values) => BigInt64Array.from(values, BigInt);
const timerText = '{it_interval={tv_sec=3, tv_usec=5}, it_value={tv_sec=1000, tv_usec=0}}';
one('setitimer', [ITIMER_REAL, times(3, 5, 1000, 0), null], `setitimer(ITIMER_REAL, ${timerText}, NULL)`);
one(
  'setitimer',
  [ITIMER_REAL, times(0, 0, 0, 0), null],
  'setitimer(ITIMER_REAL, {it_interval={tv_sec=0, tv_usec=0}, it_value={tv_sec=0, tv_usec=0}}, NULL)',
);
one(
  'getitimer',
  [ITIMER_REAL, new BigInt64Array(4)],
  'getitimer(ITIMER_REAL, {it_interval={tv_sec=0, tv_usec=0}, it_value={tv_sec=0, tv_usec=0}})',
);
one('take_pending_signals', [new Int32Array(NSIG)], []);
one('set_wakeup_fd', [-1], []);
one('own_fd', [-1, 0], []);
one(
  'save_signal',
  [SIGUSR2, 1],
  'rt_sigaction(SIGUSR2, NULL, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=…}, 8)',
);
one('pass_signal', [SIGUSR2, 1], []);
one(
  'restore_signal',
  [SIGUSR2, 0],
  'rt_sigaction(SIGUSR2, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=…}, NULL, 8)',
);
one(
  'chain_signal',
  [SIGUSR2],
  ['rt_sigaction(SIGUSR2, NULL, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=…}, 8) = 0'],
);
one('clock_gettime', [CLOCK_MONOTONIC, new BigInt64Array(2)], []);
one('if_nametoindex', [text('lo')], 'names');
one('if_indextoname', [1, new Uint8Array(16)], 'names');
one('if_nameindex', [new Uint8Array(200)], 'names');

// The hosts' file has localhost, so no server is asked.
one('getaddrinfo', [text('localhost\0'), null, S.AF_INET, 0, 0, 0, new Uint8Array(2000)], 'files');
one(
  'getnameinfo',
  [at(['127.0.0.1', 80]), new Uint8Array(64), new Uint8Array(64), S.NI_NUMERICHOST | S.NI_NUMERICSERV],
  [],
);
one('gai_strerror', [S.EAI_NONAME, new Uint8Array(64)], []);
const hostname = Buffer.alloc(300);
one('gethostname', [hostname], 'uname');
// The name that it has already, if we may.
const own = hostname.subarray(0, hostname.indexOf(0));
const ownShown = own.length > 32 ? `"${own.subarray(0, 32)}"...` : `"${own}"`;
const renamed = one('sethostname', [own], '');
cases.at(-1)[2] = [`sethostname(${ownShown}, ${own.length}) = ${Math.max(renamed, -1)}`];

one('shutdown', [a, S.SHUT_WR], `shutdown(${a}, SHUT_WR)`);
one('close', [a], `close(${a})`);
console.log(JSON.stringify(cases));
