// `rfds trace` as its users run it: the conversation on loopback and on two hosts, another program, a
// replay, a reader that leaves, a disk that is full, Ctrl+C.

import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test, vi } from 'vitest';
import {
  type PacketLine,
  parseRecording,
  type Recording,
} from '../../../src/interpose/recorder/recording.ts';
import { inferred } from '../../../src/tools/trace/analyse/infer.ts';
import { renderStory } from '../../../src/tools/trace/render/terminal/story.ts';
import { callOf, changed, hello, helloText } from '../../support/hello-recording.ts';
import { hasHosts, isLinux, isRoot, mayCapture, which } from '../../support/platform.ts';
import { cli, existing, loops, Program } from '../../support/programs.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'rfds-test-trace-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string) => path.join(folder, name);

// What is temporary goes where nobody else's does.
const temporary = mkdtempSync(path.join(folder, 'tmp-'));
const ownFolder = { ...process.env, TMPDIR: temporary };

const deadline = { timeout: 60_000 };

/** `rfds trace` run to its end. */
function trace(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'trace', ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: ownFolder,
    ...deadline,
  });
  return { status, stdout, stderr };
}

function recorded(...args: string[]): Recording {
  const { status, stdout, stderr } = trace('--port', '0', '--json', '-', ...args);
  expect(status, stderr).toBe(0);
  return parseRecording(stdout);
}

/** What a recording left on this machine. */
const leftovers = () => ({
  folders: readdirSync(temporary),
  hosts: existsSync('/run/netns')
    ? readdirSync('/run/netns').filter((name) => name.startsWith('rfds-') && !isOfAnother(name))
    : [],
});
// Other suites make hosts of their own at the same time.
const isOfAnother = (name: string) => existing(name.split('-')[1]);

/** One recording of two messages, for the tests that only read it. */
let twoMessages: Recording | undefined;
const helloAgain = () => {
  twoMessages ??= recorded('Hello', 'again');
  return twoMessages;
};

const brief = ({ tcp }: PacketLine, server: number) =>
  `${tcp!.sourcePort === server ? 'server' : 'client'} ${[...tcp!.flags].sort()} ${tcp!.relativeSeq} ${tcp!.relativeAck} ${tcp!.payloadLength}`;

