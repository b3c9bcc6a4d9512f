// The page of a report in a real Chromium: headless, without a network, on a file.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import { page as pageOf } from '../../src/tools/compare/page.ts';
import type { Report } from '../../src/tools/compare/report.ts';

// Debian's shell is the same engine without a browser's windows: it opens a page in half the time.
const installed = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];
const executablePath = process.env.CHROMIUM ?? installed.find(existsSync) ?? installed[0];
export const hasChromium = existsSync(executablePath);
/** What a skipped suite says of it. */
export const needsChromium = 'needs Chromium: $CHROMIUM or /usr/bin/chromium';

// Whatever it asks its maker at every start would be a request that no page made.
const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', ...quiet];

export const wide = { width: 1100, height: 800 };
export const phone = { width: 390, height: 844 };

/** A page, and what went wrong in it or left it for the network, so far. */
export interface Opened {
  page: Page;
  problems: string[];
}

/** A browser for pages. Closing it removes their files. */
export class Chromium {
  readonly #browser: Browser;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'rfds-page-test-'));
  #count = 0;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async launch(): Promise<Chromium> {
    return new Chromium(await chromium.launch({ executablePath, args }));
  }

  async close(): Promise<void> {
    await this.#browser.close();
    rmSync(this.#folder, { recursive: true });
  }

  /** Opens the page of a report, or a page as it is. */
  async open(report: Report | string, options: BrowserContextOptions = {}): Promise<Opened> {
    const file = path.join(this.#folder, `${++this.#count}.html`);
    writeFileSync(file, typeof report === 'string' ? report : pageOf(report));
    const { href } = pathToFileURL(file);
    const context = await this.#browser.newContext({ viewport: wide, offline: true, ...options });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('console', (message) => problems.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => {
      if (request.url() !== href) problems.push(`request: ${request.url()}`);
    });
    await page.goto(href);
    return { page, problems };
  }
}

const withAxe = new WeakSet<Page>();

/** What axe finds in a page, but for the elements of a selector: a line for each rule. */
export async function violations(page: Page, except?: string): Promise<string[]> {
  if (!withAxe.has(page)) await page.evaluate(axe.source);
  withAxe.add(page);
  const context = { include: ['html'], exclude: except === undefined ? [] : [except] };
  // Of what passes axe would describe every element.
  const options = { resultTypes: ['violations'] };
  const run = `axe.run(${JSON.stringify(context)}, ${JSON.stringify(options)})`;
  const found = (await page.evaluate(run)) as axe.AxeResults;
  return found.violations.map(({ id, nodes }) => `${id}, ${nodes.length} times: ${nodes[0].html}`);
}

/** A section of the page, by its title. */
export const section = (page: Page, title: string) =>
  page.locator('section').filter({ has: page.getByRole('heading', { name: title, level: 2 }) });

/** A plot, by its accessible name. */
export const plot = (page: Page, name: string) => page.getByRole('img', { name, exact: true });

/** Whose marks a plot has: a name for each mark of that kind, sorted. */
export const marks = (plot: Locator, kind: 'line' | 'dot' | 'bar' | 'rule'): Promise<string[]> =>
  plot
    .locator(`[aria-label="${kind}"] [aria-label]`)
    .evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')).sort());

/** A table's cells, row by row, by its accessible name. */
export const cells = (page: Page, name: string): Promise<string[][]> =>
  page
    .locator(`table[aria-label="${name}"] tr`)
    .evaluateAll((rows) => rows.map((row) => [...row.children].map(({ textContent }) => textContent)));

/** Unfolds every table. */
export const unfold = (page: Page): Promise<void> =>
  page.locator('details').evaluateAll((all) => {
    for (const one of all) one.open = true;
  });

/** A computed property of all elements that match, each value once. */
export const computed = (page: Page, selector: string, property: string): Promise<string[]> =>
  page
    .locator(selector)
    .evaluateAll(
      (all, name) => [
        ...new Set<string>(
          all.map((one) => one.ownerDocument.defaultView.getComputedStyle(one).getPropertyValue(name)),
        ),
      ],
      property,
    );
