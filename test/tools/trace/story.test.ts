// The story for the terminal: what it tells of a real recording, how it looks, and that no recording,
// cut anywhere, is too strange for it.

import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parseRecording } from '../../../src/interpose/recorder/recording.ts';
import { delaysByCalls, delaysByTimestamps } from '../../../src/tools/trace/analyse/delays.ts';
import { conversationOf } from '../../../src/tools/trace/analyse/dialogue.ts';
import { renderStory } from '../../../src/tools/trace/render/terminal/story.ts';
import { duration } from '../../../src/tools/trace/words.ts';
import { base64, callOf, changed, hello, helloText, recordingOf } from '../../support/hello-recording.ts';

const plain = { color: false, width: 80 };
const story = renderStory(hello(), plain);
/** The part of a story under a heading. */
const part = (title: string, text = story) =>
  text.split(new RegExp(`^━━ (?:\\d+\\. )?${title} ━+\\n`, 'm'))[1].split(/^━━ /m)[0];
/** The line of the server's source, as it was recorded, that has a text: 'select-server.ts:30'. */
function placeOf(text: string): string {
  const { file, text: source } = hello().sources.find(({ file }) => file.endsWith('/select-server.ts'))!;
  return `${file}:${source.split('\n').findIndex((line) => line.includes(text)) + 1}`;
}
/** Its lines that match, in order. */
const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => found);