describe.skipIf(!isLinux)('a conversation on loopback', () => {
  test.each(loops.filter((loop) => loop !== 'node'))(
    'is recorded from both sides with %s',
    deadline,
    (loop) => {
      const { processes, calls, sources } = recorded('--loop', loop, 'Hello');
      expect(processes.map(({ role }) => role)).toEqual(['server', 'client']);
      const client = processes[1].pid;
      const names = (pid: number) => calls.filter((call) => call.pid === pid).map(({ name }) => name);
      expect(names(client).join(' ')).toMatch(/socket connect .*read send recv .*read .*close$/);
      expect(names(processes[0].pid).join(' ')).toMatch(
        /socket .*setsockopt bind listen .*accept4 .*recv .*send .*close/,
      );
      const sent = calls.find(({ name, pid }) => name === 'send' && pid === client)!;
      expect(Buffer.from(sent.data!, 'base64').toString()).toMatch(/^\d+\.\d+:Hello$/);
      expect(sources.map((source) => source.file)).toContain('src/programs/client.ts');
    },
  );

  test.skipIf(!isRoot)('has its packets, each correlated with the call that caused it', deadline, () => {
    const { packets, calls } = helloAgain();
    const nameOf = ({ cause }: PacketLine) =>
      cause && calls.find(({ pid, n }) => pid === cause.pid && n === cause.n)!.name;
    expect(packets.map((packet) => packet.tcp!.flags.includes('SYN'))).toEqual(
      [true, true].concat(packets.slice(2).map(() => false)),
    );
    expect(nameOf(packets[0])).toBe('connect');
    const withData = packets.filter(({ tcp }) => tcp!.payloadLength > 0);
    expect(withData.map(nameOf)).toEqual(['send', 'send', 'send', 'send']);
    for (const { cause, bytes, tcp } of withData) {
      const call = calls.find(({ pid, n }) => pid === cause!.pid && n === cause!.n)!;
      expect(Buffer.from(bytes, 'base64').subarray(-tcp!.payloadLength).toString('base64')).toBe(call.data);
    }
    const ends = packets.filter(({ tcp }) => tcp!.flags.includes('FIN'));
    expect(ends.map(nameOf)).toEqual(['close', 'close']);
    for (const packet of packets) expect(packet.why).toBeTypeOf('string');
    const acks = packets.filter(({ tcp }) => tcp!.flags.join() === 'ACK');
    for (const { cause } of acks) expect(cause).toBeUndefined();
  });

  test.skipIf(!isRoot)('has the packets that would have been inferred without a capture', deadline, () => {
    const recording = helloAgain();
    const { tcp } = recording.packets[0];
    const summary = (packets: PacketLine[]) => {
      const texts = packets.map((packet) => brief(packet, tcp!.destinationPort));
      // An ACK of the kernel's is somewhere between the data that it is about and the next look.
      const ends = ['client', 'server'].map((end) => texts.filter((text) => text.startsWith(end)));
      // Whether it goes ahead of a segment that carries the same numbers is the delayed-ACK timer's choice.
      const numbers = (text: string) => text.split(' ').slice(2, 4).join();
      const isRepeated = (text: string, next = '') =>
        / ACK .* 0$/.test(text) && numbers(text) === numbers(next);
      return ends.map((texts) => texts.filter((text, i) => !isRepeated(text, texts[i + 1])));
    };
    expect(summary(inferred(recording))).toEqual(summary(recording.packets));
  });

  test.skipIf(!isRoot || !which('setpriv'))(
    'has inferred packets where none may be captured, and says so',
    deadline,
    () => {
      const args = [
        '--bounding-set=-net_raw',
        process.execPath,
        cli,
        'trace',
        '--port',
        '0',
        '--json',
        '-',
        'Hello',
      ];
      const { packets, notes } = parseRecording(
        execFileSync('setpriv', args, { encoding: 'utf8', stdio: 'pipe' }),
      );
      expect(packets.every((packet) => packet.inferred)).toBe(true);
      expect(packets.filter(({ tcp }) => tcp!.payloadLength > 0)).toHaveLength(2);
      expect(notes.map(({ text }) => text).join('\n')).toMatch(/CAP_NET_RAW.*inferred/);
    },
  );

  test('is told again by --replay, word for word', deadline, () => {
    const { stdout } = trace('--port', '0', '--json', file('hello.ndjson'), 'Hello');
    expect(stdout).toContain('What happened, from socket() to close()');
    expect(trace('--replay', file('hello.ndjson')).stdout).toBe(stdout);
    const again = trace('--replay', file('hello.ndjson'), '--json', '-').stdout;
    expect(again).toBe(readFileSync(file('hello.ndjson'), 'utf8'));
  });

  test('is written in every format', deadline, () => {
    const formats = ['html', 'json', 'strace', 'pcapng', 'perfetto', 'claims'];
    const args = formats.flatMap((format) => [`--${format}`, file(`all.${format}`)]);
    const { status, stderr } = trace('--port', '0', ...args, 'Hello');
    expect(status, stderr).toBe(0);
    for (const format of formats) {
      // Packets that may not be captured are in no pcapng.
      if (format === 'pcapng' && !mayCapture) continue;
      expect(readFileSync(file(`all.${format}`)).length, format).toBeGreaterThan(100);
    }
  });

  test('without a packet that was captured is written as no pcapng, and that is said', () => {
    const text = helloText.replace(
      /"bytes":"[^"]*","link":\{[^}]*\}/g,
      '"bytes":"","link":null,"inferred":true',
    );
    writeFileSync(file('inferred.ndjson'), text);
    const { status, stderr } = trace('--replay', file('inferred.ndjson'), '--pcapng', file('none.pcapng'));
    expect(status).toBe(0);
    expect(stderr).toContain('none.pcapng: not written, for no packet was captured');
    expect(existsSync(file('none.pcapng'))).toBe(false);
  });

  test('takes another port where the documented one is taken', deadline, async () => {
    // Another test may have it, and give it back: it is taken for sure once it is this one's.
    const other = createServer();
    while (!other.listening) {
      other.listen(12345, '127.0.0.1');
      await once(other, 'listening').catch(() => pause(20));
    }
    const { status, stdout } = trace('Hello');
    other.close();
    expect(status).toBe(0);
    expect(stdout).not.toContain('htons(12345)');
  });

  test('may be had several times at once', deadline, async () => {
    const runs = ['a', 'b', 'c'].map(
      (text) => new Program(process.execPath, [cli, 'trace', text], ownFolder),
    );
    expect(await Promise.all(runs.map(({ exited }) => exited))).toEqual([0, 0, 0]);
  });

  test('of messages that look like a program says how a program is traced', deadline, () => {
    const { status, stderr } = trace('--port', '0', 'node', 'program.mjs');
    expect(stderr).toContain('rfds trace: to trace a program: rfds trace -- node program.mjs\n');
    expect(status).toBe(0);
  });

  test('has messages of any length', deadline, () => {
    const { status, stdout } = trace('--port', '0', 'x'.repeat(100_000));
    expect(status).toBe(0);
    // In the table of memory: sequence numbers of six digits stand apart.
    expect(stdout.split('\n').filter((line) => / ESTAB +\d+ +\d+ +1000\d\d +\d+ /.test(line))).not.toEqual(
      [],
    );
  });
});

