// Workers that are terminated while the addon throws argument errors, and while they load the addon:
// terminated-workers.test.ts runs it and looks at how it ends.
//
//   node terminated-workers.mjs throwing|loading rounds seconds
//
// Each round starts eight workers, and terminates each at a moment of its own. It ends after so many rounds, or
// after so many seconds, and prints how many rounds there were.
import { Worker } from 'node:worker_threads';

const [what, rounds, seconds] = process.argv.slice(2);
const addon = process.env.RFDS_ADDON ?? new URL('../../build/Release/rfds.node', import.meta.url).pathname;

const load = `
  const module = { exports: {} };
  process.dlopen(module, ${JSON.stringify(addon)});
  const sys = module.exports;
`;
const bodies = {
  // Every kind of error: for a type, for a number, for bounds, for the number of arguments, of an array's getter.
  throwing: `
    ${load}
    parentPort.postMessage('');
    const buffers = [new Uint8Array(1)];
    Object.defineProperty(buffers, 1, { get() { throw new Error('mine'); } });
    const calls = [
      () => sys.close('x'),
      () => sys.close(1.5),
      () => sys.close(),
      () => sys.recv(-1, new Uint8Array(1), 0, 2, 0),
      () => sys.sendmsg(-1, buffers, null, null, 0),
      () => sys.batch(new ArrayBuffer(1), new Int32Array(10).fill(-1)),
    ];
    for (let i = 0; ; i++) { try { calls[i % calls.length](); } catch {} }
  `,
  loading: `
    parentPort.postMessage('');
    for (;;) { try { ${load} } catch {} }
  `,
};
const body = `const { parentPort } = require('node:worker_threads');\n${bodies[what]}`;

const deadline = performance.now() + 1000 * seconds;
let round = 0;
for (; round < Number(rounds) && performance.now() < deadline; round++) {
  const workers = Array.from({ length: 8 }, () => new Worker(body, { eval: true }));
  await Promise.all(
    workers.map(async (worker, i) => {
      await new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
      await new Promise((resolve) => setTimeout(resolve, (round + i) % 7));
      await worker.terminate();
    }),
  );
}
console.log(round);
