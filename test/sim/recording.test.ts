// A recording of a simulated run: by the schema, read by the real `rfds trace --replay`, and by tshark; and in every
// output it is told as simulated, not as measured.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseRecording, type Recording } from '../../src/interpose/recorder/recording.ts';
import { World } from '../../src/sim/world.ts';
import { type Build, type Chooser, explore, recording } from '../../src/sim.ts';
import { create_server } from '../../src/socket.ts';
import { callTexts, watcher } from '../../src/tools/simulated/call-watcher.ts';
import { recordingOf } from '../../src/tools/simulated/recording.ts';
import { renderClaims } from '../../src/tools/trace/render/claims/claims.ts';
import { renderPcapng } from '../../src/tools/trace/render/pcapng.ts';
import { traceDocument } from '../../src/tools/trace/render/perfetto.ts';
import { Chromium, hasChromium } from '../support/chromium.ts';
import { cli } from '../support/programs.ts';
import { comparable, dissect, hasTshark } from '../support/tshark.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'rfds-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => path.join(folder, name);

const SIMULATED = 'Simulated: a model of the kernel, in virtual time. Nothing was measured.';

function echo(host: string): void {
  const listener = create_server([host, 12345]);
  const [conn] = listener.accept();
  for (let data = conn.recv(100); data.length > 0; data = conn.recv(100)) conn.sendall(data);
  conn.close();
  listener.close();
}

const build: Build = (world) => {
  world.addProcess('client', [
    { connect: ['127.0.0.1', 12345] },
    { send: 'Hello' },
    { wait: 0.5 },
    { expect: 'Hello' },
    'close',
  ]);
  return () => echo('127.0.0.1');
};

const text = recording(build, { schedule: '' });
const recorded: Recording = parseRecording(text);

describe('recording()', () => {
  test('has lines that the schema allows, all marked as simulated', () => {
    const schema = JSON.parse(
      readFileSync(new URL('../../src/interpose/recorder/recording.schema.json', import.meta.url), 'utf8'),
    );
    const ajv = new Ajv2020({ allErrors: true, strict: true, strictTuples: false, allowUnionTypes: true });
    const isLine = ajv.compile(schema);
    const lines = text.trimEnd().split('\n');
    expect(lines.filter((line) => !isLine(JSON.parse(line)))).toEqual([]);
    expect(recorded.processes.map(({ argv, simulated, kernel }) => [argv, simulated, kernel])).toEqual([
      [['program'], true, 'simulated'],
      [['client'], true, 'simulated'],
    ]);
  });

  test('has the calls of all processes in their order, with their bytes and the program’s lines', () => {
    const calls = recorded.calls.map(({ pid, name, result }) => `${pid} ${name} ${result}`);
    expect(calls).toEqual([
      '1000 socket 3',
      '1000 setsockopt 0',
      '1000 bind 0',
      '1000 listen 0',
      '1001 socket 3',
      '1001 connect 0',
      '1000 accept4 4',
      '1001 send 5',
      '1000 recv 5',
      '1000 send 5',
      '1001 recv 5',
      '1001 close 0',
      '1000 recv 0',
      '1000 close 0',
      '1000 close 0',
    ]);
    const [, , , , , , accept, send] = recorded.calls;
    expect(Buffer.from(send.data!, 'base64').toString()).toBe('Hello');
    const frame = recorded.frames.find(({ id }) => id === accept.at)!;
    expect(frame).toMatchObject({
      pid: 1000,
      file: 'test/sim/recording.test.ts',
      text: 'const [conn] = listener.accept();',
    });
    expect(recorded.sources.map(({ file }) => file)).toEqual(['test/sim/recording.test.ts']);
  });

  test('has the state of the sockets as the model has it', () => {
    const stateAfter = (name: string, pid: number) =>
      recorded.calls.find((call) => call.name === name && call.pid === pid)!.sockets!;
    expect(stateAfter('listen', 1000)).toMatchObject([
      { fd: 3, tcp: { state: 'LISTEN' }, acceptQueue: { length: 0, backlog: 128 }, remote: null },
    ]);
    expect(stateAfter('accept4', 1000)).toMatchObject([
      { fd: 3, tcp: { state: 'LISTEN' } },
      {
        fd: 4,
        family: 'AF_INET',
        kind: 'SOCK_STREAM',
        local: ['127.0.0.1', 12345],
        remote: ['127.0.0.1', 32768],
        tcp: { state: 'ESTABLISHED' },
        receiveQueue: 0,
        descriptorFlags: ['FD_CLOEXEC'],
        statusFlags: ['O_RDWR'],
      },
    ]);
  });

  test('has virtual times: half a second passes, and a call that does not wait takes next to nothing', () => {
    const [send, receive] = ['send', 'recv'].map(
      (name) => recorded.calls.find((call) => call.name === name && call.pid === 1001)!,
    );
    expect(Math.round((receive.end - send.end) / 1e6)).toBe(500);
    for (const { name, start, end } of recorded.calls)
      if (!/accept|recv/.test(name)) expect(end - start).toBeLessThan(10_000);
    expect(recorded.processes[0].realtimeOffset).toBe('1700000000000000000');
  });

  test('has the packets of the model, each with the call that made it', () => {
    const packets = recorded.packets.map(({ tcp, cause, why }) => [
      tcp!.flags.join(' '),
      tcp!.relativeSeq,
      tcp!.payloadLength,
      cause?.pid ?? null,
      why,
    ]);
    expect(packets).toEqual([
      ['SYN', 0, 0, 1001, 'connect() asks for a connection'],
      ['SYN ACK', 0, 0, null, 'the kernel answers for the listening socket: no call makes it do so'],
      ['ACK', 1, 0, null, 'the kernel completes the handshake'],
      ['ACK PSH', 1, 5, 1001, 'send() put 5 bytes into it'],
      ['ACK', 1, 0, null, 'the kernel acknowledges 5 bytes'],
      ['ACK PSH', 1, 5, 1000, 'send() put 5 bytes into it'],
      ['ACK', 6, 0, null, 'the kernel acknowledges 5 bytes'],
      ['ACK FIN', 6, 0, 1001, 'close() ends the stream'],
      ['ACK FIN', 6, 0, 1000, 'close() ends the stream'],
    ]);
    for (const { tcp, ip } of recorded.packets)
      expect([tcp!.checksumStatus, ip!.checksumStatus]).toEqual(['good', 'good']);
  });

  test('says what was chosen, and what is broken', () => {
    const { found } = explore(build, { world: { faults: 1, faultsOf: { accept4: ['EMFILE'] } } });
    const { notes } = parseRecording(recording(build, found!));
    expect(notes.map((note) => note.text)).toEqual(
      expect.arrayContaining([
        `Schedule '${found!.schedule}'.`,
        expect.stringMatching(/^It breaks: error: the program threw OSError: .*EMFILE/),
        'Chosen: accept4 fails with EMFILE.',
      ]),
    );
  });
});

