// Torture, after curl's tests of that name, on the real kernel: every call that a program makes in an ordinary
// conversation fails once with every errno that the table of calls has for it. The program goes on, and serves its other
// clients, or ends with an error that names the errno; and the ledger shows no descriptor that is left open.
// torture-sim.test.ts does the same on the simulated kernel, torture-commands.test.ts with processes.
//
// A sample of it here; RFDS_TORTURE=1 (npm run torture) all of it, RFDS_TORTURE=10 all of it in ten conversations.

import { createServer, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallName } from '../../src/kernel/calls.ts';
import { type Failure, failuresOf } from '../support/failures.ts';
import { loops, Program } from '../support/programs.ts';
import { conversationOf, converse, sayOnce } from '../support/torture.ts';

const rounds = Number(process.env.RFDS_TORTURE ?? 0);
const isWhole = rounds > 0;
const TIMEOUT = isWhole ? 7_200_000 : 120_000;
const driver = fileURLToPath(new URL('torture-driver.mjs', import.meta.url));

/** Every so many of them, another part for each seed. */
const sample = (failures: Failure[], step: number, first = 0) =>
  isWhole ? failures : failures.filter((_, i) => i % step === first % step);

const nameOf = ({ call, nth, error }: Failure) => `${call} #${nth} ${error}`;

/** What a driver says: that its server listens, or how its program ended. */
interface Listening {
  port: number;
}
interface Ending {
  /** What it ended with, if it was not stopped. */
  ended: string[];
  injected: string[];
  counts: Record<string, number>;
  /** The ledger's. */
  findings: string[];
}

/** A program in one process, again and again. */
class Driver implements AsyncDisposable {
  #program: Program | null = null;
  readonly #args: string[];
  #read = 0;

  constructor(...args: string[]) {
    this.#args = args;
  }

  /** Has the program run once with a failure; converse is given the port of a server. */
  async run(failure: Failure | null, talk: (port: number) => Promise<unknown>): Promise<Ending> {
    const args = [process.execPath, driver, ...this.#args];
    this.#program ??= new Program('sh', ['-c', 'exec "$0" "$@" 3>&1 4<&0 >/dev/null </dev/null', ...args]);
    try {
      this.#program.type(`${JSON.stringify(failure)}\n`);
      for (;;) {
        const message = await this.#next();
        if (!('port' in message)) return message;
        await talk(message.port);
      }
    } catch (error) {
      // It is not known what state it is in.
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Whether the driver has said that the program has ended. */
  get hasEnded(): boolean {
    return this.#program!.stdout.indexOf('\n', this.#read) >= 0;
  }

  async #next(): Promise<Listening | Ending> {
    const [line] = await this.#program!.has(/^.*\n/, 'stdout', this.#read);
    this.#read += line.length;
    return JSON.parse(line);
  }

  /** What it has said on stderr since this was last taken. */
  takeStderr(): string {
    const said = this.#program?.stderr ?? '';
    if (this.#program !== null) this.#program.stderr = '';
    return said;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const program = this.#program;
    this.#program = null;
    this.#read = 0;
    await program?.[Symbol.asyncDispose]();
  }
}

/** What is wrong with how a program ended; null: nothing. */
function wrongWith({ error }: Failure, { ended, findings }: Ending, stderr: string): string | null {
  if (findings.length > 0) return findings.join('; ');
  const other = ended.find((text) => !text.includes(error));
  if (other !== undefined) return `ended with ${other}`;
  const strange = stderr.split('\n').find((line) => !/^(rfds server: .*)?$/.test(line));
  return strange === undefined ? null : `stderr: ${strange}`;
}

const countsOf = ({ counts }: Ending) => new Map(Object.entries(counts)) as Map<CallName, number>;

/** Has a program fail in all ways; what was wrong. run: its ending, and how many clients it refused. */
async function torture(
  driver: Driver,
  run: (failure: Failure | null) => Promise<{ ending: Ending; hurt: number }>,
  first: number,
): Promise<string[]> {
  const before = await run(null);
  expect(before).toMatchObject({ hurt: 0, ending: { ended: [], findings: [] } });
  // Of clients that reset.
  expect(driver.takeStderr()).toMatch(/^(rfds server: dropped .*: (recv|send) (ECONNRESET|EPIPE)\n)*$/);
  const failures = sample(failuresOf(countsOf(before.ending)), 12, first);
  const wrong: string[] = [];
  let reached = 0;
  for (const failure of failures) {
    const note = (problem: string) => wrong.push(`${nameOf(failure)}: ${problem}`);
    try {
      const { ending, hurt } = await run(failure);
      if (ending.injected.length > 0) reached++;
      const problem = wrongWith(failure, ending, driver.takeStderr());
      if (problem !== null) note(problem);
      else if (ending.ended.length === 0 && hurt > 1) note(`${hurt} clients were refused`);
    } catch (error) {
      note((error as Error).message.split('\n')[0]);
    }
  }
  // When data comes in two pieces for once, the calls are others.
  expect(reached).toBeGreaterThan(failures.length * 0.9);
  if (isWhole) console.log(`${reached} of ${failures.length} failures`);
  return wrong;
}

// Of the loops that wait in a call of ours.
describe.each(loops.filter((loop) => loop !== 'node'))('the %s server', (loop) => {
  test.each(Array.from({ length: Math.max(rounds, 1) }, (_, i) => i))(
    'goes on, or ends with the error, whatever call of it fails with whatever errno (conversation %i)',
    async (seed) => {
      await using server = new Driver(`${loop}-server`);
      const steps = conversationOf(seed);
      const run = async (failure: Failure | null) => {
        let hurt = 0;
        const ending = await server.run(failure, async (port) => {
          hurt = await converse(port, steps);
          // More than once: this one may be turned away, too.
          for (let i = 0; i < 5 && !server.hasEnded; i++) await sayOnce(port, 'STOP!');
        });
        return { ending, hurt };
      };
      expect(await torture(server, run, loops.indexOf(loop))).toEqual([]);
    },
    TIMEOUT,
  );
});

describe('the client', () => {
  let server: Server;
  beforeAll(async () => {
    const answer = (socket: Socket) =>
      socket.on('error', () => {}).on('data', (data) => socket.write(`1700000000.5:${data}`));
    server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => server.close());

  test(
    'goes on, or ends with the error, whatever call of it fails with whatever errno',
    async () => {
      const { port } = server.address() as { port: number };
      await using client = new Driver('client', String(port));
      const run = async (failure: Failure | null) => ({
        ending: await client.run(failure, async () => {}),
        hurt: 0,
      });
      expect(await torture(client, run, 0)).toEqual([]);
    },
    TIMEOUT,
  );
});
