// signal() and process.on() for the same signals: the process has one table of dispositions, and neither takes
// from the other what it has set there.

import { expect, test } from 'vitest';
import { module, run } from '../support/signalled.ts';

const pause = (ms: number) => `await new Promise((resolve) => setTimeout(resolve, ${ms}));`;
const until = (condition: string) =>
  `while (!(${condition})) await new Promise((resolve) => setTimeout(resolve, 1));`;
const imports = `
  import { spawn } from 'node:child_process';
  const { SIGUSR2, SIGHUP, SIGCHLD, SIGWINCH } = signals;
  const turn = () => select([], [], [], 0.02);
`;

test.each(['on', 'once', 'prependListener'])(
  'a listener that %s adds and off takes away leaves the handler of signal() as it was',
  async (add) => {
    const { stdout, status } = await run(
      `${imports}
       signal(SIGHUP, () => print('handled'));
       const listener = () => print('listener');
       process.${add}('SIGHUP', listener);
       process.off('SIGHUP', listener);
       process.kill(process.pid, 'SIGHUP');
       turn();
       process.removeAllListeners('SIGHUP');
       process.kill(process.pid, 'SIGHUP');
       turn();`,
    );
    expect([stdout, status]).toEqual(['handled\nhandled\n', 0]);
  },
);

test('a listener that comes and goes leaves SIG_IGN as it was', async () => {
  const { stdout, status } = await run(
    `${imports}
     signal(SIGHUP, SIG_IGN);
     let isHeard = false;
     const listener = () => { print('listener'); isHeard = true; };
     process.on('SIGHUP', listener);
     process.kill(process.pid, 'SIGHUP');
     ${until('isHeard')}
     process.off('SIGHUP', listener);
     process.kill(process.pid, 'SIGHUP');
     ${pause(20)}
     print(String(getsignal(SIGHUP) === SIG_IGN));`,
  );
  expect([stdout, status]).toEqual(['listener\ntrue\n', 0]);
});

test('a signal that is pending when a listener comes and goes neither ends the process nor comes again', async () => {
  const { stdout, status } = await run(
    `${imports}
     let handled = 0;
     signal(SIGUSR2, () => handled++);
     process.kill(process.pid, 'SIGUSR2');
     const listener = () => print('listener');
     process.on('SIGUSR2', listener);
     ${pause(100)}
     process.off('SIGUSR2', listener);
     ${pause(100)}
     turn();
     print('handled ' + handled);`,
  );
  expect([stdout, status]).toEqual(['handled 1\n', 0]);
});

test('after a listener ran, and went, the next signal is handled as any', async () => {
  const { stdout } = await run(
    `${imports}
     let handled = 0;
     signal(SIGUSR2, () => handled++);
     process.kill(process.pid, 'SIGUSR2');
     process.on('SIGUSR2', () => {});
     ${pause(50)}
     signal(SIGUSR2, () => handled++);
     const before = handled;
     for (let i = 1; i < 4; i++) {
       process.kill(process.pid, 'SIGUSR2');
       turn();
       print(String(handled - before));
     }`,
  );
  expect(stdout).toBe('1\n2\n3\n');
});

test('a signal that was handled ends no process whose handler gives SIG_DFL back', async () => {
  const { stdout, status } = await run(
    `${imports}
     const end = Date.now() + 1500;
     let rounds = 0;
     while (Date.now() < end) {
       signal(SIGUSR1, () => {});
       process.kill(process.pid, 'SIGUSR1');
       const until = process.hrtime.bigint() + 1_000_000n + BigInt((rounds * 131) % 200_000);
       while (process.hrtime.bigint() < until);
       signal(SIGUSR1, SIG_DFL);
       rounds++;
     }
     print('survived');`,
  );
  expect([stdout, status]).toEqual(['survived\n', 0]);
});

test('signal() returns null for a handler of Node’s, and given null puts it back', async () => {
  const { stdout, status } = await run(
    `${imports}
     let ran = 0;
     process.on('SIGUSR2', () => { print('listener'); ran++; });
     const previous = signal(SIGUSR2, () => print('handler'));
     print(String(previous));
     process.kill(process.pid, 'SIGUSR2');
     turn();
     ${pause(20)}
     print(String(typeof signal(SIGUSR2, previous)));
     print(String(getsignal(SIGUSR2)));
     process.kill(process.pid, 'SIGUSR2');
     ${until('ran === 1')}
     turn();
     try { process.kill(process.pid, 'SIGUSR2'); turn(); } catch (error) { print(error.name); }
     ${until('ran === 2')}
     print(String(process.listenerCount('SIGUSR2')));`,
  );
  expect(stdout).toBe('null\nhandler\nfunction\nnull\nlistener\nInterruptedError\nlistener\n1\n');
  expect(status).toBe(0);
});