describe('the steps', () => {
  test('tell every call from the first socket on, numbered as they began', () => {
    const { calls, processes } = hello();
    const told = processes.flatMap(({ pid }) => {
      const own = calls.filter((call) => call.pid === pid);
      return own.slice(own.findIndex(({ name }) => name === 'socket'));
    });
    const numbers = matches(story, /^ *(\d+) (?:SERVER|CLIENT) {2}T/gm).map(Number);
    expect(numbers).toEqual(told.map((_, i) => i + 1));
  });

  test("give each the program's own line, and the call as strace writes it", () => {
    const setup = part('Before any message: the server');
    expect(matches(setup, /^ *\d+ SERVER {2}T-[\d.]+ {2}(.*)$/gm)).toEqual(
      ['socket(AF_INET', '.setsockopt(', '.bind(', '.listen(', 'select(rfds'].map(placeOf),
    );
    expect(setup).toContain('│ server_socket.listen();\n    listen(21, 128) = 0  [took ');
    expect(setup).toMatch(
      /│ const \[rlist\] = select\(rfds, \[\], \[\]\);\n {4}select\(22, \[21\], NULL, NULL, NULL\) …\n/,
    );
  });

  test('come back to a call that slept when it returns', () => {
    const accepts = part('The server accepts');
    expect(accepts).toMatch(
      /^ *5↩ SERVER .*\n {4}select\(\) … = 1 \(in \[21\]\) {2}\[after .*\n.*a connection that the kernel/m,
    );
  });

  test('do not tell what a read brought before it brought it', () => {
    const begins = part('The server accepts')
      .split('\n')
      .find((line) => line.includes('read(0'));
    expect(begins).toBe('    read(0, …, 65536) …');
  });

  test("tell the handshake between connect() and the server's waking", () => {
    const connects = part('The client connects');
    expect(matches(connects, /KERNEL {2}T\+[\d.]+ {2}([A-Z ]+?) {2}/g)).toEqual(['SYN', 'SYN ACK', 'ACK']);
    expect(connects.indexOf('connect(20, ')).toBeLessThan(connects.indexOf('KERNEL'));
  });

  test('show the memory of the process where it changed: rfds, queues with their bytes, seq and ack', () => {
    const receives = part('Message: the server receives and answers').replace(/\n {12}/g, ' ');
    expect(receives).toContain('rfds = [21, 22]\n');
    expect(receives).toMatch(
      /fd 22 ESTABLISHED · .* · receive queue 23 b'\d+\.\d+:Hello' · send queue 0 · seq 1 · ack 24\n/,
    );
    expect(receives).toMatch(/fd 22 ESTABLISHED · .* · receive queue 0 · send queue 0 · seq 1 · ack 24\n/);
    expect(receives).toMatch(/ · seq 42 · ack 24\n/);
  });

  test('say what close() ends', () => {
    expect(matches(part('Goodbye'), /^ {4}close\(\d+\) = 0 .*\n {4}.*? again\. ?(\w*)/gm)).toEqual([
      'This',
      'This',
      'Nothing',
      '',
    ]);
  });

  test('say why a packet is there, where the recording says it', () => {
    const recording = changed(({ packets }) => {
      packets[0].why = 'connect() asks for a connection';
    });
    expect(renderStory(recording, plain)).toMatch(
      /seq 0; 74 bytes on lo\n {12}connect\(\) asks for a connection\n/,
    );
  });
});

describe('the message', () => {
  test('has its bytes in hex and as text, and so has the response', () => {
    const sends = part('Message: the client sends');
    expect(sends).toContain('Message: 23 bytes\n');
    const hex = matches(sends, /^ {4}[0-9a-f]{4} {2}((?:[0-9a-f]{2} )+)/gm)
      .join('')
      .replaceAll(' ', '');
    expect(hex).toBe(Buffer.from(callOf(hello(), 'client', 'send').data!, 'base64').toString('hex'));
    expect(part('Message: the server receives and answers')).toContain('Response: 41 bytes\n');
  });

  test('has its packet, header by header', () => {
    const sends = part('Message: the client sends');
    expect(sends).toContain('Message on the wire: 89 bytes on lo\n');
    expect(matches(sends, /^ {4}(?:Ethernet|IPv4|TCP|Data) +(\d+)/gm)).toEqual(['14', '20', '32', '23']);
  });

  test('has three delays, by the timestamps and by the calls', () => {
    const [exchange] = conversationOf(hello())!.exchanges;
    const answer = part('Message: the client has its answer');
    for (const delays of [delaysByTimestamps(exchange), delaysByCalls(exchange)]) {
      expect(answer.replace(/ +/g, ' ')).toContain(Object.values(delays).map(duration).join(' '));
    }
    const { toServer, back, roundTrip } = delaysByTimestamps(exchange);
    expect(toServer! + back!).toBe(roundTrip);
  });

  test('a second one is told as the first', () => {
    const run = conversationOf(parseRecording(twoMessages()))!;
    expect(run.exchanges.map(({ message }) => message.toString().split(':')[1])).toEqual(['Hello', 'Hello']);
    const told = renderStory(run.recording, plain);
    expect(matches(told, /^━━ \d+\. (.*?) ━/gm)).toEqual([
      'Before any message: the server',
      'The client connects',
      'The server accepts',
      ...['1', '2'].flatMap((n) => [
        `Message ${n}: the client sends`,
        `Message ${n}: the server receives and answers`,
        `Message ${n}: the client has its answer`,
      ]),
      'Goodbye',
    ]);
  });
});

/** The recording with everything between the prompt and its return once more, half a second later. */
function twoMessages(): string {
  const recording = hello();
  const later = 250_000_000;
  const from = callOf(recording, 'client', 'read').end;
  const until = callOf(recording, 'client', 'read', 1).start;
  const again = recording.calls
    .filter(({ end }) => end >= from && end < until)
    .map((call) => ({ ...call, start: call.start + later, end: call.end + later }));
  const rest = recording.calls.map((call) =>
    call.end < until ? call : { ...call, end: call.end + 2 * later, start: call.start + 2 * later },
  );
  return [...recording.processes, ...recording.frames, ...rest, ...again]
    .map((line) => JSON.stringify(line))
    .join('\n');
}

test('a wait that did not sleep is told with what it brought', () => {
  const busy = changed((recording) => {
    const select = callOf(recording, 'server', 'select', 1);
    Object.assign(select, { start: select.end - 1000, cpu: 1000 });
  });
  const receives = part('Message: the server receives and answers', renderStory(busy, plain));
  expect(receives).toMatch(
    /^\n *\d+ SERVER .*\n.*│ const \[rlist\] = select\(rfds, \[\], \[\]\);\n.* = 1 \(in \[22\]\)/,
  );
});

test('inferred packets are said to be inferred', () => {
  const inferred = changed(({ packets }) => {
    for (const packet of packets)
      Object.assign(packet, { inferred: true, interface: '', link: null, bytes: '' });
  });
  const told = renderStory(inferred, plain);
  expect(told).toContain('seq 0; not captured but inferred\n');
  expect(told).toContain('Message on the wire: 89 bytes at least, inferred, not captured\n');
  expect(told).toContain('SYN, seq 0, inferred ─');
  // Nor is a time told that nobody measured.
  expect(told).not.toMatch(/the SYN-ACK is there, .* later|on the wire .* before send\(\)/);
  expect(matches(told, /^ {4}KERNEL {2}(.)T[+-]/gm).every((sign) => sign === '≈')).toBe(true);
  expect(matches(told, /^ {4}KERNEL {2}(≈)T[+-]/gm).length).toBe(inferred.packets.length);
  expect(part('Summary of operations', told)).toContain('The packets were not captured');
});

describe('the timeline', () => {
  const timeline = part('Timeline');

  test('is in order, and has every event once', () => {
    const times = matches(timeline, /^T([+-][\d.]+)/gm).map(Number);
    expect(times.length).toBeGreaterThan(40);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.filter((time) => time === 0)).toHaveLength(1);
  });

  test('has the client on the left, the server on the right, and packets as arrows between them', () => {
    const line = (pattern: RegExp) => timeline.split('\n').find((line) => pattern.test(line))!;
    expect(line(/connect\(\)/).indexOf('connect()')).toBe(15);
    expect(line(/accept4\(\)/).indexOf('accept4()')).toBeGreaterThan(40);
    expect(line(/SYN, seq 0/)).toMatch(/^T\+[\d.]+ +─+ SYN, seq 0 ─+►$/);
    expect(line(/SYN ACK/)).toMatch(/^T\+[\d.]+ +◄─+ SYN ACK, seq 0, ack 1 ─+$/);
  });

  test('is a list where there is no room for columns', () => {
    const narrow = part('Timeline', renderStory(hello(), { color: false, width: 50 }));
    expect(narrow).toMatch(/^T\+[\d.]+ client: send\(\) 23 bytes$/m);
  });
});

