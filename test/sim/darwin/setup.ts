// Before each test of the project 'darwin': a simulated macOS of its own, which has all calls of this process until
// what the test and its other hooks do is over.

import { beforeEach } from 'vitest';
import { World } from '../../../src/sim/world.ts';

beforeEach(() => {
  // As many descriptors as a process of macOS may have at most; and a test may time out as often as it likes.
  const world = new World({
    platform: 'darwin',
    maxDescriptors: 10_240,
    maxTimeouts: Number.POSITIVE_INFINITY,
    maxCalls: Number.POSITIVE_INFINITY,
    maxSpins: Number.POSITIVE_INFINITY,
    maxPassedOver: Number.POSITIVE_INFINITY,
  });
  // Vitest calls it after all that stands in afterEach.
  return world.enter();
});
