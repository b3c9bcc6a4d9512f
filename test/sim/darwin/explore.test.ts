// Schedules of the loops that macOS has, on the simulated XNU: the first of the systematic search, and random ones.
// RFDS_SCHEDULES=N visits so many of each kind.

import { describe, expect, test } from 'vitest';
import { serve as serveKqueue } from '../../../src/programs/kqueue-server.ts';
import { serve as servePoll } from '../../../src/programs/poll-server.ts';
import { serve as serveSelect } from '../../../src/programs/select-server.ts';
import { serve as serveSelectors } from '../../../src/programs/selectors-server.ts';
import { explore } from '../../../src/sim/explore.ts';
import { faultsOnXnu, scenes } from '../worlds.ts';

const runs = Number(process.env.RFDS_SCHEDULES ?? 30);

/** A loop that blocks turns a client away that does not read, after a time. */
const turnsAway = (name: string, title: string) => name === 'select' && title.includes('without receiving');

describe.each([
  ['kqueue', serveKqueue],
  ['selectors', serveSelectors],
  ['poll', servePoll],
  ['select', serveSelect],
])('the %s loop on XNU', (name, serve) => {
  const all = Object.entries(scenes(serve)).filter(([title]) => !turnsAway(name, title));
  test.each(all)('%s', (_, { build, world, check }) => {
    for (const visit of ['all', 'random'] as const) {
      const explored = explore(build, { world: { ...world, faultsOf: faultsOnXnu }, check, visit, runs });
      expect(explored.found).toBeNull();
      expect(explored.runs).toBeGreaterThanOrEqual(Math.min(runs, 20));
    }
  });
});
