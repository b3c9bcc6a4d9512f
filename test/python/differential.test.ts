// The same random programs in the machine's own Python, in rfds, and in rfds on the simulated kernel: every step has
// the same result, or fails with the same error. docs/sim-model.md has what is left out, and why.

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EINVAL } from '../../src/kernel/errno.ts';
import { World } from '../../src/sim/world.ts';
import { SHUT_RD, socket } from '../../src/socket.ts';
import { type Program, run } from './differential-world.ts';

const PROGRAMS = Number(process.env.RFDS_PROGRAMS ?? 2000);
const seed = Number(process.env.RFDS_SEED ?? 315);

// Descriptors are given out from the lowest: without gaps below, both processes give out the same ones
// again after a close. (0 and above is Node's; these stay open until the end.)
const gaps: number[] = [];
beforeAll(() => {
  while ((gaps.at(-1) ?? 0) < 60) gaps.push(openSync('/dev/null', 'r'));
});

const python = spawn('python3', [fileURLToPath(new URL('./differential.py', import.meta.url))], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const answers = createInterface(python.stdout)[Symbol.asyncIterator]();
afterAll(async () => {
  python.stdin.end();
  for (const fd of gaps) closeSync(fd);
});

async function inPython(program: Program): Promise<unknown[]> {
  python.stdin.write(`${JSON.stringify(program)}\n`);
  const { value } = await answers.next();
  return JSON.parse(value as string);
}

// On the simulated kernel, whose time passes at once.
function inModel(program: Program): unknown[] {
  const endless = Number.POSITIVE_INFINITY;
  const world = new World({ maxSpins: endless, maxPassedOver: endless, maxTimeouts: endless });
  let results: unknown[] = [];
  const { violation } = world.run(() => {
    results = run(program);
  });
  return violation === null ? results : [String(violation)];
}

// The model is of a kernel on which a socket that has listened does not connect any more. Older ones let it: what a
// program does from there on is another thing.
const canFormerListenerConnect = ((): boolean => {
  using listener = socket();
  listener.bind(['127.0.0.1', 0]);
  listener.listen();
  listener.shutdown(SHUT_RD);
  listener.setblocking(false);
  return listener.connect_ex(listener.getsockname() as [string, number]) !== EINVAL;
})();
function refusesFormerListener({ steps }: Program, modelled: unknown[], real: unknown[]): boolean {
  const i = steps.findIndex((_, i) => JSON.stringify(modelled[i]) !== JSON.stringify(real[i]));
  return i >= 0 && String(steps[i][0]).startsWith('connect') && modelled[i] === 'EINVAL';
}

const alone = fc.constantFrom(
  'udp',
  'udp bound',
  'udp bound',
  'unix dgram',
  'unix dgram',
  'unix listener',
  'unix stream',
);
const kinds = fc
  .array(fc.constantFrom('stream', 'dgram', 'seqpacket', 'connection'), { minLength: 1, maxLength: 2 })
  .chain((pairs) =>
    fc.oneof(
      fc.constantFrom([...pairs, 'listener', 'tcp', 'tcp'], pairs, ['listener', 'tcp', ...pairs]),
      fc
        .array(alone, { minLength: 2, maxLength: 4 })
        .map((others) => [...pairs.slice(1), ...others, 'listener']),
    ),
  );

const slot = fc.oneof({ weight: 4, arbitrary: fc.nat(5) }, { weight: 1, arbitrary: fc.nat(9) });
const file = fc.oneof({ weight: 6, arbitrary: slot }, { weight: 1, arbitrary: slot.map((i) => [i]) });
const files = fc.array(file, { maxLength: 4 });
const now = fc.constantFrom(0, 0, 0, 0.0001);
const size = fc.oneof(fc.nat(8), fc.constantFrom(0, 1, 100, 3000, 9000));
const flags = fc.constantFrom(0, 0, 0x40); // MSG_DONTWAIT
const peek = fc.constantFrom(0, 0, 2, 0x40); // MSG_PEEK
const truncating = fc.constantFrom(0, 0, 0x20, 0x22); // MSG_TRUNC
const sizes = fc.array(fc.nat(9), { maxLength: 3 });
// A control buffer's bytes: for none, for less than one descriptor, for one, two, and more.
const space = fc.constantFrom(0, 0, 7, 18, 24, 24, 32, -1);
const pollMask = fc.constantFrom(0, 1, 4, 5, 7, 0x2001, -1, 0x10000);
// EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLET, EPOLLONESHOT, EPOLLEXCLUSIVE.
const epollMask = fc.constantFrom(
  0,
  1,
  4,
  5,
  0x2001,
  0x80000001,
  0x80000004,
  0x80002005,
  0x40000005,
  0xc0000001,
  0x10000001,
);
const events = fc.constantFrom(0, 1, 2, 3, 3, 4);
const selector = fc.nat(2);
const data = fc.nat(2);

// The arguments of every step that there is, and how often it is drawn.
const steps: [weight: number, what: string, ...args: fc.Arbitrary<unknown>[]][] = [
  [8, 'send', slot, size, flags],
  [2, 'sendall', slot, fc.nat(100)],
  [8, 'recv', slot, fc.oneof(size, fc.constant(-1)), peek],
  [2, 'recv_into', slot, fc.nat(20), fc.integer({ min: -1, max: 25 }), truncating],
  [3, 'recvfrom', slot, fc.oneof(size, fc.constant(-1)), peek],
  [2, 'recvfrom_into', slot, fc.nat(20), fc.integer({ min: -1, max: 25 }), truncating],
  [5, 'recvmsg', slot, fc.oneof(size, fc.constant(-1)), space, peek],
  [2, 'recvmsg_into', slot, fc.array(fc.nat(12), { maxLength: 3 }), space, truncating],
  [5, 'sendto', slot, size, flags, slot],
  [5, 'sendmsg', slot, sizes, fc.array(slot, { maxLength: 2 }), flags, fc.option(slot, { freq: 2 })],
  [1, 'bind', slot],
  [4, 'connect_to', slot, slot],
  [2, 'dup', slot],
  [1, 'getsockname', slot],
  [3, 'shutdown', slot, fc.integer({ min: -1, max: 3 })],
  [3, 'close', slot],
  [1, 'listen', slot, fc.integer({ min: -1, max: 3 })],
  [5, 'accept', slot],
  [5, 'connect', slot],
  [3, 'connect_ex', slot],
  [2, 'getsockopt', slot, fc.constantFrom('SO_ERROR', 'SO_TYPE', 'SO_ACCEPTCONN')],
  [1, 'getpeername', slot],
  [1, 'detach', slot],
  [1, 'fileno', slot],
  [1, 'timeout', slot, fc.constantFrom(null, 0, 1.5, -1)],
  [6, 'select', files, files, files, fc.oneof(now, fc.constant(-1))],
  [4, 'poll_register', file, pollMask],
  [2, 'poll_modify', file, pollMask],
  [2, 'poll_unregister', file],
  [4, 'poll', now],
  [8, 'epoll_register', file, epollMask],
  [4, 'epoll_modify', file, epollMask],
  [2, 'epoll_unregister', file],
  [10, 'epoll', now, fc.constantFrom(-1, -1, 1, 2, 0, -2)],
  [6, 'sel_register', selector, file, events, data],
  // Bad events are left out: Python's selectors take them or forget the key, ours refuse them (Unlike).
  [4, 'sel_modify', selector, file, fc.constantFrom(1, 2, 3), data],
  [3, 'sel_unregister', selector, file],
  [2, 'sel_get', selector, file],
  [6, 'sel', selector, fc.constantFrom(0, -1, 0.0001)],
  [1, 'sel_map', selector],
];
const step = fc.oneof(
  ...steps.map(([weight, what, ...args]) => ({ weight, arbitrary: fc.tuple(fc.constant(what), ...args) })),
);
const program: fc.Arbitrary<Program> = fc.record({
  kinds,
  steps: fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }),
});

