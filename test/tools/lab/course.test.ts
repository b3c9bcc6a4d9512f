// docs/course/ and docs/lab.md, which are made of the experiments and the stages: `npx vitest run test/tools/lab/course --update`
// makes the sheets anew.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { stages } from '../../../src/tools/lab/grade/stages.ts';
import { programText } from '../../../src/tools/lab/program-text.ts';
import { experiments } from '../../../src/tools/lab/registry.ts';
import { answerSheet, courseSheets, exerciseSheet } from '../../../src/tools/lab/sheet.ts';

const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));
const read = (file: string) => readFileSync(`${docs}${file}`, 'utf8');

test.each(courseSheets.map((sheet, i) => [i + 1, sheet] as const))(
  'sheet %i is what the experiments ask',
  async (n, sheet) => {
    await expect(exerciseSheet(sheet)).toMatchFileSnapshot(`${docs}course/sheet-${n}.md`);
  },
);

test('the answers are their keys', async () => {
  await expect(courseSheets.map(answerSheet).join('\n')).toMatchFileSnapshot(`${docs}course/answers.md`);
});

test('no line of a program is cut where it is printed: 104 columns', () => {
  const long = [...experiments.keys()].flatMap((name) =>
    (['run', 'cure'] as const).flatMap((part) => programText(name, part).filter((line) => line.length > 104)),
  );
  expect(long).toEqual([]);
});

test('the plan names experiments, sheets and commands that there are', () => {
  const plan = read('course/README.md');
  const named = [...plan.matchAll(/rfds lab ([a-z][a-z-]+)/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(3);
  for (const name of named) expect(name === 'grade' || experiments.has(name), name).toBe(true);
  for (const [, file] of plan.matchAll(/\]\(([a-z0-9-]+\.md)\)/g))
    expect(existsSync(`${docs}course/${file}`)).toBe(true);
});

test('the minutes of the plan are ninety', () => {
  const minutes = [...read('course/README.md').matchAll(/^\| (\d+) +\|/gm)].map(([, n]) => Number(n));
  expect(minutes.reduce((sum, n) => sum + n, 0)).toBe(90);
});

test('docs/lab.md has each experiment with its hazard, and each stage in order', () => {
  const text = read('lab.md');
  const rows = [...text.matchAll(/^\| `([a-z-]+)` +\| (H[\dH, ]+?) +\| ([a-z, ]+?) +\|/gm)];
  expect(rows.map(([, name, hazards, kernels]) => [name, hazards, kernels])).toEqual(
    [...experiments].map(([name, { hazards, kernels }]) => [name, hazards.join(', '), kernels.join(', ')]),
  );
  const named = [...text.matchAll(/^\| (\d+) +\| ([a-z -]+?) +\| (.+?) +\|$/gm)];
  expect(named.map(([, n, name, asks]) => [n, name, asks])).toEqual(
    stages.map(({ name, asks }, i) => [String(i + 1), name, asks]),
  );
});
