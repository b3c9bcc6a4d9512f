// Runs here and now, recorded, of every loop: what is told of the kept recording must hold for them too.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, test } from 'vitest';
import { parseRecording } from '../../src/interpose/recorder/recording.ts';
import { conversationOf } from '../../src/tools/trace/analyse/dialogue.ts';
import { checkClaims, claims, renderClaims } from '../../src/tools/trace/render/claims/claims.ts';
import { traceDocument } from '../../src/tools/trace/render/perfetto.ts';
import { renderStory } from '../../src/tools/trace/render/terminal/story.ts';
import { cli, loops, Program, within } from '../support/programs.ts';

// The recorder is a part of its own; without it there is nothing to run.
const hasRecorder = existsSync(new URL('../../src/interpose/recorder/recorder.ts', import.meta.url));
// Node's own loop makes no call of ours.
const recorded = loops.filter((loop) => loop !== 'node');

const schemaOf = (file: string) => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
const options = { allErrors: true, strict: false };
const isLine = new Ajv2020(options).compile(schemaOf('../../src/interpose/recorder/recording.schema.json'));
const isDocument = new Ajv2020(options).compile(schemaOf('../tools/trace/trace-event.schema.json'));

const folder = mkdtempSync(path.join(tmpdir(), 'rfds-runs-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

/** The recording of a server, and of a client that says these lines. */
async function record(loop: string, lines: string[]): Promise<string> {
  const file = path.join(folder, `${++count}.ndjson`); // A recording is added to what is there.
  const env = (role: string) => ({ RFDS_TRACE: file, RFDS_TRACE_ROLE: role, RFDS_TRACE_STATE: 'all' });
  const args = ['server', '--host', '127.0.0.1', '--port', '0', '--loop', loop];
  await using server = new Program(process.execPath, [cli, ...args], env('server'));
  const [, port] = await server.has(/Listening on \('127\.0\.0\.1', (\d+)\)\n/);
  await using client = new Program(process.execPath, [cli, 'client', '127.0.0.1', port], env('client'));
  let said = 0;
  for (const line of lines) {
    await client.has(/> $/, 'stdout', said);
    said = client.stdout.length;
    client.type(`${line}\n`);
  }
  await client.has(/:.*\n> $/s, 'stdout', said);
  client.type('', 'last');
  await within(client.exited, 'the end of the client');
  await server.stop();
  return readFileSync(file, 'utf8');
}

describe.skipIf(!hasRecorder)(
  hasRecorder ? 'a run' : 'src/interpose/recorder/recorder.ts is missing:',
  () => {
    test.each(recorded)(
      'with the %s server fits the schema, and is told as story, claims and trace events',
      async (loop) => {
        const text = await record(loop, ['Hello', 'Grüße', 'Hello again']);
        const refused = text.split('\n').filter((line) => line !== '' && !isLine(JSON.parse(line)));
        expect(refused).toEqual([]);
        const recording = parseRecording(text);
        const { exchanges } = conversationOf(recording)!;
        expect(exchanges.map(({ message }) => message.toString().replace(/^[\d.]+:/, ''))).toEqual([
          'Hello',
          'Grüße',
          'Hello again',
        ]);
        expect(
          exchanges.every(({ reads, answers, shown }) => reads.length > 0 && answers.length > 0 && shown),
        ).toBe(true);
        expect(renderStory(recording, { color: false, width: 80 })).toContain(
          'Message 3: the client has its answer',
        );
        expect(renderClaims(recording).match(/^\| \d+ \|/gm)).toHaveLength(claims.length);
        expect([isDocument(traceDocument(recording)), isDocument.errors]).toEqual([true, null]);
      },
    );

    test('with the select server shows every claim that needs no packets and no luck', async () => {
      const checked = checkClaims(parseRecording(await record('select', ['Hello'])));
      const hidden = checked.filter(({ verdict }) => verdict === 'not visible');
      const unexplained = hidden
        .filter(({ measured }) => !/captured|packet/.test(measured))
        .map(({ id }) => id);
      // What no call shows; and which of two processes was first, where they run at once.
      const luck = ['time-twice', 'decoded', 'sendall-returns', 'connect-waits-for-server'];
      expect(unexplained.filter((id) => !luck.includes(id))).toEqual([]);
      const verdicts = new Map(checked.map(({ id, verdict }) => [id, verdict]));
      for (const id of [
        'reuseaddr',
        'established',
        'accept-printed',
        'response-format',
        'three-times',
        'delay-sum',
      ]) {
        expect([id, verdicts.get(id)]).toEqual([id, 'seen']);
      }
      for (const id of ['message-26', 'response-45', 'server-fd-3', 'client-recv-1024']) {
        expect([id, verdicts.get(id)]).toEqual([id, 'contradicted']);
      }
    });
  },
);
