// What clients wait for their answers while others flood the server: 20 that each send a message, wait for its answer
// and pause, beside 4 that send as fast as they are taken and read as fast as they are answered. Each loop in turn,
// round after round; its median is compared with that of the poll loop in the same run. With a file's name, writes
// the percentiles of each round.
//     node bench/fairness.mjs [FILE]

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import os from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { median, quantile } from 'simple-statistics';

const LOOPS = ['poll', 'epoll', 'epoll-edge', 'selectors', 'node', 'select'].filter(
  (loop) => process.platform === 'linux' || !loop.startsWith('epoll'),
);
const ROUNDS = Number(process.env.ROUNDS ?? 10);
const CLIENTS = 20;
const FLOODERS = 4;
const QUIET_MS = 500;
const FLOOD_MS = 1500;
const PAUSE_MS = 10;
const MESSAGE = 'Hello, how long does this take?';

const self = fileURLToPath(import.meta.url);
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

if (process.argv[2] === '--flood') flood(Number(process.argv[3]));
else await main(process.argv[2]);

async function main(file) {
  const rounds = [];
  for (let i = 0; i < ROUNDS; i++) {
    const round = {};
    for (const loop of i % 2 === 0 ? LOOPS : LOOPS.toReversed()) round[loop] = await measure(loop);
    rounds.push(round);
  }
  console.log(`${CLIENTS} clients beside ${FLOODERS} flooders, ${ROUNDS} rounds; milliseconds`);
  console.log('loop        quiet p50  flooded p50      p99      max  answers  p50 / poll  (of the rounds)');
  const all = (loop, kind) => rounds.flatMap((round) => round[loop][kind]);
  for (const loop of LOOPS) {
    const flooded = all(loop, 'flooded');
    const figures = [
      median(all(loop, 'quiet')),
      median(flooded),
      quantile(flooded, 0.99),
      Math.max(...flooded),
    ];
    const [quiet, p50, p99, max] = figures.map((figure) => figure.toFixed(2));
    const ratio = median(flooded) / median(all('poll', 'flooded'));
    const ratios = rounds.map((round) => median(round[loop].flooded) / median(round.poll.flooded));
    console.log(
      `${loop.padEnd(11)} ${quiet.padStart(9)} ${p50.padStart(12)} ${p99.padStart(8)} ${max.padStart(8)} ` +
        `${String(flooded.length).padStart(8)} ${ratio.toFixed(2).padStart(11)}  ` +
        `(${quantile(ratios, 0.25).toFixed(2)} to ${quantile(ratios, 0.75).toFixed(2)}, the middle half)`,
    );
  }
  if (file) {
    const where = { node: process.version, kernel: os.release(), cpus: os.cpus().length, load: os.loadavg() };
    const percentiles = (latencies) =>
      Array.from({ length: 101 }, (_, i) => Math.round(quantile(latencies, i / 100) * 100) / 100);
    const kept = rounds.map((round) =>
      Object.fromEntries(
        Object.entries(round).map(([loop, { quiet, flooded }]) => [
          loop,
          { answers: flooded.length, quiet: percentiles(quiet), flooded: percentiles(flooded) },
        ]),
      ),
    );
    writeFileSync(file, `${JSON.stringify({ ...where, rounds: kept })}\n`);
  }
}

/** The latencies of all clients, in milliseconds, before the flood and in it. */
async function measure(loop) {
  const args = ['server', '--host', '127.0.0.1', '--port', String(await freePort()), '--loop', loop];
  const server = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(server, 'exit');
  try {
    const [line] = await once(server.stderr, 'data');
    const port = Number(String(line).match(/, (\d+)\)/)[1]);
    server.stderr.resume();
    const quiet = await ask(port, QUIET_MS);
    const flooder = spawn(process.execPath, [self, '--flood', port], { stdio: ['pipe', 'pipe', 'inherit'] });
    const over = once(flooder, 'exit');
    await once(flooder.stdout, 'data'); // Each of its connections has been answered.
    const flooded = await ask(port, FLOOD_MS);
    flooder.stdin.end();
    await over;
    return { quiet, flooded };
  } finally {
    server.kill('SIGKILL');
    await ended;
  }
}

async function ask(port, milliseconds) {
  const end = performance.now() + milliseconds;
  const latencies = await Promise.all(Array.from({ length: CLIENTS }, () => client(port, end)));
  return latencies.flat();
}

/** A client that behaves: its latencies until the end, and of the answer that it waits for then. */
async function client(port, end) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const latencies = [];
  await once(socket, 'connect');
  while (performance.now() < end) {
    await pause(PAUSE_MS);
    const start = performance.now();
    socket.write(MESSAGE);
    // The answer is the time, a colon and the message: it ends as that does.
    for (let answer = ''; !answer.endsWith(MESSAGE); ) answer += (await once(socket, 'data'))[0];
    latencies.push(performance.now() - start);
  }
  socket.destroy();
  return latencies;
}

/** Floods a server until the end of stdin, but not for ever: a server may answer no other client meanwhile. */
function flood(port) {
  setTimeout(() => process.exit(), 5 * FLOOD_MS);
  const chunk = Buffer.alloc(65536, 'x');
  let unanswered = FLOODERS;
  for (let i = 0; i < FLOODERS; i++) {
    const socket = connect({ port, host: '127.0.0.1' });
    const send = () => {
      while (socket.write(chunk));
    };
    socket
      .on('connect', send)
      .on('drain', send)
      .on('error', () => {});
    socket.once('data', () => --unanswered === 0 && process.stdout.write('all\n'));
    socket.resume();
  }
  process.stdin.on('end', () => process.exit()).resume();
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  return port;
}
