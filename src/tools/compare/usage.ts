// What a process has used so far, from Linux's /proc: proc_pid_stat(5), proc_pid_status(5).

import { readdirSync, readFileSync } from 'node:fs';
import { processStat } from '../process-stat.ts';

export interface Usage {
  /** Nanoseconds of CPU, of all threads. */
  cpuNs: number;
  /** Clock ticks (10 ms) in user and in system mode: coarse, for their ratio. */
  userTicks: number;
  systemTicks: number;
  /** Context switches, waited for and forced. */
  switches: number;
  /** KiB of memory that are resident. */
  residentKiB: number;
}

/** What the process with that number has used. Throws where there is no /proc, or no such process. */
export function usageOf(pid: number): Usage {
  let cpuNs = 0;
  let switches = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const at = `/proc/${pid}/task/${thread}`;
    cpuNs += Number(readFileSync(`${at}/schedstat`, 'utf8').split(' ')[0]);
    for (const [, count] of readFileSync(`${at}/status`, 'utf8').matchAll(/ctxt_switches:\s+(\d+)/g))
      switches += Number(count);
  }
  const stat = processStat(pid);
  if (stat === null) throw new Error(`there is no process ${pid}, or no /proc`);
  const residentKiB = Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)?.[1] ?? 0);
  return { cpuNs, userTicks: Number(stat[11]), systemTicks: Number(stat[12]), switches, residentKiB };
}

/** Clock ticks of all processors since the system began: those that a program had, and all, idle ones too. */
export function machineTicks(): { busy: number; all: number } {
  const [line] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  // proc_stat(5). Of interrupts it is not known for which program they were; guest time is in user and nice.
  const [user, nice, system, idle, iowait, irq, softirq, steal] = line.split(/ +/).slice(1).map(Number);
  return {
    busy: user + nice + system + steal,
    all: user + nice + system + idle + iowait + irq + softirq + steal,
  };
}
