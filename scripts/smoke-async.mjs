// Waits beside the runtime's event loop, asked of any runtime: bytes, an end, a descriptor that is closed, a worker that is
// terminated, and each adapter of rfds/compat. It prints ok, and ends because nothing is waited for any more. Used by matrix.mjs.
import { Worker } from 'node:worker_threads';
import { AsyncSocket, notify_closing, readable, waiting } from '../dist/async.js';
import { Epoll } from '../dist/node/compat/epoll.js';
import { DgramSocket, SeqpacketServer, SeqpacketSocket } from '../dist/node/compat/node-unix-socket.js';
import { createSocket as createRawSocket, Protocol } from '../dist/node/compat/raw-socket.js';
import { createSocket } from '../dist/node/compat/unix-dgram.js';
import { USocket } from '../dist/node/compat/usocket.js';
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

/** The first event of that name. */
const event = (emitter, name) => new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));
const hello = Buffer.from('hello');
const expectHello = (what, data) => {
  if (String(data) !== 'hello') throw new Error(`${what}: received ${data}`);
};

const [one, other] = socketpair().map((sock) => new USocket({ fd: sock.detach() }));
const fdsCame = event(other, 'fds');
const bytesCame = event(other, 'data');
one.writeWithFds(hello, [0]);
const [fds] = await fdsCame;
if (fds.length !== 1) throw new Error(`usocket: ${fds.length} descriptors`);
expectHello('usocket', (await bytesCame)[0]);
const ends = [event(one, 'close'), event(other, 'close')];
other.closeFds(fds);
one.destroy();
other.destroy();
await Promise.all(ends);

const name = `\0rfds-smoke-${process.pid}`;
const unix = createSocket('unix_dgram');
unix.bind(`${name}-unix-dgram`);
const datagram = event(unix, 'message');
const sender = new DgramSocket();
sender.sendTo(hello, 0, hello.length, `${name}-unix-dgram`);
expectHello('unix-dgram', (await datagram)[0]);
unix.close();
sender.close();

const server = new SeqpacketServer();
server.listen(name);
const client = new SeqpacketSocket();
client.connect(name, () => client.write(hello));
const [peer] = await event(server, 'connection');
expectHello('node-unix-socket', (await event(peer, 'data'))[0]);
for (const socket of [peer, client, server]) socket.close();

const [watched, writer] = socketpair();
await new Promise((resolve) => {
  const poller = new Epoll((_, fd) => {
    if (fd !== watched.fileno()) throw new Error(`epoll: ${fd}`);
    poller.close();
    resolve();
  });
  poller.add(watched.fileno(), Epoll.EPOLLIN);
  writer.send(hello);
});
watched.close();
writer.close();

let raw;
try {
  raw = createRawSocket({ protocol: Protocol.ICMP });
} catch ({ code }) {
  if (code !== 'EPERM') throw new Error(`raw-socket: ${code}`);
}
if (raw) {
  const reply = event(raw, 'message');
  raw.send(Buffer.from([8, 0, 0xf7, 0xfe, 0, 1, 0, 0]), 0, 8, '127.0.0.1', (error) => {
    if (error) throw error;
  });
  await reply;
  raw.close();
}

if (waiting() !== 0) throw new Error(`${waiting()} waits are left`);
notify_closing(0);
console.log('ok');
