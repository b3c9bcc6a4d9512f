// A recording as Chrome's JSON: valid by the format's document, every call and packet on its track,
// an arrow from each send to the recv that got its bytes. (Perfetto's own trace_processor is no
// package that could be installed here: its importer's rules are what the last tests say.)

import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import type { Recording } from '../../../src/interpose/recorder/recording.ts';
import { flows, socketLives } from '../../../src/tools/trace/analyse/sockets.ts';
import {
  renderPerfetto,
  type TraceDocument,
  type TraceEvent,
  traceDocument,
} from '../../../src/tools/trace/render/perfetto.ts';
import { base64, changed, hello, recordingOf } from '../../support/hello-recording.ts';

const schema = JSON.parse(readFileSync(new URL('./trace-event.schema.json', import.meta.url), 'utf8'));
const isDocument = new Ajv2020({
  allErrors: true,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  allowUnionTypes: true,
}).compile(schema);
const of = ({ traceEvents }: TraceDocument, ph: TraceEvent['ph']) =>
  traceEvents.filter((event) => event.ph === ph);
const document: TraceDocument = JSON.parse(renderPerfetto(hello()));
const [server, client] = hello().processes;

describe('the document', () => {
  test('is valid by the format', () => {
    expect([isDocument(document), isDocument.errors]).toEqual([true, null]);
  });

  test('the format would have refused it otherwise', () => {
    const [call] = of(document, 'X');
    const [start] = of(document, 's');
    const wrong = [
      { ...call, dur: undefined },
      { ...call, ts: '1' },
      { ...call, ph: 'Y' },
      { ...start, id: undefined },
      { ...start, extra: 1 },
    ];
    for (const event of wrong)
      expect(isDocument({ traceEvents: [JSON.parse(JSON.stringify(event))] })).toBe(false);
  });

  test('is valid for a recording of nothing, with a note and worker threads, and of inferred packets', () => {
    const nothing = { processes: [], frames: [], sources: [], calls: [], packets: [], notes: [] };
    const threads = recordingOf([
      { name: 'socket', result: 3 },
      { name: 'socket', result: 4, thread: 2 },
    ]);
    threads.notes.push({ type: 'note', at: 5, text: 'no right to capture' });
    const inferred = changed(({ packets }) => {
      for (const packet of packets)
        Object.assign(packet, { inferred: true, interface: '', link: null, bytes: '' });
    });
    for (const recording of [nothing, threads, inferred]) {
      expect([isDocument(traceDocument(recording)), isDocument.errors]).toEqual([true, null]);
    }
  });

  test('begins at 0 and says when that was', () => {
    expect(Math.min(...document.traceEvents.map(({ ts }) => ts))).toBe(0);
    const start = BigInt(document.otherData['ts 0 in nanoseconds since 1970']);
    expect(start).toBe(BigInt(server.realtimeOffset) + BigInt(server.start));
  });
});

describe('calls and packets', () => {
  test('each call is one event of its length on its thread, with its arguments and source line', () => {
    const { calls } = hello();
    expect(of(document, 'X')).toHaveLength(calls.length);
    for (const [i, event] of of(document, 'X').entries()) {
      expect(event.name).toBe(calls[i].name);
      expect(event.pid).toBe(calls[i].pid);
      expect(event.dur).toBeCloseTo((calls[i].end - calls[i].start) / 1000, 3);
      expect(event.args?.result).toBe(calls[i].result);
    }
    const recv = of(document, 'X').find(({ name, pid }) => name === 'recv' && pid === server.pid)!;
    expect(recv.args).toMatchObject({
      file: 'src/programs/select-server.ts',
      text: 'const data = client_socket.recv(1024);',
    });
    expect(recv.args?.call).toMatch(/^recv\(\d+, "\d+\.\d+:Hello", 1024, 0\) = 23/);
  });

  test('each packet is an instant on the track of its interface', () => {
    const packets = of(document, 'i');
    expect(packets).toHaveLength(hello().packets.length);
    expect(new Set(packets.map(({ pid, tid }) => `${pid} ${tid}`)).size).toBe(1);
    expect(packets[0].name).toBe('SYN seq 0');
  });

  test('every track has a name: the programs, their threads, and the wire between them', () => {
    const named = (kind: string) =>
      new Map(
        of(document, 'M')
          .filter(({ name }) => name === kind)
          .map(({ pid, tid, args }) => [`${pid} ${tid}`, args]),
      );
    expect([...named('process_name').values()]).toEqual([
      { name: 'server' },
      { name: 'client' },
      { name: 'wire' },
    ]);
    expect([...named('process_sort_index').values()]).toEqual([
      { sort_index: 2 },
      { sort_index: 0 },
      { sort_index: 1 },
    ]);
    const tracks = document.traceEvents.filter(({ ph }) => ph !== 'M').map(({ pid, tid }) => `${pid} ${tid}`);
    expect([...new Set(tracks)].toSorted()).toEqual([...named('thread_name').keys()].toSorted());
  });
});

