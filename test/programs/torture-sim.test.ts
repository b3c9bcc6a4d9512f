// Torture, after curl's tests of that name, in the simulated kernel: every call that a program makes in an ordinary
// conversation fails once with every errno that the table of calls has for it. The program goes on, and serves its other
// clients, or ends with an error that names the errno; and no descriptor is left open.

import { afterAll, expect, test } from 'vitest';
import { FaultLayer, type Faults } from '../../src/interpose/faults.ts';
import type { CallName } from '../../src/kernel/calls.ts';
import { F_SETFL, O_NONBLOCK } from '../../src/kernel/constants/fcntl.ts';
import { AF_INET, MSG_NOSIGNAL, SHUT_WR, SOCK_STREAM } from '../../src/kernel/constants/socket.ts';
import type { Bytes, Syscalls } from '../../src/kernel/native.ts';
import { packInet } from '../../src/kernel/structs/sockaddr.ts';
import { Timevals } from '../../src/kernel/structs/timespec.ts';
import { attach, type Call, type Layer } from '../../src/kernel/syscalls.ts';
import { run as runClient } from '../../src/programs/client.ts';
import { errorsIn } from '../../src/programs/command.ts';
import { OSError } from '../../src/python/errors.ts';
import { disconnect, type Outcome, World, WorldEnd } from '../../src/sim/world.ts';
import { type Failure, failuresOf } from '../support/failures.ts';
import { isLinux } from '../support/platform.ts';

const HOST = Uint8Array.of(127, 0, 0, 1);
const PORT = 12345;
const QUIET = MSG_NOSIGNAL ?? 0;

const loops = ['select', 'poll', 'selectors'].concat(isLinux ? ['epoll', 'epoll-edge'] : ['kqueue']);

// One layer for all runs, above the world: the faults of the run, and how often each call is made.
const beneath = {} as Record<CallName, Call>;
let faulty: Partial<Record<CallName, Call>> = {};
let counts = new Map<CallName, number>();
/** What is typed, a line for a read(2). */
let stdin: string[] = [];
let detach: (() => void) | null = null;
afterAll(() => {
  detach?.();
  disconnect();
});

// The world attaches its own when the first one runs.
function attachOnce(): void {
  detach ??= attach((name, call) => {
    beneath[name] = name === 'read' ? typed(call) : call;
    return (...args) => {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      return (faulty[name] ?? beneath[name])(...args);
    };
  });
}

const typed =
  (read: Call): Call =>
  (fd, memory) => {
    const line = fd === 0 ? stdin.shift() : undefined;
    return line === undefined ? read(fd, memory) : (memory as Buffer).write(line);
  };

/** Sets what fails; null: nothing. */
function set(failure: Failure | null): Faults {
  faulty = {};
  counts = new Map();
  const attachTo = (layer: Layer) => {
    for (const name of new Set<CallName>(['epoll_ctl', 'kevent', 'close', failure?.call ?? 'close']))
      faulty[name] = layer(name, beneath[name]);
    return () => {};
  };
  const faults = failure === null ? [] : [{ call: failure.call, error: failure.error, when: failure.nth }];
  return new FaultLayer(faults, { kernel: beneath as unknown as Syscalls, attachTo });
}

/** What became of a run. */
interface Ending {
  readonly counts: Map<CallName, number>;
  readonly faults: Faults;
  /** What ended the program before its time. */
  readonly thrown: unknown;
  /** How many of its clients it left without what they had asked for. */
  readonly hurt: number;
  readonly outcome: Outcome;
  readonly stderr: string;
}

function aMoment(): Bytes {
  const timeval = new Timevals();
  timeval.setSeconds(0, 0.001);
  return timeval.memory;
}

function runIn(world: World, failure: Failure | null, program: () => void): Omit<Ending, 'hurt'> {
  let thrown: unknown = null;
  let faults: Faults;
  const outcome = world.run(() => {
    attachOnce();
    // The others first: to the server's listen, that is.
    beneath.select(0, null, null, null, aMoment());
    faults = set(failure);
    try {
      program();
    } catch (error) {
      if (!(error instanceof Error)) throw error; // The world has ended.
      thrown = error;
    }
  });
  return { counts, faults: faults!, thrown, outcome, stderr: world.program.stderr.text };
}