test('signal() given null puts back what was there before: the default action, and what Node ignores', async () => {
  const { stdout, status } = await run(
    `${imports}
     const { SIGPIPE } = signals;
     signal(SIGPIPE, () => {});
     signal(SIGPIPE, null);
     print(String(getsignal(SIGPIPE) === SIG_IGN));
     process.kill(process.pid, 'SIGPIPE');
     signal(SIGHUP, () => {});
     signal(SIGHUP, SIG_IGN);
     signal(SIGHUP, null);
     print(String(getsignal(SIGHUP) === SIG_DFL));
     process.kill(process.pid, 'SIGHUP');
     ${pause(1000)}`,
  );
  expect([stdout, status]).toEqual(['true\ntrue\n', 'SIGHUP']);
});

test('signal() given null after the listener went leaves the default action', async () => {
  const { status } = await run(
    `${imports}
     const listener = () => {};
     process.on('SIGHUP', listener);
     signal(SIGHUP, () => {});
     process.off('SIGHUP', listener);
     signal(SIGHUP, null);
     process.kill(process.pid, 'SIGHUP');
     ${pause(1000)}`,
  );
  expect(status).toBe('SIGHUP');
});

test('a listener that is added after signal(SIG_DFL) is called, though Node has another already', async () => {
  const { stdout, status } = await run(
    `${imports}
     process.on('SIGUSR2', () => print('first'));
     signal(SIGUSR2, () => {});
     signal(SIGUSR2, SIG_DFL);
     let isHeard = false;
     process.on('SIGUSR2', () => { print('second'); isHeard = true; });
     print(String(process.listenerCount('SIGUSR2')));
     process.kill(process.pid, 'SIGUSR2');
     ${until('isHeard')}`,
  );
  expect([stdout, status]).toEqual(['2\nfirst\nsecond\n', 0]);
});

test.each(['before', 'after'])(
  'signal(SIGCHLD) %s a child is spawned: the handler runs, and child_process has its event',
  async (when) => {
    const { stdout } = await run(
      `${imports}
       let handled = 0;
       const set = () => signal(SIGCHLD, () => handled++);
       if ('${when}' === 'before') set();
       const child = spawn('sleep', ['100']);
       if ('${when}' === 'after') set();
       let exited = false;
       child.on('exit', () => { exited = true; });
       child.kill();
       while (handled === 0) turn();
       while (!exited) await new Promise((resolve) => setImmediate(resolve));
       const other = spawn('true');
       signal(SIGCHLD, SIG_DFL);
       await new Promise((resolve) => other.on('exit', resolve));
       const last = spawn('true');
       await new Promise((resolve) => last.on('exit', resolve));
       print('both');`,
    );
    expect(stdout).toBe('both\n');
  },
);

