// The executables that a comparison needs: found, compiled, run to their end.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { packageFolder } from '../../kernel/package-folder.ts';
import { endIfKilled } from '../cleanup.ts';

/** The path of a file in bench/. */
export const bench = (file: string) => path.join(packageFolder(), 'bench', file);

/** The first line that a program prints, or null where there is no such program. */
export function firstLine(command: string, ...args: string[]): string | null {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split(
      '\n',
    )[0];
  } catch {
    return null;
  }
}

/** A program that is to take part. */
export interface Runnable {
  /** What it is, and of which version: for the report. */
  about: string;
  /** The command, to which arguments are added, or why there is none here. */
  command: string[] | { missing: string };
}

/** Compiles bench/NAME.c into a folder. */
export function compile(name: string, folder: string): Runnable {
  const version = firstLine('cc', '--version');
  if (version === null) return { about: 'not compiled', command: { missing: 'there is no C compiler (cc)' } };
  const about = `${version}, -O2`;
  const binary = path.join(folder, name);
  try {
    const args = ['-std=gnu11', '-O2', '-pthread', '-o', binary, bench(`${name}.c`)];
    execFileSync('cc', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const [why] = String((error as { stderr?: unknown }).stderr).split('\n');
    return { about, command: { missing: `cc failed: ${why}` } };
  }
  return { about, command: [binary] };
}

/** Runs a program to its end and returns what it printed. Throws if it fails; an abort kills it. */
export async function outputOf([program, ...args]: string[], stop: AbortSignal): Promise<string> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: stop,
    killSignal: 'SIGKILL',
  });
  endIfKilled(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(stderr.match(/^\w*Error.*$/m)?.[0] ?? `status ${status}`);
  return stdout;
}
