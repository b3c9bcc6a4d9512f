// struct signalfd_siginfo as the kernel fills it. A signalfd gives signals that are blocked, and Node unblocks all when
// it starts: another program reads it, and its bytes are unpacked here.

import { expect, test } from 'vitest';
import { signalfd_siginfo } from '../../../src/structs.ts';
import * as sys from '../../../src/syscalls.ts';
import { isLinux } from '../../support/platform.ts';
import { python } from '../../support/python.ts';

const READ_ONE = `
import ctypes, os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [given])
mask = ctypes.c_uint64(1 << (given - 1))
fd = ctypes.CDLL(None, use_errno=True).signalfd(-1, ctypes.byref(mask), 0)
child = os.fork()
if child == 0:
    os.kill(os.getppid(), given)
    os._exit(7)
answer = {'bytes': os.read(fd, 256).hex(), 'child': child, 'uid': os.getuid()}
os.waitpid(child, 0)`;

interface Answer {
  bytes: string;
  child: number;
  uid: number;
}

test.skipIf(!isLinux)('a signal that kill(2) sent says by whom', () => {
  const { bytes, child, uid } = python<Answer>(READ_ONE, sys.SIGUSR2);
  expect(bytes).toHaveLength(2 * signalfd_siginfo.size);
  expect(signalfd_siginfo.unpack(Buffer.from(bytes, 'hex'))).toMatchObject({
    ssi_signo: sys.SIGUSR2,
    ssi_code: sys.SI_USER,
    ssi_pid: child,
    ssi_uid: uid,
    ssi_status: 0,
  });
});

test.skipIf(!isLinux)('SIGCHLD says which child ended, and how', () => {
  const script = READ_ONE.replace('    os.kill(os.getppid(), given)\n', '');
  const { bytes, child } = python<Answer>(script, sys.SIGCHLD);
  expect(signalfd_siginfo.unpack(Buffer.from(bytes, 'hex'))).toMatchObject({
    ssi_signo: sys.SIGCHLD,
    ssi_code: sys.CLD_EXITED,
    ssi_pid: child,
    ssi_status: 7,
  });
});
