// docs/python.md: every name of Python's four modules is in rfds, or is missing for a reason. The page is what
// scripts/python-doc.mjs finds in the modules as built.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { isLinux } from '../support/platform.ts';

const script = (file: string) => fileURLToPath(new URL(`../../scripts/${file}`, import.meta.url));
const gaps: { missing: { names: string[]; reason: string }[] } = JSON.parse(
  readFileSync(script('python-gaps.json'), 'utf8'),
);

/** What the script says of docs/python.md with these reasons; nothing where all is well. */
function check(missing = gaps.missing): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'rfds-'));
  try {
    const file = path.join(folder, 'gaps.json');
    writeFileSync(file, JSON.stringify({ ...gaps, missing }));
    const args = [script('python-doc.mjs'), '--check', '--gaps', pathToFileURL(file).href];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
    expect(status).toBe(stderr === '' ? 0 : 1);
    return stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(!isLinux)(isLinux ? 'the feature table' : 'the table asks the modules on Linux:', () => {
  test('docs/python.md is what the modules have', () => {
    expect(check()).toBe('');
  });

  test('a name that is missing without a reason is told', () => {
    expect(check(gaps.missing.filter(({ names }) => !names.includes('signal.pthread_kill')))).toMatch(
      /^signal\.pthread_kill is missing on Linux and macOS: give its reason/m,
    );
  });

  test('a reason for a name that is there is told', () => {
    expect(check([...gaps.missing, { names: ['socket.socket.accept'], reason: 'none' }])).toContain(
      'socket.socket.accept is there, but python-gaps.json says why it is missing\n',
    );
  });

  test('a reason that no missing name needs is told', () => {
    expect(check([...gaps.missing, { names: ['socket.nothing'], reason: 'none' }])).toBe(
      'socket.nothing: in python-gaps.json, but no missing name needs it\n',
    );
  });

  test('a gap without words for it is told', () => {
    const wordless = gaps.missing.map(({ names }) => ({ names, reason: '' }));
    expect(check(wordless)).toContain('no reason is given for socket.CAPI\n');
  });
});