describe('as Perfetto reads it', () => {
  test("no two tracks share a thread id, which it takes to be the machine's", () => {
    const many = changed(({ calls }) => {
      for (const call of calls.slice(0, 6)) call.thread = call.n % 3;
    });
    const tracks = new Set(traceDocument(many).traceEvents.map(({ pid, tid }) => `${pid} ${tid}`));
    expect(new Set([...tracks].map((track) => track.split(' ')[1])).size).toBe(tracks.size);
  });

  test('calls of a thread do not overlap', () => {
    for (const { pid } of [server, client]) {
      const calls = of(document, 'X')
        .filter((event) => event.pid === pid)
        .toSorted((a, b) => a.ts - b.ts);
      for (const [i, call] of calls.entries()) {
        if (i > 0) expect(call.ts).toBeGreaterThanOrEqual(calls[i - 1].ts + calls[i - 1].dur!);
      }
    }
  });

  test('both ends of an arrow have the same name, category and id, and lie within the calls that they join', () => {
    expect(arrowsOf(document)).toEqual([
      [client.pid, 'send', server.pid, 'recv', 23],
      [server.pid, 'send', client.pid, 'recv', 41],
    ]);
  });
});

// The arrows: from whom and where to, by the calls that their ends are in.
function arrowsOf(document: TraceDocument) {
  const around = ({ tid, ts }: TraceEvent) =>
    of(document, 'X').find((call) => call.tid === tid && call.ts <= ts && ts <= call.ts + call.dur!)!;
  return of(document, 's').map((start) => {
    const same = ({ id, name, cat }: TraceEvent) =>
      id === start.id && name === start.name && cat === start.cat;
    const ends = of(document, 'f').filter(same);
    expect(ends).toMatchObject([{ bp: 'e' }]);
    expect(ends[0].ts).toBeGreaterThan(start.ts);
    const [from, to] = [around(start), around(ends[0])];
    return [from.pid, from.name, to.pid, to.name, start.args?.bytes];
  });
}

describe('which bytes went where', () => {
  const pair = { name: 'socketpair', args: [{ name: 'sv', text: '[3, 4]', value: [3, 4] }] };
  const sent = (text: string) => ({ name: 'send', fd: 3, result: text.length, data: base64(text) });
  const received = (text: string) => ({ name: 'recv', fd: 4, result: text.length, data: base64(text) });
  // By the numbers of the calls.
  const arrows = (recording: Recording) =>
    flows(socketLives(recording)).map(({ from, to, bytes }) => [from.n, to.n, bytes]);

  test('two sends that arrive as one are two arrows, one that arrives as two as well', () => {
    const joined = recordingOf([pair, sent('ab'), sent('cde'), received('abcde')]);
    expect(arrows(joined)).toEqual([
      [1, 3, 2],
      [2, 3, 3],
    ]);
    expect(of(traceDocument(joined), 's')).toHaveLength(2);
    expect(arrows(recordingOf([pair, sent('abcde'), received('ab'), received('cde')]))).toEqual([
      [1, 2, 2],
      [1, 3, 3],
    ]);
  });

  test('what was peeked at or failed does not count', () => {
    const peeked = {
      ...received('ab'),
      args: [{ name: 'flags', text: 'MSG_PEEK|MSG_DONTWAIT', value: ['MSG_PEEK', 'MSG_DONTWAIT'] }],
    };
    const failed = { name: 'recv', fd: 4, result: -11, errno: 'EAGAIN' };
    expect(arrows(recordingOf([pair, failed, sent('ab'), peeked, received('ab')]))).toEqual([[2, 4, 2]]);
  });

  test('a descriptor that was closed is another one when it comes back', () => {
    const closed = { name: 'close', args: [{ name: 'fd', text: '4', value: 4 }], fd: 4 };
    expect(arrows(recordingOf([pair, sent('ab'), closed, { ...received('ab'), name: 'read' }]))).toEqual([]);
    const again = [pair, sent('ab'), closed, { name: 'socket', result: 4 }, received('ab')];
    expect(arrows(recordingOf(again))).toEqual([]);
  });

  test('bytes that nobody received have no arrow', () => {
    expect(arrows(recordingOf([pair, sent('ab'), sent('cd'), received('ab')]))).toEqual([[1, 3, 2]]);
  });
});
