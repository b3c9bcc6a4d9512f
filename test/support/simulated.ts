// The body of a test on the simulated kernel instead of this machine's: the same calls, and what stands in there for
// what is made without a call at the choke point.

import { expect } from 'vitest';
import { type Calls, native } from '../../src/kernel/native.ts';
import * as sys from '../../src/kernel/syscalls.ts';
import { StandardStream } from '../../src/sim/pipe.ts';
import { World, type WorldOptions } from '../../src/sim/world.ts';

let world: World | null = null;

/** The world in which the test runs; null: on the kernel. */
export const simulation = (): World | null => world;

/** Runs a test's body on the simulated kernel; it may not wait for what never comes. */
export function simulated(body: () => void, options: WorldOptions = {}): void {
  const endless = Number.POSITIVE_INFINITY;
  const made = new World({ maxSpins: endless, maxPassedOver: endless, maxTimeouts: endless, ...options });
  let failure: unknown = null;
  world = made;
  try {
    const { reason } = made.run(() => {
      try {
        body();
      } catch (error) {
        failure ??= error;
        throw error;
      }
    });
    if (failure !== null) throw failure;
    expect(reason).toBe('returned');
  } finally {
    world = null;
  }
}

/** The calls past whatever stands at the choke point; in a simulation those of the simulated kernel. */
export function direct(): Pick<Calls, 'close' | 'socketpair'> {
  return world === null ? native : sys;
}

/** A descriptor of a file, in a simulation: whatever its path, one that takes all and gives nothing, as /dev/null. */
export function simulatedFile(within: World): number {
  return within.program.open(new StandardStream(within, { isRegular: true }));
}
