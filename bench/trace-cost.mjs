// What recording costs (RFDS_TRACE, src/interpose/recorder/recorder.ts). On: a call in a process that records less
// the same call in one that does not, at the median. Off: the epoll loop of this build and of
// the commit before there was a recorder, in turn. Prints both; with a file's name, writes every sample.
//     node bench/trace-cost.mjs [FILE]

import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { mean, median } from 'simple-statistics';

const ROUNDS = 21;
const PROCESSES = 7;
const WARM_UP = 5000;
const CALLS = 10_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const temporary = [];
process.on('exit', () => {
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
});
function temporaryFolder(prefix) {
  temporary.push(mkdtempSync(prefix));
  return temporary.at(-1);
}

if (process.argv[2] === '--calls') await measureCalls();
else await main();

async function main() {
  const on = callCosts();
  const off = await loopRates();
  if (process.argv[2])
    writeFileSync(process.argv[2], `${JSON.stringify({ node: process.version, on, off })}\n`);
}

// In processes of their own, of which some record, in turn.
function callCosts() {
  const folder = temporaryFolder(path.join(tmpdir(), 'rfds-'));
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
  const results = Object.entries(times).map(([name, all]) => [
    name,
    { median: median(all), mean: mean(all) },
  ]);
  console.log(JSON.stringify(Object.fromEntries(results)));
}

// Messages for each CPU second of the epoll loop, in turn. Three processes of each: one and the same
// build differs by a percent from process to process.
async function loopRates() {
  const { dist, withFleet } = await import('./loaded-server.mjs');
  const builds = { 'with a recorder': dist, before: buildBefore() };
  const samples = { 'with a recorder': [], before: [] };
  await withFleet(async ({ start, put }) => {
    const pairs = [];
    for (let i = 0; i < 3; i++) {
      const pair = [];
      for (const [name, build] of Object.entries(builds)) pair.push([name, await start('epoll', build)]);
      pairs.push(pair);
    }
    for (let round = 0; round < 2 * ROUNDS; round++) {
      // Who goes first takes turns as well.
      const pair = pairs[round % 3];
      for (const [name, server] of round % 2 ? pair.toReversed() : pair) {
        const { messages, server: used } = await put(server, { seconds: 0.75, warmupSeconds: 0.2 });
        samples[name].push(messages / (used.cpuNs / 1e9));
      }
    }
    for (const [name, rates] of Object.entries(samples))
      console.log(`off, ${name.padEnd(15)} ${median(rates).toFixed(0)} messages per CPU second`);
    const ratios = samples['with a recorder'].map((rate, i) => rate / samples.before[i]);
    console.log(`off, ratio ${median(ratios).toFixed(4)}, median of ${ratios.length} pairs`);
  });
  return samples;
}

// The build of the commit before the recorder's first, beside the project's own: so that it finds the
// same packages and the same addon, which has all that it wants.
function buildBefore() {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const first = git('log', '--diff-filter=A', '--format=%H', '--', 'src/trace/recorder.ts')
    .split('\n')
    .at(-1);
  const source = temporaryFolder(path.join(root, 'build-before-source-'));
  const archive = execFileSync(
    'git',
    ['archive', `${first}^`, 'src', 'tsconfig.json', 'tsconfig.build.json'],
    {
      cwd: root,
      maxBuffer: 1 << 28,
    },
  );
  execFileSync('tar', ['-x', '-C', source], { input: archive });
  const build = temporaryFolder(path.join(root, 'build-before-'));
  const tsc = path.join(root, 'node_modules/.bin/tsc');
  execFileSync(tsc, ['-p', path.join(source, 'tsconfig.build.json'), '--outDir', build], {
    stdio: 'inherit',
  });
  return build;
}
