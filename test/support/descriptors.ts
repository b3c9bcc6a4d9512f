// Descriptors that a test opens with raw calls, closed when it is over.

import { expect } from 'vitest';
import { AF_UNIX, SOCK_STREAM } from '../../src/kernel/constants/socket.ts';
import { afterTest } from './cleanup.ts';
import { direct, simulation } from './simulated.ts';

const open = new Set<number>();

/** The descriptor, to be closed when the test is over. */
export function opened(fd: number): number {
  expect(fd).toBeGreaterThanOrEqual(0);
  // In a simulation it goes with its world.
  if (simulation() !== null) return fd;
  open.add(fd);
  afterTest(() => open.has(fd) && closed(fd));
  return fd;
}

/** The descriptor, closed now. */
export function closed(fd: number): number {
  open.delete(fd);
  expect(direct().close(fd)).toBe(0);
  return fd;
}

/** Two connected sockets. */
export function pair(type = SOCK_STREAM): [number, number] {
  const sv = new Int32Array(2);
  expect(direct().socketpair(AF_UNIX, type, 0, sv)).toBe(0);
  return [opened(sv[0]), opened(sv[1])];
}
