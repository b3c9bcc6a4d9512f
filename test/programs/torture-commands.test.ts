// Torture, as torture.test.ts, of the programs as their users run them, on the real kernel: `rfds server` with each loop
// and `rfds client` go on, or end with one line and status 1; the examples end with the error or go on. RFDS_FAULTS makes
// their calls fail, RFDS_LEDGER looks for what is left open.
//
// A sample of it here; RFDS_TORTURE=1 (npm run torture) all of it.

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallName } from '../../src/kernel/calls.ts';
import { type Failure, failuresOf } from '../support/failures.ts';
import { cli, freePort, loops, Program, within } from '../support/programs.ts';
import { converse, ordinary } from '../support/torture.ts';

const isWhole = Number(process.env.RFDS_TORTURE ?? 0) > 0;
const TIMEOUT = isWhole ? 7_200_000 : 120_000;
const counter = new URL('../support/count-calls.mjs', import.meta.url).href;

const environmentOf = (failure: Failure | null): NodeJS.ProcessEnv =>
  failure === null
    ? { NODE_OPTIONS: `--import=${counter}` }
    : {
        RFDS_LEDGER: '1',
        RFDS_FAULTS: `${failure.call}:error=${failure.error}:when=${failure.nth},log`,
      };

const nameOf = ({ call, nth, error }: Failure) => `${call} #${nth} ${error}`;

/** How a run of a program ended. */
interface Ending {
  status: number | NodeJS.Signals;
  stdout: string;
  stderr: string;
  /** How many clients were refused something. */
  hurt: number;
}

