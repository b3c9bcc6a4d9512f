import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import LongestFirst from './test/support/longest-first.ts';

// Files that leave their process as it was: no signal handlers, limits or rights of their own, no
// hooks in what they share. They run in one process, which spares the start of one for each.
const inOneProcess = [
  'test/architecture.test.ts',
  'test/kernel/{bounds,fast-calls,ioctl,message,netif,syscalls-sockets}.test.ts',
  'test/kernel/structs/*.test.ts',
  'test/interpose/recording.test.ts',
  'test/node/net.test.ts',
  'test/programs/{acceptor,reply-parser}.test.ts',
  'test/python/{epoll,errors,fileno,fstring,kqueue,options,poll,repr,select,selectors,socket,time}.test.ts',
  'test/tools/compare/plots.test.ts',
  'test/tools/trace/{claims,perfetto,story,wire}.test.ts',
];

// On the simulated kernel as if on macOS: what lies there, and what runs on a Mac as it is.
const onDarwin = ['test/sim/darwin/*.test.ts'];
const alsoOnDarwin = [
  'test/cpython/{eintr,kqueue,select,poll,selectors,socket-unix}.test.ts',
  'test/programs/torture-sim.test.ts',
  'test/python/{kqueue,select,poll,selectors}.test.ts',
];

// Pages in Chromium: they call nothing of the addon's (scripts/sanitize.mjs leaves them out).
const pages = ['test/tools/*/page*.test.ts'];

export default defineConfig({
  test: {
    pool: 'forks',
    // A worker for each processor. More gains little, for the suite is bound by the processors, and tests that
    // have deadlines would meet them less surely.
    maxWorkers: availableParallelism(),
    testTimeout: 30_000,
    hookTimeout: 30_000,
    setupFiles: ['test/support/setup.ts'],
    // CommonJS, which Node loads as it is.
    server: { deps: { external: [/\/src\/kernel\/addon\.cjs$/] } },
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './test/support/closing-line.ts'],
    projects: [
      {
        extends: true,
        // A process each: the addon's pending signals are the process's, and so are its descriptors.
        test: {
          name: 'isolated',
          include: ['test/**/*.test.ts'],
          exclude: [...inOneProcess, ...pages, ...onDarwin],
        },
      },
      {
        extends: true,
        test: {
          name: 'darwin',
          include: [...onDarwin, ...alsoOnDarwin],
          env: { RFDS_SIM_PLATFORM: 'darwin' },
          setupFiles: ['test/sim/darwin/setup.ts'],
        },
      },
      { extends: true, test: { name: 'pages', include: pages } },
      { extends: true, test: { name: 'shared', include: inOneProcess, isolate: false } },
    ],
  },
});
