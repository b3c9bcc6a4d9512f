// Whether the memory of the epoll and the poll loop stays flat: ten minutes of messages for both at
// once, resident memory every ten seconds. With a file's name, writes every sample.
//     node bench/flat-memory.mjs [FILE] [SECONDS]

import { writeFileSync } from 'node:fs';
import { usageOf } from '../dist/tools/compare/usage.js';
import { withFleet } from './loaded-server.mjs';

const [file, seconds = '600'] = process.argv.slice(2);
const EVERY = 10;

await withFleet(async ({ start, put }) => {
  const loops = await Promise.all(
    ['epoll', 'poll'].map(async (loop) => {
      const server = await start(loop);
      const residentKiB = [];
      const timer = setInterval(() => residentKiB.push(usageOf(server.pid).residentKiB), EVERY * 1000);
      try {
        const { messages } = await put(server, { seconds: Number(seconds), warmupSeconds: 5 });
        return { loop, messages, residentKiB };
      } finally {
        clearInterval(timer);
      }
    }),
  );
  for (const { loop, messages, residentKiB } of loops) {
    const range = `${Math.min(...residentKiB)}-${Math.max(...residentKiB)} KiB`;
    console.log(`${loop.padEnd(6)} ${messages} messages, first ${residentKiB[0]} KiB, ${range}`);
  }
  if (file) writeFileSync(file, `${JSON.stringify({ node: process.version, everySeconds: EVERY, loops })}\n`);
});
