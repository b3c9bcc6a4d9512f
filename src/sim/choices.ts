// The choices of a run: wherever the real kernel, the network or another process may do one thing or another, the
// simulated one asks here. A run is the list of its choices; a schedule string writes it down and replays it.

/**
 * What is chosen. 'turn': who goes on, first of all the program, where it can; 'time': the same, and the last is that
 * time passes, though others could go on; 'fault': the first is what ordinarily happens; 'any': none is like that.
 */
export type ChoiceKind = 'turn' | 'time' | 'fault' | 'any';

/** Decides: 0 … count - 1; -1 leaves the run. */
export interface Chooser {
  /** what: of what it is chosen, for a story. */
  choose(count: number, world: { readonly state: number }, what: string, kind: ChoiceKind): number;
}

/** '1.0*3.2' for [1, 0, 0, 0, 2]: zeros at the end are left out, for they are what a run does by itself. */
export function formatSchedule(choices: readonly number[]): string {
  let end = choices.length;
  while (end > 0 && choices[end - 1] === 0) end--;
  const parts: string[] = [];
  for (let i = 0; i < end; ) {
    let next = i + 1;
    while (next < end && choices[next] === choices[i]) next++;
    parts.push(next - i > 1 ? `${choices[i]}*${next - i}` : String(choices[i]));
    i = next;
  }
  return parts.join('.');
}

/** The choices of a schedule string. Throws RangeError for a text that is none. */
export function parseSchedule(text: string): number[] {
  if (text === '') return [];
  const choices: number[] = [];
  for (const part of text.split('.')) {
    const found = /^(\d{1,9})(?:\*(\d{1,6}))?$/.exec(part);
    if (found === null) throw new RangeError(`schedule: '${part}' is no choice, as 2 or 0*3: '${text}'`);
    for (let n = Number(found[2] ?? 1); n > 0; n--) choices.push(Number(found[1]));
  }
  return choices;
}

/** Replays a list of choices, and takes the first (0) behind its end. Remembers what it chose, and out of how many. */
export class Replay implements Chooser {
  readonly #given: readonly number[];
  readonly taken: number[] = [];
  readonly counts: number[] = [];

  constructor(given: readonly number[] = []) {
    this.#given = given;
  }

  choose(count: number): number {
    const given = this.#given[this.taken.length] ?? 0;
    // A list that was shortened, or is another program's: what there is no more of becomes the last.
    const choice = Math.min(given, count - 1);
    this.taken.push(choice);
    this.counts.push(count);
    return choice;
  }
}

/**
 * Chooses at random, by a seed: the same seed, the same run. Remembers as Replay does. Each run has a character, which
 * the seed gives it: how much longer the program goes on before the others do (or the first of them, where it waits),
 * and how rare faults are. xorshift32.
 */
export class RandomChooser implements Chooser {
  #state: number;
  readonly #calm: number;
  readonly #rarity: number;
  readonly taken: number[] = [];
  readonly counts: number[] = [];

  constructor(seed: number) {
    // Never 0, and different for neighbouring seeds.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1;
    this.#next(0x10000);
    this.#calm = this.#next(4) * 2;
    this.#rarity = 4 << this.#next(4);
  }

  choose(count: number, _world: unknown, _what: string, kind: ChoiceKind = 'any'): number {
    const choice = this.#choose(count, kind);
    this.taken.push(choice);
    this.counts.push(count);
    return choice;
  }

  #choose(count: number, kind: ChoiceKind): number {
    switch (kind) {
      case 'fault':
        return this.#next(this.#rarity) > 0 ? 0 : this.#next(count);
      case 'time':
        // Each of the others is eight times as likely: what times out too early and too often hides the rest.
        return Math.min(this.#next(8 * (count - 1) + 1) >> 3, count - 1);
      case 'turn':
        return Math.max(this.#next(count + this.#calm) - this.#calm, 0);
      default:
        return this.#next(count);
    }
  }

  #next(count: number): number {
    this.#state = xorshift32(this.#state);
    return (this.#state >>> 0) % count;
  }
}

/** The number behind a number that is not 0, in Marsaglia's sequence of all of 32 bits but 0. */
export function xorshift32(state: number): number {
  let x = state;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  return x;
}
