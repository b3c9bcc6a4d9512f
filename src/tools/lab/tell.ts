// An experiment in words: what is asked, what was seen, what cures it. For a terminal, and nothing else in it is measured
// but what it was given as seen.

import { type Look, paint, wrap } from '../trace/render/terminal/style.ts';
import type { Answer, Experiment, Kernel, Numbers } from './experiment.ts';
import type { Observed } from './key.ts';
import { letterOf } from './prediction.ts';
import { programText } from './program-text.ts';

export interface Asked {
  name: string;
  experiment: Experiment;
  kernel: Kernel;
  seed: number;
  numbers: Numbers;
}

const kernels: Record<Kernel, string> = {
  real: "this machine's kernel",
  simulated: 'the simulated kernel (rfds/sim): nothing is measured',
};

const paragraph = (look: Look, text: string, indent = '') =>
  wrap(text, Math.min(look.width, 100) - indent.length).map((line) => indent + line);

const program = (look: Look, name: string, part: 'run' | 'cure') =>
  programText(name, part).map((line) => (line === '' ? '' : `    ${paint(look, 'source', line)}`));

/** 'backlog = 5' */
export const numbersText = (numbers: Numbers) =>
  Object.entries(numbers)
    .map(([name, value]) => `${name} = ${typeof value === 'string' ? `'${value}'` : value}`)
    .join(', ');

/** What stands before the prediction. */
export function tellQuestion(look: Look, { name, experiment, kernel, seed, numbers }: Asked): string {
  const { title, hazards, question, asks } = experiment;
  const only = experiment.kernels.length === 1 ? experiment.onlyBecause : undefined;
  return [
    paint(look, 'title', title),
    paint(look, 'faint', `${name} (${hazards.join(', ')}), seed ${seed}, on ${kernels[kernel]}`),
    ...(only === undefined
      ? []
      : paragraph(look, `Only there: ${only}`).map((line) => paint(look, 'faint', line))),
    '',
    `    ${paint(look, 'faint', `// ${numbersText(numbers)}`)}`,
    ...program(look, name, 'run'),
    '',
    ...paragraph(look, question(numbers)),
    ...(typeof asks === 'string' ? [] : asks.map((choice, i) => `  ${letterOf(i)}  ${choice}`)),
    '',
  ].join('\n');
}

export const isRight = (prediction: Answer, answer: Answer) => String(prediction) === String(answer);

/** What stands behind it. prediction: null where none was asked for. */
export function tellOutcome(look: Look, asked: Asked, observed: Observed, prediction: Answer | null): string {
  const { name, experiment, numbers, seed, kernel } = asked;
  const { run, cure } = observed;
  const said =
    prediction === null
      ? []
      : isRight(prediction, run.answer)
        ? [paint(look, 'good', 'You predicted that.')]
        : [paint(look, 'bad', `You predicted: ${prediction}`)];
  return [
    `${kernel === 'real' ? 'It was' : 'In the simulation it was'}: ${paint(look, 'title', String(run.answer))}`,
    ...said,
    ...surprise(look, experiment.key(numbers), run.answer),
    '',
    ...(run.answer === experiment.key(numbers) ? paragraph(look, experiment.explain(numbers, run)) : []),
    '',
    paint(look, 'title', 'The cure'),
    ...paragraph(look, experiment.cure.change),
    '',
    ...program(look, name, 'cure'),
    '',
    `Run again: ${paint(look, 'title', String(cure.answer))}`,
    ...surprise(look, experiment.cure.key(numbers), cure.answer),
    ...(cure.answer === experiment.cure.key(numbers)
      ? paragraph(look, experiment.cure.tell(numbers, cure))
      : []),
    '',
    ...paragraph(
      look,
      `To read: ${experiment.read.join('; ')}; docs/hazards.md, ${experiment.hazards.join(', ')}.`,
    ),
    ...paragraph(look, `With other numbers: rfds lab ${name} --seed ${seed + 1}`),
    '',
  ].join('\n');
}

/** What is said where something else came out than is claimed. */
function surprise(look: Look, key: Answer, answer: Answer): string[] {
  if (isRight(key, answer)) return [];
  return paragraph(
    look,
    `Here something else came out than this experiment claims, which is: ${key}. Believe the kernel.`,
  );
}
