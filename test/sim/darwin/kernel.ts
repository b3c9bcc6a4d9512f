// The simulated macOS of the test that runs: setup.ts makes it.

import { World } from '../../../src/sim/world.ts';

const boundless = Number.POSITIVE_INFINITY;

export let world: World;

/** A new one, which has all calls of this process from now on; returns what takes it off. */
export function enterKernel(): () => void {
  // As many descriptors as a process of macOS may have at most; and a test may time out, and spin, as often as it
  // likes.
  world = new World({
    platform: 'darwin',
    maxDescriptors: 10_240,
    maxTimeouts: boundless,
    maxCalls: boundless,
    maxSpins: boundless,
    maxPassedOver: boundless,
  });
  return world.enter();
}
