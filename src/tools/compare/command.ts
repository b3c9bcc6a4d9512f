// `rfds compare`: runs the plan with progress on stderr, prints the tables, writes the files. What it needs is
// loaded when it runs.

import { writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { StopSignal, showProgress } from '../long-run.ts';
import { checkWritable, put, STANDARD } from '../outputs.ts';
import type { Report } from './report.ts';

interface CompareOptions {
  quick?: true;
  rounds?: number;
  only?: string[];
  json?: string;
  html?: string;
}

/** Adds the subcommand. */
export function register(program: Command): void {
  program
    .command('compare')
    .description('Put the same load on every loop and on its peers, in turn, and compare (Linux).')
    .option('--quick', 'fewer loads: about a minute, on an idle machine')
    .option(
      '--rounds <number>',
      'how often each load is put on each contender, and each call measured',
      roundsNumber,
    )
    .option(
      '--only <names>',
      'who takes part, parted by commas (any other name lists them all); calls: the cost per call',
      (names) => names.split(',').map((name) => name.trim()),
    )
    .option('--json <file>', 'write every sample (- is stdout, here and below)')
    .option('--html <file>', 'write a page with plots')
    .action(async (options: CompareOptions) => {
      process.exitCode = await compareCommand(options);
    });
}

function roundsNumber(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) < 1) throw new InvalidArgumentError('It must be 1-999.');
  return Number(text);
}

/** What the figures were made on and with. */
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
async function compareCommand({ quick, rounds, only, json, html }: CompareOptions): Promise<number> {
  if (process.platform !== 'linux')
    throw new Error('needs Linux: its load runs on epoll, its figures come from /proc');
  checkWritable([json, html]);
  const stop = new StopSignal();
  const [{ compare, plans }, { tables }] = await Promise.all([import('./run.ts'), import('./table.ts')]);
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
    const write = async (file: string, text: string) =>
      file === STANDARD ? put(process.stdout, text) : writeFileSync(file, text);
    // One that goes to stdout goes there alone.
    if (json !== STANDARD && html !== STANDARD) await put(process.stdout, tables(report));
    if (json) await write(json, `${JSON.stringify(report)}\n`);
    if (html) await write(html, (await import('./page.ts')).page(report));
    return 0;
  } catch (error) {
    showProgress('');
    if (stop.status === null) throw error;
    return stop.status;
  }
}
