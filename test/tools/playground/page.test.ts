// The page of `rfds playground`, in a real Chromium, from a file and without a network.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { page as pageText } from '../../../src/tools/playground/command.ts';
import type { Run } from '../../../src/tools/playground/engine.ts';
import { scenes } from '../../../src/tools/playground/scenes.ts';
import { Chromium, hasChromium, needsChromium, phone, violations } from '../../support/chromium.ts';
import { type Conversation, conversations, linesOf } from '../../support/conversation-scripts.ts';
import { cli } from '../../support/programs.ts';
import { pythonConversations } from '../../support/real-conversations.ts';
import { timeless } from '../../support/visitor.ts';

type Played = Pick<Run, 'stdout' | 'isOver' | 'problem'> & {
  steps: string[];
  calls: number[];
  received: Record<number, string>;
};

/** Runs a script with the page's own engine. */
const played = (page: Page, script: string): Promise<Played> =>
  page.evaluate(`(() => {
    const script = ${JSON.stringify(script)};
    const { steps, stdout, isOver, problem } = rfdsPlayground.run(script, 0, 0);
    const last = steps.length - 1;
    const { clients } = rfdsPlayground.run(script, last, last + 1).steps[last].state;
    const received = Object.fromEntries([...clients].map(([n, one]) => [n, one.received]));
    return {
      stdout, isOver, problem, received,
      steps: steps.map(({ who, text }) => who + ': ' + text),
      calls: steps.map(({ calls }) => calls),
    };
  })()`);

const text = (page: Page, selector: string) => page.locator(selector).first().textContent();

