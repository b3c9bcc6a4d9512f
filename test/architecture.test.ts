// The house: which layer may import which (docs/architecture.md), and that every kernel call passes the
// choke point.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src/', import.meta.url));

/** Lowest first. A folder's files may import its own layer and those before it. */
const layers = [['kernel'], ['interpose', 'sim'], ['python'], ['node'], ['programs'], ['tools']];
const DOORS = layers.length;
/** The layers that may import the doors, as users do. */
const USERS = layers.findIndex((layer) => layer.includes('node'));

const layerOf = (file: string) => {
  const [folder, ...rest] = file.split('/');
  return rest.length === 0 ? DOORS : layers.findIndex((layer) => layer.includes(folder));
};

interface Import {
  /** Relative to src/. */
  target: string;
  names: string;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(src, file), 'utf8');
  const statements = text.matchAll(/^(?:import|export)\b(?:([^;'"`=]*?)\bfrom )?\s*'(\.[^']+)'/gm);
  const dynamic = text.matchAll(/\bimport\(()'(\.[^']+)'\)/g);
  return [...statements, ...dynamic].map(([, names, spec]) => ({
    target: path.posix.join(path.posix.dirname(file), spec),
    names: names ?? '',
  }));
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const imports = new Map(files.map((file) => [file, importsOf(file)]));

test('a file imports from its own layer or a lower one; programs and tools import the doors too', () => {
  const arrows = [...imports].flatMap(([file, targets]) => targets.map(({ target }) => ({ file, target })));
  expect(arrows.length).toBeGreaterThan(files.length);
  const isAllowed = ({ file, target }: (typeof arrows)[number]) =>
    layerOf(target) <= layerOf(file) || (layerOf(target) === DOORS && layerOf(file) >= USERS);
  const upward = arrows.filter((arrow) => !isAllowed(arrow));
  expect(upward.map(({ file, target }) => `${file} imports ${target}, which is above it`)).toEqual([]);
});

test('every file lies in a layer, or is a door', () => {
  expect(files.filter((file) => layerOf(file) === -1)).toEqual([]);
});

/** What a program imports beside the doors, and why users cannot have it from them. */
const innerImports: Record<string, string[]> = {
  // Receives, answers and sends in place, without a string or a Buffer for a message.
  'programs/serving/batch-io.ts': [
    'kernel/batch.ts',
    'python/builtins/print.ts',
    'python/builtins/repr.ts',
    'python/builtins/time.ts',
  ],
  // Python's selectors keep these translations to themselves.
  'programs/poll-server.ts': ['python/selectors/masks.ts'],
  'programs/epoll-server.ts': ['python/selectors/masks.ts'],
};
/** Packages that a program imports. */
const packages: Record<string, string[]> = { 'programs/command.ts': ['commander'] };

test('the programs import the doors, each other and Node, as users do', () => {
  const inner = files
    .filter((file) => file.startsWith('programs/'))
    .flatMap((file) => {
      const targets = imports.get(file)!.map(({ target }) => target);
      const others = targets.filter((target) => target.includes('/') && !target.startsWith('programs/'));
      const text = readFileSync(path.join(src, file), 'utf8');
      const bare = [...text.matchAll(/(?:\bfrom|^import|\bimport\() ?'([^.'][^']*)'/gm)].map(
        ([, name]) => name,
      );
      return [
        ...others.filter((target) => !innerImports[file]?.includes(target)),
        ...bare.filter((name) => !name.startsWith('node:') && !packages[file]?.includes(name)),
      ].map((target) => `${file} imports ${target}`);
    });
  expect(inner).toEqual([]);
});

test('no files import each other in a circle', () => {
  const circles: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (file: string, trail: string[]) => {
    if (state.get(file) === 'open') circles.push([...trail.slice(trail.indexOf(file)), file].join(' → '));
    if (state.has(file)) return;
    state.set(file, 'open');
    for (const { target } of imports.get(file) ?? []) visit(target, [...trail, file]);
    state.set(file, 'done');
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});

test('every kernel call passes the choke point: only what stands beneath it takes the calls from the addon', () => {
  const takers = [...imports]
    .filter(([file, targets]) =>
      targets.some(
        ({ target, names }) =>
          // The command asks only whether it can be loaded.
          (target === 'kernel/addon.cjs' && !['kernel/native.ts', 'cli.ts'].includes(file)) ||
          (target === 'kernel/native.ts' && /\b(native|batch)\b/.test(names)) ||
          (target === 'kernel/fast-calls.ts' && /\bkernel\b/.test(names)),
      ),
    )
    .map(([file]) => file);
  const beneath = takers.filter((file) => !file.startsWith('interpose/'));
  // What is interposed looks at the kernel beneath itself, or it would observe itself.
  expect(beneath.sort()).toEqual([
    'kernel/fast-calls.ts',
    'kernel/own-calls.ts',
    'kernel/syscalls.ts',
    'python/unclosed.ts',
  ]);
});
