// `rfds compare`: runs the plan with progress on stderr, prints the tables, writes the files.
// Above: cli.ts. Below: run.ts, table.ts, page.ts.

import { writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { showProgress } from '../progress.ts';
import { StopSignal } from '../stop-signal.ts';
import { page } from './page.ts';
import type { Report } from './report.ts';
import { compare, plans } from './run.ts';
import { tables } from './table.ts';

export interface CompareOptions {
  quick?: true;
  rounds?: number;
  only?: string[];
  json?: string;
  html?: string;
}

function machine(): Record<string, string> {
  const [{ model }, ...others] = cpus();
  return {
    system: `${process.platform} ${process.arch}, kernel ${release()}`,
    processors: `${others.length + 1} × ${model}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.versions.node,
    v8: process.versions.v8,
    libuv: process.versions.uv,
    // From Node 20.3.1 on, libuv leaves io_uring alone unless this says otherwise.
    UV_USE_IO_URING: process.env.UV_USE_IO_URING ?? 'not set',
  };
}

/** Runs `rfds compare`; returns the exit status. Ctrl+C ends every process that was started. */
export async function compareCommand({ quick, rounds, only, json, html }: CompareOptions): Promise<number> {
  if (process.platform !== 'linux')
    throw new Error('needs Linux: its load runs on epoll, its figures come from /proc');
  const stop = new StopSignal();
  const plan = { ...plans[quick ? 'quick' : 'full'] };
  if (rounds !== undefined) plan.rounds = rounds;
  if (only !== undefined) plan.only = only;
  try {
    const report: Report = {
      date: new Date().toISOString(),
      machine: machine(),
      ...(await compare(plan, stop.signal, showProgress)),
    };
    showProgress('');
    process.stdout.write(tables(report));
    if (json) writeFileSync(json, `${JSON.stringify(report)}\n`);
    if (html) writeFileSync(html, page(report));
    return 0;
  } catch (error) {
    showProgress('');
    if (stop.status === null) throw error;
    return stop.status;
  }
}
