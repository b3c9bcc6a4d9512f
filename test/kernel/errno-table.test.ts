// Every row of the errno table (its number, the call, what is to be seen) has one case, in one of the files
// named here.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { notModelled } from '../support/not-modelled.ts';

const rows = [
  '3.1.1 socket | EAFNOSUPPORT',
  '3.1.2 socket | EINVAL',
  '3.1.3 socket | EPROTONOSUPPORT',
  '3.1.4 socket | ESOCKTNOSUPPORT',
  '3.1.5 socket | EMFILE',
  '3.1.6 socket | (flags)',
  '3.1.7 socketpair | EAFNOSUPPORT, EINVAL, EPROTONOSUPPORT, EFAULT, EOPNOTSUPP',
  '3.1.8 accept | EBADF',
  '3.1.9 accept | ENOTSOCK',
  '3.1.10 accept | EINVAL',
  '3.1.11 accept | EOPNOTSUPP',
  '3.1.12 accept | EAGAIN',
  '3.1.13 accept | EFAULT',
  '3.1.14 accept | EMFILE',
  '3.1.15 accept | ECONNABORTED',
  '3.1.16 accept4 | EINVAL',
  '3.1.17 accept4 | (flags)',
  '3.1.18 bind | EINVAL',
  '3.1.19 bind | ENOTSOCK, EBADF',
  '3.1.20 bind | EAFNOSUPPORT',
  '3.1.21 bind | EADDRNOTAVAIL',
  '3.1.22 bind | EADDRINUSE',
  '3.1.23 bind | ENOTDIR, ENOENT',
  '3.1.24 bind | EACCES',
  '3.1.25 bind | EFAULT',
  '3.1.26 bind | positive',
  '3.1.27 listen | EBADF, ENOTSOCK, EOPNOTSUPP',
  '3.1.28 listen | EINVAL',
  '3.1.29 listen | EADDRINUSE',
  '3.1.30 listen | success',
  '3.1.31 connect | EBADF, ENOTSOCK',
  '3.1.32 connect | EINVAL',
  '3.1.33 connect | EFAULT',
  '3.1.34 connect | EISCONN',
  '3.1.35 connect | ECONNREFUSED',
  '3.1.36 connect | EAFNOSUPPORT',
  '3.1.37 connect | EPROTOTYPE',
  '3.1.38 connect | EACCES',
  '3.1.39 connect | ENOENT',
  '3.1.40 connect | ENETUNREACH',
  '3.1.41 connect | EINPROGRESS → EALREADY',
  '3.1.42 connect | EINPROGRESS → 0 → EISCONN',
  '3.1.43 connect | EAGAIN',
  '3.1.44 connect | after failure',
  '3.2.1 send, sendto, sendmsg | EBADF, ENOTSOCK',
  '3.2.2 send, sendto, sendmsg | EFAULT',
  '3.2.3 send, sendto, sendmsg | EMSGSIZE',
  '3.2.4 send, sendto, sendmsg | EPIPE',
  '3.2.5 sendto, sendmsg | EPIPE',
  '3.2.6 send | EDESTADDRREQ',
  '3.2.7 sendto | EINVAL',
  '3.2.8 send, sendto, sendmsg | EOPNOTSUPP',
  '3.2.9 sendto | 0 (address ignored)',
  '3.2.10 sendto | EISCONN',
  '3.2.11 sendto | success / EISCONN',
  '3.2.12 sendto | EACCES',
  '3.2.13 send | EAGAIN',
  '3.2.14 send | ECONNREFUSED',
  '3.2.15 send | (MSG_MORE)',
  '3.2.16 sendmsg | 0',
  '3.2.17 sendmmsg/recvmmsg | EBADF, EFAULT, EINVAL(timeout sec<0, nsec≥1e9)',
  '3.2.18 recv, recvfrom, recvmsg | EBADF, ENOTSOCK',
  '3.2.19 recv, recvfrom, recvmsg | EFAULT',
  '3.2.20 recv, recvfrom, recvmsg | EINVAL',
  '3.2.21 recv, recvfrom, recvmsg | EAGAIN',
  '3.2.22 recvfrom | EINVAL',
  '3.2.23 recvmsg | EMSGSIZE',
  '3.2.24 recv | ENOTCONN',
  '3.2.25 recv | EINVAL',
  '3.2.26 recv | EAGAIN',
  '3.2.27 recv | ECONNRESET then 0',
  '3.2.28 recv | ECONNREFUSED',
  '3.2.29 recvmsg | (MSG_PEEK, truncation)',
  '3.3.1 shutdown | EBADF, ENOTSOCK, EINVAL, ENOTCONN',
  '3.3.2 shutdown | semantics',
  '3.3.3 shutdown | second SHUT_WR',
  '3.3.4 shutdown | unconnected UNIX / UDP',
  '3.3.5 shutdown | listening TCP, SHUT_RD',
  '3.3.6 close | EBADF',
  '3.3.7 getsockname | EBADF, ENOTSOCK, EFAULT (buf, len), EINVAL (len<0)',
  '3.3.8 getpeername | EBADF, ENOTSOCK, ENOTCONN, EINVAL(len<0), EFAULT×3',
  '3.3.9 getsockopt | EBADF, ENOTSOCK, EFAULT×2',
  '3.3.10 getsockopt | EOPNOTSUPP',
  '3.3.11 getsockopt | ENOPROTOOPT',
  '3.3.12 getsockopt | EINVAL',
  '3.3.13 getsockopt | value',
  '3.3.14 setsockopt | EBADF, ENOTSOCK, EFAULT(NULL), EINVAL(optlen 0), ENOPROTOOPT (level 500, UDP level on TCP, IP -1, TCP -1)',
  '3.3.15 setsockopt | EDOM',
  '3.3.16 setsockopt | EOPNOTSUPP',
  '3.3.17 setsockopt | EINVAL',
  '3.3.18 fcntl | EBADF',
  '3.3.19 fcntl | EINVAL',
  '3.3.20 fcntl | EFAULT',
  '3.3.21 fcntl | EMFILE',
  '3.3.22 fcntl | EAGAIN',
  '3.3.23 fcntl | EINVAL, EBUSY, EPERM',
  '3.3.24 fcntl | (flags)',
  '3.3.25 ioctl | EBADF, ENOTTY, EFAULT',
  '3.3.26 ioctl | SIOCATMARK: EBADF, ENOTTY (/dev/null), EFAULT, ENOTTY on UDP; SIOCGIFCONF, SIOCGIFFLAGS ok/EFAULT',
  '3.3.27 ioctl | FIONREAD',
  '3.3.28 ioctl | FIONBIO on a regular file',
  '3.3.29 dup | EBADF, EMFILE',
  '3.3.30 dup2 | EBADF',
  '3.3.31 dup3 | EINVAL',
  '3.3.32 pipe | EMFILE, EFAULT',
  '3.3.33 pipe | EBADF',
  '3.3.34 pipe | EPIPE + SIGPIPE; EOF',
  '3.3.35 pipe2 | EINVAL / flags',
  '3.4.1 select | EINVAL',
  '3.4.2 select | EBADF',
  '3.4.3 select | 0, bit left set',
  '3.4.4 select | EFAULT',
  '3.4.5 select | EINVAL',
  '3.4.6 select | readiness, clearing, timing',
  '3.4.7 pselect | EBADF, EINVAL (nfds -1), EINVAL (tv_sec -1, nsec 1e9)',
  '3.4.8 poll | EINVAL',
  '3.4.9 poll | EFAULT',
  '3.4.10 poll | POLLNVAL',
  '3.4.11 poll | POLLHUP only',
  '3.4.12 poll | POLLERR|POLLOUT',
  '3.4.13 poll | POLLIN/POLLOUT',
  '3.4.14 poll | fd < 0',
  '3.4.15 poll | fresh unconnected TCP',
  '3.4.16 poll | refused non-blocking connect, IN|OUT',
  '3.4.17 ppoll | EINTR, masked signal, race',
  '3.4.18 epoll_create | EINVAL, EMFILE',
  '3.4.19 epoll_create1 | EINVAL, CLOEXEC',
  '3.4.20 epoll_ctl | EBADF',
  '3.4.21 epoll_ctl | EPERM',
  '3.4.22 epoll_ctl | EINVAL',
  '3.4.23 epoll_ctl | EFAULT',
  '3.4.24 epoll_ctl | ENOENT, EEXIST',
  '3.4.25 epoll_ctl | ELOOP/EINVAL',
  '3.4.26 epoll_ctl | ENOSPC',
  '3.4.27 epoll_wait | EBADF, EINVAL, EFAULT',
  '3.4.28 epoll_wait | EINTR',
  '3.4.29 epoll_wait | behaviour',
  '3.4.30 epoll_pwait | EINTR, EFAULT mask, EINVAL timespec, huge timeouts not infinite',
  '3.4.31 eventfd | EAGAIN, EINVAL',
  '3.4.32 eventfd | select readiness, semaphore, CLOEXEC, NONBLOCK, fork sharing',
  '3.4.33 signalfd | EBADF, EINVAL',
  '3.4.34 signalfd | delivery and re-target of the mask',
  '3.4.35 timerfd | create EINVAL; settime/gettime EBADF, EFAULT, EINVAL (not timerfd, flags, nsec)',
];

