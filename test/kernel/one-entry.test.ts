// Every raw call is one entry of the kernel, with the arguments that were given; and every call is
// recorded, or is none that enters the kernel once. The table is docs/syscalls.md.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { recordedCalls } from '../../src/interpose/recorder/call-decoders.ts';
import { callOf, kernelName, callNames as names } from '../../src/kernel/calls.ts';
import { cli } from '../support/programs.ts';
import { hasStrace, readStrace, type TracedCall, withoutEngine } from '../support/strace.ts';

const program = fileURLToPath(new URL('./one-entry.mjs', import.meta.url));
const page = fileURLToPath(new URL('../../scripts/syscalls-doc.mjs', import.meta.url));

// Not at all, or several times.
const entersOtherwise = (name: string) => callOf(name)?.entries !== undefined;

const MARK = 'close(-1000)';

const line = ({ name, args, result }: TracedCall) =>
  `${name}(${args}) = ${result.replace(/ .*/, '')}`
    .replace(/sa_flags=[^}]*/, 'sa_flags=…')
    .replace(/sa_handler=0x\w+/, 'sa_handler=…')
    .replace(/(F_GETFL\) = )(0x[0-9a-f]+)/, (_, call, flags) => call + Number(flags));

/** What the kernel was asked between each two marks. */
function between(calls: TracedCall[]): TracedCall[][] {
  const found: TracedCall[][] = [];
  let inside: TracedCall[] | null = null;
  for (const call of withoutEngine(calls)) {
    if (`${call.name}(${call.args})` === MARK) {
      if (inside !== null) found.push(inside);
      inside = inside === null ? [] : null;
    } else if (inside !== null) inside.push(call);
  }
  return found;
}

describe.skipIf(!hasStrace || process.arch !== 'x64')(
  hasStrace ? 'under strace on x64' : 'strace is missing, or may not trace:',
  () => {
    let cases: [name: string, result: number, shows: string[] | 'names' | 'files' | 'uname'][];
    let asked: TracedCall[][];

    beforeAll(() => {
      const folder = mkdtempSync(path.join(tmpdir(), 'rfds-'));
      try {
        const output = path.join(folder, 'strace');
        const command = ['-f', '-o', output, process.execPath, program, pathToFileURL(cli).href];
        cases = JSON.parse(execFileSync('strace', command, { encoding: 'utf8', timeout: 20_000 }));
        const calls = readStrace(output);
        asked = between(calls.filter(({ tid }) => tid === calls[0].tid));
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    test('there is a case for every raw call', () => {
      expect(new Set(cases.map(([name]) => name))).toEqual(new Set(names));
      expect(asked.length).toBe(cases.length);
    });

    test.each(names)('%s is the kernel’s entry that the table has, with the arguments given', (name) => {
      const own = cases.flatMap(([other, result, shows], i) =>
        other === name ? [{ result, shows, asked: asked[i] }] : [],
      );
      for (const { result, shows, asked } of own) {
        if (shows === 'names') {
          expect(result).toBeGreaterThanOrEqual(0);
          expect(asked.length).toBeGreaterThan(1);
          expect(asked.at(0)!.name).toBe('socket');
          expect(asked.at(-1)!.name).toBe('close');
          continue;
        }
        if (shows === 'files') {
          expect(result).toBeGreaterThan(20);
          expect(asked.filter((call) => call.name === 'openat').map(line)).toContainEqual(
            expect.stringContaining('/etc/hosts'),
          );
          continue;
        }
        if (shows === 'uname') {
          expect([result, asked.map((call) => call.name)]).toEqual([0, ['uname']]);
          continue;
        }
        expect(asked.map(line)).toEqual(shows);
        const entry = kernelName(name, 'linux', 'x64');
        // sigaction, as often as the case says.
        if (['chain_signal', 'save_signal', 'restore_signal'].includes(name)) continue;
        const isOne = entry !== null && !entersOtherwise(name);
        expect(asked.map((call) => call.name)).toEqual(isOne ? [entry] : []);
      }
    });
  },
);

test('every raw call is recorded but those that are no entry, or several, or lacking here', () => {
  const { platform, arch } = process;
  const lacking = names.filter((name) => kernelName(name, platform, arch) === null);
  const expected = names.filter((name) => !entersOtherwise(name) && !lacking.includes(name));
  expect([...recordedCalls].sort()).toEqual(expected.sort());
});

test('docs/syscalls.md is what its script writes', () => {
  const check = () => execFileSync(process.execPath, [page, '--check'], { stdio: 'pipe' });
  expect(check).not.toThrow();
});
