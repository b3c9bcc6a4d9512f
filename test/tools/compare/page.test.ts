// What the page of `rfds compare --html` says and shows, read in a real Chromium.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Chromium,
  cells,
  hasChromium,
  marks,
  needsChromium,
  type Opened,
  plot,
  section,
} from '../../support/chromium.ts';
import { exampleReport } from './example-report.ts';

const contenders = ['C select', 'node:net', 'rfds epoll', 'rfds select'];
const measures = [
  'Messages per second of the server’s CPU',
  'Messages per second',
  'Median latency, µs',
  '99th percentile of latency, µs',
  'Context switches per message',
  'Resident memory, MiB',
];
const byConnections = 'The number of connections: Messages of 64 B';
const bySize = 'The size of a message: 100 connections';
const byIdle = 'CPU time of the server per message, µs. Idle connections: Messages of 64 B, 100 connections';

const times = (n: number, names: string[]) => names.flatMap((name) => Array<string>(n).fill(name));

describe.skipIf(!hasChromium)(`the page (${needsChromium})`, () => {
  let chromium: Chromium;
  let example: Opened;
  beforeAll(async () => {
    chromium = await Chromium.launch();
    example = await chromium.open(exampleReport());
  });
  afterAll(() => chromium.close());

  const notes = (title: string) => section(example.page, title).locator('.note').allTextContents();

  test.each([
    [byConnections, 4],
    [bySize, 4],
  ])('plots every measure of everybody: %s', async (where, places) => {
    for (const measure of measures) {
      const one = plot(example.page, `${measure}. ${where}`);
      expect(await marks(one, 'line'), measure).toEqual(contenders);
      expect(await marks(one, 'dot'), measure).toEqual(times(places, contenders));
      expect(await marks(one, 'rule'), measure).toEqual(times(places, contenders));
    }
  });

  test('plots idle connections apart, as far as everybody gets', async () => {
    const one = plot(example.page, byIdle);
    expect(await marks(one, 'line')).toEqual(contenders);
    expect(await marks(one, 'dot')).toEqual([...times(3, ['C select']), ...times(5, contenders.slice(1))]);
    expect(await notes('Idle connections')).toContain(
      'C select failed with 10,000, 20,000 idle connections: FD_SETSIZE is 1024 </script>',
    );
  });

  test('plots what calls cost over C, as bars', async () => {
    const one = section(example.page, 'The cost of a call').getByRole('img');
    const name = (await one.getAttribute('aria-label'))!;
    expect(name).toMatch(/^Nanoseconds per call, over C\. /);
    expect(await marks(one, 'bar')).toEqual(times(6, ['koffi', 'rfds']));
    expect(await marks(one, 'rule')).toEqual(times(6, ['koffi', 'rfds']));
    expect(await one.locator('text').allTextContents()).toContain('epoll_wait (C: 620 ns)');
    expect((await cells(example.page, name)).map((row) => row.slice(0, 2))).toEqual([
      ['', 'close (C: 120 ns)'],
      ['rfds', '24'],
      ['koffi', '240'],
    ]);
    expect(await notes('The cost of a call')).toEqual(['node:ffi was not measured: this Node has none']);
  });

  test('has the medians of its plots in tables', async () => {
    expect(await cells(example.page, `${measures[0]}. ${byConnections}`)).toEqual([
      ['connections', '1', '10', '100', '1,000'],
      ['rfds epoll', '200000', '200000', '200000', '20000'],
      ['rfds select', '100000', '100000', '100000', '10000'],
      ['node:net', '50000', '50000', '50000', '5000'],
      ['C select', '250000', '250000', '250000', '25000'],
    ]);
    expect(await cells(example.page, byIdle)).toEqual([
      ['idle connections', '10', '100', '1,000', '10,000', '20,000'],
      ['rfds epoll', '5.00', '5.00', '5.00', '5.00', '5.00'],
      ['rfds select', '11.00', '20.00', '110.00', '1010.00', '2010.00'],
      ['node:net', '20.00', '20.00', '20.00', '20.00', '20.00'],
      ['C select', '4.40', '8.00', '44.00', '', ''],
    ]);
  });

  test('has the system calls in a table, but for the rarest', async () => {
    expect(await cells(example.page, 'System calls per message: Messages of 64 B, 100 connections')).toEqual([
      ['', 'rfds epoll', 'node:net'],
      ['write', '', '2.05'],
      ['sendto', '1.00', ''],
      ['recvfrom', '1.00', ''],
      ['read', '', '1.00'],
      ['epoll_pwait', '', '0.04'],
      ['epoll_wait', '0.03', ''],
    ]);
  });

  test('says below a plot who is ahead of rfds, and where', async () => {
    expect((await notes('The size of a message'))[0]).toBe(
      'Ahead of rfds here: C select (everywhere); node:net (65,536 bytes).',
    );
    expect((await notes('Idle connections'))[0]).toBe('Ahead of rfds here: C select (10 idle connections).');
  });

  test('names everybody, and who was not compared and why', async () => {
    const said = section(example.page, 'Contenders');
    expect((await said.locator('dt').allTextContents()).sort()).toEqual(['Bun.listen', ...contenders]);
    const texts = await said.locator('dd').allTextContents();
    expect(texts).toContain('rfds epoll <of> "some" version');
    expect(texts).toContain('Bun: not compared, bun is not installed');
  });

  test('leaves the line, up to there, of somebody who has been missing since', async () => {
    const report = exampleReport();
    report.contenders.find(({ name }) => name === 'node:net')!.missing = 'it ended';
    const last = report.cells.at(-1)!;
    last.samples = last.samples.filter(({ contender }) => contender !== 'node:net');
    const { page, problems } = await chromium.open(report);
    const fills: string[] = await plot(page, byIdle)
      .locator('[aria-label="dot"] [aria-label="node:net"]')
      .evaluateAll((dots) => dots.map((dot) => dot.getAttribute('fill')));
    expect(fills).toHaveLength(4);
    expect(fills[0]).toMatch(/^#/); // a colour of its own, as before
    expect(problems).toEqual([]);
  });

  test('draws nothing where everybody failed, and says why', async () => {
    const report = exampleReport();
    const failed = [{ contender: 'rfds epoll', why: 'it ended' }];
    const last = { ...report.cells.at(-1)!, samples: [], failed };
    const { page, problems } = await chromium.open({ ...report, cells: [last] });
    expect(await section(page, 'One load').locator('.note').allTextContents()).toEqual([
      'rfds epoll failed: it ended',
    ]);
    // The calls are drawn all the same, in their own place.
    const places = page.getByRole('img');
    expect(await places.count()).toBe(1);
    expect(await marks(places, 'bar')).toEqual(times(6, ['koffi', 'rfds']));
    expect(problems).toEqual([]);
  });

  test('plots a load that stands alone as bars', async () => {
    const report = exampleReport();
    const calls = { libraries: [], samples: [] };
    const alone = { ...report, cells: report.cells.slice(0, 1), syscallsPerMessage: {}, calls };
    const { page, problems } = await chromium.open(alone);
    expect(await page.getByRole('img').count()).toBe(measures.length);
    const one = plot(page, `${measures[0]}. One load: Messages of 64 B, 1 connection`);
    expect(await marks(one, 'bar')).toEqual(contenders);
    expect(await section(page, 'One load').locator('.note').first().textContent()).toBe(
      'Ahead of rfds here: C select.',
    );
    expect(problems).toEqual([]);
  });

  test('tells the figures of a mark under the pointer', async () => {
    const one = plot(example.page, byIdle);
    await one.locator('[aria-label="dot"] [aria-label="rfds epoll"]').first().hover();
    const tip = one.locator('[aria-label="tip"]');
    await tip.getByText('rfds epoll, 10 idle connections').waitFor();
    expect(await tip.textContent()).toContain('5.00 (4.76 to 5.26)');
  });
});
