// A UNIX datagram over rfds/compat/unix-dgram beside the package unix-dgram 2.0.7, which is built from its source in a temporary
// folder: a server and a client in processes of their own; their processor time together, in microseconds for each datagram
// that is sent and answered, one at a time and in bursts. Pairs of runs, alternated; prints the medians and the median of the pairs' ratios; with a file's name, writes all.
//     node bench/datagram-cost.mjs [FILE] [PAIRS]

import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from 'simple-statistics';

const VERSION = '2.0.7';
const MESSAGES = 10_000;
const SIZE = 100;
/** The kernel queues ten (net.unix.max_dgram_qlen); sent together. */
const modes = { 'one at a time': 1, 'in bursts of 8': 8 };

const self = fileURLToPath(import.meta.url);
const adapter = new URL('../dist/node/compat/unix-dgram.js', import.meta.url).href;

const load = (module) => (module.startsWith('file:') ? import(module) : createRequire(self)(module));

/** A server in a process of its own, which answers each datagram, and tells its processor time when it is asked. */
async function serve(module, name) {
  const server = (await load(module)).createSocket('unix_dgram', (bytes, { path }) => {
    server.send(bytes, 0, bytes.length, path, (error) => {
      if (error) throw error;
    });
  });
  server.bind(name);
  let began;
  process.on('message', (message) => {
    if (message === 'begin') began = process.cpuUsage();
    process.send(process.cpuUsage(began));
  });
  process.on('disconnect', () => server.close());
  process.send('ready');
}

/** The client of such a server: microseconds of both processes for each datagram that is sent and answered. */
async function measure(module, burst) {
  const unix = await load(module);
  const folder = mkdtempSync(path.join(tmpdir(), 'rfds-datagram-'));
  const name = path.join(folder, 'server');
  const server = fork(self, ['--serve', module, name]);
  await once(server, 'message');
  const bytes = Buffer.alloc(SIZE, 'x');
  let missing = 0;
  let answered;
  const client = unix.createSocket('unix_dgram', () => {
    if (--missing === 0) answered();
  });
  client.bind(path.join(folder, 'client'));
  client.connect(name);
  client.on('congestion', () => {
    throw new Error('the queue is full');
  });
  const converse = async (messages) => {
    for (let i = 0; i < messages; i += burst) {
      await new Promise((resolve) => {
        missing = burst;
        answered = resolve;
        for (let k = 0; k < burst; k++) client.send(bytes);
      });
    }
  };
  const ask = async (question) => {
    server.send(question);
    return (await once(server, 'message'))[0];
  };
  await converse(MESSAGES / 4); // Warm.
  await ask('begin');
  const began = process.cpuUsage();
  await converse(MESSAGES);
  const own = process.cpuUsage(began);
  const its = await ask('end');
  server.disconnect();
  client.close();
  await once(server, 'exit');
  rmSync(folder, { recursive: true });
  return (own.user + own.system + its.user + its.system) / MESSAGES;
}

function build(folder) {
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ private: true, allowScripts: { 'unix-dgram': true } }),
  );
  execFileSync('npm', ['i', '--no-audit', '--no-fund', `unix-dgram@${VERSION}`], {
    cwd: folder,
    stdio: 'pipe',
  });
  return path.join(folder, 'node_modules/unix-dgram');
}

if (process.argv[2] === '--serve') {
  await serve(process.argv[3], process.argv[4]);
} else if (process.argv[2] === '--measure') {
  console.log(await measure(process.argv[3], Number(process.argv[4])));
} else {
  const [file, pairs = '7'] = process.argv.slice(2);
  const folder = mkdtempSync(path.join(tmpdir(), 'rfds-unix-dgram-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const packaged = build(folder);
  const run = (module, burst) =>
    Number(execFileSync(process.execPath, [self, '--measure', module, `${burst}`], { encoding: 'utf8' }));
  const results = {};
  for (const [mode, burst] of Object.entries(modes)) {
    results[mode] = [];
    for (let i = 0; i < Number(pairs); i++) {
      const order = i % 2 === 0 ? [adapter, packaged] : [packaged, adapter];
      const micros = new Map(order.map((module) => [module, run(module, burst)]));
      results[mode].push({ rfds: micros.get(adapter), 'unix-dgram': micros.get(packaged) });
    }
    const of = (value) => median(results[mode].map(value)).toFixed(2);
    console.log(
      `${mode}: rfds ${of((pair) => pair.rfds)} us, unix-dgram ${of((pair) => pair['unix-dgram'])} us, ratio ${of((pair) => pair.rfds / pair['unix-dgram'])}`,
    );
  }
  if (file)
    writeFileSync(
      file,
      `${JSON.stringify({ node: process.version, loadavg: loadavg(), version: VERSION, messages: MESSAGES, size: SIZE, results })}\n`,
    );
}
