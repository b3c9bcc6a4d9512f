// --seed, of both commands.

import { InvalidArgumentError } from 'commander';

export function seedNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, 0-999999999.');
  return Number(text);
}
