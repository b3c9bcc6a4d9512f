// What this machine is, has, and lets its tests do.

import { execFileSync } from 'node:child_process';

/** Where a program is, or null. */
export function which(program: string): string | null {
  try {
    return execFileSync('/bin/sh', ['-c', 'command -v "$0"', program], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

// As the package sees it: see src/kernel/platform.ts.
const platform = process.env.RFDS_SIM_PLATFORM ?? process.platform;

export const isLinux = platform === 'linux';
export const isMac = platform === 'darwin';
/** Whether the kernel is the simulated one: without other programs, and in virtual time. */
export const isSimulated = process.env.RFDS_SIM_PLATFORM !== undefined;
export const isRoot = process.geteuid?.() === 0;

/** Whether network namespaces can be made. */
export const hasHosts = isLinux && isRoot && which('ip') !== null;

/** Whether packets can be captured. */
export const mayCapture = isLinux && isRoot;
