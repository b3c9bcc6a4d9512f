// Before each test of the project 'darwin': a simulated macOS of its own, which has all calls of this process until
// what the test and its other hooks do is over.

import { beforeEach } from 'vitest';
import { World } from '../../../src/sim/world.ts';

beforeEach(() => {
  const world = new World({ platform: 'darwin' });
  // Vitest calls it after all that stands in afterEach.
  return world.enter();
});
