// Planted bugs in the loops, the selectors and the Python layer: explore() finds them. Here those that it finds fast;
// npm run nightly -- mutants hunts all.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { bundle, huntWith, mutate, placesOf } from './bundle.ts';
import { mutants } from './mutant-list.ts';

const source = fileURLToPath(new URL('../../src/', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'rfds-mutants-'));
afterAll(() => rmSync(folder, { recursive: true }));

// Of each file one; the nightly run takes all.
const first = mutants.filter((mutant, i) => mutants.findIndex(({ file }) => file === mutant.file) === i);

test('there are more than a hundred mutants, and each has its place in the sources once', () => {
  expect(mutants.length).toBeGreaterThan(100);
  for (const mutant of mutants) {
    for (const { file, replaces, by } of placesOf(mutant)) {
      mutate(readFileSync(path.join(source, file), 'utf8'), replaces, by, mutant.name);
    }
  }
});

test('a mutant whose place is not there is told', () => {
  expect(() => mutate('one two one', 'one', 'three', 'a')).toThrow("mutant 'a': 'one' is there 2 times");
});

test.each(first)('$file: $name', async (mutant) => {
  const file = await bundle('hunt', folder, mutant);
  const { where } = await huntWith(file, mutant.hunts, { seconds: 20, shrinks: false }, mutant.on);
  expect(where).not.toBe(null);
});