/** Three clients of a server, the last of which comes when the others are gone. */
function serveThree(serve: (host: string, port: number) => never, failure: Failure | null): Ending {
  const world = new World({ keepsOutput: true });
  let hurt = 3;
  const buffer = Buffer.alloc(100);
  const client = (after: number, lines: string[], last: 'goodbye' | 'end') =>
    world.addPeer(`the client of ${after} s`, function* () {
      yield { sleep: after };
      if (world.localhost.listenerFor(HOST, PORT) === null) return;
      const fd = yield ['socket', AF_INET, SOCK_STREAM, 0];
      if ((yield ['connect', fd, packInet(HOST, PORT)]) < 0) return;
      for (const line of lines) {
        if ((yield ['send', fd, Buffer.from(line), QUIET]) < 0) return;
        const n = yield ['recv', fd, buffer, 0];
        if (n <= 0) return;
        const answer = buffer.toString('latin1', 0, n);
        // The world's time, and not that of another clock.
        if (!/^170000000\d\.\d+:/.test(answer) || !answer.endsWith(`:${line}`))
          throw new Error(`the server answers ${answer} to ${line}`);
        yield { sleep: 0.5 };
      }
      if (last === 'goodbye') yield ['send', fd, Uint8Array.of(0xff), QUIET];
      else yield ['shutdown', fd, SHUT_WR];
      if ((yield ['recv', fd, buffer, 0]) === 0) hurt--;
      yield ['close', fd];
    });
  client(0.1, ['Hello', 'Hello again'], 'end');
  client(0.2, ['Hello', 'Hello again'], 'goodbye');
  client(5, ['Hello'], 'end');
  return { ...runIn(world, failure, () => serve('127.0.0.1', PORT)), hurt };
}

/** The client, which says two lines to a server. */
function sayTwoLines(failure: Failure | null): Ending {
  const world = new World({ keepsOutput: true });
  world.addPeer('the server', function* () {
    const listener = yield ['socket', AF_INET, SOCK_STREAM, 0];
    yield ['fcntl', listener, F_SETFL, O_NONBLOCK];
    yield ['bind', listener, packInet(HOST, PORT)];
    yield ['listen', listener, 5];
    let fd = -1;
    // The client may not come.
    for (let i = 0; i < 5 && fd < 0; i++) {
      yield { sleep: 1 };
      fd = yield ['accept', listener, null, null];
    }
    const buffer = Buffer.alloc(100);
    for (;;) {
      const n = fd < 0 ? 0 : yield ['recv', fd, buffer, 0];
      if (n <= 0) break;
      yield ['send', fd, Buffer.from(`1700000000.5:${buffer.toString('latin1', 0, n)}`), QUIET];
    }
    for (const open of [fd, listener]) if (open >= 0) yield ['close', open];
  });
  stdin = ['Hello\n', 'Hello again\n'];
  const ending = runIn(world, failure, () => runClient('127.0.0.1', PORT, false));
  const answers = world.program.stdout.text.match(/:Hello|:Hello again/g)?.length;
  return { ...ending, hurt: answers === 2 ? 0 : 2 };
}

/** What is wrong with how a run ended; null: nothing. */
function wrongWith({ faults, thrown, hurt, outcome, stderr }: Ending, { error }: Failure): string | null {
  if (faults.injected.length === 0) return 'it did not come to that call';
  if (outcome.violation !== null) return outcome.violation.message;
  const strange = stderr.split('\n').find((line) => !/^(rfds server: .*)?$/.test(line));
  if (strange !== undefined) return `stderr: ${strange}`;
  // Around the world's end stands what failed while the program closed.
  const errors = thrown === null ? [] : errorsIn(thrown).filter((one) => !(one instanceof WorldEnd));
  const other = errors.find((one) => !(one instanceof OSError && one.code === error));
  if (other !== undefined) return `ended with ${String(other)}`;
  if (errors.length > 0) return null;
  return hurt > 1 ? `${hurt} clients were not served: ${stderr}` : null;
}

const servers = await Promise.all(
  loops.map(async (loop): Promise<(typeof programs)[number]> => {
    const { serve } = await import(`../../src/programs/${loop}-server.ts`);
    return [`the ${loop} server`, (failure) => serveThree(serve, failure)];
  }),
);
const programs: [name: string, run: (failure: Failure | null) => Ending][] = [
  ...servers,
  ['the client', (failure) => sayTwoLines(failure)],
];

test.each(programs)(
  '%s goes on, or ends with the error, whatever call of it fails with whatever errno',
  (_, run) => {
    const ordinary = run(null);
    expect(ordinary).toMatchObject({ thrown: null, hurt: 0, stderr: '', outcome: { violation: null } });
    const failures = failuresOf(ordinary.counts);
    const wrong = failures.flatMap((failure) => {
      const problem = wrongWith(run(failure), failure);
      return problem === null ? [] : [`${failure.call} #${failure.nth} ${failure.error}: ${problem}`];
    });
    expect(wrong).toEqual([]);
    expect(failures.length).toBeGreaterThan(150);
  },
  // Some seconds; on a machine that is busy, many.
  180_000,
);