describe.skipIf(!hasChromium)(`the page of the playground (${needsChromium})`, () => {
  let chromium: Chromium;
  const html = pageText();
  beforeAll(async () => {
    chromium = await Chromium.launch();
  });
  afterAll(() => chromium.close());

  const pages: Page[] = [];
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.context().close();
  });
  async function opened(options = {}) {
    const one = await chromium.open(html, options);
    pages.push(one.page);
    return one;
  }

  test('is under a megabyte, asks for nothing and warns of nothing', async () => {
    expect(Buffer.byteLength(html)).toBeLessThan(1 << 20);
    const { page, problems } = await opened();
    await page.keyboard.press('End');
    expect(await text(page, '#sentence')).toMatch(/select\(.* waits$/);
    expect(problems).toEqual([]);
  });

  for (const [width, height] of [
    [phone.width, phone.height],
    [768, 1024],
    [1024, 768],
    [1920, 1080],
  ])
    test(`axe finds nothing, and nothing is cut, at ${width} × ${height}, light and dark`, async () => {
      const { page, problems } = await opened({ viewport: { width, height } });
      await page.locator('#scene').selectOption('A client that does not read');
      await page.locator('#last').click();
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await violations(page)).toEqual([]);
      }
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      expect(problems).toEqual([]);
    });

  test('shows the line of the server that makes the call, in its unmodified source', async () => {
    const { page } = await opened();
    const lines = [];
    for (let i = 0; i < 26; i++) {
      const [said, line] = (await page.evaluate(
        `['#sentence', '#source .now span:last-child'].map((one) => document.querySelector(one)?.textContent)`,
      )) as string[];
      if (/^server: (socket|bind|accept|recv|send|close)/.test(said)) lines.push(`${said} | ${line?.trim()}`);
      await page.keyboard.press('ArrowRight');
    }
    expect(lines).toEqual([
      expect.stringMatching(/^server: socket.* \| const server_socket = socket\(AF_INET, SOCK_STREAM\);$/),
      expect.stringMatching(/^server: bind.* \| server_socket\.bind\(\['0\.0\.0\.0', 12345\]\);$/),
      expect.stringMatching(
        /^server: accept.* \| const \[client_socket, client_address\] = server_socket\.accept\(\);$/,
      ),
      expect.stringMatching(/^server: recv.* \| const data = client_socket\.recv\(1024\);$/),
      expect.stringMatching(/^server: send.* \| client_socket\.sendall\(response_bytes\);$/),
      expect.stringMatching(/^server: recv.* \| const data = client_socket\.recv\(1024\);$/),
      expect.stringMatching(/^server: close.* \| client_socket\.close\(\);$/),
    ]);
  });

  test('a hundred steps back show what the hundred steps there showed', async () => {
    const { page } = await opened();
    const actions = ['c1', 'c2', ...Array.from({ length: 14 }, (_, i) => `s${(i % 2) + 1}:message ${i}`)];
    await page.evaluate(`location.hash = 'p=epoll&a=${actions.join(',')}'`);
    await page.waitForFunction(`document.querySelector('#program').value === 'epoll'`);
    const shown = () =>
      page.evaluate(
        `[rfdsPlayground.shownState(), ...['#sentence', '#processes', '#packets', '#stdout', '#lists', '#source .now']
          .map((one) => document.querySelector(one)?.textContent ?? '')].join('\\n')`,
      );
    const there: unknown[] = [];
    for (let i = 0; i < 100; i++) {
      there.push(await shown());
      await page.keyboard.press('ArrowRight');
    }
    expect(new Set(there).size).toBe(100);
    for (let i = 99; i >= 0; i--) {
      await page.keyboard.press('ArrowLeft');
      expect(await shown()).toBe(there[i]);
    }
  });

  test('what the reader does becomes the script, and the address has it', async () => {
    const { page, problems } = await opened();
    await page.locator('#clear').click();
    await page.keyboard.press('n');
    await page.getByRole('textbox', { name: 'Message of client 1' }).fill('caf\\xe9, \\n');
    await page.locator('#program').selectOption('epoll');
    await page.getByRole('button', { name: 'client 1: send' }).click();
    expect(await text(page, '#stdout')).toContain(String.raw`b'caf\xe9, \n'`);
    await page.getByRole('button', { name: 'client 1: half-close' }).click();
    expect(await page.getByRole('button', { name: 'client 1: send' }).isDisabled()).toBe(true);
    expect(await page.locator('#script li').allTextContents()).toEqual([
      'client 1 connects ×',
      String.raw`client 1 sends "caf\xe9, \n" ×`,
      'client 1 sends no more (half-close) ×',
    ]);
    const stdout = await text(page, '#stdout');
    const hash = (await page.evaluate('location.hash')) as string;

    const other = await opened();
    await other.page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await other.page.waitForFunction(`document.querySelectorAll('#script li').length === 3`);
    await other.page.keyboard.press('End');
    expect(await text(other.page, '#stdout')).toBe(stdout);

    await page.locator('#undo').click();
    await page.getByRole('button', { name: 'Take away: client 1 sends' }).click();
    expect(await page.locator('#script li').allTextContents()).toEqual(['client 1 connects ×']);
    expect(problems).toEqual([]);
  });

  test('“what if the other comes first” puts the next action before the next call', async () => {
    const { page } = await opened();
    await page.evaluate(`location.hash = 'p=documented&a=c1,s1:one,s1:two'`);
    await page.waitForFunction(`document.querySelectorAll('#script li').length === 3`);
    await page.keyboard.press('End');
    expect(await text(page, '#stdout')).toMatch(/b'one'\n.*b'two'\n$/);
    // To where select() has returned for the first message.
    await page.keyboard.press('Home');
    while (!/^server: select\(\) = 1 \(in \[4\]\)/.test((await text(page, '#sentence'))!))
      await page.keyboard.press('ArrowRight');
    await page.getByRole('button', { name: 'What if client 1 sends "two" now' }).click();
    await page.keyboard.press('End');
    expect(await text(page, '#stdout')).toMatch(/b'onetwo'\n$/);
    await page.getByRole('button', { name: 'In its turn' }).click();
    expect(await text(page, '#stdout')).toMatch(/b'one'\n.*b'two'\n$/);
  });

  test('an address that is no script is told, and leaves what is there', async () => {
    const { page, problems } = await opened();
    await page.evaluate(`location.hash = 'p=select&a=nonsense'`);
    await page.waitForFunction(`document.querySelector('#wrong').textContent !== ''`);
    expect(await text(page, '#wrong')).toBe(
      "The address says nothing that can be run: 'nonsense' is no action",
    );
    expect(await page.locator('#script li').count()).toBe(3);
    expect(problems).toEqual([]);
  });

  test('keys: play and pause, the next action, the list of them', async () => {
    const { page } = await opened();
    await page.keyboard.press('PageDown');
    await page.keyboard.press('PageDown');
    expect(await text(page, '#sentence')).toMatch(/select.* waits$/);
    await page.keyboard.press('ArrowRight');
    expect(await text(page, '#sentence')).toMatch(/^client 1: send\(3, "Hello"/);
    const before = await text(page, '#number');
    await page.keyboard.press('Space');
    await page.waitForFunction(`document.querySelector('#number').textContent !== ${JSON.stringify(before)}`);
    await page.keyboard.press('Space');
    expect(await text(page, '#play')).toBe('Play');
    await page.keyboard.press('?');
    expect(await page.getByRole('dialog').isVisible()).toBe(true);
  });

  // What each scene says of itself.
  const outcomes: Record<string, (one: Played) => void> = {
    'The documented conversation': ({ received }) => expect(timeless(received[1])).toBe('TIME:Hello'),
    'Two clients at once': ({ steps }) =>
      expect(steps).toContainEqual(expect.stringContaining('select(6, [3 4 5]')),
    'One message, two recv()': ({ received }) => expect(timeless(received[1])).toBe('TIME:HeTIME:llo'),
    'Two messages, one recv()': ({ received }) => expect(timeless(received[1])).toBe('TIME:HelloWorld'),
    'Half-close': ({ steps }) => expect(steps).toContainEqual('client 1: recv(3, "", 1, MSG_DONTWAIT) = 0'),
    'A reset ends the documented server': ({ isOver, steps }) => {
      expect(isOver).toBe(true);
      expect(steps.at(-1)).toContain('ECONNRESET');
    },
    'Bytes that are not UTF-8': ({ isOver, steps }) => {
      expect(isOver).toBe(true);
      expect(steps.at(-1)).toMatch(/the program threw TypeError/);
    },
    '0xFF is a goodbye': ({ received, steps }) => {
      expect(received[1]).toBe('');
      expect(steps).toContainEqual('server: close(4) = 0');
    },
    'A client that does not read': ({ received }) => expect(received[2]).toBe(''),
    'No descriptors left': ({ isOver, steps }) => {
      expect(isOver).toBe(true);
      expect(steps.at(-1)).toContain('EMFILE');
    },
    'A connection waits in the queue': ({ steps }) => {
      const sent = steps.findIndex((one) => /^client 2: send/.test(one));
      expect(sent).toBeGreaterThan(0);
      expect(sent).toBeLessThan(steps.findIndex((one) => /^server: accept.*32769/.test(one)));
    },
    'Gone before accept()': ({ steps, isOver }) => {
      const closed = steps.indexOf('client 1: close(3) = 0');
      expect(closed).toBeLessThan(steps.findIndex((one) => /^server: accept4.* = 5/.test(one)));
      expect(steps).toContainEqual(expect.stringMatching(/^server: recv\(5.* ECONNRESET/));
      expect(isOver).toBe(false);
    },
    'A lost segment': ({ received }) => expect(timeless(received[1])).toBe('TIME:Hello'),
    'A signal': ({ steps }) => expect(steps.at(-1)).toBe('server: signal 2 ended the program'),
    'Edge-triggered epoll': ({ steps }) =>
      expect(steps).toContainEqual(expect.stringMatching(/^server: recv\(.* EAGAIN/)),
    'Nothing yet': ({ steps }) => expect(steps.at(-1)).toMatch(/select.* waits$/),
  };

  test('every scene does what it says', async () => {
    expect(Object.keys(outcomes)).toEqual(scenes.map(({ name }) => name));
    const { page } = await opened();
    for (const { name, script } of scenes) outcomes[name](await played(page, script));
  });

  test('the server answers and prints in the page what the documented one does on the real kernel', async () => {
    const reference = await pythonConversations();
    const { page } = await opened();
    for (const [name, conversation] of Object.entries(conversations)) {
      const { script, clients } = await asScript(page, conversation);
      const one = await played(page, script);
      const real = reference.get(name)!;
      const ports = Array.from({ length: clients + 1 }, (_, i) => 32768 + i);
      expect(linesOf(timeless(one.stdout), ports), name).toEqual(real.lines);
      const received = Array.from({ length: clients }, (_, i) => timeless(one.received[i + 1]));
      expect(received, name).toEqual(real.clients.map((client) => client.replace(/ · .*$/s, '')));
    }
  });
});

test('rfds playground says in one line that nobody reads what it writes', async () => {
  const child = spawn(process.execPath, [cli, 'playground', '--out', '-'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  child.stdout.once('data', () => child.stdout.destroy());
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(stderr).toBe('rfds playground: nobody reads the output any more (EPIPE)\n');
});

const LAST = 'that is all';

// A conversation as a script; what is sent while the server is stopped comes before its next call.
async function asScript(
  page: Page,
  conversation: Conversation,
): Promise<{ script: string; clients: number }> {
  const actions: string[] = [];
  let clients = 0;
  let early = '';
  const escaped = (data: string | Uint8Array) =>
    encodeURIComponent(
      [...Buffer.from(data)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
    );
  const scriptOf = () => `p=select&a=${encodeURIComponent(actions.join(','))}`;
  for (const step of conversation) {
    const client = step.length > 1 ? step[1]! + 1 : 0;
    switch (step[0]) {
      case 'visit':
        actions.push(`c${++clients}`);
        break;
      case 'send':
      case 'ask': {
        actions.push(`s${client}${early}:${escaped(step[2])}`);
        // The first of what comes while it is stopped wakes it; the others come before what it does then.
        if (early === '' && isStopped(conversation, step)) {
          const { calls } = await played(page, scriptOf());
          const before = await played(
            page,
            `p=select&a=${encodeURIComponent(actions.slice(0, -1).join(','))}`,
          );
          expect(calls.length).toBeGreaterThan(before.calls.length);
          early = `@${before.calls.at(-1)! + 1}`;
        }
        break;
      }
      case 'end':
      case 'leave':
        actions.push(`h${client}${early}`);
        break;
      case 'reset':
        actions.push(`r${client}`);
        break;
      case 'continue':
        early = '';
        break;
    }
  }
  actions.push(`c${clients + 1}`, `s${clients + 1}:${encodeURIComponent(LAST)}`);
  return { script: scriptOf(), clients };
}

// Whether a step stands between a stop and what continues it.
function isStopped(conversation: Conversation, step: Conversation[number]): boolean {
  const before = conversation.slice(0, conversation.indexOf(step)).map(([does]) => does);
  return before.lastIndexOf('stop') > before.lastIndexOf('continue');
}
