// Bars 1 and 5 of the tracing: what a run records and what strace sees of the same run agree call by
// call, and what stands between the calls is the recorder's own and said so.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { recordedCalls } from '../../src/interpose/recorder/call-decoders.ts';
import { type CallLine, parseRecording, type Recording } from '../../src/interpose/recorder/recording.ts';
import { callOf, kernelName } from '../../src/kernel/calls.ts';
import { renderStrace } from '../../src/tools/trace/render/strace.ts';
import { cli, loops, Program, within } from '../support/programs.ts';
import { hasStrace, parseStrace, readStrace, type TracedCall, withoutEngine } from '../support/strace.ts';

const everyCall = fileURLToPath(new URL('./every-call.mjs', import.meta.url));

interface Traced {
  recording: Recording;
  /** By pid. */
  straces: Map<number, TracedCall[]>;
}

/** The documented conversation, both programs recorded and under strace. */
async function converse(loop: string, state: string): Promise<Traced> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rfds-'));
  try {
    const file = path.join(folder, 'recording');
    const start = (role: string, args: string[]) => {
      const strace = [
        '-f',
        '-tt',
        '-I',
        '2',
        '-o',
        path.join(folder, role),
        process.execPath,
        cli,
        role,
        ...args,
      ];
      return new Program('strace', strace, {
        RFDS_TRACE: file,
        RFDS_TRACE_ROLE: role,
        RFDS_TRACE_STATE: state,
      });
    };
    await using server = start('server', ['--host', '127.0.0.1', '--port', '0', '--loop', loop]);
    const [, port] = await server.has(/Listening on \('127\.0\.0\.1', (\d+)\)\n/);
    await using client = start('client', ['127.0.0.1', port]);
    client.type('Hello\n');
    await client.has(/:Hello\n> /);
    client.type('wörld "\\\0\x011\n', 'last');
    expect(await within(client.exited, 'the end of the client')).toBe(0);
    await server.asleep();
    const straced = () => readFileSync(path.join(folder, 'server'), 'utf8');
    await within(backInItsLoop(straced), 'the server back in its loop');
    const pid = Number.parseInt(straced(), 10);
    process.kill(pid, 'SIGINT');
    expect(await within(server.exited, 'the end of the server')).toBe(130);
    const straces = ['server', 'client'].map((role) => readStrace(path.join(folder, role)));
    return {
      recording: parseRecording(readFileSync(file, 'utf8')),
      straces: new Map(
        straces.map((calls) => [calls[0].tid, calls.filter(({ tid }) => tid === calls[0].tid)]),
      ),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// Until the server has heard the client's end, and waits in its loop: a line that strace has only begun.
async function backInItsLoop(straced: () => string): Promise<void> {
  const end = /(?:recvfrom\(\d+, |recvfrom resumed>)"", 1024, 0, NULL, NULL\) += 0\n/;
  for (;;) {
    const pid = String(Number.parseInt(straced(), 10));
    const [, ...after] = straced().split(end);
    const last =
      after
        .at(-1)
        ?.split('\n')
        .findLast((line) => line.startsWith(pid)) ?? '';
    if (/ (pselect6\(.*|poll\(.*, -1|epoll_p?wait\(\d+, )( <unfinished ...>)?$/.test(last)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

// What neither knows of the other: addresses in memory, the kernel's flags of a signal's handler, the
// nanoseconds of a timeout that select has in microseconds, and of the others what libc keeps to itself.
const normal = (text: string) =>
  text
    .replace(/0x[0-9a-f?]{1,}(?![\w|])/g, (pointer) =>
      pointer.length > 8 || pointer === '0x?' ? 'POINTER' : pointer,
    )
    .replace(/sa_flags=[^}]*}/, 'sa_flags=…}')
    .replace(/left \{tv_sec=\d+, tv_nsec=\d+\}/, 'left …');
const keepsLeft = ({ name, args }: TracedCall) => name === 'ppoll' || args.endsWith('sigsetsize=8}');
const line = (call: TracedCall) => {
  const text = normal(`${call.name}(${call.args}) = ${call.result}`);
  return keepsLeft(call) ? text.replace(/, left …/, '') : text;
};

// The handler in C writes to the thread that sends the signal again, in case it came too early.
const isHandlers = ({ name, args }: TracedCall) =>
  name === 'rt_sigreturn' || (name === 'write' && /"(\\0|\*)", 1$/.test(args));
// Around a call of sigaction: what was there is asked for, libuv sets its own (all signals masked), and the
// first handler sets that of the kicks.
const isOthersAction = ({ name, args }: TracedCall) =>
  name === 'rt_sigaction' && /^(\w+, NULL|SIGRT)|sa_mask=~/.test(args);
// The first handler starts the kick thread (native/threads.h).
const startsKickThread = new Set(['gettid', 'getpid', 'pipe2', 'fcntl', 'rt_sigprocmask', 'clone3', 'clone']);
// Before it, the command loads rfds/signal, and libuv's loop turns.
const turnsLoop = new Set(['epoll_pwait', 'epoll_ctl', 'read']);

/**
 * Walks through what strace saw, record by record: the calls observed before it, the call, the calls
 * observed behind it. Returns the pairs of lines; throws at a call that is none of these.
 */
function pairs(
  calls: CallLine[],
  rendered: TracedCall[],
  straced: TracedCall[],
  traceFd: number,
): [string, string][] {
  const strace = withoutEngine(straced);
  let at = strace.findIndex(({ name, args }) => name === 'write' && args.startsWith(`${traceFd},`));
  at = strace.findIndex(({ name, args }, i) => i > at && name === 'clock_gettime' && /THREAD_CPU/.test(args));
  const files = new Set<number>();
  // V8 reads the thread's time as the recorder does, when it collects garbage: a few times in a run.
  let timesOfV8 = 0;
  const isRecorders = ({ name, args, result }: TracedCall) => {
    const fd = Number.parseInt(args, 10);
    if (name === 'openat' && /\.([mc]?js|ts|map|json)", O_RDONLY/.test(args)) files.add(Number(result));
    // A module that the command loads when it needs it.
    else if (['statx', 'readlink'].includes(name) && /"[^"]*\/dist\b[^"]*"/.test(args)) return true;
    else if (files.has(fd) && ['read', 'close', 'fstat', 'statx', 'lseek'].includes(name)) {
      if (name === 'close') files.delete(fd);
    } else return name === 'write' && fd === traceFd;
    return true;
  };
  const next = (wanted: string, record: CallLine): TracedCall => {
    for (; ; at++) {
      const call = strace[at];
      if (call === undefined) throw new Error(`strace saw no ${wanted} of record ${record.n}`);
      if (isRecorders(call)) continue;
      if (isOthersAction(call) && record.name === 'sigaction') continue;
      if (call.name === wanted && !(wanted === 'clock_gettime' && !/THREAD_CPU/.test(call.args))) {
        at++;
        return call;
      }
      const isOther =
        (call.name === 'clock_gettime' && /THREAD_CPU/.test(call.args) && ++timesOfV8 < 4) ||
        isHandlers(call) ||
        (record.name === 'sigaction' && (startsKickThread.has(call.name) || turnsLoop.has(call.name)));
      if (!isOther) throw new Error(`${line(call)} where ${wanted} of ${JSON.stringify(record)} was to come`);
    }
  };
  return calls.map((record, i) => {
    const observed = (record.observed ?? []).map((name) => kernelName(name, 'linux', process.arch) ?? name);
    const before = observed.indexOf('clock_gettime') + 1;
    for (const name of observed.slice(0, before)) next(name, record);
    const seen = next(rendered[i].name, record);
    for (const name of observed.slice(before)) next(name, record);
    return [line(rendered[i]), line(seen)];
  });
}

const runs = loops
  .filter((loop) => loop !== 'node')
  .map((loop) => [loop, 'call'])
  .concat([
    ['select', 'none'],
    ['epoll', 'all'],
  ]);

describe.skipIf(!hasStrace)(hasStrace ? 'under strace' : 'strace is missing, or may not trace:', () => {
  describe.each(runs)('the %s server and the client, state: %s', (loop, state) => {
    let traced: Traced;
    beforeAll(async () => {
      traced = await converse(loop, state);
    }, 60_000);

    for (const role of ['server', 'client']) {
      test(`the ${role}'s calls are those that strace saw, and between them are only the recorder's looks`, () => {
        const { recording, straces } = traced;
        const { pid } = recording.processes.find((line) => line.role === role)!;
        const calls = recording.calls.filter((call) => call.pid === pid).sort((a, b) => a.n - b.n);
        expect(calls.map(({ n }) => n)).toEqual(calls.map((_, i) => i));
        const rendered = parseStrace(renderStrace(recording)).filter(({ tid }) => tid === pid);
        expect(rendered.length).toBe(calls.length);
        const found = pairs(calls, rendered, straces.get(pid)!, 1000);
        expect(found.map(([ours]) => ours)).toEqual(found.map(([, theirs]) => theirs));
        const names =
          role === 'server'
            ? ['socket', 'bind', 'listen', 'accept4', 'recvfrom', 'sendto', 'close']
            : ['socket', 'connect', 'sendto', 'recvfrom', 'read', 'write', 'close'];
        expect(new Set(rendered.map(({ name }) => name))).toEqual(expect.objectContaining(new Set(names)));
      });
    }

    test('each call has the line of its program that made it, as it is in the source', () => {
      const { processes, calls, frames } = traced.recording;
      const server = loop === 'epoll-edge' ? '(epoll|epoll-edge)' : loop;
      for (const call of calls) {
        const { role, pid } = processes.find((line) => line.pid === call.pid)!;
        const at = frames.find((frame) => frame.pid === pid && frame.id === call.at)!;
        const programs = role === 'server' ? `programs/${server}-server` : 'programs/client';
        const isCommand = ['src/cli.ts', 'src/programs/command.ts'].includes(at.file);
        if (!isCommand) expect(at.file).toMatch(new RegExp(`^src/${programs}\\.ts$`));
        // What is before and around the loop.
        const isCommands = ['sigaction', 'epoll_create1', 'close'].includes(call.name);
        if (isCommand) expect([call.name, isCommands]).toEqual([call.name, true]);
        const source = readFileSync(new URL(`../../${at.file}`, import.meta.url), 'utf8').split('\n');
        expect(source[at.line - 1].trim()).toBe(at.text);
        expect(at.text).not.toMatch(/^(\/\/|\*|import|$)/);
      }
    });

    test('its descriptors, data, errors and ready lists are what the arguments say', () => {
      for (const call of traced.recording.calls) {
        expect(call.end).toBeGreaterThanOrEqual(call.start);
        expect(call.result < 0).toBe(call.errno !== undefined);
        if (/^(recv|send|read|write)$/.test(call.name)) {
          expect(call.fd).toBe(Number(call.args[0].text));
          expect(Buffer.from(call.data ?? '', 'base64').length).toBe(Math.max(call.result, 0));
        }
        if (call.ready) expect(call.ready.length).toBe(Math.max(call.result, 0));
      }
    });
  });

  test('every call is written as strace writes it, whatever its arguments', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'rfds-'));
    try {
      const [file, output] = ['recording', 'strace'].map((name) => path.join(folder, name));
      const command = [process.execPath, everyCall, pathToFileURL(cli).href];
      await using program = new Program('strace', ['-f', '-o', output, ...command], { RFDS_TRACE: file });
      expect([await within(program.exited, 'its end'), program.stderr]).toEqual([0, '']);
      const recording = parseRecording(readFileSync(file, 'utf8'));
      const { pid } = recording.processes[0];
      const rendered = parseStrace(renderStrace(recording));
      const strace = readStrace(output).filter(({ tid }) => tid === pid);
      const found = pairs(recording.calls, rendered, strace, 1000);
      expect(found.map(([ours]) => ours)).toEqual(found.map(([, theirs]) => theirs));
      expect(new Set(recording.calls.map(({ name }) => name))).toEqual(
        new Set(recordedCalls.map((name) => callOf(name)?.libc ?? name)),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
