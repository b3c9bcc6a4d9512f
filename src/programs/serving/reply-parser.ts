// An incremental parser that finds the end of the documented server's reply to a message. TCP has no
// messages: the server answers each piece of up to 1024 bytes that its recv returned, with its own time
// in front, and those answers may arrive cut or joined anywhere.
//
// The message is known, so the reply is parsed against it: `time:` and a piece, again and again, until the
// pieces make up the message. A digit may belong to a piece or begin the next time. Both are followed: the piece
// as long as it goes on as the message does, and the digits, of which the ten before a point may be a time's.
// Where a whole time could be either, because the message goes on with that very text, it is the message's. So
// each byte costs the same few steps, and nothing is kept of it, whatever the server sends.

const SECONDS_DIGITS = 10; // of a time from 2001 to 2286
const FRACTION_DIGITS = 7; // at most, as Python prints it
const RECV = 1024; // bytes in a piece, at most

const POINT = 0x2e;
const COLON = 0x3a;
const NONE = -1;

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;

/** The parser of the reply to one message. */
export class ReplyParser {
  readonly #message: Uint8Array;
  // How many bytes of the reply were parsed; the places below are counted so, too.
  #at = 0;

  // The piece: where it begins, and how many bytes of the message are answered before it. It is open while each of
  // its bytes is the message's, and ends before the first that is not, or that is one too many. At first it is as if
  // one byte before the message had been answered, and something else came next: a time.
  #pieceStart = -1;
  #answeredBefore = -1;
  #isOpen = false;
  #pieceEnd = 0;

  // The times that may have begun: where the last digits begin; and, behind ten of them and a point, where the
  // time begins and how many digits its fraction has so far.
  #digitsStart = 0;
  #timeStart = NONE;
  #fractionDigits = 0;

  constructor(message: Uint8Array) {
    this.#message = message;
  }

  /**
   * Parses what was received next. True once the reply is whole, or cannot be one of the documented
   * server's: then there is nothing to wait for.
   */
  push(received: Uint8Array): boolean {
    for (const byte of received) {
      this.#parsePiece(byte);
      this.#parseTime(byte);
      this.#at++;
    }
    return this.#isWhole || !this.#isPossible;
  }

  #parsePiece(byte: number): void {
    if (!this.#isOpen) return;
    const length = this.#at - this.#pieceStart;
    if (length < RECV && byte === this.#message[this.#answeredAt(this.#at)]) return;
    this.#isOpen = false;
    this.#pieceEnd = this.#at;
  }

  #parseTime(byte: number): void {
    if (isDigit(byte)) {
      if (++this.#fractionDigits > FRACTION_DIGITS) this.#timeStart = NONE;
      return;
    }
    const seconds = this.#at - SECONDS_DIGITS;
    if (byte === POINT && seconds >= this.#digitsStart && this.#mayBeginAt(seconds)) {
      this.#timeStart = seconds;
    } else {
      const isTime = byte === COLON && this.#timeStart !== NONE && this.#fractionDigits > 0;
      if (isTime && !this.#isOpen) this.#beginPiece();
      this.#timeStart = NONE;
    }
    this.#fractionDigits = 0;
    this.#digitsStart = this.#at + 1;
  }

  #beginPiece(): void {
    this.#answeredBefore = this.#answeredAt(this.#timeStart);
    this.#pieceStart = this.#at + 1;
    this.#isOpen = true;
  }

  /** How many bytes of the message are answered before a place in the piece, or where it ends. */
  #answeredAt(place: number): number {
    return this.#answeredBefore + place - this.#pieceStart;
  }

  /** Whether a time may begin at a place: behind a byte of the piece at least, and before one that is to come. */
  #mayBeginAt(place: number): boolean {
    const isBehindPiece = place > this.#pieceStart && (this.#isOpen || place <= this.#pieceEnd);
    return isBehindPiece && this.#answeredAt(place) < this.#message.length;
  }

  get #isWhole(): boolean {
    const length = this.#at - this.#pieceStart;
    return this.#isOpen && length > 0 && this.#answeredAt(this.#at) === this.#message.length;
  }

  get #isPossible(): boolean {
    if (this.#timeStart !== NONE) return true;
    if (this.#isOpen && this.#answeredAt(this.#at) < this.#message.length) return true;
    // The digits that it ends with may be a time's first ones: those from the earliest place on.
    const place = Math.max(this.#digitsStart, this.#at - SECONDS_DIGITS, this.#pieceStart + 1);
    return place < this.#at && this.#mayBeginAt(place);
  }
}
