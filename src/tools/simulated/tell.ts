// A schedule of a world told: as a story, and as a recording.

import { type Build, type Found, replay } from '../../sim/explore.ts';
import { chosenIn, storyLines } from '../../sim/story.ts';
import type { Violation, World } from '../../sim/world.ts';
import { callTexts, watcher } from './call-watcher.ts';
import { recordingText } from './recording.ts';

/** What is told: what explore() has found, or any schedule with the options that its world is made with. */
export type Told = Pick<Found, 'schedule'> & Partial<Pick<Found, 'options' | 'violation'>>;

interface Run {
  world: World;
  /** '' where nothing is broken. */
  broken: string;
}

function run(build: Build, { schedule, options = {}, violation }: Told): Run {
  let program: unknown;
  const isProgram = (process: unknown) => process === program;
  const { world, outcome } = replay(
    (made) => {
      program = made.program;
      return build(made);
    },
    schedule,
    { ...options, watcher: watcher(isProgram) },
  );
  // What a check of the user's own found is no part of the run.
  const found = outcome.violation ?? violation ?? null;
  return { world, broken: found === null ? '' : brokenText(found) };
}

// What another process says names that process; the message of a user's own check is all there is of it.
const brokenText = (found: Violation | Error) =>
  'kind' in found && found.kind !== 'peer' ? `${found.kind}: ${found.message}` : found.message;

/**
 * The run of a schedule as text: who did what, in which order; a star stands at what was chosen and does not happen by
 * itself. The program's calls have the line that made them. The world is built again, and the run repeated.
 */
export function story(build: Build, told: Told): string {
  const { world, broken } = run(build, told);
  const chosen = chosenIn(world.record!);
  const stars =
    chosen === 0
      ? 'All that happens is what happens by itself.'
      : `${chosen === 1 ? 'A star (*) stands' : `${chosen} stars (*) stand`} where something else happens than would by itself.`;
  return [
    ...(broken === '' ? [] : [broken, '']),
    `On the simulated kernel, schedule '${told.schedule}'. ${stars}`,
    '',
    ...storyLines(world.record!, callTexts),
    ...(broken === '' ? [] : ['', broken]),
    '',
  ].join('\n');
}

/**
 * The run of a schedule as a recording, lines of JSON: `rfds trace --replay`, and with it --html, --pcapng and the
 * others, take it. It is marked as simulated, and so is what they make of it.
 */
export function recording(build: Build, told: Told): string {
  const { world, broken } = run(build, told);
  const about = [`Schedule '${told.schedule}'.`, ...(broken === '' ? [] : [`It breaks: ${broken}`])];
  return recordingText(world, about);
}
