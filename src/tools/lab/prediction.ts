// The reader's prediction: what stdin says, as an answer to a question.

import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Answer, Experiment } from './experiment.ts';

type Asks = Experiment['asks'];

/** Choice 0 is a. */
export const letterOf = (index: number) => String.fromCharCode(97 + index);

/** What may be answered, in words. */
export function expected(asks: Asks): string {
  if (asks === 'number') return 'a number';
  if (asks === 'errno') return 'the name of an errno, such as EAGAIN';
  return `a letter, a-${letterOf(asks.length - 1)}`;
}

/** The answer that a line gives; null for a line that is none. */
export function parsePrediction(asks: Asks, line: string): Answer | null {
  const text = line.trim();
  if (asks === 'number') return /^-?\d{1,15}$/.test(text) ? Number(text) : null;
  if (asks === 'errno') return /^e[a-z0-9]{1,14}$/i.test(text) ? text.toUpperCase() : null;
  const index = asks.findIndex((choice, i) =>
    [letterOf(i), choice.toLowerCase()].includes(text.toLowerCase()),
  );
  return asks[index] ?? null;
}

/**
 * The first line of input that is an answer; null where the input ends before. onWrong is told of every other one,
 * onWaiting before each line.
 */
export async function readPrediction(
  asks: Asks,
  input: Readable,
  signal: AbortSignal,
  onWaiting: () => void,
  onWrong: (line: string) => void,
): Promise<Answer | null> {
  const lines = createInterface({ input, signal });
  try {
    onWaiting();
    for await (const line of lines) {
      const answer = parsePrediction(asks, line);
      if (answer !== null) return answer;
      onWrong(line);
      onWaiting();
    }
    return null;
  } finally {
    lines.close();
  }
}
