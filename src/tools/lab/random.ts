// Fresh numbers from a seed: the same seed, the same numbers, on every machine.

import { xorshift32 } from '../../sim/choices.ts';

export class Random {
  #state: number;

  constructor(seed: number) {
    // Never 0, and different for neighbouring seeds.
    this.#state = Math.imul(seed ^ 0x5bd1e995, 0x85ebca6b) | 1;
    for (let i = 0; i < 8; i++) this.#next();
  }

  #next(): number {
    this.#state = xorshift32(this.#state);
    return this.#state >>> 0;
  }

  /** An integer, both ends included. */
  int(least: number, most: number): number {
    return least + (this.#next() % (most - least + 1));
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)];
  }

  /** So many lower-case letters. */
  letters(length: number): string {
    return Array.from({ length }, () => String.fromCharCode(this.int(97, 122))).join('');
  }

  /** The list in another order. */
  shuffle<T>(list: readonly T[]): T[] {
    const left = [...list];
    return list.map(() => left.splice(this.int(0, left.length - 1), 1)[0]);
  }
}
