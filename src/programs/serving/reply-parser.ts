// Tells when the documented server's answer to a message is whole. TCP has no messages: the server
// answers each piece of up to 1024 bytes that its recv brought, with its own time in front, and
// those answers may arrive cut or joined anywhere. A leaf; client.ts is above.
//
// The message is known, so the answer can be read along with it: `time:` and a piece, again and
// again, until the pieces make up the message. A digit may belong to a piece or begin the next
// time, so every reading that is still possible is kept, as in any regular expression's automaton;
// what is known of a time's length and a piece's keeps them few.

const SECONDS_DIGITS = 10; // of a time from 2001 to 2286
const FRACTION_DIGITS = 7; // at most, as Python prints it
const RECV = 1024; // bytes in a piece, at most

// How far into `time:` and its piece a reading is.
const SECONDS = 0; // + n: behind the first n digits
const FRACTION = SECONDS + SECONDS_DIGITS + 1; // + n: behind the point and n digits
const PIECE = FRACTION + FRACTION_DIGITS + 1; // + n: behind the colon and n bytes
const PHASES = PIECE + RECV + 1;

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;

/** The answer to one message, as it comes. */
export class Answer {
  readonly #message: Uint8Array;
  // A reading: how many bytes of the message have been answered, times PHASES, plus the phase.
  #readings: number[] = [SECONDS];

  constructor(message: Uint8Array) {
    this.#message = message;
  }

  /**
   * Reads on. True once the answer is whole, or is not one that the documented server gives: then
   * there is nothing to wait for.
   */
  push(received: Uint8Array): boolean {
    for (const byte of received) {
      const next: number[] = [];
      for (const reading of this.#readings) this.#step(reading, byte, next);
      this.#readings = next;
    }
    const wholeButEmpty = this.#message.length * PHASES + PIECE;
    return this.#readings.length === 0 || this.#readings.some((reading) => reading > wholeButEmpty);
  }

  #step(reading: number, byte: number, next: number[]): void {
    const phase = reading % PHASES;
    const answered = (reading - phase) / PHASES;
    const add = (count: number, to: number) => {
      const one = count * PHASES + to;
      if (!next.includes(one)) next.push(one);
    };
    const digit = isDigit(byte);
    if (phase < SECONDS_DIGITS && digit) add(answered, phase + 1);
    if (phase === SECONDS_DIGITS && byte === 0x2e) add(answered, FRACTION);
    if (phase >= FRACTION && phase < FRACTION + FRACTION_DIGITS && digit) add(answered, phase + 1);
    if (phase > FRACTION && phase < PIECE && byte === 0x3a) add(answered, PIECE);
    if (phase >= PIECE && phase < PIECE + RECV && byte === this.#message[answered])
      add(answered + 1, phase + 1);
    if (phase > PIECE && digit) add(answered, SECONDS + 1);
  }
}
