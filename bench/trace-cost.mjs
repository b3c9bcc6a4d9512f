// What recording costs (RFDS_TRACE, src/interpose/recorder/recorder.ts): a call in a process that records less
// the same call in one that does not, at the median. While nothing is recorded the recorder is not even loaded
// (test/startup.test.ts), and what remains is the choke point (choke-point.mjs). With a file's name, writes every
// sample.
//     node bench/trace-cost.mjs [FILE]

import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { mean, median } from 'simple-statistics';

const PROCESSES = 7;
const WARM_UP = 5000;
const CALLS = 10_000;
if (process.argv[2] === '--calls') await measureCalls();
else main();

function main() {
  const on = callCosts();
  if (process.argv[2]) writeFileSync(process.argv[2], `${JSON.stringify({ node: process.version, on })}\n`);
}

// In processes of their own, of which some record, in turn.
function callCosts() {
  const folder = mkdtempSync(path.join(tmpdir(), 'rfds-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'recording');
  const kinds = {
    off: { RFDS_TRACE: '' },
    none: { RFDS_TRACE: file, RFDS_TRACE_STATE: 'none' },
    call: { RFDS_TRACE: file, RFDS_TRACE_STATE: 'call' },
  };
  const costs = { off: [], none: [], call: [] };
  for (let i = 0; i < PROCESSES; i++) {
    for (const [kind, env] of Object.entries(kinds)) {
      const args = [fileURLToPath(import.meta.url), '--calls'];
      costs[kind].push(JSON.parse(execFileSync(process.execPath, args, { env: { ...process.env, ...env } })));
      rmSync(file, { force: true });
    }
  }
  for (const kind of ['call', 'none']) {
    for (const name of Object.keys(costs.off[0])) {
      const [without, recorded] = ['off', kind].map((which) =>
        ['median', 'mean'].map((what) => median(costs[which].map((calls) => calls[name][what])) / 1000),
      );
      const [added, inTheMean] = recorded.map((micros, i) => (micros - without[i]).toFixed(1));
      console.log(
        `on, state ${kind}  ${name.padEnd(12)} ${added} µs a call at the median, ${inTheMean} µs in the mean, ` +
          `which has the writing (without: ${without[0].toFixed(1)} µs)`,
      );
    }
  }
  return costs;
}

// Prints { name: { median, mean } } of calls as a program makes them, in nanoseconds.
async function measureCalls() {
  const { socket } = await import('../dist/socket.js');
  const { EPOLLIN, epoll } = await import('../dist/select.js');
  const sys = await import('../dist/syscalls.js');
  const server = socket();
  server.bind(['127.0.0.1', 0]);
  server.listen();
  const client = socket();
  client.connect(server.getsockname());
  const [conn] = server.accept();
  conn.setblocking(false);
  client.setblocking(false);
  const nowhere = openSync('/dev/null', 'w');
  const message = Buffer.from('1700000000.123456:Hello');
  const poller = epoll();
  poller.register(conn, EPOLLIN);
  const calls = {
    send: () => client.send(message),
    recv: () => conn.recv(1024),
    getpeername: () => conn.getpeername(),
    write: () => sys.write(nowhere, message),
    epoll_wait: () => poller.poll(0),
  };
  const times = {};
  for (let i = -WARM_UP; i < CALLS; i++) {
    for (const [name, call] of Object.entries(calls)) {
      const start = process.hrtime.bigint();
      call();
      const took = Number(process.hrtime.bigint() - start);
      if (i === -WARM_UP) times[name] = [];
      if (i >= 0) times[name].push(took);
    }
  }
  for (const open of [poller, conn, client, server]) open.close();
  const results = Object.entries(times).map(([name, all]) => [
    name,
    { median: median(all), mean: mean(all) },
  ]);
  console.log(JSON.stringify(Object.fromEntries(results)));
}
