// The part of fast-path.mjs that measures calls, in a process for each round: the builds take turns block by
// block, so that whatever else the machine does touches all of them alike. Prints { build: { call: ns } } as JSON:
// the median of the blocks, in nanoseconds of the thread's own CPU time for a call.
//     node bench/fast-path-calls.mjs transfers|each '{"NAME": "FOLDER OF THE BUILD", …}'

import { median } from 'simple-statistics';
import { native } from '../dist/kernel/native.js';
import { IPPROTO_TCP, socket, TCP_NODELAY } from '../dist/socket.js';

const BLOCKS = 1500;
const WARM_UP = 500;
const CLOCK_THREAD_CPUTIME_ID = 3; // of Linux

const listener = socket();
listener.bind(['127.0.0.1', 0]);
listener.listen();
const client = socket();
client.connect(listener.getsockname());
client.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
const [server] = listener.accept();

const timespec = new ArrayBuffer(16);
const words = new Uint32Array(timespec);
function now() {
  native.clock_gettime(CLOCK_THREAD_CPUTIME_ID, timespec);
  return words[0] * 1e9 + words[2];
}

const [what, folders] = process.argv.slice(2);
const builds = [];
for (const [name, folder] of Object.entries(JSON.parse(folders))) {
  const module = await import(`./fast-path-blocks.mjs?build=${encodeURIComponent(folder)}`);
  const blocks = await module[what](client.fileno(), server.fileno());
  const times = Object.fromEntries(Object.keys(blocks).map((call) => [call, []]));
  builds.push({ name, size: module.BLOCK, blocks: Object.entries(blocks), times });
}

for (let i = -WARM_UP; i < BLOCKS; i++) {
  for (const { size, blocks, times } of builds) {
    for (const [call, makeCalls] of blocks) {
      const began = now();
      makeCalls();
      if (i >= 0) times[call].push((now() - began) / size);
    }
  }
  builds.push(builds.shift());
}

const result = {};
for (const { name, times } of builds)
  result[name] = Object.fromEntries(Object.entries(times).map(([call, all]) => [call, median(all)]));
console.log(JSON.stringify(result));
