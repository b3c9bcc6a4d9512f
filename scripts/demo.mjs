// The documented conversation, end to end, without a second terminal: the select server on a free
// port, the client with one message, the lines of both sides, and the three delays.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const message = process.argv[2] ?? 'Hello';
const started = [];

// Starts a side; next() is its next line of stdout, or undefined at the end.
function start(side, ...args) {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  started.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value } = await lines.next();
    if (value !== undefined) console.log(`${side.padEnd(6)} │ ${value}`);
    return value;
  };
  return { child, next, exited: once(child, 'exit') };
}

// Whatever goes wrong is one line: a side that does not start, silence, a closed stdout.
function fail(error) {
  console.error(`demo: ${error.message}`);
  process.exit(1);
}
process.on('uncaughtException', fail);
process.stdout.on('error', fail);
setTimeout(() => fail(new Error('the conversation did not end within 30 s')), 30_000).unref();

// Whatever ends this script ends both sides.
process.on('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});
for (const [name, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
])
  process.on(name, () => process.exit(128 + number));

const server = start('server', 'server', '--host', '127.0.0.1', '--port', '0');
const port = (await server.next())?.match(/(\d+)\)$/)?.[1];
if (port === undefined) throw new Error('the server did not start');

const client = start('client', 'client', '127.0.0.1', port);
await client.next();
await client.next();
client.child.stdin.end(`${message}\n`);
await server.next();
await server.next();
const answer = await client.next();
await client.exited;
server.child.kill('SIGINT');
const [status] = await server.exited;
if (status !== 130) throw new Error(`the server ended with status ${status}, not 130`);

// The answer is `client received:server answered:client sent:message`.
const times = answer
  .replace('> ', '')
  .split(':', 3)
  .map((time) => Math.round(Number(time) * 1e6));
const [received, answered, sent] = times;
const line = (what, micros) => console.log(`${what.padEnd(15)} ${(micros / 1000).toFixed(3).padStart(8)} ms`);
console.log();
line('to the server', answered - sent);
line('and back', received - answered);
line('round trip', received - sent);
