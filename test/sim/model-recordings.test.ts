// Recordings of real runs, replayed on the simulated kernel: what every call of every process got there, it gets here.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseRecording, type Recording } from '../../src/interpose/recorder/recording.ts';
import { hello } from '../support/hello-recording.ts';
import { isLinux } from '../support/platform.ts';
import { cli, Program, within } from '../support/programs.ts';
import { sampleRecording } from '../support/sample-recording.ts';
import { replay } from './model-replay.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'rfds-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

function agrees(recording: Recording): void {
  const compared = replay(recording);
  expect(compared.map(({ call, modelled }) => [call, modelled])).toEqual(
    compared.map(({ call, recorded }) => [call, recorded]),
  );
  const calls = recording.calls.map(({ name }) => name);
  for (const name of ['bind', 'accept4', 'connect', 'recv', 'send', 'close']) {
    const replayed = compared.filter(({ call }) => call.split(' ')[1] === name);
    expect([name, replayed.length]).toEqual([name, calls.filter((one) => one === name).length]);
  }
}

/** A run of a server and of two clients, one after the other, that say something and are answered. */
async function record(loop: string): Promise<Recording> {
  const file = path.join(folder, `${loop}.ndjson`);
  const env = (role: string) => ({ RFDS_TRACE: file, RFDS_TRACE_ROLE: role });
  const args = ['server', '--host', '127.0.0.1', '--port', '0', '--loop', loop];
  await using server = new Program(process.execPath, [cli, ...args], env('server'));
  const [, port] = await server.has(/Listening on \('127\.0\.0\.1', (\d+)\)\n/);
  for (const words of [['Hello', 'Grüße'], ['Goodbye']]) {
    await using client = new Program(process.execPath, [cli, 'client', '127.0.0.1', port], env('client'));
    let said = 0;
    for (const line of words) {
      await client.has(/> $/, 'stdout', said);
      said = client.stdout.length;
      client.type(`${line}\n`);
    }
    await client.has(/:.*\n> $/s, 'stdout', said);
    client.type('', 'last');
    await within(client.exited, 'the end of the client');
  }
  await server.stop();
  return parseRecording(readFileSync(file, 'utf8'));
}

describe.skipIf(!isLinux)(isLinux ? 'a recording' : 'the recordings are of Linux:', () => {
  test('that the tests keep is what the simulated kernel does', () => agrees(hello()));

  test('that the tests make up is what the simulated kernel does', () =>
    agrees(sampleRecording({ messages: 3 })));

  test.each(['select', 'poll', 'epoll', 'epoll-edge', 'selectors'])(
    'of the %s loop, made here and now, is what the simulated kernel does',
    async (loop) => agrees(await record(loop)),
  );
});
