// Tells when the documented server's answer to a message is whole. TCP has no messages: the server
// answers each piece of up to 1024 bytes that its recv brought, with its own time in front, and
// those answers may arrive cut or joined anywhere. A leaf; client.ts is above.
//
// The message is known, so the answer can be read along with it: `time:` and a piece, again and
// again, until the pieces make up the message. A digit may belong to a piece or begin the next
// time, so every reading that is still possible is kept, as in any regular expression's automaton.

const START = 0; // before the first digit of a time
const SECONDS = 1; // in the digits before its point
const FRACTION = 2; // in those behind it
const EMPTY_PIECE = 3; // behind the colon
const PIECE = 4; // in a piece, with at least one byte of it
const PHASES = 5;

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;

/** The answer to one message, as it comes. */
export class Answer {
  readonly #message: Uint8Array;
  // A reading: how many bytes of the message have been answered, times PHASES, plus the phase.
  #readings: number[] = [START];

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
    return this.#readings.length === 0 || this.#readings.includes(this.#message.length * PHASES + PIECE);
  }

  #step(reading: number, byte: number, next: number[]): void {
    const phase = reading % PHASES;
    const answered = (reading - phase) / PHASES;
    const add = (count: number, to: number) => {
      const one = count * PHASES + to;
      if (!next.includes(one)) next.push(one);
    };
    if (phase <= SECONDS && isDigit(byte)) add(answered, SECONDS);
    if (phase === SECONDS && byte === 0x2e) add(answered, FRACTION);
    if (phase === FRACTION && isDigit(byte)) add(answered, FRACTION);
    if (phase === FRACTION && byte === 0x3a) add(answered, EMPTY_PIECE);
    if (phase >= EMPTY_PIECE && byte === this.#message[answered]) add(answered + 1, PIECE);
    if (phase === PIECE && isDigit(byte)) add(answered, SECONDS);
  }
}
