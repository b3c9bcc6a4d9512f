// Which cells make a plot, and who is ahead of rfds in it.

import { expect, test } from 'vitest';
import { ahead } from '../../../src/tools/compare/notes.ts';
import { cellSections, sweeps } from '../../../src/tools/compare/plots.ts';
import { exampleReport } from './example-report.ts';

const rows = (medians: Record<string, number>) =>
  Object.entries(medians).map(([contender, median]) => ({ contender, median, lowest: 0, highest: 1000 }));

test('ahead is whose median is better than that of every loop of rfds', () => {
  const some = rows({ 'rfds epoll': 30, 'rfds select': 10, 'node:net': 20, 'C epoll': 40 });
  expect(ahead(some, { better: 'more', digits: 0 })).toEqual(['C epoll']);
  expect(ahead(some, { better: 'less', digits: 0 })).toEqual([]);
  expect(ahead(rows({ rfds: 30, koffi: 20 }), { better: 'less', digits: 0 })).toEqual(['koffi']);
});

test('nobody is ahead by digits that are not shown, nor where there is no better', () => {
  const some = rows({ 'rfds epoll': 0.5, 'C epoll': 0.4996 });
  expect(ahead(some, { better: 'less', digits: 3 })).toEqual([]);
  expect(ahead(some, { better: 'less', digits: 4 })).toEqual(['C epoll']);
  expect(ahead(some, { digits: 4 })).toEqual([]);
  expect(ahead(rows({ 'C epoll': 1 }), { better: 'less', digits: 0 })).toEqual([]);
});

test('cells that are alike but for one number make a sweep along it; idle ones have their own', () => {
  const found = sweeps(exampleReport().cells.reverse());
  expect(found.map(({ along, cells }) => [along, cells.map((cell) => along && cell[along])])).toEqual([
    ['connections', [1, 10, 100, 1000]],
    ['size', [16, 64, 1024, 65536]],
    ['idle', [10, 100, 1000, 10_000, 20_000]],
  ]);
});

test('a cell that nobody was put on has no section', () => {
  const { cells } = exampleReport();
  expect(cellSections(cells.map((cell) => ({ ...cell, samples: [], failed: [] })))).toEqual([]);
});

test('a cell like no other has a section of its own', () => {
  const { cells } = exampleReport();
  const [{ title, about }, ...others] = cellSections([cells[0]]);
  expect([title, about, others]).toEqual(['One load', 'Messages of 64 B, 1 connection', []]);
  const [idle] = cellSections([cells.at(-1)!]);
  expect(idle.about).toBe('Messages of 64 B, 100 connections, 20,000 idle connections');
});