/** With a link between two hosts, on which the first segment with data is lost. */
function withLoss(): Recording {
  let isLost = false;
  const chooser: Chooser = {
    choose(_, __, what) {
      if (isLost || what !== 'a segment is lost: PSH') return 0;
      isLost = true;
      return 1;
    },
  };
  let world: World | null = null;
  world = new World({
    addresses: ['fd00::1'],
    keepsRecord: true,
    chooser,
    watcher: watcher((process) => process === world?.program),
  });
  const far = world.addHost('far', 'fd00::2');
  world.link(world.localhost, far, { latency: 0.01, losses: 1 });
  world.addProcess(
    'client',
    [{ connect: ['fd00::1', 12345] }, { send: 'Hello' }, { expect: 'Hello' }, 'close'],
    {
      host: far,
    },
  );
  expect(world.run(() => echoOn6())).toEqual({ reason: 'returned', violation: null });
  return recordingOf(world, []);
}

function echoOn6(): void {
  const listener = create_server(['fd00::1', 12345], { family: 10 });
  const [conn] = listener.accept();
  conn.sendall(conn.recv(100));
  conn.recv(1);
  conn.close();
  listener.close();
}

test('a lost segment is in the recording twice, and is told as lost once', () => {
  const { packets } = withLoss();
  const data = packets.filter(({ tcp }) => tcp!.payloadLength > 0);
  expect(data.map(({ interface: place, direction, why }) => [place, direction, why])).toEqual([
    ['simulated, far to localhost', 'out', 'send() put 5 bytes into it; it is lost on its way'],
    ['simulated, far to localhost', 'out', 'sent again: send() put 5 bytes into it'],
    ['simulated, far to localhost', 'out', 'send() put 5 bytes into it'],
  ]);
  expect(data[1].at - data[0].at).toBeCloseTo(0.22e9, -5);
});

