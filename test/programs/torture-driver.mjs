// Runs a server's serve(), or the client's run(), again and again in one process, each time with another call of it
// failing: node torture-driver.mjs select-server, or client PORT. On descriptor 4 a line of JSON says which call is to
// fail next ({ call, nth, error }; null: none); descriptor 3 has, in lines of JSON, where the server listens, and what became
// of it. A server is stopped by a client that says STOP!.

import { readSync, writeSync } from 'node:fs';

const [name, port] = process.argv.slice(2);
const from = (module) => import(new URL(`../../dist/${module}.js`, import.meta.url));
const { attach } = await from('syscalls');
const { inject } = await from('faults');
const { ledger, OSError } = await from('index');
const { errorsIn } = await from('programs/command');
const program = await from(`programs/${name}`);

// Not the standard streams: they are the program's, and a failure may end them.
const say = (message) => writeSync(3, `${JSON.stringify(message)}\n`);

class Stopped extends Error {}

const counts = {};
let typed = [];

/** What the program gets of a call. */
const answers = {
  recv(call, args) {
    const n = call(...args);
    const [, memory, offset] = args;
    const at = (memory.byteOffset ?? 0) + (args.length > 3 ? offset : 0);
    if (n === 5 && Buffer.from(memory.buffer ?? memory, at, n).toString() === 'STOP!') throw new Stopped();
    return n;
  },
  // What is typed, a line for a read(2).
  read(call, args) {
    if (args[0] !== 0) return call(...args);
    const line = typed.shift();
    return line === undefined ? 0 : args[1].write(line);
  },
};

attach((name, call) => {
  const answer = answers[name] ?? ((made, args) => made(...args));
  return (...args) => {
    counts[name] = (counts[name] ?? 0) + 1;
    return answer(call, args);
  };
});

function run() {
  typed = ['Hello\n', 'Hello again\n'];
  if (name === 'client') program.run('127.0.0.1', Number(port), false);
  else program.serve('127.0.0.1', 0, ([, bound]) => say({ port: bound }));
}

/** Runs it once, and tells how it ended. */
function runWith(failure) {
  ledger.start();
  for (const call of Object.keys(counts)) delete counts[call];
  const list = failure === null ? [] : [{ call: failure.call, error: failure.error, when: failure.nth }];
  const faults = inject(list);
  let errors = [];
  try {
    run();
  } catch (error) {
    errors = errorsIn(error).filter((one) => !(one instanceof Stopped));
  }
  faults.detach();
  return {
    ended: errors.map((error) => (error instanceof OSError ? error.message : error.stack)),
    injected: faults.injected.map(({ kind }) => kind),
    counts: { ...counts },
  };
}

let input = '';
for (;;) {
  const chunk = Buffer.alloc(4096);
  const end = input.indexOf('\n');
  if (end < 0) {
    const n = readSync(4, chunk);
    if (n === 0) break;
    input += chunk.toString('latin1', 0, n);
    continue;
  }
  const failure = JSON.parse(input.slice(0, end));
  input = input.slice(end + 1);
  const ending = runWith(failure);
  // A server that ends takes nothing out of its epoll first.
  const findings = ledger.stop().filter(({ kind }) => kind !== 'closed while registered');
  say({ ...ending, findings: findings.map(({ text }) => text) });
}
