// None of CPython's portable cases goes missing. Every name in cases.ts is the beginning of a
// test's title in the files beside this one ('BasicTCPTest.testRecv: …'), or stands in
// not-carried.ts with its reason.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cases } from './cases.ts';
import { notCarried } from './not-carried.ts';

// Which files carry a module's cases.
const filesOf: Readonly<Record<string, RegExp>> = {
  test_select: /^select\.test\.ts$/,
  test_poll: /^poll\.test\.ts$/,
  test_epoll: /^epoll\.test\.ts$/,
  test_kqueue: /^kqueue\.test\.ts$/,
  test_selectors: /^selectors\.test\.ts$/,
  test_timeout: /^timeout\.test\.ts$/,
  test_eintr: /^eintr\.test\.ts$/,
  test_socket: /^socket.*\.test\.ts$/,
};

const here = new URL('./', import.meta.url);
const files = readdirSync(here);

// Titles: the strings that begin with Class.test_name and go on with a colon.
function titlesIn(pattern: RegExp): Set<string> {
  const sources = files
    .filter((name) => pattern.test(name))
    .map((name) => readFileSync(new URL(name, here), 'utf8'));
  const titles = sources.flatMap((source) => [...source.matchAll(/['"`]([A-Z]\w*\.test\w*):/g)]);
  return new Set(titles.map(([, title]) => title));
}

test('there are 315 cases, each named once', () => {
  const names = Object.entries(cases).flatMap(([module, list]) => list.map((name) => `${module}.${name}`));
  expect(new Set(names).size).toBe(315);
  expect(names).toHaveLength(315);
});

test('every module of the list has its files', () => {
  expect(Object.keys(filesOf).sort()).toEqual(Object.keys(cases).sort());
});

describe.each(Object.keys(cases))('%s', (module) => {
  const carried = titlesIn(filesOf[module]);
  const given = Object.keys(notCarried).filter((name) => name.startsWith(`${module}.`));

  test('every case is carried, or says why not', () => {
    const missing = cases[module].filter(
      (name) => !carried.has(name) && notCarried[`${module}.${name}`] === undefined,
    );
    expect(missing).toEqual([]);
  });

  test('what is given as not carried is a case, is not carried, and has a reason', () => {
    for (const name of given) {
      const short = name.slice(module.length + 1);
      expect(cases[module]).toContain(short);
      expect(carried).not.toContain(short);
      expect(notCarried[name]).toMatch(/\S{3}/);
    }
  });
});
