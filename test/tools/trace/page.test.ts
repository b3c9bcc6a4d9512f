// The page of `rfds trace --html`, walked in a real Chromium: three lanes, two sources and two states that
// show the same step, from a file and without a network.

import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Recording } from '../../../src/interpose/recorder/recording.ts';
import { renderHtml } from '../../../src/tools/trace/render/html/html.ts';
import {
  Chromium,
  hasChromium,
  needsChromium,
  type Opened,
  phone,
  violations,
  wide,
} from '../../support/chromium.ts';
import { CLIENT, SERVER, sampleRecording } from '../../support/sample-recording.ts';

/** What the page shows of its step. */
interface Shown {
  sentence: string;
  number: number;
  option: string;
  band: number;
  client: string;
  server: string;
  packet: string;
}

const shown = async (page: Page): Promise<Shown> =>
  (await page.evaluate(`(() => {
    const text = (selector) => document.querySelector(selector)?.textContent ?? '';
    const option = document.querySelector('[role=option][aria-selected=true]');
    const list = document.querySelector('[role=listbox]');
    return {
      sentence: text('#sentence'),
      number: Number(text('#number')),
      option: list.getAttribute('aria-activedescendant') === option.id ? option.querySelector('.tag').textContent.trim().replace(/ +/g, ' ') : '',
      band: Math.round(document.querySelector('#now').getBoundingClientRect().top - option.getBoundingClientRect().top),
      client: text('.side.left .lit'),
      server: text('.side.right .lit'),
      packet: text('#packet h2'),
    };
  })()`)) as Shown;

/** Walks until the sentence says so, a step at a time. */
async function walkTo(page: Page, wanted: RegExp, key = 'ArrowRight'): Promise<Shown> {
  for (let i = 0; i < 60; i++) {
    const now = await shown(page);
    if (wanted.test(now.sentence)) return now;
    await page.keyboard.press(key);
  }
  throw new Error(`no step says ${wanted}`);
}

const state = (page: Page, side: 'left' | 'right') => page.locator(`.side.${side} .facts`);

