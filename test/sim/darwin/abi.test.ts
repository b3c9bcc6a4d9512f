// The package as if on macOS, on any platform: its constants, its structs, and no kernel but the simulated one.

import { expect, test } from 'vitest';
import { callNames } from '../../../src/kernel/calls.ts';
import { kernel } from '../../../src/kernel/fast-calls.ts';
import { constants } from '../../../src/kernel/native.ts';
import { isSimulated, platform } from '../../../src/kernel/platform.ts';
import { kevent } from '../../../src/kernel/structs/kevent.ts';
import { newSockaddr } from '../../../src/kernel/structs/struct.ts';
import { timeval } from '../../../src/kernel/structs/timespec.ts';
import { World } from '../../../src/sim/world.ts';
import { AF_INET6, SO_RCVTIMEO, SOCK_NONBLOCK } from '../../../src/socket.ts';

test('the constants are those of Apple’s headers, and what these lack is undefined', () => {
  expect([platform, isSimulated]).toEqual(['darwin', true]);
  expect([constants.EAGAIN, AF_INET6, SO_RCVTIMEO, constants.EVFILT_USER]).toEqual([35, 30, 0x1006, -10]);
  expect([SOCK_NONBLOCK, constants.EPOLLIN, constants.POLLRDHUP]).toEqual([undefined, undefined, undefined]);
});

test('the structs are laid out as on macOS', () => {
  expect([kevent.size, kevent.members.udata.offset]).toEqual([32, 24]);
  expect([timeval.size, timeval.members.tv_usec.size]).toEqual([16, 4]);
  expect([...newSockaddr(AF_INET6, 28)].slice(0, 2)).toEqual([28, 30]);
});

test('every call is there, and without a simulated kernel each is ENOSYS', () => {
  expect(callNames.filter((name) => !(name in kernel))).toEqual([]);
  expect([kernel.kqueue(), kernel.socket(2, 1, 0)]).toEqual([-78, -78]);
});

test('a world of Linux takes a process with the constants of Linux', () => {
  expect(() => new World({ platform: 'linux' })).toThrow(/has those of 'darwin': start it without RFDS_SIM_/);
});
