// Makes the kernel fail a server's calls: node --import faults.mjs, with the fault's name in FAULT.

import { attach, ENFILE, ENOMEM, ENOSPC, EPOLL_CTL_ADD } from '../../dist/syscalls.js';

/** How many clients a server gets before the kernel is short of something. */
const CLIENTS = 2;
const LISTENER = 1;

let watched = 0;
let accepted = 0;
let stuck = 0;
let received = 0;

const bitsIn = (set) =>
  new Uint8Array(set.buffer ?? set, set.byteOffset ?? 0, set.byteLength).reduce(
    (sum, byte) => sum + byte.toString(2).replaceAll('0', '').length,
    0,
  );

/** By call: whether it fails, and with which errno. */
const faults = {
  'epoll_ctl ENOSPC': {
    epoll_ctl: (_epfd, op) => (op === EPOLL_CTL_ADD && ++watched > CLIENTS + LISTENER ? -ENOSPC : 0),
  },
  'epoll_ctl ENOMEM': {
    epoll_ctl: (_epfd, op) => (op === EPOLL_CTL_ADD && ++watched > CLIENTS + LISTENER ? -ENOMEM : 0),
  },
  'poll ENOMEM': { poll: (_fds, nfds) => (nfds > CLIENTS + LISTENER ? -ENOMEM : 0) },
  'select ENOMEM': {
    select: (_nfds, readfds) => (readfds !== null && bitsIn(readfds) > CLIENTS + LISTENER ? -ENOMEM : 0),
  },
  // Another process takes each descriptor that is released, for the time of 40 attempts.
  'accept ENFILE': { accept4: () => (++accepted > CLIENTS && ++stuck <= 40 ? -ENFILE : 0) },
  // No fault: SIGTERM comes in the middle of a flood.
  'recv SIGTERM': {
    recv: () => {
      if (++received === 3) process.kill(process.pid, 'SIGTERM');
      return 0;
    },
  },
};

const fault = faults[process.env.FAULT];
attach((name, call) => {
  const failing = fault[name === 'accept' ? 'accept4' : name];
  return failing === undefined ? call : (...args) => failing(...args) || call(...args);
});
