// Bundles a module of this folder with what it imports, for plain node: as it is, or with a mutant in place of a
// source. esbuild's output runs some times faster than what the test runner transforms.

import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build, type Plugin } from 'esbuild';
import type { Hunted, HuntOptions, Platform } from './hunt.ts';
import type { Mutant } from './mutant-list.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const addon = path.join(root, 'src/kernel/addon.cjs');

/** The text with the replacement. Throws where there is not exactly one place for it. */
export function mutate(text: string, replaces: string, by: string, name: string): string {
  const parts = text.split(replaces);
  if (parts.length !== 2)
    throw new Error(`mutant '${name}': '${replaces}' is there ${parts.length - 1} times`);
  return parts.join(by);
}

/** The places of a mutant: file and replacement. */
export function placesOf(mutant: Mutant) {
  return [mutant, ...(mutant.also === undefined ? [] : [mutant.also])];
}

function mutating(mutant: Mutant): Plugin {
  return {
    name: 'mutant',
    setup(made) {
      made.onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
        const places = placesOf(mutant).filter((place) => path.join(root, 'src', place.file) === file);
        if (places.length === 0) return undefined;
        let text = readFileSync(file, 'utf8');
        for (const { replaces, by } of places) text = mutate(text, replaces, by, mutant.name);
        return { contents: text, loader: 'ts' };
      });
    },
  };
}

const besides: Plugin = {
  name: 'addon',
  setup(made) {
    made.onResolve({ filter: /\/addon\.cjs$/ }, () => ({ path: addon, external: true }));
  },
};

/** Bundles a module of this folder, and returns the file. */
export async function bundle(entry: string, folder: string, mutant: Mutant | null = null): Promise<string> {
  const name =
    mutant === null ? entry : `${entry}-${mutant.file}-${mutant.name}`.replaceAll(/[^\w.-]+/g, '-');
  const outfile = path.join(folder, `${name}.mjs`);
  mkdirSync(folder, { recursive: true });
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`${entry}.ts`, import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    write: false,
    logLevel: 'error',
    plugins: [besides, ...(mutant === null ? [] : [mutating(mutant)])],
  });
  writeFileSync(outfile, outputFiles[0].contents);
  return outfile;
}

/** Hunts in a process of its own, by a bundle of hunt.ts: nothing of a mutant stays. */
export async function huntWith(
  file: string,
  names: readonly string[],
  options: HuntOptions,
  platform: Platform = 'linux',
): Promise<Hunted> {
  const env = { ...process.env, RFDS_SIM_PLATFORM: platform === 'darwin' ? platform : undefined };
  const script = `
    const { hunt } = await import(${JSON.stringify(pathToFileURL(file).href)});
    process.stdout.write(JSON.stringify(hunt(${JSON.stringify(names)}, ${JSON.stringify(options)})));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env,
  });
  return JSON.parse(stdout) as Hunted;
}
