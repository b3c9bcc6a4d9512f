// From a byte that is sent to the line behind `await readable()`, in microseconds: rounds of 20,000 waits, one at a time.
// Prints each round's median and 99th percentile; with a file's name, writes them.
//     node bench/async-latency.mjs [FILE] [ROUNDS]

import { writeFileSync } from 'node:fs';
import { median, quantile } from 'simple-statistics';
import { readable } from '../dist/async.js';
import { socketpair } from '../dist/socket.js';

const [file, rounds = '7'] = process.argv.slice(2);
const [near, far] = socketpair();
for (const end of [near, far]) end.setblocking(false);
const byte = Buffer.from('x');

const results = [];
for (let round = 0; round < Number(rounds); round++) {
  const micros = [];
  for (let i = 0; i < 20_000; i++) {
    const ready = readable(near);
    await new Promise(setImmediate); // Node waits in its loop, as it does in a service.
    const began = process.hrtime.bigint();
    far.send(byte);
    await ready;
    micros.push(Number(process.hrtime.bigint() - began) / 1e3);
    near.recv(10);
  }
  results.push({ median: median(micros), p99: quantile(micros, 0.99) });
  const { median: middle, p99 } = results[round];
  console.log(`median ${middle.toFixed(1)} us, 99th percentile ${p99.toFixed(1)} us`);
}
console.log(`median of the medians: ${median(results.map((result) => result.median)).toFixed(1)} us`);
if (file) writeFileSync(file, `${JSON.stringify({ node: process.version, results })}\n`);
near.close();
far.close();