describe('rfds trace --replay', () => {
  let story: { stdout: string; stderr: string };
  beforeAll(() => {
    writeFileSync(at('run.ndjson'), text);
    const outputs = ['html', 'pcapng', 'strace', 'perfetto', 'json'].flatMap((format) => [
      `--${format}`,
      at(`run.${format}`),
    ]);
    const stdout = execFileSync(process.execPath, [cli, 'trace', '--replay', at('run.ndjson'), ...outputs], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    story = { stdout, stderr: '' };
  });

  test('tells it in one order, and first of all that it is simulated', () => {
    const lines = story.stdout.split('\n');
    expect(lines[0]).toBe(SIMULATED);
    expect(story.stdout).toContain('━━ The run: program, client ━');
    const heads = [...story.stdout.matchAll(/^ *\d+↩? (program|client) {2}T\+(\d\.\d+)/gm)];
    expect(new Set(heads.map(([, who]) => who))).toEqual(new Set(['program', 'client']));
    const times = heads.map(([, , time]) => Number(time));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(story.stdout).toMatch(/KERNEL {2}T\+0\.\d+ {2}SYN {2}127\.0\.0\.1:32768 → 127\.0\.0\.1:12345/);
    // Times are the model's: no call is said to have taken any.
    expect(story.stdout).not.toMatch(/\btook\b|\[after|CPU/);
  });

  test('says so in the page, in strace’s text and in Perfetto’s trace', () => {
    expect(readFileSync(at('run.html'), 'utf8')).toMatch(/<title>Simulated: /);
    expect(readFileSync(at('run.strace'), 'utf8')).toMatch(
      /^1000 {2}\d\d:\d\d:\d\d\.\d+ \+\+\+ Simulated: .* \+\+\+\n1000 {2}\S+ socket\(/,
    );
    const perfetto = JSON.parse(readFileSync(at('run.perfetto'), 'utf8'));
    expect(perfetto.otherData.simulated).toBe(SIMULATED);
    const { traceEvents } = traceDocument(recorded);
    expect(traceEvents.filter(({ tdur }) => tdur !== undefined)).toEqual([]);
    expect(JSON.stringify(traceEvents)).not.toContain('[took');
    expect(traceEvents).toContainEqual(
      expect.objectContaining({ name: 'process_name', args: { name: 'client (simulated)' } }),
    );
  });

  test.skipIf(!hasChromium)(
    'says so in the page that is shown, with what was chosen',
    async () => {
      const chromium = await Chromium.launch();
      try {
        const { page, problems } = await chromium.open(readFileSync(at('run.html'), 'utf8'));
        const textOf = (selector: string) => page.locator(selector).textContent();
        expect(await textOf('#facts')).toMatch(/^simulated: nothing was measured · /);
        expect(await textOf('#notes')).toContain("Schedule ''.");
        expect(await textOf('main')).toContain('process client');
        expect(await page.locator('.cost').allTextContents()).toEqual(['call 1', '']);
        expect(problems).toEqual([]);
      } finally {
        await chromium.close();
      }
    },
    60_000,
  );

  test('writes the same recording again', () => {
    expect(parseRecording(readFileSync(at('run.json'), 'utf8'))).toEqual(recorded);
  });

  test('checks no claims with it: nothing was measured', () => {
    expect(() => renderClaims(recorded)).toThrow('the recording is simulated: nothing in it was measured');
  });

  test.skipIf(!hasTshark)('makes packets that tshark reads as we do, each told as simulated', () => {
    for (const one of [recorded, withLoss()]) {
      writeFileSync(at('run.pcapng'), renderPcapng(one));
      const theirs = dissect(at('run.pcapng'));
      expect(theirs.map(comparable)).toEqual(one.packets.map(comparable));
      for (const { comment } of theirs) expect(comment).toMatch(/^simulated: /);
    }
    const infos = execFileSync('capinfos', ['-k', at('run.pcapng')], { encoding: 'utf8' });
    expect(infos).toContain(SIMULATED);
  });
});

test('a call that this machine lacks is told by its name', () => {
  const name = process.platform === 'linux' ? 'kevent' : 'epoll_ctl';
  const { program } = new World();
  const kept = watcher(() => false).after(program, name, [], -22, undefined);
  const moment = { order: 0, ns: 0 };
  const call = {
    kind: 'call',
    process: program,
    name,
    result: -22,
    start: moment,
    end: moment,
    kept,
  } as const;
  expect([callTexts.whole(call), callTexts.begun(call), callTexts.place(call)]).toEqual([
    `${name}() = -1 EINVAL`,
    `${name}(…)`,
    '',
  ]);
});