test.each([
  ['SIGCHLD, SIG_IGN', /^RangeError SIGCHLD cannot be ignored/],
  ['SIGSEGV, () => {}', /^RangeError SIGSEGV is V8's/],
  ['SIGSEGV, SIG_DFL', /^RangeError SIGSEGV is V8's/],
  ['SIGBUS, () => {}', /^RangeError SIGBUS is V8's/],
  ['SIGFPE, () => {}', /^RangeError SIGFPE is V8's/],
  ['SIGILL, () => {}', /^RangeError SIGILL is V8's/],
  ['SIGKILL, () => {}', /^OSError sigaction EINVAL/],
  ['SIGSTOP, SIG_IGN', /^OSError sigaction EINVAL/],
  ['SIGKILL, SIG_DFL', /^OSError sigaction EINVAL/],
])('signal(%s) throws', async (args, message) => {
  const { stdout } = await run(
    `const { SIGCHLD, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGKILL, SIGSTOP } = signals;
     try { signal(${args}); } catch (error) { print(error.name + ' ' + error.message); }`,
  );
  expect(stdout).toMatch(message);
});

test('Ctrl+C while a callback of Node’s computes ends its first blocking call', async () => {
  const { stdout } = await run(
    `const [near] = socketpair();
     process.on('SIGINT', () => { print('listener'); process.exit(); });
     select([], [], [], 0);
     setTimeout(() => {
       process.kill(process.pid, 'SIGINT');
       try { near.recv(1); } catch (error) { print(error.name); }
     }, 1);
     setInterval(() => {}, 1000);`,
  );
  expect(stdout).toBe('InterruptedError\nlistener\n');
});

test('a listener may block: it has run, so its own signal interrupts none of its calls, nor later ones', async () => {
  const { stdout } = await run(
    `let ran = 0;
     const block = (where) => { print(where + ' ' + JSON.stringify(select([], [], [], 0.01))); ran++; };
     for (const add of ['on', 'once', 'on']) process[add]('SIGINT', () => block('listener'));
     select([], [], [], 0);
     process.kill(process.pid, 'SIGINT');
     ${until('ran === 3')}
     block('later');
     print(String(process.listenerCount('SIGINT')));`,
  );
  const empty = '[[],[],[]]';
  expect(stdout).toBe(`${`listener ${empty}\n`.repeat(3)}later ${empty}\n2\n`);
});

test('listeners of chained signals look as they did: listeners(), off() and their order', async () => {
  const { stdout } = await run(
    `let ran = 0;
     const [a, b, c] = ['a', 'b', 'c'].map((title) => Object.assign(() => { print(title); ran++; }, { title }));
     process.on('SIGUSR2', a);
     process.once('SIGUSR2', b);
     process.on('SIGUSR2', c);
     select([], [], [], 0);
     print(process.listeners('SIGUSR2').map(({ title }) => title).join());
     process.kill(process.pid, 'SIGUSR2');
     ${until('ran === 3')}
     print(process.listeners('SIGUSR2').map(({ title }) => title).join());
     process.off('SIGUSR2', a);
     process.off('SIGUSR2', c);
     print(String(process.listenerCount('SIGUSR2')));`,
  );
  expect(stdout).toBe('a,b,c\na\nb\nc\na,c\n0\n');
});

test('a listener of SIGURG does not keep a pending signal from interrupting a call', async () => {
  const { stdout } = await run(
    `import { interpose } from ${module('syscalls')};
     const [near] = socketpair();
     process.on('SIGURG', () => print('urgent'));
     process.on('SIGINT', () => { print('listener'); process.exit(); });
     select([], [], [], 0);
     interpose((name, call, args) => {
       if (name === 'recv') { interpose(null); process.kill(process.pid, 'SIGINT'); }
       return call(...args);
     });
     try { near.recv(1); } catch (error) { print(error.name); }
     setInterval(() => {}, 1000);`,
  );
  expect(stdout).toBe('InterruptedError\nlistener\n');
});

test('a pending signal interrupts no call of Node’s own', async () => {
  const { stdout } = await run(
    `import fs from 'node:fs';
     signal(SIGUSR1, () => print('handled'));
     process.kill(process.pid, 'SIGUSR1');
     const { pipe } = await import(${module('syscalls')});
     const ends = new Int32Array(2);
     pipe(ends);
     const { spawn } = await import('node:child_process');
     spawn('sh', ['-c', 'sleep 0.5; printf x >&3'], { stdio: ['ignore', 'ignore', 'ignore', ends[1]] });
     print(String(fs.readSync(ends[0], Buffer.alloc(1))));
     select([], [], [], 0);`,
  );
  expect(stdout).toBe('1\nhandled\n');
});

test('the addon loaded a second time in the main thread leaves the first one its signals', async () => {
  const { stdout } = await run(
    `import { createRequire } from 'node:module';
     const require = createRequire(${module('signal')});
     let handled = 0;
     signal(SIGUSR1, () => handled++);
     const { RFDS_ADDON } = process.env; // The sanitizers' build.
     const files = RFDS_ADDON ? [RFDS_ADDON] : Object.keys(require.cache).filter((file) => file.endsWith('.node'));
     for (const file of files) process.dlopen({ exports: {} }, file);
     for (let i = 0; i < 2; i++) {
       process.kill(process.pid, 'SIGUSR1');
       select([], [], [], 0.01);
     }
     print(files.length + ' ' + handled);`,
  );
  expect(stdout).toBe('1 2\n');
});

test('a worker takes none of the main thread’s signals, and does not set its wakeup descriptor', async () => {
  const { stdout } = await run(
    `import { Worker } from 'node:worker_threads';
     let handled = 0;
     signal(SIGUSR1, () => handled++);
     process.kill(process.pid, 'SIGUSR1');
     const code = 'import * as own from ' + JSON.stringify(${module('kernel/own-calls')}) + ';' +
       "import { parentPort } from 'node:worker_threads';" +
       'parentPort.postMessage([own.take_pending_signals(new Int32Array(100)), own.set_wakeup_fd(-1), own.catch_signal(10, 0),' +
       ' own.save_signal(10, 1), own.pass_signal(10, 1), own.restore_signal(10, 0), own.chain_signal(10)]);';
     const answer = await new Promise((resolve) => new Worker(code, { eval: true }).on('message', resolve));
     print(JSON.stringify(answer));
     select([], [], [], 0);
     print(String(handled));`,
  );
  expect(stdout).toBe(`${JSON.stringify(Array(7).fill(-1))}\n1\n`);
});

test('a loop of non-blocking calls runs pending handlers', async () => {
  const { stdout } = await run(
    `const [near] = socketpair();
     near.settimeout(0);
     let handled = 0;
     signal(SIGUSR1, () => handled++);
     process.kill(process.pid, 'SIGUSR1');
     try { near.recv(1); } catch (error) { print(error.name + ' ' + handled); }`,
  );
  expect(stdout).toBe('BlockingIOError 1\n');
});

test('sendall runs pending handlers between its sends', async () => {
  const { stdout } = await run(
    `import { interpose } from ${module('syscalls')};
     const [near] = socketpair();
     let sends = 0;
     signal(SIGUSR1, () => print('handled after ' + sends));
     interpose((name, call, args) => {
       if (name !== 'send') return call(...args);
       if (++sends === 2) process.kill(process.pid, 'SIGUSR1');
       return 1000;
     });
     near.sendall(Buffer.alloc(5000));
     print(String(sends));`,
  );
  expect(stdout).toBe('handled after 2\n5\n');
});