test('the memory table has rfds and both ends after each step that changed them', () => {
  const table = part('Memory state at each step');
  const rows = table
    .split('\n')
    .filter((line) => /^ +\d+ /.test(line))
    .map((line) => line.trim().replace(/ +/g, ' '));
  expect(rows).toContain('14 [21 22] ESTAB 0 0 24 1 ESTAB 0 23 1 24');
  expect(rows.at(-1)).toMatch(/\[21\] closed closed$/);
});

test('the summary counts the calls of both, and says what the kernel did', () => {
  const summary = part('Summary of operations');
  const count = (role: 'client' | 'server', name: string) =>
    Number(
      summary.split('Server\n')[role === 'client' ? 0 : 1].match(new RegExp(`${name}\\(\\) +×(\\d+)`))?.[1],
    );
  expect([count('client', 'connect'), count('client', 'send'), count('client', 'read')]).toEqual([1, 1, 2]);
  expect([count('server', 'select'), count('server', 'recv'), count('server', 'getpeername')]).toEqual([
    4, 2, 2,
  ]);
  expect(summary).toContain('Shook hands: 3 packets');
  expect(summary).toContain('Carried 64 bytes in 2 segments');
});

test('the summary says which options were set, and what SO_REUSEADDR is for of that alone', () => {
  const reuse = 'SO_REUSEADDR, to take the port again at once';
  expect(part('Summary of operations')).toContain(reuse);
  const lingering = changed((recording) => {
    callOf(recording, 'server', 'setsockopt').args[2].text = 'SO_LINGER';
  });
  const summary = part('Summary of operations', renderStory(lingering, plain));
  expect(summary).toMatch(/setsockopt\(\) +×1 +SO_LINGER, [\d.]+ µs$/m);
  expect(summary).not.toContain('to take the port again');
});

test('a wait that a signal ended is told so when it returns, and not when it begins', () => {
  const ended = changed((recording) => {
    const last = recording.calls.findLast(({ name }) => name === 'select')!;
    Object.assign(last, { result: -4, errno: 'EINTR', ready: [] });
  });
  const told = renderStory(ended, plain);
  expect(matches(told, /(A signal interrupts select\(\))/g)).toHaveLength(1);
});

test('each contradicted claim is told with what was seen', () => {
  const said = part('What the walkthrough says, and what was seen');
  expect(said).toMatch(
    /✗ The encoded message is 26 bytes long\.\n {4}seen: 23 bytes\n {4}Message, client, step 4\n/,
  );
  expect(said.match(/✗/g)).toHaveLength(Number(said.match(/(\d+) contradicted/)![1]));
});

