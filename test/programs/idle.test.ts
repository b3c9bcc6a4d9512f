// A server with nothing to do uses no CPU, whichever loop it runs.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isLinux } from '../support/platform.ts';
import { DEADLINE, loops, Server } from '../support/programs.ts';
import { Visitor } from '../support/visitor.ts';

const CLIENTS = 100;

/** utime + stime of all threads of a process, in clock ticks. proc_pid_stat(5) */
function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test.skipIf(!isLinux).concurrent.each(loops)(
  `the %s loop uses 0 ticks in 5 s with ${CLIENTS} idle connections (needs /proc)`,
  async (loop) => {
    await using server = await Server.start(loop);
    const visitors = await Promise.all(Array.from({ length: CLIENTS }, () => Visitor.connect(server.port)));
    await Promise.all(visitors.map((visitor) => visitor.ask('Hello')));

    // The engine finishes what the messages began (its compiler has threads of its own).
    const deadline = Date.now() + DEADLINE;
    for (let before = -1; before !== ticks(server.pid) && Date.now() < deadline; await pause(500)) {
      before = ticks(server.pid);
    }
    const before = ticks(server.pid);
    await pause(5000);
    expect(ticks(server.pid) - before).toBe(0);

    await Promise.all(visitors.map((visitor) => visitor.ask('still there?')));
    await Promise.all(visitors.map((visitor) => visitor.leave()));
  },
  60_000,
);