function countsIn({ stderr }: Ending): Map<CallName, number> {
  const counts = new Map<CallName, number>();
  for (const [, name] of stderr.matchAll(/^call (\w+)$/gm) as Iterable<[string, CallName]>)
    counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Has a program fail in all ways, two at a time; what was wrong with it. */
async function torture(
  run: (failure: Failure | null) => Promise<Ending>,
  problemOf: (failure: Failure, ending: Ending) => string | null,
  choose: (failures: Failure[]) => Failure[],
): Promise<string[]> {
  const before = await run(null);
  expect(before).toMatchObject({ hurt: 0, stderr: expect.stringMatching(/^(call \w+\n)+$/) });
  const failures = choose(failuresOf(countsIn(before)));
  const left = [...failures];
  const wrong: string[] = [];
  const work = async () => {
    for (let failure = left.shift(); failure !== undefined; failure = left.shift()) {
      const problem = await run(failure).then(
        (ending) => problemOf(failure!, ending),
        (error) => (error as Error).message,
      );
      if (problem !== null) wrong.push(`${nameOf(failure)}: ${problem}`);
    }
  };
  await Promise.all([work(), work()]);
  if (isWhole) console.log(`${failures.length} failures`);
  return wrong;
}

/** Of a command: what is wrong with how it ended; null: nothing. status: that of a run without a failure. */
function wrongWithCommand(status: number, { error }: Failure, ending: Ending): string | null {
  const told = ending.stderr.split('\n').filter((line) => line !== '');
  if (!told.some((line) => line.startsWith('rfds faults: '))) return null; // It did not come to that call.
  const leaks = told.filter((line) => /^rfds ledger: .*(never closed|closed twice)/.test(line));
  const own = told.filter((line) => !/^(rfds (faults|ledger): |Listening )/.test(line));
  const all = JSON.stringify(ending);
  if (leaks.length > 0 || own.some((line) => !/^rfds (server|client): /.test(line))) return all;
  if (ending.status === status) return ending.hurt > 1 ? all : null;
  const last = own.at(-1);
  return ending.status === 1 && last?.includes(error) ? null : all;
}

/** Whether a server listens, before it ends. */
async function listens(server: Program, port: number): Promise<boolean> {
  const connects = () =>
    new Promise<boolean>((resolve) => {
      const probe = connect(port, '127.0.0.1', () => {
        probe.destroy();
        resolve(true);
      }).on('error', () => resolve(false));
    });
  const waiting = async () => {
    while (server.child.exitCode === null) {
      if (await connects()) return true;
      await pause(10);
    }
    return false;
  };
  return within(waiting(), 'a server that listens, or ends');
}

/** In the whole, of each call the first and the last one, with all errnos; else a few. */
const few = (seed: number) => (failures: Failure[]) => {
  const lasts = new Map(failures.map(({ call, nth }) => [call, nth]));
  const edges = failures.filter(({ call, nth }) => nth === 1 || nth === lasts.get(call));
  return isWhole ? edges : edges.filter((_, i) => i % 97 === (seed * 13) % 97);
};

describe.each(loops)('rfds server --loop %s', (loop) => {
  test(
    'goes on, or ends with one line and status 1, whatever call of it fails',
    async () => {
      const run = async (failure: Failure | null): Promise<Ending> => {
        const args = [cli, 'server', '--host', '127.0.0.1', '--port', '0', '--loop', loop];
        await using server = new Program(process.execPath, args, environmentOf(failure));
        let hurt = 0;
        const listening = await server.has(/Listening on \('127\.0\.0\.1', (\d+)\)\n/).catch(() => null);
        if (listening !== null) {
          hurt = await converse(Number(listening[1]), ordinary);
          server.kill('SIGINT');
        }
        const status = await within(server.exited, 'the end of the server');
        return { status, stdout: server.stdout, stderr: server.stderr, hurt };
      };
      const wrong = await torture(run, wrongWithCommand.bind(null, 130), few(loops.indexOf(loop)));
      expect(wrong).toEqual([]);
    },
    TIMEOUT,
  );
});

const withoutTimes = (text: string) => text.replaceAll(/\d{10}\.\d{1,7}:/g, '');

// What changes nothing that a client can see but the time that it takes.
test.each([
  '*:error=EINTR',
  'recv:short=3,send:short=2,read:short=1',
  '*:error=EINTR:chance=0.5,*:delay=2:chance=0.3,seed=5',
])(
  'every server and the client have the whole conversation with %s',
  async (faults) => {
    const talks = loops.map(async (loop) => {
      const args = [cli, 'server', '--host', '127.0.0.1', '--port', '0', '--loop', loop];
      const env = { RFDS_FAULTS: faults };
      await using server = new Program(process.execPath, args, env);
      const [, port] = await server.has(/Listening on \('127\.0\.0\.1', (\d+)\)\n/);
      const hurt = await converse(Number(port), ordinary).catch((error) => `${loop}: ${error.message}`);
      expect(hurt).toBe(0);
      await using client = new Program(process.execPath, [cli, 'client', '127.0.0.1', port], env);
      client.type('Hello\nHello again\n', 'last');
      expect(await within(client.exited, 'the end of the client')).toBe(0);
      // The time in a message may have been received in pieces, with another one between them.
      expect(withoutTimes(withoutTimes(client.stdout))).toBe(
        'Type messages and press Enter\nTo quit: Ctrl+C or Ctrl+D\n> Hello\n> Hello again\n> \n',
      );
      server.kill('SIGINT');
      expect(await within(server.exited, 'the end of the server')).toBe(130);
      expect(server.stderr + client.stderr).toBe('');
    });
    // All of them end, whatever becomes of one: each has processes.
    const failed = (await Promise.allSettled(talks)).filter(({ status }) => status === 'rejected');
    expect(failed).toEqual([]);
  },
  TIMEOUT,
);

/** A server that answers as the documented one does. */
let answering: Server;
let answeringPort = 0;
beforeAll(async () => {
  const answer = (socket: Socket) =>
    socket.on('error', () => {}).on('data', (data) => socket.write(`1700000000.5:${data}`));
  answering = createServer(answer);
  await new Promise<void>((resolve) => answering.listen(0, '127.0.0.1', resolve));
  answeringPort = (answering.address() as { port: number }).port;
});
afterAll(() => answering.close());

/** Runs a program to its end. */
async function toEnd(args: string[], failure: Failure | null, typed: string): Promise<Ending> {
  await using program = new Program(process.execPath, args, environmentOf(failure));
  program.type(typed, 'last');
  const status = await within(program.exited, 'its end');
  return { status, stdout: program.stdout, stderr: program.stderr, hurt: 0 };
}

test(
  'rfds client goes on, or ends with one line and status 1, whatever call of it fails',
  async () => {
    const run = (failure: Failure | null) =>
      toEnd([cli, 'client', '127.0.0.1', String(answeringPort)], failure, 'Hello\nHello again\n');
    const problemOf = (failure: Failure, ending: Ending) => {
      const answers = ending.stdout.match(/:Hello\n|:Hello again\n/g)?.length;
      return ending.status === 0 && answers !== 2
        ? `${answers} answers: ${ending.stdout}`
        : wrongWithCommand(0, failure, ending);
    };
    expect(await torture(run, problemOf, few(7))).toEqual([]);
  },
  TIMEOUT,
);

describe('the example', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const folder = mkdtempSync(path.join(tmpdir(), 'rfds-torture-'));
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(root, path.join(folder, 'node_modules/rfds'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const ending = ['tcp-info', 'traced', 'udp', 'unix-socket'];
  const serving = ['documented-server', 'echo-server'];

  let written = 0;
  /** An example as JavaScript, with a port of its own. */
  const compiled = (name: string, port: number): string => {
    const source = readFileSync(path.join(root, `examples/${name}.ts`), 'utf8')
      .replace(/\b12345\b/g, String(port))
      .replace(/'(10\.0\.0\.1|0\.0\.0\.0)'/g, "'127.0.0.1'");
    const file = path.join(folder, `${++written}-${name}.mjs`);
    writeFileSync(file, transformSync(source, { loader: 'ts' }).code);
    return file;
  };

  // Nothing is added to them that catches an error, or closes what is left then: the runtime does both.
  const wrongWithExample = ({ error }: Failure, { status, stderr, ...rest }: Ending): string | null => {
    if (/rfds ledger: .*closed twice/.test(stderr)) return stderr;
    if (status === 0 || !stderr.includes('rfds faults: ')) return null;
    return status === 1 && stderr.includes(`code: '${error}'`)
      ? null
      : JSON.stringify({ status, stderr, ...rest });
  };

  test('is every one that is there, but for those that run on the simulated kernel', () => {
    const names = readdirSync(path.join(root, 'examples')).map((file) => path.parse(file).name);
    const onSimulated = ['explore-echo-server', 'naive-echo-server'];
    expect([...new Set(names)].sort()).toEqual(
      [...ending, ...serving, ...onSimulated, 'documented-client'].sort(),
    );
  });

  const fewer = (failures: Failure[]) => (isWhole ? failures : failures.filter((_, i) => i % 41 === 7));

  test.each(ending)(
    '%s goes on, or ends with the error, whatever call of it fails',
    async (name) => {
      const run = async (failure: Failure | null) => toEnd([compiled(name, await freePort())], failure, '');
      expect(await torture(run, wrongWithExample, fewer)).toEqual([]);
    },
    TIMEOUT,
  );

  test.each(serving)(
    '%s goes on, or ends with the error, whatever call of it fails',
    async (name) => {
      // The echo server has no goodbye.
      const steps = ordinary.filter(({ say }) => typeof say === 'string' || say.leave === 'end');
      const run = async (failure: Failure | null): Promise<Ending> => {
        const port = await freePort();
        await using server = new Program(process.execPath, [compiled(name, port)], environmentOf(failure));
        const hurt = (await listens(server, port)) ? await converse(port, steps) : 0;
        server.kill('SIGTERM');
        const status = await within(server.exited, 'the end of the server');
        return { status, stdout: server.stdout, stderr: server.stderr, hurt };
      };
      const problemOf = (failure: Failure, ending: Ending) =>
        ending.status === 'SIGTERM' ? null : wrongWithExample(failure, ending);
      expect(await torture(run, problemOf, fewer)).toEqual([]);
    },
    TIMEOUT,
  );

  test(
    'documented-client goes on, or ends with the error, whatever call of it fails',
    async () => {
      const file = compiled('documented-client', answeringPort);
      const run = (failure: Failure | null) => toEnd([file], failure, 'Hello\nHello again\n');
      expect(await torture(run, wrongWithExample, fewer)).toEqual([]);
    },
    TIMEOUT,
  );
});
