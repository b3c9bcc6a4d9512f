// Signals as Python's: marked pending in C, handled in JavaScript when a blocking call is interrupted.

import { expect, test } from 'vitest';
import { module, run } from '../support/signalled.ts';

test('a handler runs while a call blocks, and the call goes on (PEP 475)', async () => {
  const { status, stdout } = await run(
    `const [near, far] = socketpair();
     signal(SIGUSR1, (signum) => { print('handled ' + signum); far.send(Buffer.from('x')); });
     print('ready');
     const [readable] = select([near], [], []);
     print('readable ' + readable.length);`,
    'SIGUSR1',
  );
  expect(stdout).toMatch(/^handled \d+\nreadable 1\n$/);
  expect(status).toBe(0);
});

test('a handler that throws ends the call with its error', async () => {
  const { stdout } = await run(
    `signal(SIGINT, default_int_handler);
     print('ready');
     try { select([], [], []); } catch (error) { print(error.name); }`,
    'SIGINT',
  );
  expect(stdout).toBe('KeyboardInterrupt\n');
});

test.each(['near.recv(1)', 'server.accept()', 'near.sendall(Buffer.alloc(10_000_000))'])(
  'a blocking %s is interrupted as select is',
  async (call) => {
    const { stdout } = await run(
      `const [near] = socketpair();
       const server = socket();
       server.bind(['127.0.0.1', 0]);
       server.listen();
       signal(SIGINT, default_int_handler);
       print('ready');
       try { ${call}; } catch (error) { print(error.name); }`,
      'SIGINT',
    );
    expect(stdout).toBe('KeyboardInterrupt\n');
  },
);

test('a handler that throws does not lose the signal behind it', async () => {
  const { stdout } = await run(
    `signal(SIGINT, default_int_handler);
     signal(SIGUSR1, (signum) => print('and then ' + (signum === SIGUSR1)));
     process.kill(process.pid, 'SIGUSR1');
     process.kill(process.pid, 'SIGINT');
     try { select([], [], [], 0); } catch (error) { print(error.name); }
     select([], [], [], 0);`,
  );
  expect(stdout).toBe('KeyboardInterrupt\nand then true\n');
});

test('a signal is handled once, however often it is sent on', async () => {
  const { stdout } = await run(
    `let count = 0;
     signal(SIGUSR1, () => count++);
     process.kill(process.pid, 'SIGUSR1');
     setTimeout(() => { select([], [], [], 0.05); print('handled ' + count); }, 50);`,
  );
  expect(stdout).toBe('handled 1\n');
});

test('a signal that came before the call is handled before it blocks', async () => {
  const { stdout } = await run(
    `signal(SIGUSR1, () => { throw new Error('handled'); });
     process.kill(process.pid, 'SIGUSR1');
     print('not yet');
     try { select([], [], []); } catch (error) { print(error.message); }`,
  );
  expect(stdout).toBe('not yet\nhandled\n');
});

test.each(['select([near], [], [])', 'near.recv(1)'])(
  'a signal between the last check and the kernel’s wait interrupts %s (no lost wakeup)',
  async (call) => {
    const { stdout } = await run(
      `import { interpose } from ${module('syscalls')};
       const [near] = socketpair();
       signal(SIGINT, default_int_handler);
       interpose((name, call, args) => {
         if (name === 'select' || name === 'recv') {
           interpose(null);
           process.kill(process.pid, 'SIGINT');
         }
         return call(...args);
       });
       try { ${call}; } catch (error) { print(error.name); }`,
    );
    expect(stdout).toBe('KeyboardInterrupt\n');
  },
);

test('where only Node listens, the call ends with InterruptedError (H26)', async () => {
  const { stdout } = await run(
    `process.on('SIGINT', () => { print('listener'); process.exit(7); });
     print('ready');
     try { select([], [], []); } catch (error) { print(error.name + ' ' + error.code); }
     setInterval(() => {}, 1000);`,
    'SIGINT',
  );
  expect(stdout).toBe('InterruptedError EINTR\nlistener\n');
});

test('SIG_IGN ignores and SIG_DFL ends', async () => {
  const { status } = await run(
    `signal(SIGUSR1, SIG_IGN);
     process.kill(process.pid, 'SIGUSR1');
     signal(SIGALRM, SIG_DFL);
     process.kill(process.pid, 'SIGALRM');
     select([], [], []);`,
  );
  expect(status).toBe('SIGALRM');
});

test('signal returns what was set before', async () => {
  const { stdout } = await run(
    `const handler = () => {};
     print(String(getsignal(SIGUSR1) === SIG_DFL));
     print(String(signal(SIGUSR1, handler) === SIG_DFL));
     print(String(signal(SIGUSR1, SIG_IGN) === handler));
     print(String(getsignal(SIGUSR1) === SIG_IGN));`,
  );
  expect(stdout).toBe('true\n'.repeat(4));
});

test.each([
  ["signal(SIGINT, 'x')", /^TypeError signal handler must be/],
  ['signal(9, () => {})', /^OSError sigaction EINVAL/],
  ['signal(1000, SIG_IGN)', /^RangeError signal number out of range: 1-\d+, got 1000/],
  ['signal(0, SIG_IGN)', /^RangeError signal number out of range/],
])('%s is refused', async (call, message) => {
  const { stdout } = await run(`try { ${call}; } catch (error) { print(error.name + ' ' + error.message); }`);
  expect(stdout).toMatch(message);
});

test('a worker may not set handlers', async () => {
  const { stdout } = await run(
    `import { Worker } from 'node:worker_threads';
     const code = "import(" + JSON.stringify(${module('signal')}) + ").then(({ signal, SIGINT }) => signal(SIGINT, () => {}))";
     new Worker(code, { eval: true }).on('error', (error) => print(error.name + ': ' + error.message));`,
  );
  expect(stdout).toBe('RangeError: signal only works in main thread of the main interpreter\n');
});

test('a storm of signals costs no message and no byte', async () => {
  const { stdout, status } = await run(
    `import { spawn } from 'node:child_process';
     let count = 0;
     signal(SIGUSR1, () => count++);
     const [near, far] = socketpair();
     const storm = 'import os,signal,sys,time\\nfor _ in range(200): os.kill(int(sys.argv[1]), signal.SIGUSR1); time.sleep(0.001)';
     spawn('python3', ['-c', storm, String(process.pid)]);
     let waits = 0;
     while (count < 20) { select([], [], [], 0.005); waits++; }
     far.sendall(Buffer.from('whole'));
     print(near.recv(5).toString() + ' ' + (waits > 0));
     while (count < 100) select([], [], [], 0.005);`,
  );
  expect([stdout, status]).toEqual(['whole true\n', 0]);
});
