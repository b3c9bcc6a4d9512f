// An incremental parser that finds the end of the documented server's reply to a message. TCP has no
// messages: the server answers each piece of up to 1024 bytes that its recv returned, with its own time
// in front, and those answers may arrive cut or joined anywhere.
//
// The message is known, so the reply is parsed against it: `time:` and a piece, again and again, until
// the pieces make up the message. A digit may belong to a piece or begin the next time, so the parser
// is a nondeterministic automaton: it keeps every state that is still possible, and what is known of
// the lengths of a time and of a piece keeps them few.

const SECONDS_DIGITS = 10; // of a time from 2001 to 2286
const FRACTION_DIGITS = 7; // at most, as Python prints it
const RECV = 1024; // bytes in a piece, at most

// The phases: how far into `time:` and its piece.
const SECONDS = 0; // + n: after the first n digits
const FRACTION = SECONDS + SECONDS_DIGITS + 1; // + n: after the point and n digits
const PIECE = FRACTION + FRACTION_DIGITS + 1; // + n: after the colon and n bytes
const PHASES = PIECE + RECV + 1;

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;

/** The parser of the reply to one message. */
export class ReplyParser {
  readonly #message: Uint8Array;
  // A state: how many bytes of the message have been answered, times PHASES, plus the phase.
  #states: number[] = [SECONDS];

  constructor(message: Uint8Array) {
    this.#message = message;
  }

  /**
   * Parses what was received next. True once the reply is whole, or cannot be one of the documented
   * server's: then there is nothing to wait for.
   */
  push(received: Uint8Array): boolean {
    for (const byte of received) {
      const next: number[] = [];
      for (const state of this.#states) this.#step(state, byte, next);
      this.#states = next;
    }
    const wholeButEmpty = this.#message.length * PHASES + PIECE;
    return this.#states.length === 0 || this.#states.some((state) => state > wholeButEmpty);
  }

  #step(state: number, byte: number, next: number[]): void {
    const phase = state % PHASES;
    const answered = (state - phase) / PHASES;
    const add = (count: number, to: number) => {
      const state = count * PHASES + to;
      if (!next.includes(state)) next.push(state);
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
