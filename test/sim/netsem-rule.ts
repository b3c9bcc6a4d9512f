// What a case of NetSem's rules is; the files netsem-*-cases.ts have them.

import type { Kernel } from './netsem-kernels.ts';

export interface Rule {
  /** What the rule says, in our words. */
  readonly says: string;
  /** How Linux 6.18 differs from it; absent: it agrees. */
  readonly linux?: string;
}

export interface Case {
  /** The rules that it exercises, by NetSem's names. */
  readonly rules: Readonly<Record<string, Rule>>;
  /** Makes the calls, and says what came of them. */
  run(kernel: Kernel): unknown;
  /** What this kernel and the model both say. */
  readonly expected: unknown;
}

export const agrees = (says: string): Rule => ({ says });
export const differs = (says: string, linux: string): Rule => ({ says, linux });
