// Waits beside the runtime's event loop, asked of any runtime: bytes, an end, a descriptor that is closed, a worker that is
// terminated. It prints ok, and ends because nothing is waited for any more. Used by matrix.mjs.
import { Worker } from 'node:worker_threads';
import { AsyncSocket, notify_closing, readable, waiting } from '../dist/async.js';
import { socketpair } from '../dist/socket.js';

const [near, far] = socketpair().map((end) => new AsyncSocket(end));
const received = near.recv(10);
let isTimely = false;
setTimeout(() => {
  isTimely = true;
  far.sendall(Buffer.from('hello'));
}, 10);
const data = await received;
if (String(data) !== 'hello' || !isTimely) throw new Error(`received ${data}`);

const closed = near.recv(10).catch(({ code }) => code);
await new Promise((resolve) => setTimeout(resolve, 5));
near.close();
if ((await closed) !== 'EBADF') throw new Error('a wait for a closed socket was not rejected');
await readable(far);
if ((await far.recv(1)).length !== 0) throw new Error('no end of the stream');
far.close();

const code = `
  const { parentPort } = require('node:worker_threads');
  import(${JSON.stringify(new URL('../dist/async.js', import.meta.url).href)}).then(async ({ readable }) => {
    const { socketpair } = await import(${JSON.stringify(new URL('../dist/socket.js', import.meta.url).href)});
    const [one] = socketpair();
    readable(one);
    parentPort.postMessage('waits');
  });
`;
const worker = new Worker(code, { eval: true });
await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
await worker.terminate();
if (waiting() !== 0) throw new Error(`${waiting()} waits are left`);
notify_closing(0);
console.log('ok');
