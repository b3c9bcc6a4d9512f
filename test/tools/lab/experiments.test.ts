// The experiments: what each claims is what comes out, on every kernel that it is for. RFDS_LAB_SEEDS=1000 for more
// seeds than a few.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { runInChild } from '../../../src/tools/lab/child.ts';
import type { Kernel } from '../../../src/tools/lab/experiment.ts';
import { keyOf, numbersOf, type Observed, type Order } from '../../../src/tools/lab/key.ts';
import { programText } from '../../../src/tools/lab/program-text.ts';
import { experimentNamed, experiments } from '../../../src/tools/lab/registry.ts';
import { isLinux } from '../../support/platform.ts';

const SEEDS = Number(process.env.RFDS_LAB_SEEDS ?? 4);
const LIMIT = 30_000 + SEEDS * 5000;
const folder = fileURLToPath(new URL('../../../src/tools/lab/experiments/', import.meta.url));
const files = readdirSync(folder);
const textOf = (file: string) => readFileSync(`${folder}${file}`, 'utf8');
const names = [...experiments.keys()];
const on = (kernel: Kernel) => names.filter((name) => experimentNamed(name).kernels.includes(kernel));

describe('the registry', () => {
  test('has each file of the folder, by its name', () => {
    expect(files.map((file) => file.replace('.ts', '')).sort()).toEqual([...names].sort());
  });

  test('has 32 hazards of docs/hazards.md and more, and none that is not there', () => {
    const document = readFileSync(new URL('../../../docs/hazards.md', import.meta.url), 'utf8');
    const known = [...document.matchAll(/^\*\*(H\d+):/gm)].map(([, number]) => number);
    const ours = new Set([...experiments.values()].flatMap(({ hazards }) => hazards));
    expect([...ours].filter((hazard) => !known.includes(hazard))).toEqual([]);
    expect(ours.size).toBeGreaterThanOrEqual(32);
  });

  test.each(names)('%s: one that is for one kernel alone says why', (name) => {
    const { kernels, onlyBecause } = experimentNamed(name);
    if (kernels.length === 1) expect(onlyBecause).toMatch(/^\S.*\.$/);
  });
});

test.each(files)('%s has at most 60 lines, and reads alone', (file) => {
  const lines = textOf(file).trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(60);
  expect(lines[0]).toMatch(/^\/\/ .*[.?]$/);
});

test.each(names)('%s shows its program, and the answer is not in the question', (name) => {
  for (const part of ['run', 'cure'] as const) expect(programText(name, part).at(-1)).toMatch(/^ *return /);
  const { asks, question, key } = experimentNamed(name);
  if (asks !== 'errno') return;
  const numbers = numbersOf(experimentNamed(name), 1);
  expect(question(numbers)).not.toContain(key(numbers));
  expect(programText(name, 'run').join('\n')).not.toContain(key(numbers));
});

test('seeds give other numbers', () => {
  for (const name of names) {
    const texts = Array.from({ length: 20 }, (_, seed) =>
      JSON.stringify(numbersOf(experimentNamed(name), seed)),
    );
    expect(new Set(texts).size, name).toBeGreaterThan(1);
    expect(texts[7]).toBe(JSON.stringify(numbersOf(experimentNamed(name), 7)));
  }
});

// Those that want a process which has had no large descriptor, or a limit of its own, have one each.
const alone = (name: string) => name === 'outlived-bit' || experimentNamed(name).maxDescriptors !== undefined;

async function observe(kernel: Kernel): Promise<Observed[]> {
  const never = new AbortController().signal;
  const orders: Order[] = on(kernel).map((name) => ({ name, kernel, seed: 1, seeds: SEEDS }));
  const apart = orders.filter(({ name }) => kernel === 'real' && alone(name));
  const together = orders.filter((order) => !apart.includes(order));
  const observed = await runInChild(together, never, { limitMs: LIMIT });
  for (const order of apart) {
    const { maxDescriptors } = experimentNamed(order.name);
    const seeds = maxDescriptors ? Array.from({ length: Math.min(SEEDS, 10) }, (_, i) => i + 1) : [1];
    for (const seed of seeds) {
      const limit = maxDescriptors?.(numbersOf(experimentNamed(order.name), seed));
      const one = { ...order, seed, seeds: maxDescriptors ? 1 : SEEDS };
      const options = limit === undefined ? {} : { maxDescriptors: limit };
      observed.push(...(await runInChild([one], never, { ...options, limitMs: LIMIT })));
    }
  }
  return observed;
}

describe.skipIf(!isLinux).each(['real', 'simulated'] as const)('on the %s kernel', (kernel) => {
  let all: Promise<Observed[]> | undefined;

  test.each(on(kernel))(
    '%s does what it claims, and so does its cure; it leaves no descriptor',
    async (name) => {
      all ??= observe(kernel);
      const observed = (await all).filter((one) => one.name === name);
      expect(observed.length).toBeGreaterThan(0);
      for (const { seed, run, cure, left } of observed) {
        const seen = { run: run.answer, cure: cure.answer };
        expect({ seed, ...seen }).toEqual({ seed, ...keyOf(experimentNamed(name), seed) });
        // Where it has waited beside Node's loop, what that waits with stays for the next time.
        if (seed > 1) expect(left).toBe(0);
        const { asks, question, explain, cure: cured } = experimentNamed(name);
        if (typeof asks !== 'string') expect(asks).toContain(run.answer);
        const numbers = numbersOf(experimentNamed(name), seed);
        const told = [question(numbers), explain(numbers, run), cured.tell(numbers, cure)].join('\n');
        expect(told).not.toMatch(/undefined|NaN|\[object/);
      }
    },
    LIMIT,
  );
});
