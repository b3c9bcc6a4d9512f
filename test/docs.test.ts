// The documents against the code that they speak of.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

const sources = ['src', 'native', 'test', 'bench', 'scripts', 'examples'].flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(?:ts|mjs|js|py|cc|c|h)$/.test(file))
    .map((file) => `${folder}/${file}`),
);

describe('docs/hazards.md', () => {
  const text = read('docs/hazards.md');
  const numbers = [...text.matchAll(/^\*\*(H\d+):/gm)].map(([, number]) => number);
  const proofs = [...text.matchAll(/^Test: `([^`]+)`: (.+)$/gm)].map(([, file, title]) => ({ file, title }));

  test('has each hazard once', () => {
    expect(numbers.length).toBeGreaterThan(40);
    expect(numbers.filter((number, i) => numbers.indexOf(number) !== i)).toEqual([]);
  });

  test('has every hazard that a source or a test names', () => {
    const named = sources.flatMap((file) =>
      [...read(file).matchAll(/\bH\d{1,2}\b/g)].map(([number]) => ({ file, number })),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(({ number }) => !numbers.includes(number))).toEqual([]);
  });

  test('names tests that there are', () => {
    expect(proofs.length).toBeGreaterThan(40);
    const literal = /'((?:\\.|[^'\\\n])+)'|"((?:\\.|[^"\\\n])+)"|`((?:\\.|[^`\\])+)`/g;
    const isThere = ({ file, title }: { file: string; title: string }) =>
      [...read(file).matchAll(literal)].some(([, ...quoted]) =>
        quoted.join('').replaceAll('\\', '').includes(title),
      );
    expect(proofs.filter((proof) => !isThere(proof))).toEqual([]);
  });
});

test('the links of the documents lead to files that there are', () => {
  const documents = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'bench/README.md'].concat(
    readdirSync(path.join(root, 'docs'))
      .filter((file) => file.endsWith('.md'))
      .map((file) => `docs/${file}`),
  );
  const links = documents.flatMap((document) =>
    [...read(document).matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
      .map(([, target]) => ({ document, target }))
      .filter(({ target }) => !/^[a-z]+:/.test(target)),
  );
  expect(links.length).toBeGreaterThan(40);
  const lost = links.filter(
    ({ document, target }) => !existsSync(path.join(root, path.dirname(document), target)),
  );
  expect(lost).toEqual([]);
});

test('README.md fits what a newcomer reads: 130 lines', () => {
  expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(130);
});

test('no source refers to a document that is not in the repository', () => {
  const absent = /\b(?:DESIGN|behaviour|review-\w+)\.md|\bDESIGN,? section|\bBar \d/;
  const named = /\bdocs\/[\w-]+\.(?:md|png)\b/g;
  for (const file of sources.filter((one) => one !== 'test/docs.test.ts')) {
    const text = read(file);
    expect(absent.test(text), file).toBe(false);
    for (const [document] of text.matchAll(named))
      expect(existsSync(path.join(root, document)), `${file} names ${document}`).toBe(true);
  }
});