describe.skipIf(!hasChromium)(`the page of a recording (${needsChromium})`, () => {
  let chromium: Chromium;
  beforeAll(async () => {
    chromium = await Chromium.launch();
  });
  afterAll(() => chromium.close());

  const pages: Page[] = [];
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.context().close();
  });

  async function opened(recording: Recording = sampleRecording(), options = {}): Promise<Opened> {
    const one = await chromium.open(renderHtml(recording), options);
    pages.push(one.page);
    return one;
  }

  test('opens from a file where the message goes out, asks for nothing and warns of nothing', async () => {
    const { page, problems } = await opened();
    expect(await page.title()).toBe('“Hello” goes out and comes back · rfds trace');
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(
      '“Hello” goes out and comes back',
    );
    const { sentence, client, server } = await shown(page);
    expect(sentence).toBe('The client calls send() on fd 3: “Hello” goes to the kernel.');
    expect(client.trim()).toBe('const response = exchange(server_socket, message);');
    expect(server.trim()).toBe('[rlist] = select(rfds, [], []);');
    expect(problems).toEqual([]);
  });

  test('forbids the network to itself', async () => {
    const { page, problems } = await opened();
    const refused = await page.evaluate(`fetch('https://example.com/').then(() => 'came', () => 'refused')`);
    expect(refused).toBe('refused');
    expect(problems.join()).toMatch(/Content Security Policy/);
    expect(problems.join()).not.toMatch(/^request: /);
  });

  test('moves lanes, sources, states and packet together, by the arrow keys', async () => {
    const { page, problems } = await opened();
    await page.keyboard.press('ArrowRight');
    const packet = await shown(page);
    expect(packet).toMatchObject({
      sentence: 'The client → the server: PSH ACK with 23 bytes “Hello”. send() put 23 bytes into it.',
      option: 'wire: PSH ACK “Hello”',
      packet: 'Packet 4',
    });
    const woken = await walkTo(
      page,
      /^select\(\) wakes the server: fd 5 is ready, 23 bytes wait in its receive queue\.$/,
    );
    expect(woken.option).toBe('server: select → fd 5 ready');
    expect(woken.client.trim()).toBe('const data = server_socket.recv(65536);');
    expect(woken.packet).toBe('Packet 5, the last one so far');
    expect(await state(page, 'right').textContent()).toContain('receive queue23 bytes');
    expect(await page.locator('.side.right .ready').textContent()).toBe('5');
    const received = await walkTo(
      page,
      /^The server takes 23 bytes out of the receive queue of fd 5, with recv\(\): “Hello”\.$/,
    );
    expect(received.server.trim()).toBe('const data = client_socket.recv(1024);');
    expect(received.client).toBe(woken.client); // still asleep there
    expect(await state(page, 'right').textContent()).toContain('receive queue0 bytes');
    for (const { band } of [packet, woken, received]) expect(band).toBe(-3);
    const back = await walkTo(page, /^The client calls send/, 'ArrowLeft');
    expect(back.client.trim()).toBe('const response = exchange(server_socket, message);');
    expect(await state(page, 'left').textContent()).toContain(
      'send(3, "1700000000.123456:Hello", 23, MSG_NOSIGNAL)',
    );
    expect(await state(page, 'left').textContent()).toMatch(/socket\.ts:\d+ ← client\.ts:\d+/);
    expect(problems).toEqual([]);
  });

  test('leaves the arrow keys to a pane that was reached by the keyboard, not to one that was clicked', async () => {
    const { page } = await opened();
    const { number } = await shown(page);
    const code = page.locator('.side.left .code');
    await code.click();
    await page.keyboard.press('ArrowDown');
    expect((await shown(page)).number).toBe(number + 1);
    const focused = () => page.evaluate(`document.activeElement.getAttribute('aria-label')`);
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('State: client');
    await page.keyboard.press('Shift+Tab');
    expect(await focused()).toBe('Source: client');
    await page.keyboard.press('ArrowDown');
    expect((await shown(page)).number).toBe(number + 1);
    await page.getByRole('listbox').focus();
    await page.keyboard.press('ArrowDown');
    expect((await shown(page)).number).toBe(number + 2);
  });

  test('has the step in its address', async () => {
    const { page } = await opened();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.waitForURL(/#2$/);
    await page.reload();
    expect((await shown(page)).number).toBe(2);
    await page.evaluate(`location.hash = '#3'`);
    await page.locator('#number').getByText('3').waitFor();
  });

  test('walks to both ends and no further, by keys and by buttons', async () => {
    const { page } = await opened();
    const total = Number(await page.locator('#total').textContent());
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowDown');
    expect(await shown(page)).toMatchObject({
      number: total,
      sentence:
        'close() returns to the server: fd 5 is free again. This side of the connection has ended: the kernel says so with a FIN.',
    });
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowUp');
    expect(await shown(page)).toMatchObject({
      number: 1,
      sentence: 'The server makes a socket: fd 3, the lowest number that was free.',
    });
    expect(await page.getByRole('button', { name: 'Previous step' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Next step' }).click();
    expect((await shown(page)).number).toBe(2);
    await page.getByRole('button', { name: 'The client connects' }).click();
    expect((await shown(page)).sentence).toBe(
      'The client calls connect() to 10.0.0.1:12345, which shakes hands.',
    );
  });

  test('has the keys that its tooltips name, before anything was clicked', async () => {
    const { page } = await opened();
    const isTrueTime = () => page.getByRole('button', { name: 'True time' }).getAttribute('aria-pressed');
    await page.keyboard.press('t');
    expect(await isTrueTime()).toBe('true');
    await page.keyboard.press('t');
    expect(await isTrueTime()).toBe('false');
    const play = page.locator('#play');
    await page.keyboard.press(' ');
    expect(await play.getAttribute('aria-pressed')).toBe('true');
    await page.keyboard.press(' ');
    expect(await play.getAttribute('aria-pressed')).toBe('false');
  });

  test('says of a state as of when it is, and measures nothing where nothing was', async () => {
    const recording = sampleRecording();
    for (const packet of recording.packets)
      Object.assign(packet, { inferred: true, interface: '', link: null, bytes: '' });
    for (const { tcp } of recording.calls.flatMap(({ sockets }) => sockets ?? []))
      if (tcp) Object.assign(tcp, { rttMicros: 0, rttVarMicros: 250_000 });
    const { page } = await opened(recording);
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('#moment').textContent()).toMatch(/^≈ T \+ [\d.,]+ ms$/);
    const packet = await page.locator('#packet').textContent();
    expect(packet).toContain('inferred, not captured: neither its size nor its time was measured');
    expect(packet).not.toMatch(/\d+ bytes on/);
    await walkTo(page, /^The server takes 23 bytes/);
    const states = await page.locator('.side.right .sockets li').allTextContents();
    expect(states.length).toBeGreaterThan(0);
    for (const text of states) {
      expect(text).toMatch(/as of T \+ [\d.,]+ ms, after \w+\(\)/);
      expect(text).not.toContain('rtt');
    }
  });

  test('shows the step that is clicked', async () => {
    const { page } = await opened();
    await page.getByRole('option', { name: 'server: recv “Hello”' }).click();
    expect((await shown(page)).sentence).toBe(
      'The server takes 23 bytes out of the receive queue of fd 5, with recv(): “Hello”.',
    );
  });

  test('says everything of a packet, its bytes by layers', async () => {
    const { page } = await opened();
    await page.keyboard.press('ArrowRight');
    const packet = page.locator('#packet');
    expect(await packet.locator('.strip').textContent()).toBe('Ethernet 14IP 20TCP 32Data 23');
    const text = (await packet.textContent())!;
    for (const said of ['made by send() of the client', 'seq1 (1001)', 'window502 → 64256', 'TS 5076 5075']) {
      expect(text).toContain(said);
    }
    const data: string[] = await packet.locator('.hex .data').allTextContents();
    expect(data.filter((part) => !/^([0-9a-f]{2} ?)+$/.test(part)).join('')).toBe('1700000000.123456:Hello');
    expect(text).toContain('0000  02 00 00 00 00 01 02 00 00 00 00 02 08 00 45 00');
  });

  test('has an axis of even steps and one of true time, which zoom around the step', async () => {
    const { page, problems } = await opened();
    const height = () => page.evaluate(`document.querySelector('#room').offsetHeight`);
    const inView = () =>
      page.evaluate(`(() => {
        const [view, band] = ['#scroll', '#now'].map((one) => document.querySelector(one).getBoundingClientRect());
        return band.top >= view.top && band.bottom <= view.bottom;
      })()`);
    const even = Number(await height());
    await page.getByRole('button', { name: 'True time' }).click();
    const clock = Number(await height());
    expect(clock).toBeGreaterThan(10 * even); // 76 ms, of which a message takes 0.1
    expect(await page.getByRole('button', { name: 'True time' }).getAttribute('aria-pressed')).toBe('true');
    expect(await inView()).toBe(true);
    await page.getByRole('button', { name: 'Zoom in' }).click();
    expect(Number(await height()) / clock).toBeCloseTo(1.5, 1);
    expect(await inView()).toBe(true);
    await page.getByRole('button', { name: 'Fit' }).click();
    expect(Number(await height())).toBeLessThanOrEqual(600);
    await page.getByRole('listbox').focus();
    await page.keyboard.press('t');
    expect(await height()).toBe(even);
    await page.keyboard.press('-');
    expect(Number(await height())).toBeLessThan(even);
    expect(problems).toEqual([]);
  });

  test('draws packets level on the axis of true time: how long each was on its way is not known', async () => {
    const { page } = await opened();
    await page.evaluate(`(() => {
      const { moveTo, lineTo } = CanvasRenderingContext2D.prototype;
      let from;
      globalThis.drawnLines = [];
      CanvasRenderingContext2D.prototype.moveTo = function (x, y) {
        from = [x, y];
        moveTo.call(this, x, y);
      };
      CanvasRenderingContext2D.prototype.lineTo = function (x, y) {
        if (Math.abs(x - from[0]) > 20) drawnLines.push(y - from[1]);
        lineTo.call(this, x, y);
      };
    })()`);
    // What was asked to be drawn is drawn by then.
    const drawn = () =>
      page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    const slants = async (axis: string): Promise<number[]> => {
      await drawn();
      await page.evaluate('drawnLines.length = 0');
      await page.getByRole('button', { name: axis }).click();
      await drawn();
      return (await page.evaluate('drawnLines')) as number[];
    };
    const level = await slants('True time');
    expect(level.length).toBeGreaterThan(0);
    expect(level.filter((slant) => slant !== 0)).toEqual([]);
    expect((await slants('Even steps')).filter((slant) => slant <= 0)).toEqual([]);
  });

  test('is not broken by what a message, a path or a note says', async () => {
    const evil =
      '</script><script>document.title="owned"</script><!--<img src=x onerror=alert(1)>\u2028\u0000\u{1f600}';
    const recording = sampleRecording({ message: evil });
    recording.notes.push({ type: 'note', at: 0, text: evil });
    recording.processes[0].runtime = evil;
    for (const source of recording.sources) source.text += `\n// ${evil}`;
    const { page, problems } = await opened(recording);
    const { sentence } = await shown(page);
    expect(sentence).toContain('</script><script>document.title="owned"</script>');
    expect(await page.title()).toMatch(/^“<\/script>.* · rfds trace$/);
    expect(await page.locator('#notes').textContent()).toBe(evil);
    await page.keyboard.press('End');
    expect(await page.locator('img').count()).toBe(0);
    expect(problems).toEqual([]);
  });

  test('shows a program that it knows nothing of: a lane for each thread, a line for a file', async () => {
    const recording = sampleRecording();
    for (const one of recording.processes) one.role = null;
    for (const call of recording.calls) if (call.name === 'write') call.thread = 2;
    recording.sources = [];
    recording.packets = [];
    const { page, problems } = await opened(recording);
    const heads = await page.locator('#heads span').allTextContents();
    expect(heads).toEqual([
      'T + ms',
      ...['process 4711', 'process 4711, thread 2', 'process 4712', 'process 4712, thread 2'],
      'wire',
    ]);
    expect((await shown(page)).client).toBe('const server_socket = socket(AF_INET, SOCK_STREAM);');
    expect(await page.locator('#packet').textContent()).toContain('No packet was captured.');
    await page.keyboard.press('End');
    expect(problems).toEqual([]);
  });

  test('calls the threads of a process by their numbers, where there is only one process', async () => {
    const recording = sampleRecording();
    recording.processes = [{ ...recording.processes[0], role: null }];
    for (const call of recording.calls) {
      if (call.pid === CLIENT) Object.assign(call, { thread: 1, pid: SERVER, n: call.n + 1000 });
    }
    recording.packets = [];
    const { page, problems } = await opened(recording);
    expect(await page.locator('#heads span').allTextContents()).toEqual([
      'T + ms',
      'main thread',
      'thread 1',
      'wire',
    ]);
    expect((await shown(page)).sentence).toBe(
      'The main thread makes a socket: fd 3, the lowest number that was free.',
    );
    await walkTo(page, /^Thread 1 makes a socket/);
    expect(problems).toEqual([]);
  });

  test('says so where there is no JavaScript', async () => {
    const { page } = await opened(sampleRecording(), { javaScriptEnabled: false });
    expect(await page.locator('noscript').isVisible()).toBe(true);
  });

  test('stands a recording of nothing', async () => {
    const none: Recording = { processes: [], frames: [], sources: [], calls: [], packets: [], notes: [] };
    const { page, problems } = await opened(none);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Nothing was recorded');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('button', { name: 'True time' }).click();
    expect(problems).toEqual([]);
  });

  test.each([
    ['wide', wide],
    ['large', { width: 1440, height: 900 }],
    ['phone', phone],
    ['small phone', { width: 360, height: 640 }],
  ])('does not scroll sideways: %s', async (_, viewport) => {
    const { page } = await opened(sampleRecording({ messages: 20 }), { viewport });
    for (const key of ['Home', 'End', 'ArrowLeft']) {
      await page.keyboard.press(key);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(viewport.width);
    }
  });

  const large = { width: 1440, height: 900 };
  test.each([
    ['light', large],
    ['dark', large],
    ['light', phone],
    ['dark', phone],
  ] as const)(
    'gives axe nothing to find: %s, %o',
    async (colorScheme, viewport) => {
      const { page } = await opened(sampleRecording(), { colorScheme, viewport });
      await walkTo(page, /calls send/);
      expect(await violations(page)).toEqual([]);
      // From here on the lines of the sources stay as they are, except the one that is lit.
      for (const wanted of [/PSH ACK/, /wakes the server/]) {
        await walkTo(page, wanted);
        expect(await violations(page, '.line:not(.lit)')).toEqual([]);
      }
    },
    60_000,
  );

  test('shows a step of 2,000 events within 100 ms, and rebuilds nothing', async () => {
    const recording = sampleRecording({ messages: 145 });
    expect(recording.calls.length + recording.packets.length).toBeGreaterThan(2000);
    const { page, problems } = await opened(recording, { viewport: large });
    await page.evaluate(`(() => {
      window.took = [];
      addEventListener('keydown', () => {
        const start = performance.now();
        requestAnimationFrame(() => {
          const channel = new MessageChannel();
          channel.port1.onmessage = () => took.push(performance.now() - start);
          channel.port2.postMessage(0); // behind the frame's layout and paint
        });
      }, true);
      window.kept = [...document.querySelectorAll('.line, .side, #packet')];
    })()`);
    let pressed = 0;
    for (const mode of ['Even steps', 'True time', 'Fit']) {
      await page.getByRole('button', { name: mode }).click();
      for (let i = 0; i < 15; i++) {
        await page.keyboard.press('ArrowRight');
        await page.evaluate(
          `new Promise((resolve) => { const look = () => took.length === ${++pressed} ? resolve() : setTimeout(look, 2); look(); })`,
        );
      }
    }
    const took = ((await page.evaluate('took')) as number[]).sort((a, b) => a - b);
    expect(took[took.length >> 1]).toBeLessThan(100);
    expect(await page.evaluate('kept.every((one) => one.isConnected)')).toBe(true);
    expect(await page.getByRole('option').count()).toBeLessThan(150);
    expect(problems).toEqual([]);
  }, 60_000);
});