const title = `${PROGRAMS} random programs do in rfds, on the kernel and on the simulated one, what they do in Python`;
test(title, { timeout: 300_000 }, async () => {
  const drawn = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(program, async (program) => {
      const told = (results: unknown[]) => program.steps.map((step, i) => [step, results[i]]);
      const modelled = inModel(program);
      let [ours, theirs] = [run(program), await inPython(program)];
      // The kernel may do a segment's work on loopback a little later, on either side. What is wrong
      // is wrong again.
      const differ = () =>
        [ours, modelled].some((results) => JSON.stringify(results) !== JSON.stringify(theirs));
      for (let again = 0; again < 3 && differ(); again++) {
        [ours, theirs] = [run(program), await inPython(program)];
      }
      expect(told(ours), 'on the kernel').toEqual(told(theirs));
      if (canFormerListenerConnect && refusesFormerListener(program, modelled, theirs)) return;
      expect(told(modelled), 'on the simulated kernel').toEqual(told(theirs));
      for (const [i, [what]] of program.steps.entries()) {
        const result = theirs[i];
        const outcome = typeof result === 'string' && /^[A-Z]/.test(result) ? result : 'worked';
        drawn.set(`${what} ${outcome}`, (drawn.get(`${what} ${outcome}`) ?? 0) + 1);
      }
    }),
    { seed, numRuns: PROGRAMS },
  );
  // No step went untried: each has done its work, not only failed.
  for (const [, what] of steps) {
    const outcome = what.startsWith('connect') ? 'EINPROGRESS' : 'worked';
    expect(drawn.get(`${what} ${outcome}`) ?? 0, what).toBeGreaterThan(PROGRAMS / 200);
  }
});