describe.skipIf(!isLinux)('Ctrl+C', () => {
  test('pressed again and again leaves nothing either', deadline, async () => {
    const run = new Program(process.execPath, [cli, 'trace', '--step', '--port', '0'], ownFolder);
    await run.has(/server: sigaction/, 'stderr');
    const again = setInterval(() => run.child.kill('SIGINT'), 1);
    // Once all is done the runtime takes its handlers away, and a signal may end it.
    expect([130, 'SIGINT']).toContain(await run.exited);
    clearInterval(again);
    expect(leftovers().folders).toEqual([]);
  });
});

/** The processes that a process started, and those that they did. */
function descendantsOf(pid: number): string[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    return children.flatMap((child) => [child, ...descendantsOf(Number(child))]);
  } catch {
    return []; // It has ended.
  }
}

const nothingLeft = (pids: string[]) =>
  vi.waitFor(
    () => {
      expect(pids.filter(existing)).toEqual([]);
      expect(leftovers().folders).toEqual([]);
    },
    { timeout: 20_000 },
  );

describe.skipIf(!isLinux)('SIGKILL at any moment leaves no process and no folder', () => {
  test.each<[string, RegExp, string[]]>([
    ['while the server starts', /starting the server/, ['a']],
    ['while messages go to and fro', /message 1/, ['a', 'b', 'c']],
    ['while a call is predicted', /server: sigaction/, ['--step']],
  ])('%s', deadline, async (_, moment, args) => {
    const run = new Program(process.execPath, [cli, 'trace', '--port', '0', ...args], ownFolder);
    await run.has(moment, 'stderr');
    const started = descendantsOf(run.pid);
    run.kill('SIGKILL');
    await run.exited;
    await nothingLeft(started);
  });

  test.skipIf(!hasHosts)('while there are two hosts: nor a network namespace', deadline, async () => {
    const run = new Program(process.execPath, [cli, 'trace', '--hosts', 'a', 'b', 'c'], ownFolder);
    await run.has(/message 1/, 'stderr');
    const started = descendantsOf(run.pid);
    run.kill('SIGKILL');
    await run.exited;
    await nothingLeft(started);
    await vi.waitFor(() => expect(leftovers().hosts).toEqual([]), { timeout: 20_000 });
  });
});

