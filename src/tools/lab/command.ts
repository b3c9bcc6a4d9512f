// `rfds lab`: asks for a prediction, runs the experiment, tells what happened, and runs it again cured. What it needs is
// loaded when it runs.

import { randomInt } from 'node:crypto';
import { type Command, Option } from 'commander';
import { StopSignal } from '../long-run.ts';
import { put } from '../outputs.ts';
import { isColored } from '../trace/command.ts';
import type { Answer, Kernel } from './experiment.ts';
import { registerGrade } from './grade/command.ts';
import { seedNumber } from './seed.ts';
import type { Asked } from './tell.ts';

interface LabOptions {
  list?: true;
  answers?: true;
  sheet?: true;
  show?: true;
  json?: true;
  seed?: number;
  kernel?: Kernel;
}

/** Adds the subcommand. */
export function register(program: Command): void {
  const command = program
    .command('lab')
    .description(
      'Experiments with what goes wrong in servers: predict what a few lines will do, run them, read why, and run them ' +
        'cured. --list has their names.',
    )
    .argument('[experiment...]', 'which one: its name, or the number of its hazard, such as H37')
    .usage('[options] [experiment]\n       rfds lab --sheet|--answers [options] [experiment...]')
    .option('--list', 'list the experiments')
    .addOption(
      new Option('--seed <number>', 'take the numbers of this seed (default: another each time)').argParser(
        seedNumber,
      ),
    )
    .addOption(
      new Option('--kernel <kind>', 'run it there (default: real, where that is certain)').choices([
        'real',
        'simulated',
      ]),
    )
    .option('--show', 'ask for no prediction')
    .option('--answers', 'the key, for teachers: what comes out with a seed, of some experiments or of all')
    .option(
      '--sheet',
      'an exercise sheet in Markdown: the questions of some experiments, or of all, with a seed',
    )
    .option('--json', 'report as JSON on stdout; the question is on stderr')
    .action(async (names: string[], options: LabOptions, command: Command) => {
      const { experimentsFor, experiments } = await import('./registry.ts');
      const chosen = names.flatMap((name) => {
        const found = experimentsFor(name);
        if (found.length === 0)
          command.error(`error: there is no experiment '${name}'; rfds lab --list has them all`);
        return found;
      });
      const isForAll = options.answers || options.sheet;
      if (options.list || (chosen.length === 0 && !isForAll)) return await listed(options);
      if (options.sheet) return await sheet(chosen.length > 0 ? chosen : [...experiments.keys()], options);
      if (options.answers)
        return await answers(chosen.length > 0 ? chosen : [...experiments.keys()], options);
      if (chosen.length > 1) command.error(`error: one at a time: ${chosen.join(', ')}`);
      process.exitCode = await lab(chosen[0], options, command);
    });
  // So that --seed and --json behind `grade` are its own: each command on the way there reads its own options alone.
  for (const one of [program, command]) one.enablePositionalOptions();
  registerGrade(command);
}

const json = (value: unknown) => put(process.stdout, `${JSON.stringify(value, null, 2)}\n`);

const look = ({ isTTY, columns }: NodeJS.WriteStream) => ({
  color: isColored(isTTY),
  width: Math.min(columns || Number(process.env.COLUMNS) || 100, 100),
});

async function listed({ json: asJson }: LabOptions): Promise<void> {
  const { experiments } = await import('./registry.ts');
  const rows = [...experiments].map(([name, { title, hazards, kernels }]) => ({
    name,
    title,
    hazards,
    kernels,
  }));
  if (asJson) return await json(rows);
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map(
    ({ name, title, hazards, kernels }) =>
      `${name.padEnd(width)}  ${hazards.join(' ').padEnd(7)}  ${kernels.join(', ').padEnd(15)}  ${title}`,
  );
  await put(process.stdout, `${lines.join('\n')}\n\nTo run one: rfds lab ${rows[0].name}\n`);
}

async function sheet(names: string[], { seed = 1 }: LabOptions): Promise<void> {
  const { exerciseSheet } = await import('./sheet.ts');
  await put(process.stdout, exerciseSheet({ title: 'Exercises', names, seed }));
}

