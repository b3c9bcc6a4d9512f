// Signals that only Node's process.on() listens for: every blocking call ends, so that the listener runs.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { afterTest } from '../support/cleanup.ts';
import { isLinux } from '../support/platform.ts';
import { module, run, runIn } from '../support/signalled.ts';

const sockets = `
  const [near, far] = socketpair();
  const server = socket();
  server.bind(['127.0.0.1', 0]);
  server.listen();
  const selector = new DefaultSelector();
  selector.register(near, 1);
  // Before the program is ready, for it may sleep for so much memory.
  const data = Buffer.alloc(10_000_000);
`;

test.each([
  ['near.recv(1)', 'recv'],
  ['server.accept()', 'accept'],
  ['near.sendall(data)', 'send'],
  ['(near.settimeout(100), near.recv(1))', 'poll'],
  ['select([near], [], [])', 'select'],
  ['poll().poll()', 'poll'],
  ['epoll().poll()', 'epoll_wait'],
  ['selector.select()', 'epoll_wait'],
])('%s ends with InterruptedError, and the listener runs (H25, H26)', async (call, syscall) => {
  const { stdout, status } = await run(
    `${sockets}
     process.on('SIGINT', () => { print('listener'); process.exit(7); });
     print('ready');
     try { ${call}; } catch (error) { print([error.name, error.code, error.syscall].join(' ')); }
     setInterval(() => {}, 1000);`,
    'SIGINT',
  );
  expect(stdout).toBe(`InterruptedError EINTR ${syscall}\nlistener\n`);
  expect(status).toBe(7);
});

