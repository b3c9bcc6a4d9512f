// What Linux says of a process in /proc/PID/stat. proc_pid_stat(5).

import { readFileSync } from 'node:fs';

/**
 * The fields behind the name: state ('S' sleeps, 'Z' has ended) at 0, the user and system ticks at 11 and 12, the start
 * at 19. null where there is no such process, or no /proc.
 */
export function processStat(pid: number | string): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name may have anything in it, parentheses and spaces too.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}
