// What a call costs through rfds and through foreign-function interfaces, beside the same call in C: bench/calls.c
// and call-loops.ts, processes of their own.

import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFolder } from '../../kernel/package-folder.ts';
import { TemporaryFolder } from '../long-run.ts';
import { compile, outputOf, type Runnable } from './executables.ts';

/** Every sample: nanoseconds by call, of one library in one round. */
export interface CallCosts {
  libraries: { name: string; about: string; missing?: string }[];
  samples: { library: string; round: number; nanoseconds: Record<string, number> }[];
}

/** Its command is without the number of calls. */
interface Library extends Runnable {
  name: string;
}

const loops = fileURLToPath(new URL('call-loops.js', import.meta.url));
const node = `Node ${process.versions.node}`;

function inJs(name: string, about: string, missing?: string): Library {
  const command = missing === undefined ? [process.execPath, loops, name] : { missing };
  return { name, about: `${about}, ${node}`, command };
}

function rfds(): Library {
  const { version } = JSON.parse(readFileSync(path.join(packageFolder(), 'package.json'), 'utf8'));
  return inJs('rfds', `raw layer ${version}`);
}

/** koffi is a development dependency: an installed rfds may lack it. */
async function koffi(): Promise<Library> {
  try {
    const { version } = await import('koffi');
    return inJs('koffi', `koffi ${version}`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ERR_MODULE_NOT_FOUND' ? 'koffi is not installed' : message.split('\n')[0];
    return inJs('koffi', 'koffi', why);
  }
}

function nodeFfi(): Library {
  return inJs('node:ffi', 'built in', isBuiltin('node:ffi') ? undefined : `${node} does not have it`);
}

/**
 * Runs C and each library in turn, round after round. progress is given each step; an abort kills
 * what runs. A library that is missing, or fails, is named with its reason and costs the others nothing.
 */
export async function measureCalls(
  { rounds, calls }: { rounds: number; calls: number },
  stop: AbortSignal,
  progress: (step: string) => void,
): Promise<CallCosts> {
  using folder = new TemporaryFolder('rfds-calls-');
  const rows: Library[] = [{ name: 'C', ...compile('calls', folder.path) }, rfds(), await koffi(), nodeFfi()];
  const result: CallCosts = { libraries: [], samples: [] };
  const running = rows.flatMap(({ name, about, command }) => {
    const entry: CallCosts['libraries'][number] = { name, about };
    result.libraries.push(entry);
    if (Array.isArray(command)) return { entry, command };
    entry.missing = command.missing;
    return [];
  });
  for (let round = 1; round <= rounds; round++) {
    for (const { entry, command } of running) {
      if (entry.missing !== undefined) continue;
      progress(`cost per call, round ${round} of ${rounds}: ${entry.name}`);
      try {
        const output = await outputOf([...command, String(calls)], stop);
        result.samples.push({ library: entry.name, round, nanoseconds: JSON.parse(output) });
      } catch (error) {
        stop.throwIfAborted();
        entry.missing = (error as Error).message;
      }
    }
  }
  return result;
}