describe('how it looks', () => {
  test('what the programs printed does nothing to the terminal', () => {
    const recording = changed((run) => {
      const evil = Buffer.from('1.5:2.5:3.5:\x1b[2J\x07\x9b\r\n').toString('base64');
      callOf(run, 'client', 'recv').data = evil;
      callOf(run, 'client', 'write', 3).data = evil;
      callOf(run, 'client', 'read').data = evil;
      callOf(run, 'client', 'send').data = evil;
    });
    for (const width of [50, 80]) {
      const told = renderStory(recording, { color: false, width });
      expect(told).toContain('\\x1b[2J\\x07');
      expect([...told].filter((sign) => sign !== '\n' && /\p{Cc}/u.test(sign))).toEqual([]);
    }
  });

  test('no character is cut in two', () => {
    const recording = changed((run) => {
      callOf(run, 'client', 'write').data = Buffer.from('😀'.repeat(200)).toString('base64');
    });
    const halves = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
    for (const width of [50, 80, 81]) {
      expect(renderStory(recording, { color: false, width }).match(halves)?.input).toBe(undefined);
    }
  });

  test.each([60, 80, 100, 120, 200])('no line is longer than %i columns', (width) => {
    const lines = renderStory(hello(), { color: false, width }).split('\n');
    expect(lines.filter((line) => line.length > width)).toEqual([]);
    expect(lines.filter((line) => line !== line.trimEnd())).toEqual([]);
  });

  test('colours are the only difference that colours make', () => {
    const colored = renderStory(hello(), { ...plain, color: true });
    expect(colored).not.toBe(story);
    expect(stripVTControlCharacters(colored).replace(/ +$/gm, '')).toBe(story);
    expect(story).toBe(stripVTControlCharacters(story));
  });

  test('the same recording is told the same, and left as it is', () => {
    const recording = hello();
    expect(renderStory(recording, plain)).toBe(story);
    expect(recording).toEqual(hello());
  });
});

describe('other recordings', () => {
  test('one that ends anywhere is told as far as it goes', () => {
    const lines = helloText.trim().split('\n');
    for (let n = 0; n <= lines.length; n++) {
      const cut = parseRecording(lines.slice(0, n).join('\n'));
      expect(renderStory(cut, plain)).toMatch(/^\S.*\n$/s);
    }
  });

  test('one that lacks any one call is told', () => {
    for (let i = 0; i < hello().calls.length; i++) {
      expect(
        renderStory(
          changed(({ calls }) => calls.splice(i, 1)),
          plain,
        ),
      ).toContain('Timeline');
    }
  });

  test('a client that was refused is told so', () => {
    const refused = changed((recording) => {
      const connect = callOf(recording, 'client', 'connect');
      Object.assign(connect, { result: -111, errno: 'ECONNREFUSED', sockets: [] });
      const [server, client] = recording.processes;
      recording.calls = recording.calls.filter(({ pid, end }) => pid === client.pid && end <= connect.end);
      recording.processes = [server, client];
      recording.packets = [];
    });
    expect(part('The client connects', renderStory(refused, plain))).toMatch(
      / = -1 ECONNREFUSED .*\n {4}connect\(\) on fd 20 fails in the client: ECONNREFUSED\./,
    );
  });

  test('any other program is a plain list of its steps', () => {
    const told = renderStory(
      recordingOf([
        { name: 'socketpair', args: [{ name: 'sv', text: '[3, 4]', value: [3, 4] }] },
        { name: 'send', fd: 3, result: 2, args: [{ name: 'fd', text: '3', value: 3 }], data: base64('ab') },
        { name: 'recv', fd: 4, result: -11, errno: 'EAGAIN', args: [{ name: 'fd', text: '4', value: 4 }] },
      ]),
      plain,
    );
    expect(matches(told, /^ *(\d+ pid 7 {2}T\+[\d.]+)$/gm)).toEqual([
      '1 pid 7  T+0.000000',
      '2 pid 7  T+0.000002',
      '3 pid 7  T+0.000004',
    ]);
    expect(told).toContain('    recv(4) = -1 EAGAIN  [took 1 µs]\n');
    expect(told).not.toMatch(/walkthrough|Timeline/);
  });

  test('a recording without calls says that it has none', () => {
    expect(renderStory(recordingOf([]), plain)).toBe('The recording has no calls.\n');
  });
});
