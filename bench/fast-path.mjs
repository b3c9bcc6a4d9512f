// What the batches (src/kernel/batch.ts) gain, and the word that says whether a signal is pending
// (src/kernel/fast-calls.ts). Three builds, in turn: `plain`, every call with its arguments through Node-API;
// `fast`, with the word; `fast and batched`, the build as it is. Prints
//   · nanoseconds of CPU for a recv and a send of 64 bytes over a TCP connection on loopback,
//   · messages for each CPU second of the epoll, the poll and the select loop (select's has no batches: a control),
//   · what each fast call saves by itself, and how much of a message's time that is,
// medians of all rounds. With a file's name, writes every sample. Linux.
//     node bench/fast-path.mjs [--rounds N] [--only calls|loops|each] [FILE]

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import { dist, withFleet } from './loaded-server.mjs';

const LOOPS = ['epoll', 'poll', 'select'];
const FAST = ['take_pending_signals'];
/** How often a loop asks for a message, on 100 connections. */
const PER_MESSAGE = { epoll: { take_pending_signals: 0.02 }, select: { take_pending_signals: 0.02 } };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '15' },
    only: { type: 'string' },
  },
});
const rounds = Number(values.rounds);

await main(positionals[0]);

async function main(file) {
  const builds = makeBuilds();
  const wanted = (part) => values.only === undefined || values.only === part;
  const samples = {};
  if (wanted('calls')) samples.calls = measureCalls(builds);
  if (wanted('loops')) samples.loops = await measureLoops(builds);
  if (wanted('each')) samples.each = measureEach(builds, samples.loops);
  if (file) writeFileSync(file, `${JSON.stringify({ node: process.version, rounds, ...samples })}\n`);
}

/** The builds by name: copies of dist beside it, so that they find the same packages and the same addon. */
function makeBuilds() {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const folder = mkdtempSync(path.join(root, 'build-fast-path-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const copy = (name, calls) => {
    // As deep as dist: the addon is looked for from there.
    const build = `${folder}-${name}`;
    process.on('exit', () => rmSync(build, { recursive: true, force: true }));
    cpSync(dist, build, { recursive: true });
    const kernel = path.join(build, 'kernel');
    // What scripts/bundle.mjs makes of native, fast-calls and own-calls. A name exported here hides the one that is
    // exported with *.
    renameSync(path.join(kernel, 'merged.js'), path.join(kernel, 'merged-as-built.js'));
    writeFileSync(
      path.join(kernel, 'merged.js'),
      `import { native_native as native, fast_calls_kernel as fast,
  fast_calls_WORDS_PER_CALL as WORDS_PER_CALL, fast_calls_RECV as RECV } from './merged-as-built.js';
export * from './merged-as-built.js';
const kernel = ${calls};
const { recv, send, take_pending_signals } = kernel;
function batch(buf, entries, n) {
  for (let at = 0; at < n * WORDS_PER_CALL; at += WORDS_PER_CALL)
    entries[at] = entries[at] === RECV
      ? recv(entries[at + 1], buf, entries[at + 2], entries[at + 3], entries[at + 4])
      : send(entries[at + 1], buf, entries[at + 2], entries[at + 3], entries[at + 4]);
}
export { kernel as fast_calls_kernel, take_pending_signals as own_calls_take_pending_signals, batch as fast_calls_batch,
  batch as own_calls_batch };
`,
    );
    return build;
  };
  return {
    plain: copy('plain', `{ ...fast, ${FAST.map((name) => `${name}: native.${name}`).join(', ')} }`),
    fast: copy('fast', 'fast'),
    'fast and batched': dist,
  };
}

/** What fast-path-calls.mjs measures, in a process for each round. */
function measured(builds, what) {
  const args = [fileURLToPath(new URL('fast-path-calls.mjs', import.meta.url)), what, JSON.stringify(builds)];
  return Array.from({ length: rounds }, () =>
    JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })),
  );
}

function measureCalls(builds) {
  const samples = measured(builds, 'transfers');
  console.log(`ns of CPU, 64 B over loopback TCP, medians of ${rounds} rounds`);
  for (const call of ['recv', 'send'])
    report(
      call,
      Object.keys(builds).map((name) => [name, samples.map((costs) => costs[name][call])]),
      'less',
    );
  return samples;
}

async function measureLoops(builds) {
  const samples = {};
  await withFleet(async ({ start, put }) => {
    for (const loop of LOOPS) {
      const servers = {};
      samples[loop] = {};
      for (const [name, build] of Object.entries(builds)) {
        servers[name] = await start(loop, build);
        samples[loop][name] = [];
      }
      for (let round = 0; round < rounds; round++) {
        for (const [name, server] of inTurn(servers, round)) {
          const { messages, server: used } = await put(server, { seconds: 0.4, warmupSeconds: 0.1 });
          samples[loop][name].push(messages / (used.cpuNs / 1e9));
        }
      }
    }
  });
  console.log(`\nmessages for each CPU second, medians of ${rounds} rounds`);
  for (const [loop, rates] of Object.entries(samples)) report(loop, Object.entries(rates), 'more');
  return samples;
}

/** Who goes first takes turns as well. */
function inTurn(object, round) {
  const entries = Object.entries(object);
  return entries.map((_, i) => entries[(i + round) % entries.length]);
}

/** A line for each build: the median, and the median of its rounds' ratios to the build before. */
function report(title, rows, better) {
  rows.forEach(([name, samples], i) => {
    let gain = '';
    if (i > 0) {
      const [before, others] = rows[i - 1];
      const ratios = samples.map((value, round) => value / others[round]);
      const percent = 100 * (better === 'more' ? median(ratios) - 1 : 1 - median(ratios));
      gain = `gains ${percent.toFixed(1)} % on ${before} (ratios ${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)})`;
    }
    console.log(
      `  ${title.padEnd(14)} ${name.padEnd(16)} ${median(samples).toFixed(0).padStart(8)}  ${gain}`.trimEnd(),
    );
  });
}

/** Each call by itself, plain and fast. */
function measureEach(builds, loops) {
  const samples = measured({ plain: builds.plain, fast: builds.fast }, 'each');
  console.log(`\nns of CPU for each fast call by itself, medians of ${rounds} rounds`);
  for (const call of FAST) {
    const [plain, fast] = ['plain', 'fast'].map((name) => samples.map((costs) => costs[name][call]));
    const saved = median(plain.map((cost, round) => cost - fast[round]));
    const shares = Object.entries(PER_MESSAGE).map(([loop, counts]) => {
      const nsPerMessage = loops ? 1e9 / median(loops[loop].plain) : Number.NaN;
      return `${((100 * saved * (counts[call] ?? 0)) / nsPerMessage).toFixed(1)} % of a message in the ${loop} loop`;
    });
    console.log(
      `  ${call.padEnd(20)} plain ${median(plain).toFixed(0)}, fast ${median(fast).toFixed(0)}: ` +
        `saves ${saved.toFixed(0)}, ${((100 * saved) / median(plain)).toFixed(1)} % of the call${loops ? `; ${shares.join(', ')}` : ''}`,
    );
  }
  return samples;
}
