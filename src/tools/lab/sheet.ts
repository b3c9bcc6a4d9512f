// Exercise sheets to be printed, and their answers: Markdown, from the same experiments and the same seed.

import type { Answer } from './experiment.ts';
import { keyOf, numbersOf } from './key.ts';
import { letterOf } from './prediction.ts';
import { programText } from './program-text.ts';
import { experimentNamed } from './registry.ts';
import { numbersText } from './tell.ts';

export interface Sheet {
  readonly title: string;
  readonly names: readonly string[];
  readonly seed: number;
}

/** A line to write on. */
const blank = (length: number) => '\\_'.repeat(length);

/** The questions, with the programs that they are about, and space for predictions. */
export function exerciseSheet({ title, names, seed }: Sheet): string {
  const exercises = names.map((name, i) => {
    const experiment = experimentNamed(name);
    const { asks } = experiment;
    const numbers = numbersOf(experiment, seed);
    const choices = typeof asks === 'string' ? [] : asks.map((choice, n) => `- **${letterOf(n)}** ${choice}`);
    return [
      `## ${i + 1}. ${experiment.title}`,
      ['```ts', `// ${numbersText(numbers)}`, ...programText(name, 'run'), '```'].join('\n'),
      experiment.question(numbers),
      ...(choices.length > 0 ? [choices.join('\n')] : []),
      `My prediction: ${blank(16)} because ${blank(40)}`,
      `Then run it: \`rfds lab ${name} --seed ${seed}\`. What surprised me: ${blank(30)}`,
    ].join('\n\n');
  });
  return `${[`# ${title}`, `Seed ${seed}. Predict first, and write it down; then run the command below the question.`, ...exercises].join('\n\n')}\n`;
}

/** The key of a sheet: what is claimed to come out, which the tests hold to what does. */
export function answerSheet({ title, names, seed }: Sheet): string {
  const shown = (name: string, answer: Answer): string => {
    const { asks } = experimentNamed(name);
    const at = typeof asks === 'string' ? -1 : asks.indexOf(String(answer));
    return at < 0 ? String(answer) : `${letterOf(at)}: ${answer}`;
  };
  const rows = names.map((name, i) => {
    const { run, cure } = keyOf(experimentNamed(name), seed);
    const { hazards, cure: cured } = experimentNamed(name);
    return `${i + 1}. \`${name}\` (${hazards.join(', ')}): **${shown(name, run)}**. Cured: ${cure}. ${cured.change}`;
  });
  return `${[`# Answers: ${title}`, `Seed ${seed}.`, rows.join('\n')].join('\n\n')}\n`;
}

/** The sheets of docs/course/. */
export const courseSheets: readonly Sheet[] = [
  {
    title: 'Sheet 1: connections and streams',
    seed: 101,
    names: ['handshake', 'backlog', 'messages', 'half-character', 'half-close', 'slow-reader', 'linger'],
  },
  {
    title: 'Sheet 2: waiting for many',
    seed: 202,
    names: [
      'writable',
      'hint',
      'closed-in-select',
      'closed-in-poll',
      'fd-setsize',
      'refused',
      'edge',
      'stale-epoll',
    ],
  },
  {
    title: 'Sheet 3: what goes wrong',
    seed: 303,
    names: [
      'accept-after-reset',
      'no-descriptors',
      'blocks-everybody',
      'sigpipe',
      'restarted',
      'closed-twice',
      'time-wait',
      'empty-datagram',
    ],
  },
];