describe.skipIf(!hasHosts)('a conversation on two hosts', () => {
  test('is between 10.0.0.2 and 10.0.0.1, and nothing is left of them', deadline, () => {
    const { packets } = recorded('--hosts', 'Hello');
    expect(packets[0].ip).toMatchObject({ source: '10.0.0.2', destination: '10.0.0.1' });
    expect(packets.filter(({ cause }) => cause)).toHaveLength(5);
    expect(leftovers()).toEqual({ folders: [], hosts: [] });
  });

  test('ends with Ctrl+C at any moment: status 130, and nothing is left', deadline, async () => {
    for (const moment of ['making', 'message', 'gone']) {
      const run = new Program(process.execPath, [cli, 'trace', '--hosts', 'a', 'b', 'c'], ownFolder);
      await run.has(new RegExp(moment), 'stderr');
      run.child.kill('SIGINT');
      const status = await run.exited;
      expect([130, 0]).toContain(status);
      if (status === 130) expect(run.stderr).toMatch(/^rfds trace: stopped by SIGINT, .*$/m);
      expect(leftovers(), moment).toEqual({ folders: [], hosts: [] });
    }
  });
});

describe('a program of anybody', () => {
  const program = file('program.mjs');
  writeFileSync(
    program,
    `import { socketpair } from ${JSON.stringify(pathToFileURL(path.join(path.dirname(cli), 'socket.js')).href)};
const [one, other] = socketpair();
one.sendall(Buffer.from('hi'));
console.log(String(other.recv(10)));
process.exit(3);
`,
  );

  test('keeps its output and its status, and its calls are told on stderr', deadline, () => {
    const { status, stdout, stderr } = trace('--', process.execPath, program);
    expect({ status, stdout }).toEqual({ status: 3, stdout: 'hi\n' });
    expect(stderr).toMatch(/program\.mjs:3[\s\S]*send\(\d+, "hi", 2, MSG_NOSIGNAL\) = 2/);
  });

  test('that makes very many calls is told too', deadline, () => {
    const socketModule = pathToFileURL(path.join(path.dirname(cli), 'socket.js')).href;
    // Without the kernel's state of each socket at each call, which would be most of the work.
    const text = `process.env.RFDS_TRACE_STATE = 'none';
import(${JSON.stringify(socketModule)}).then(({ socketpair }) => {
  const [one] = socketpair();
  for (let i = 0; i < 130_000; i++) one.getsockname();
})`;
    const { status, stderr } = trace('--', process.execPath, '-e', text);
    expect(status).toBe(0);
    expect(stderr).toMatch(/getsockname\(\) +×130000 /);
  });

  test('is recorded to a file, and may have made no call', deadline, () => {
    trace('--json', file('program.ndjson'), '--', process.execPath, program);
    const { calls } = parseRecording(readFileSync(file('program.ndjson'), 'utf8'));
    expect(calls.map(({ name }) => name)).toEqual(['socketpair', 'send', 'recv']);
    expect(trace('--strace', '-', '--', process.execPath, program).stdout).toMatch(
      /^hi\n\d+ .* socketpair\(/,
    );
    expect(trace('--', 'true').stderr).toContain('made no call through rfds');
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'gets %s once, and its own status counts',
    deadline,
    async (name) => {
      const waits = file('waits.mjs');
      writeFileSync(
        waits,
        `for (const name of ['SIGINT', 'SIGTERM'])
  process.on(name, () => { console.log(name); setTimeout(() => process.exit(5), 200); });
setInterval(() => {}, 1000);
console.log('waits');
`,
      );
      const run = new Program(process.execPath, [cli, 'trace', '--', process.execPath, waits], ownFolder);
      await run.has(/waits/);
      run.child.kill(name);
      expect(await run.exited).toBe(5);
      expect(run.stdout).toBe(`waits\n${name}\n`);
    },
  );

  test('that a signal ends gives 128 and its number', deadline, () => {
    expect(trace('--', process.execPath, '-e', 'process.kill(process.pid, "SIGTERM")').status).toBe(143);
  });
});

describe('what goes wrong is one line', () => {
  const [line] = hello().calls;
  const value = { family: 'AF_INET', host: 7 };
  const wrong = { ...line, args: [{ name: 'addr', text: '', value }] };
  writeFileSync(file('wrong.ndjson'), [line, wrong].map((one) => `${JSON.stringify(one)}\n`).join(''));

  test.each([
    ['a folder that is not there', ['--json', '/nonexistent/x'], 1, /cannot write \/nonexistent\/x/],
    ['a folder in place of a file', ['--html', '/tmp'], 1, /cannot write \/tmp: it is a folder/],
    ['a recording that is not there', ['--replay', '/nonexistent'], 1, /cannot read \/nonexistent: ENOENT/],
    ['no recording at all', ['--replay', cli], 1, /line 1 is not JSON/],
    [
      'a line that is none of a recording',
      ['--replay', file('wrong.ndjson')],
      1,
      /wrong\.ndjson: line 2: args\[0\]\.value is nothing that it may be: \{"family":"AF_INET","host":7\}$/m,
    ],
    ['two outputs on stdout', ['--json', '-', '--html', '-'], 1, /only one output/],
    ['a program that is not there', ['--', 'no-such-program'], 1, /no-such-program/],
    ['no program', ['--'], 2, /no program behind --/],
    ['packets of a program', ['--pcapng', file('x'), '--', 'true'], 2, /no packet is captured/],
    ['messages for a program', ['Hello', '--', 'true'], 2, /documented conversation only/],
    ['a message of two lines', ['a\nb'], 2, /one line/],
  ])('%s', deadline, (_, args, status, text) => {
    const { stderr, stdout, ...result } = trace(...args);
    expect(stderr).toMatch(text);
    expect(result).toEqual({ status });
    expect(stderr).not.toMatch(/^ +at /m);
    expect(stdout).toBe('');
  });

  test.skipIf(!isLinux)('a full disk ends rfds trace with one line (Linux: /dev/full)', deadline, () => {
    const { status, stderr } = trace('--port', '0', '--html', '/dev/full', 'Hello');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^rfds trace: cannot write \/dev\/full: ENOSPC/m);
  });

  test('a reader that leaves the pipe ends rfds trace with one line', deadline, () => {
    const command = `"${process.execPath}" "${cli}" trace --port 0 Hello | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8', ...deadline });
    // A story that fits into the pipe is written whether or not anybody reads it.
    expect(stdout).toMatch(/^What happened.*\n[01]\n$/);
    if (stdout.endsWith('1\n'))
      expect(stderr).toMatch(/^rfds trace: nobody reads the output any more \(EPIPE\)$/m);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});

describe('the story in a pipe', () => {
  const told = (env: NodeJS.ProcessEnv) => {
    writeFileSync(file('told.ndjson'), helloText);
    const args = [cli, 'trace', '--replay', file('told.ndjson')];
    return spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...env } }).stdout;
  };

  test('is as wide as COLUMNS says, and has colours where FORCE_COLOR asks for them', () => {
    const lines = told({ COLUMNS: '72' }).split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBe(72);
    expect(told({})).not.toContain('\x1b[');
    expect(told({ FORCE_COLOR: '1' })).toContain('\x1b[33m');
    expect(told({ FORCE_COLOR: '1', NO_COLOR: '1' })).not.toContain('\x1b[');
    expect(told({ FORCE_COLOR: '0' })).not.toContain('\x1b[');
  });

  test('has of a long message its beginning, its end, and how long it was', () => {
    const long = changed((recording) => {
      const data = Buffer.from(`1.5:${'x'.repeat(4092)}`).toString('base64');
      Object.assign(callOf(recording, 'client', 'send'), { data, result: 4096 });
      const state = callOf(recording, 'server', 'select', 1).sockets!.find(
        ({ receiveQueue }) => receiveQueue > 0,
      )!;
      Object.assign(state, { receiveQueue: 4096, receiveQueueData: data });
    });
    const text = renderStory(long, { color: false, width: 100 });
    expect(text.split('\n').length).toBeLessThan(told({}).split('\n').length + 60);
    expect(text).toContain('… 3,776 bytes more …');
    expect(text.replace(/\s+/g, ' ')).toMatch(/receive queue 4096 b'1\.5:x+' … b'x+', 4,096 bytes in all/);
  });
});

describe('a recording from elsewhere', () => {
  // In every text that it has: colours, the title of the window, a screen that is cleared, a line that is hidden.
  const evil = '\x1b[2J\x1b]0;owned\x07\x9b31m\x1b[8m';
  const texts = ['file', 'function', 'text', 'detail', 'kernel', 'runtime', 'why', 'state', 'argv'];
  const poisoned = (value: unknown, names: string[], key = ''): unknown => {
    if (typeof value === 'string') return names.includes(key) ? `${value}${evil}` : value;
    if (Array.isArray(value)) return value.map((one) => poisoned(one, names, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, poisoned(one, names, name)]));
  };
  /** The names of the calls, too: then it is no conversation, but any program's. */
  const recordings = [texts, [...texts, 'name']].map((names) =>
    helloText
      .trim()
      .split('\n')
      .map((line) => JSON.stringify(poisoned(JSON.parse(line), names)))
      .concat(JSON.stringify({ type: 'note', at: 1, text: evil }))
      .map((line) => `${line}\n`)
      .join(''),
  );

  test.each<[string, string[]]>([
    ['the story', []],
    ['--strace -', ['--strace', '-']],
    ['--claims -', ['--claims', '-']],
  ])('sends no escape sequence to the terminal: %s', deadline, (_, args) => {
    for (const text of recordings) {
      writeFileSync(file('evil.ndjson'), text);
      const { status, stdout } = trace('--replay', file('evil.ndjson'), ...args);
      expect(status).toBe(0);
      expect(stdout).not.toBe('');
      expect([...stdout].filter((sign) => sign !== '\n' && /\p{Cc}/u.test(sign))).toEqual([]);
    }
  });

  test('that is no JSON is shown in the error without its escape sequences', () => {
    writeFileSync(file('evil.ndjson'), `{"type":\x1b[2J}\n`);
    const { stderr } = trace('--replay', file('evil.ndjson'));
    expect(stderr).toMatch(/line 1 is not JSON/);
    expect([...stderr].filter((sign) => sign !== '\n' && /\p{Cc}/u.test(sign))).toEqual([]);
  });
});

describe.skipIf(!isLinux)('--step', () => {
  test('asks no more after q, and the conversation runs to its end', deadline, () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [cli, 'trace', '--step', '--port', '0', 'Hello'],
      { input: '0\nq\n1\n', encoding: 'utf8', ...deadline },
    );
    expect(status).toBe(0);
    expect(stderr).not.toContain('you said');
    expect(stdout).toContain('What happened, from socket() to close()');
  });

  test('asks before every call, and shows the result beside the prediction', deadline, () => {
    const { status, stderr } = spawnSync(process.execPath, [cli, 'trace', '--step', '--port', '0', 'Hello'], {
      input: 'zero\n0\n',
      encoding: 'utf8',
      ...deadline,
    });
    expect(status, stderr).toBe(0);
    expect(stderr).toContain('server: = 0   (you said: zero)');
    expect(stderr).toContain('server: = 0   (right)');
    expect(stderr).toMatch(
      /client: src\/programs\/client\.ts:\d+: server_socket\.connect\(\[host, port\]\);\nclient: connect\(/,
    );
    expect(stderr).toMatch(/server: recv\(\d+, 0x\?, 1024, 0\)\n[\s\S]*server: = 2\d/);
  });
});
