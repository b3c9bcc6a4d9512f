// A process that is sent signals at random while it does, at random, what could lose one, deliver it twice, or
// end the process: signal-stress.test.ts starts it. It prints what it counted, as JSON.
//
//   node signal-stress.mjs seed signals
import { spawn } from 'node:child_process';
import { Worker } from 'node:worker_threads';

const [seed, count] = process.argv.slice(2).map(Number);
const dist = (name) => new URL(`../../dist/${name}.js`, import.meta.url).href;
const { getsignal, signal, siginterrupt, Signals } = await import(dist('signal'));
const { epoll, poll, select } = await import(dist('select'));
const { socketpair } = await import(dist('socket'));
const isLinux = process.platform === 'linux';

// xorshift32
let state = seed || 1;
function random(n) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % n;
}
const any = (list) => list[random(list.length)];

// With a handler of signal()'s, and listeners of Node's that come and go; and with listeners alone.
const handled = ['SIGUSR2', 'SIGHUP', 'SIGTERM', 'SIGWINCH', 'SIGCHLD'];
const heard = ['SIGINT', 'SIGIO'];
const all = [...handled, ...heard];
const counts = Object.fromEntries(all.map((name) => [name, { handlers: 0, listeners: 0, last: 0 }]));
const now = () => Number(process.hrtime.bigint());

const handlerOf = (name) => () => {
  counts[name].handlers++;
  counts[name].last = now();
};
for (const name of handled) signal(Signals[name], handlerOf(name));
for (const name of heard)
  process.on(name, () => {
    counts[name].listeners++;
    counts[name].last = now();
  });

// SIGCHLD comes of itself, too: how often is not known.
const sender = spawn('python3', [
  '-c',
  `
import json, os, random, signal, sys, time
seed, count, pid, names = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].split(',')
random.seed(seed)
sent = {name: 0 for name in names}
last = {name: 0 for name in names}
while count > 0:
    for _ in range(random.choice([1, 1, 2, 10, 50])):
        name = random.choice(names)
        sent[name] += 1
        last[name] = time.monotonic_ns()
        os.kill(pid, getattr(signal, name))
        count -= 1
    time.sleep(random.choice([0, 0.0001, 0.001, 0.003]))
print(json.dumps({'sent': sent, 'last': last}))
`,
  String(seed),
  String(count),
  String(process.pid),
  all.join(','),
]);
let output = '';
sender.stdout.setEncoding('utf8').on('data', (text) => {
  output += text;
});
sender.stderr.pipe(process.stderr);
let isSending = true;
sender.on('close', () => {
  isSending = false;
});

const [near, far] = socketpair();
far.settimeout(0);
const poller = poll();
poller.register(near, 1);
const epoller = isLinux ? epoll() : null;
epoller?.register(near, 1);
const drain = () => {
  try {
    while (far.recv(65536).length === 65536);
  } catch {
    // BlockingIOError: nothing more for now.
  }
};
const turn = () => new Promise((resolve) => setImmediate(resolve));
const extra = new Map();
let worker = null;
let interrupted = 0;
let children = 0;

const steps = [
  () => select([near], [], [], random(4) / 1000),
  () => poller.poll(random(4)),
  () => epoller?.poll(random(4) / 1000),
  () => {
    near.settimeout(0.002);
    near.recv(1);
  },
  () => {
    near.settimeout(null);
    near.sendall(Buffer.alloc(random(50_000)));
  },
  drain,
  turn,
  () => new Promise((resolve) => setTimeout(resolve, 1)),
  () => {
    const name = any(all);
    if (extra.has(name)) process.off(name, extra.get(name));
    const listener = () => {};
    extra.set(name, listener);
    process[any(['on', 'once', 'prependListener'])](name, listener);
  },
  () => {
    const name = any(all);
    if (extra.has(name)) process.off(name, extra.get(name));
    extra.delete(name);
  },
  () => {
    const name = any(handled);
    signal(Signals[name], handlerOf(name));
  },
  () => {
    const signum = Signals[any(handled)];
    siginterrupt(signum, false);
    siginterrupt(signum, true);
  },
  () => {
    if (random(20) > 0 || children > 3) return;
    children++;
    spawn('true').on('exit', () => children--);
  },
  async () => {
    if (random(40) > 0) return;
    await worker?.terminate();
    worker = new Worker(
      `import(${JSON.stringify(dist('socket'))}).then(({ socketpair }) => socketpair()[0].recv(1));`,
      { eval: true },
    );
  },
];

const busy = async () => {
  try {
    drain();
    await any(steps)();
  } catch (error) {
    if (error.name === 'InterruptedError') interrupted++;
    else if (error.name !== 'TimeoutError') throw error;
  }
};
while (isSending) await busy();
// What came last is handled by the next calls, and what only Node listens for by its loop.
for (let i = 0; i < 20; i++) {
  await turn();
  try {
    select([], [], [], 0.001);
  } catch (error) {
    if (error.name !== 'InterruptedError') throw error;
  }
}
while (children > 0) await turn();
await worker?.terminate();
const { sent, last } = JSON.parse(output);
const kept = handled.every((name) => typeof getsignal(Signals[name]) === 'function');
console.log(JSON.stringify({ counts, sent, last, interrupted, kept }));
process.exit();
