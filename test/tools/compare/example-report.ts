// A report with everything that a page shows, of plain figures that a test can foresee.

import type { Cell, Report } from '../../../src/tools/compare/report.ts';

/** Messages per CPU second at the best. */
const speeds: Record<string, number> = {
  'rfds epoll': 200_000,
  'rfds select': 100_000,
  'node:net': 50_000,
  'C select': 250_000,
};
const rounds = [1, 2, 3];

/** Many connections cost everybody, long messages everybody but node:net, idle ones select alone. */
function messagesPerCpuSecond(name: string, connections: number, size: number, idle: number): number {
  const sizeCost = name === 'node:net' ? 1 : Math.max(1, size / 1024);
  const idleCost = name.endsWith('select') ? 1 + idle / 100 : 1;
  return speeds[name] / Math.max(1, connections / 100) / sizeCost / idleCost;
}

function cell(connections: number, size: number, idle = 0): Cell {
  const failed = idle > 1000 ? [{ contender: 'C select', why: 'FD_SETSIZE is 1024 </script>' }] : [];
  const present = Object.keys(speeds).filter((name) => !failed.some(({ contender }) => contender === name));
  const samples = present.flatMap((contender) =>
    rounds.map((round) => {
      const messages = messagesPerCpuSecond(contender, connections, size, idle) * (0.9 + round / 20);
      return { contender, round, sample: sampleOf(messages, contender === 'C select' ? 2 : 50) };
    }),
  );
  return { connections, size, idle, samples, failed };
}

function sampleOf(messages: number, mebibytes: number) {
  const latency = 1e7 / messages;
  return {
    messages,
    seconds: 1,
    server: { cpuNs: 1e9, userTicks: 25, systemTicks: 75, switches: 100, residentKiB: mebibytes * 1024 },
    loadCpuSeconds: 0.5,
    latencyMicros: { p50: latency, p99: 2 * latency, p999: 4 * latency },
  };
}

/** What each call costs through a library: 100 ns in C, and so much more in the others. */
const overC: Record<string, number> = { C: 0, rfds: 20, koffi: 200, 'node:ffi': 60 };
const calls = ['close', 'recv', 'send', 'select', 'poll', 'epoll_wait'];

/** The report; a new one each time. */
export function exampleReport(): Report {
  return {
    date: '2026-11-23T08:00:00.000Z',
    machine: { system: 'linux x64, kernel 6.1', processors: '2 × Some Processor', node: '20.20.2' },
    contenders: [
      ...Object.keys(speeds).map((name) => ({ name, about: `${name} <of> "some" version` })),
      { name: 'Bun.listen', about: 'Bun', missing: 'bun is not installed' },
    ],
    cells: [
      ...[1, 10, 100, 1000].map((connections) => cell(connections, 64)),
      ...[16, 1024, 65536].map((size) => cell(100, size)),
      ...[10, 100, 1000, 10_000, 20_000].map((idle) => cell(100, 64, idle)),
    ],
    syscallsPerMessage: {
      'rfds epoll': { recvfrom: 1, sendto: 1.004, epoll_wait: 0.03, futex: 0.004 },
      'node:net': { read: 1, write: 2.05, epoll_pwait: 0.04 },
    },
    calls: {
      libraries: [
        { name: 'C', about: 'a loop in C' },
        { name: 'rfds', about: 'this package' },
        { name: 'koffi', about: 'koffi 2' },
        { name: 'node:ffi', about: 'Node’s own', missing: 'this Node has none' },
      ],
      samples: rounds.flatMap((round) =>
        ['C', 'rfds', 'koffi'].map((library) => ({
          library,
          round,
          nanoseconds: Object.fromEntries(
            calls.map((call, i) => [call, 100 * (i + 1) + 10 * round + overC[library] * (1 + round / 10)]),
          ),
        })),
      ),
    },
  };
}
