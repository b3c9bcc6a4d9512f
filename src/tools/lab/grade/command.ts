// `rfds lab grade`: runs the stages on a server, reports, and writes what course tools take.

import { writeFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { StopSignal, showProgress } from '../../long-run.ts';
import { checkWritable, put, STANDARD } from '../../outputs.ts';
import { isColored } from '../../trace/command.ts';
import { seedNumber } from '../seed.ts';
import type { Grade } from './grade.ts';

interface GradeCommandOptions {
  stage?: number;
  seed: number;
  patience: number;
  json?: string;
  gradescope?: string;
  classroom50?: string;
}

/** Adds the subcommand of `rfds lab`. */
export function registerGrade(lab: Command): void {
  lab
    .command('grade')
    .description(
      'Grade a server, in any language, by what its clients see, stage by stage. It is started with a free port as its ' +
        'last argument and as PORT in its environment; where {port} stands in the command, that is replaced instead.',
    )
    .argument('[command...]', 'the server, behind --')
    .usage('[options] -- command [argument...]')
    .addOption(new Option('--stage <number>', 'stages 1 to this one (default: all)').argParser(positive))
    .addOption(
      new Option('--seed <number>', 'other messages, sizes and orders').argParser(seedNumber).default(1),
    )
    .addOption(
      new Option('--patience <seconds>', 'how long a client waits for what must come')
        .argParser(seconds)
        .default(3),
    )
    .option('--json <file>', 'write the report as JSON (- is stdout, here and below)')
    .option('--gradescope <file>', "write Gradescope's results.json")
    .option('--classroom50 <file>', "write Classroom 50's result.json (classroom50/result/v1)")
    .action(async (operands: string[], options: GradeCommandOptions, command: Command) => {
      if (operands.length === 0) command.error('error: no server: rfds lab grade -- COMMAND');
      process.exitCode = await gradeCommand(operands, options, command);
    });
}

function positive(text: string): number {
  if (!/^\d{1,2}$/.test(text) || Number(text) === 0)
    throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return Number(text);
}

function seconds(text: string): number {
  if (!/^\d{1,3}(\.\d{1,3})?$/.test(text) || Number(text) === 0)
    throw new InvalidArgumentError('It must be a number above 0, such as 3 or 0.5.');
  return Number(text);
}

/** Returns the exit status: 0 where all stages were passed. Ctrl+C ends the server, too. */
async function gradeCommand(
  server: string[],
  options: GradeCommandOptions,
  command: Command,
): Promise<number> {
  const files = [options.json, options.gradescope, options.classroom50];
  checkWritable(files);
  const [{ grade, pointsOf }, { stages }, report] = await Promise.all([
    import('./grade.ts'),
    import('./stages.ts'),
    import('./report.ts'),
  ]);
  const { stage = stages.length, seed, patience } = options;
  if (stage > stages.length) command.error(`error: there are ${stages.length} stages`);
  const stop = new StopSignal();
  let result: Grade;
  try {
    result = await grade({
      command: server,
      stages: Array.from({ length: stage }, (_, i) => i + 1),
      seed,
      patienceMs: patience * 1000,
      signal: stop.signal,
      onBegin: (number, name) => showProgress(`stage ${number} of ${stage}: ${name}`),
    });
  } catch (error) {
    showProgress('');
    if (stop.status === null) throw error;
    return stop.status;
  }
  showProgress('');
  const { passed, total } = pointsOf(result);
  const write = async (file: string | undefined, make: () => object) => {
    if (file === undefined) return;
    const text = `${JSON.stringify(make(), null, 2)}\n`;
    if (file === STANDARD) await put(process.stdout, text);
    else writeFileSync(file, text);
  };
  await write(options.json, () => ({ ...result, passed, total }));
  await write(options.gradescope, () => report.gradescope(result));
  await write(options.classroom50, () => report.classroom50(result, process.env, new Date()));
  if (!files.includes(STANDARD)) {
    const { isTTY, columns } = process.stdout;
    const look = { color: isColored(isTTY), width: columns || Number(process.env.COLUMNS) || 100 };
    await put(process.stdout, report.gradeText(look, result));
  }
  return passed === total ? 0 : 1;
}