// The thread that interrupts calls starts with the first signal that is followed, and its stack's size tells it from
// others: here it takes long to start, asleep, which is when the program is signalled.
const slowThread = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <time.h>
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
  int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");
  size_t size = 0;
  if (attributes) pthread_attr_getstacksize(attributes, &size);
  struct timespec left = {0, size == 256 * 1024 ? 300000000 : 0};
  while (nanosleep(&left, &left) == -1 && errno == EINTR);
  return real(thread, attributes, start, argument);
}
`;
const hasCompiler = spawnSync('cc', ['--version']).status === 0;

test.skipIf(!isLinux || !hasCompiler)(
  'a signal that comes while the thread that interrupts calls is being started ends the call (needs cc)',
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'rfds-slow-thread-'));
    afterTest(() => rmSync(folder, { recursive: true }));
    const [source, library] = ['slow.c', 'slow.so'].map((name) => path.join(folder, name));
    writeFileSync(source, slowThread);
    expect(spawnSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl']).status).toBe(0);
    const { stdout, status } = await runIn(
      { LD_PRELOAD: library },
      `${sockets}
       process.on('SIGINT', () => { print('listener'); process.exit(7); });
       print('ready');
       try { near.recv(1); } catch (error) { print(error.name); }
       setInterval(() => {}, 1000);`,
      'SIGINT',
    );
    expect({ stdout, status }).toEqual({ stdout: 'InterruptedError\nlistener\n', status: 7 });
  },
);

test('a listener that is added, used up and added again is called each time', async () => {
  const { stdout } = await run(
    `${sockets}
     for (let i = 0; i < 3; i++) {
       process.once('SIGINT', () => print('listener ' + i));
       print('ready');
       try { near.recv(1); } catch (error) { print(error.name); }
       await new Promise((resolve) => setTimeout(resolve, 1));
     }
     print('end');`,
    'SIGINT',
    'SIGINT',
    'SIGINT',
  );
  // Of the last round only: run() forgets what was printed before each signal.
  expect(stdout).toBe('InterruptedError\nlistener 2\nend\n');
});

test('once there is no listener any more, the signal ends the program as before', async () => {
  const { status } = await run(
    `${sockets}
     const listener = () => {};
     process.on('SIGINT', listener);
     select([], [], [], 0);
     process.off('SIGINT', listener);
     print('ready');
     near.recv(1);`,
    'SIGINT',
  );
  expect(status).toBe('SIGINT');
});

test('a signal that came since the last call ends the next one before it blocks', async () => {
  const { stdout } = await run(
    `${sockets}
     process.on('SIGINT', () => { print('listener'); process.exit(); });
     select([], [], [], 0);
     process.kill(process.pid, 'SIGINT');
     try { near.recv(1); } catch (error) { print(error.name); }
     setInterval(() => {}, 1000);`,
  );
  expect(stdout).toBe('InterruptedError\nlistener\n');
});

test('a signal whose listener has run ends no later call', async () => {
  const { stdout } = await run(
    `${sockets}
     process.on('SIGUSR2', () => setTimeout(() => {
       print(JSON.stringify(select([near], [], [], 0.01)));
       process.exit();
     }, 1));
     select([], [], [], 0);
     process.kill(process.pid, 'SIGUSR2');
     setInterval(() => {}, 1000);`,
  );
  expect(stdout).toBe('[[],[],[]]\n');
});

test.each(['SIGWINCH', 'SIGCHLD', 'SIGCONT', 'SIGURG'])(
  '%s, which would end nothing by default, ends no call: its listener waits',
  async (name) => {
    const { stdout } = await run(
      `${sockets}
       process.on('${name}', () => { print('listener'); process.exit(); });
       process.on('SIGINT', () => {});
       let alarms = 0;
       signal(SIGALRM, () => {
         if (++alarms === 1) process.kill(process.pid, '${name}');
         if (alarms === 3) far.send(Buffer.from('x'));
       });
       signals.setitimer(signals.ITIMER_REAL, 0.01, 0.01);
       print(JSON.stringify(select([], [], [], 0.05)));
       alarms = 0;
       print(near.recv(1).toString());
       signals.setitimer(signals.ITIMER_REAL, 0);
       setInterval(() => {}, 1000);`,
    );
    expect(stdout).toBe('[[],[],[]]\nx\nlistener\n');
  },
);

test("a listener added behind signal()'s handler: both run, and the call goes on", async () => {
  const { stdout } = await run(
    `${sockets}
     signal(SIGINT, () => { print('handler'); far.send(Buffer.from('x')); });
     process.on('SIGINT', () => { print('listener'); process.exit(); });
     print('ready');
     print(near.recv(1).toString());
     setInterval(() => {}, 1000);`,
    'SIGINT',
  );
  expect(stdout).toBe('handler\nx\nlistener\n');
});

test('a signal that Node listens for, between the last check and the kernel’s wait, interrupts the call (no lost wakeup)', async () => {
  const { stdout } = await run(
    `import { interpose } from ${module('syscalls')};
     ${sockets}
     process.on('SIGINT', () => { print('listener'); process.exit(); });
     select([], [], [], 0);
     interpose((name, call, args) => {
       if (name === 'recv') {
         interpose(null);
         process.kill(process.pid, 'SIGINT');
       }
       return call(...args);
     });
     try { near.recv(1); } catch (error) { print(error.name); }
     setInterval(() => {}, 1000);`,
  );
  expect(stdout).toBe('InterruptedError\nlistener\n');
});

test('a listener that was added just before the kernel’s wait is called, too', async () => {
  const { stdout } = await run(
    `import { interpose } from ${module('syscalls')};
     ${sockets}
     interpose((name, call, args) => {
       if (name === 'select') {
         interpose(null);
         process.on('SIGINT', () => { print('listener'); process.exit(); });
         print('ready');
       }
       return call(...args);
     });
     try { select([near], [], []); } catch (error) { print(error.name); }
     setInterval(() => {}, 1000);`,
    'SIGINT',
  );
  expect(stdout).toBe('InterruptedError\nlistener\n');
});

test('a signal that Node listens for ends print(), which waits for a full stdout, the first time', async () => {
  const { stdout } = await run(
    `import { interpose, EAGAIN, EINTR } from ${module('syscalls')};
     process.on('SIGINT', () => { print('listener'); process.exit(); });
     interpose((name, call, args) => {
       if (name === 'write') return -EAGAIN;
       if (name !== 'poll') return call(...args);
       interpose(null);
       process.kill(process.pid, 'SIGINT');
       return -EINTR;
     });
     try { print('not printed'); } catch (error) { print(error.name); }
     setInterval(() => {}, 1000);`,
  );
  expect(stdout).toBe('InterruptedError\nlistener\n');
});