async function answers(names: string[], { seed = 1, json: asJson }: LabOptions): Promise<void> {
  const [{ experimentNamed }, { keyOf, numbersOf }] = await Promise.all([
    import('./registry.ts'),
    import('./key.ts'),
  ]);
  const rows = names.map((name) => {
    const { run, cure } = keyOf(experimentNamed(name), seed);
    return { name, seed, numbers: numbersOf(experimentNamed(name), seed), answer: run, cured: cure };
  });
  if (asJson) return await json(rows);
  const width = Math.max(...names.map((name) => name.length));
  const lines = rows.map(({ name, answer, cured }) => `${name.padEnd(width)}  ${answer}  (cured: ${cured})`);
  await put(process.stdout, `Seed ${seed}:\n${lines.join('\n')}\n`);
}

/** Runs one; returns the exit status. */
async function lab(name: string, options: LabOptions, command: Command): Promise<number> {
  const [{ experimentNamed }, { numbersOf }, { runInChild }, { isRight, tellOutcome, tellQuestion }] =
    await Promise.all([
      import('./registry.ts'),
      import('./key.ts'),
      import('./child.ts'),
      import('./tell.ts'),
    ]);
  const experiment = experimentNamed(name);
  const kernel = options.kernel ?? experiment.kernels[0];
  if (!experiment.kernels.includes(kernel))
    command.error(`error: ${name} is not for the ${kernel} kernel: ${experiment.onlyBecause}`);
  const seed = options.seed ?? randomInt(1, 1_000_000);
  const numbers = numbersOf(experiment, seed);
  const asked: Asked = { name, experiment, kernel, seed, numbers };
  const stop = new StopSignal();
  const beside = options.json ? process.stderr : process.stdout;
  try {
    if (!(options.json && options.show)) await put(beside, tellQuestion(look(beside), asked));
    const prediction = options.show ? null : await predicted(asked, beside, stop.signal);
    if (prediction === undefined) {
      process.stderr.write(
        `rfds lab: no prediction came, and nothing was run. It is a line of stdin: ${sample(asked)}; or --show\n`,
      );
      return 2;
    }
    const limit = kernel === 'real' ? experiment.maxDescriptors?.(numbers) : undefined;
    const inChild = limit === undefined ? {} : { maxDescriptors: limit };
    const [observed] = await runInChild([{ name, kernel, seed }], stop.signal, inChild);
    const { run, cure } = observed;
    if (options.json) {
      const right = prediction === null ? null : isRight(prediction, run.answer);
      const { hazards, title, question, asks, read, explain } = experiment;
      const cured = { change: experiment.cure.change, seen: cure, told: experiment.cure.tell(numbers, cure) };
      const about = { name, hazards, title, kernel, seed, numbers, question: question(numbers), asks };
      await json({ ...about, prediction, right, seen: run, told: explain(numbers, run), cure: cured, read });
    } else await put(process.stdout, tellOutcome(look(process.stdout), asked, observed, prediction));
    const claimed = [experiment.key(numbers), experiment.cure.key(numbers)];
    return claimed.every((key, i) => isRight(key, [run, cure][i].answer)) ? 0 : 1;
  } catch (error) {
    if (stop.status === null) throw error;
    return stop.status;
  }
}

/** undefined: stdin has none. */
async function predicted(
  { experiment: { asks } }: Asked,
  output: NodeJS.WriteStream,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  const { expected, readPrediction } = await import('./prediction.ts');
  const prompt = () => {
    if (process.stdin.isTTY) output.write(`Your prediction (${expected(asks)}): `);
  };
  const wrong = (line: string) => process.stderr.write(`'${line.trim()}' is no answer: ${expected(asks)}\n`);
  const answer = await readPrediction(asks, process.stdin, signal, prompt, wrong);
  signal.throwIfAborted();
  return answer ?? undefined;
}

function sample({ name, seed, experiment: { asks } }: Asked): string {
  const answer = asks === 'number' ? '5' : asks === 'errno' ? 'EAGAIN' : 'a';
  return `echo ${answer} | rfds lab ${name} --seed ${seed}`;
}