const files = ['connections', 'transfers', 'descriptors', 'waiting'];
const cases = files.flatMap((name) => {
  const text = readFileSync(new URL(`errno-${name}.test.ts`, import.meta.url), 'utf8');
  return [...text.matchAll(/^ {2}row(\.skip)?\('([^']+)'/gm)].map(([, skip, title]) => ({
    title,
    skip: !!skip,
  }));
});
const numberOf = (text: string) => text.split(' ')[0];

test('every row of the errno table has one case, and no case is of no row', () => {
  expect(rows.length).toBe(143);
  expect(cases.map(({ title }) => numberOf(title))).toEqual(rows.map(numberOf));
});

test('the case of a row is about its call', () => {
  for (const [i, row] of rows.entries()) {
    const call = row.split(' ')[1].replace(/[/,].*/, '');
    expect(cases[i].title.split(' ')[1].replace(/[,:].*/, '')).toBe(call);
  }
});

test('the rows that cannot be carried are these', () => {
  const skipped = cases.filter(({ skip }) => skip).map(({ title }) => title);
  expect(skipped).toEqual(['3.4.26 epoll_ctl: ENOSPC']);
});

// Each of the others runs a second time, on the simulated kernel: raw-sockets.ts.
test('15 rows are out of the scope of the simulated kernel, and each is a row of the table with a case', () => {
  const carried = cases.filter(({ skip }) => !skip).map(({ title }) => numberOf(title));
  const left = Object.keys(notModelled);
  expect(left.filter((number) => !carried.includes(number))).toEqual([]);
  expect([carried.length, left.length]).toEqual([142, 15]);
});

test('docs/sim-model.md has those 15 rows with their reasons', () => {
  const text = readFileSync(new URL('../../docs/sim-model.md', import.meta.url), 'utf8');
  const told = [...text.matchAll(/^\| (3\.\d\.\d+) +\| (.+?) +\|$/gm)].map(([, number, reason]) => [
    number,
    reason,
  ]);
  expect(Object.fromEntries(told)).toEqual(notModelled);
});
