// How the page of `rfds compare --html` looks: wide and on a phone, light and dark, with the example
// and with every comparison that was committed.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../../../src/tools/compare/report.ts';
import {
  Chromium,
  computed,
  hasChromium,
  needsChromium,
  type Opened,
  phone,
  unfold,
  violations,
  wide,
} from '../../support/chromium.ts';
import { exampleReport } from './example-report.ts';

const folder = fileURLToPath(new URL('../../../bench/results/', import.meta.url));

/** A comparison that was committed; the first ones know nothing of idle connections and of calls. */
function committed(file: string): [string, Report][] {
  const report: Partial<Report> = JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
  if (report.cells === undefined) return []; // results of something else
  const cells = report.cells.map((cell) => ({ ...cell, idle: cell.idle ?? 0, failed: cell.failed ?? [] }));
  const calls = report.calls ?? { libraries: [], samples: [] };
  return [[file, { ...(report as Report), cells, calls }]];
}

const EXAMPLE = 'the example';

const reports: [string, Report][] = [
  [EXAMPLE, exampleReport()],
  ...readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .flatMap(committed),
];
const screens = [
  ['wide', wide],
  ['phone', phone],
] as const;

/** The contrast of two colours, `rgb(…)`, by the formula of WCAG 2. */
function contrast(...colors: [string, string]): number {
  const [darker, lighter] = colors
    .map((color) => {
      const [red, green, blue] = color.match(/[\d.]+/g)!.map((text) => {
        const part = Number(text) / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    })
    .sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

type Size = typeof wide;

interface Box {
  text: string;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

// A line of text is higher than its letters: three pixels of it may be shared.
const overlap = (a: Box, b: Box) =>
  a.left < b.right && b.left < a.right && a.top < b.bottom - 3 && b.top < a.bottom - 3;

describe.skipIf(!hasChromium)(`the page (${needsChromium})`, () => {
  let chromium: Chromium;
  beforeAll(async () => {
    chromium = await Chromium.launch();
  });
  afterAll(() => chromium.close());

  /** Pages as they were opened: a test that only reads one shares it. */
  const shared = new Map<string, Promise<Opened>>();
  function opened(
    name: string,
    options: { viewport: Size; colorScheme?: 'light' | 'dark' },
  ): Promise<Opened> {
    const { viewport, colorScheme = 'light' } = options;
    const key = `${name} ${viewport.width} ${colorScheme}`;
    const report = reports.find(([one]) => one === name)![1];
    const page = shared.get(key) ?? chromium.open(report, { viewport, colorScheme });
    shared.set(key, page);
    return page;
  }

  describe.each(reports)('of %s', (name) => {
    describe.each(screens)('on a screen that is a %s one', (_, viewport) => {
      test('has every plot, asks for nothing, warns of nothing, does not scroll sideways', async () => {
        const { page, problems } = await opened(name, { viewport });
        for (const one of await page.getByRole('img').all()) {
          expect(await one.locator('svg').count(), (await one.getAttribute('aria-label'))!).toBeGreaterThan(
            0,
          );
        }
        await unfold(page);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(viewport.width);
        expect(problems).toEqual([]);
      });

      test('has no two texts of a plot in one place', async () => {
        const { page } = await opened(name, { viewport });
        for (const one of await page.getByRole('img').all()) {
          const boxes: Box[] = await one.locator('svg text').evaluateAll((all) =>
            all
              .filter((text) => text.textContent)
              .map((text) => {
                const { left, right, top, bottom } = text.getBoundingClientRect();
                return { text: text.textContent, left, right, top, bottom };
              }),
          );
          const found = boxes.flatMap((a, i) =>
            boxes
              .slice(i + 1)
              .filter((b) => overlap(a, b))
              .map((b) => `${a.text} and ${b.text}`),
          );
          expect(boxes.length).toBeGreaterThan(4);
          expect(found, (await one.getAttribute('aria-label'))!).toEqual([]);
        }
      });
    });
  });

  test('names lines at their ends where there is room, in a legend where there is none', async () => {
    const { page } = await chromium.open(exampleReport());
    const one = page.getByRole('img').first();
    const names = one.locator('[aria-label="names"] text');
    const legend = one.locator('[class*="swatch"]:not([class*="swatches"])');
    const everybody = ['C select', 'node:net', 'rfds epoll', 'rfds select'];
    expect((await names.allTextContents()).sort()).toEqual(everybody);
    expect(await legend.count()).toBe(0);
    await page.setViewportSize(phone);
    await legend.first().waitFor();
    expect((await legend.allTextContents()).sort()).toEqual(everybody);
    expect(await names.count()).toBe(0);
  });

  describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
    test('has a contrast of 4.5 at least in its texts, of 3 in its marks', async () => {
      const { page, problems } = await opened(EXAMPLE, { viewport: wide, colorScheme });
      const [back] = await computed(page, 'body', 'background-color');
      expect(contrast(back, colorScheme === 'light' ? 'rgb(255,255,255)' : 'rgb(0,0,0)')).toBeLessThan(1.3);
      const texts = [
        ...(await computed(page, 'h1, h2, h3, p, dt, dd, summary, th, td', 'color')),
        ...(await computed(page, 'svg text', 'fill')),
      ];
      const fills = [
        ...(await computed(page, '[aria-label="dot"] [aria-label]', 'fill')),
        ...(await computed(page, '[aria-label="bar"] [aria-label]', 'fill')),
      ];
      expect(texts.length).toBeGreaterThanOrEqual(2);
      expect(fills.length).toBeGreaterThanOrEqual(4);
      for (const color of texts) expect(contrast(color, back), color).toBeGreaterThanOrEqual(4.5);
      for (const color of fills) expect(contrast(color, back), color).toBeGreaterThanOrEqual(3);
      // A tip is on a ground of its own.
      const one = page.getByRole('img').first();
      await one.locator('[aria-label="dot"] [aria-label]').first().hover();
      await one.locator('[aria-label="tip"] text').waitFor();
      const [ground] = await computed(page, '[aria-label="tip"] path', 'fill');
      const [text] = await computed(page, '[aria-label="tip"] text', 'fill');
      expect(contrast(text, ground), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      expect(problems).toEqual([]);
    });

    test('gives axe nothing to find', async () => {
      // On a phone, where tables scroll and plots have legends.
      const { page } = await opened(EXAMPLE, { colorScheme, viewport: phone });
      await unfold(page);
      expect(await violations(page)).toEqual([]);
    });
  });
});
