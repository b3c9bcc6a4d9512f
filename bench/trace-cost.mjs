// What recording costs (RFDS_TRACE, src/trace/recorder.ts). On: a call through the recorder less the
// same call without it, in turn in one process, at the median. Off: the epoll loop of this build and of
// the commit before there was a recorder, in turn. Prints both; with a file's name, writes every sample.
//     node bench/trace-cost.mjs [FILE]

import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { mean, median } from 'simple-statistics';

const ROUNDS = 21;
const CALLS = 1000;
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

// In a process of its own, which records; the least disturbed clock is the one that it reads itself.
function callCosts() {
  const folder = temporaryFolder(path.join(tmpdir(), 'rfds-'));
  const costs = {};
  for (const state of ['call', 'none']) {
    const file = path.join(folder, 'recording');
    const env = { ...process.env, RFDS_TRACE: file, RFDS_TRACE_STATE: state };
    const output = execFileSync(process.execPath, [fileURLToPath(import.meta.url), '--calls'], { env });
    costs[state] = JSON.parse(output);
    rmSync(file);
  }
  for (const [state, calls] of Object.entries(costs)) {
    for (const [name, { direct, recorded, recordedMean }] of Object.entries(calls)) {
      const added = (median(recorded) - median(direct)) / 1000;
      const inTheMean = (mean(recordedMean) - median(direct)) / 1000;
      console.log(
        `on, state ${state.padEnd(4)}  ${name.padEnd(12)} ${added.toFixed(1)} µs a call at the median, ` +
          `${inTheMean.toFixed(1)} µs in the mean, which has the writing`,
      );
    }
  }
  return costs;
}

// Prints { name: { direct, recorded, recordedMean } }: nanoseconds, one number for each round.
async function measureCalls() {
  const { kernel } = await import('../dist/gate.js');
  const sys = await import('../dist/syscalls.js');
  const { MSG_NOSIGNAL, socket } = await import('../dist/socket.js');
  const server = socket();
  server.bind(['127.0.0.1', 0]);
  server.listen();
  const client = socket();
  client.connect(server.getsockname());
  const [conn] = server.accept();
  conn.setblocking(false);
  client.setblocking(false);
  const [one, two] = [client.fileno(), conn.fileno()];
  const nowhere = openSync('/dev/null', 'w');
  const memory = new ArrayBuffer(1024);
  const addr = new ArrayBuffer(128);
  const length = new Int32Array(1);
  const events = new ArrayBuffer(12 * 64);
  const epfd = sys.epoll_create1(0);
  // From as deep in the program as the servers' calls are.
  const calls = {
    send: (by) => by.send(one, memory, 0, 23, MSG_NOSIGNAL),
    recv: (by) => by.recv(two, memory, 0, 1024, 0),
    getpeername(by) {
      length[0] = 128;
      return by.getpeername(two, addr, length);
    },
    write: (by) => by.write(nowhere, memory, 0, 63),
    epoll_wait: (by) => by.epoll_wait(epfd, events, 64, 0),
  };
  const deeper = (depth, call, by) => (depth === 0 ? call(by) : deeper(depth - 1, call, by));
  const results = {};
  for (const name of Object.keys(calls)) results[name] = { direct: [], recorded: [], recordedMean: [] };
  for (let round = -2; round < ROUNDS; round++) {
    for (const [how, by] of Object.entries({ direct: kernel, recorded: sys })) {
      const times = {};
      for (const name of Object.keys(calls)) times[name] = [];
      for (let i = 0; i < CALLS; i++) {
        for (const [name, call] of Object.entries(calls)) {
          const start = process.hrtime.bigint();
          deeper(3, call, by);
          times[name].push(Number(process.hrtime.bigint() - start));
        }
      }
      if (round < 0) continue; // The engine has yet to compile it.
      for (const name of Object.keys(calls)) {
        results[name][how].push(median(times[name]));
        if (how === 'recorded') results[name].recordedMean.push(mean(times[name]));
      }
    }
  }
  console.log(JSON.stringify(results));
}

// Messages for each CPU second of the epoll loop, in turn.
async function loopRates() {
  const { dist, withFleet } = await import('./loaded-server.mjs');
  const builds = { 'with a recorder': dist, before: buildBefore() };
  const samples = { 'with a recorder': [], before: [] };
  await withFleet(async ({ start, put }) => {
    const servers = [];
    for (const [name, build] of Object.entries(builds)) servers.push([name, await start('epoll', build)]);
    for (let round = 0; round < ROUNDS; round++) {
      // Who goes first takes turns as well.
      for (const [name, server] of round % 2 ? servers.toReversed() : servers) {
        const { messages, server: used } = await put(server, { seconds: 0.75, warmupSeconds: 0.2 });
        samples[name].push(messages / (used.cpuNs / 1e9));
      }
    }
    for (const [name, rates] of Object.entries(samples))
      console.log(`off, ${name.padEnd(15)} ${median(rates).toFixed(0)} messages per CPU second`);
    const ratios = samples['with a recorder'].map((rate, i) => rate / samples.before[i]);
    console.log(`off, ratio ${median(ratios).toFixed(4)}, median of ${ROUNDS} pairs`);
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
