// A client of the server that is graded. Each thing that it does is noted, so that a report can tell what led to a
// failure; each wait has an end.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** What a server did otherwise than it should: the message of a failed stage. */
export class Failure extends Error {}

/** Where the clients' steps are noted, and how long they wait. */
export interface Setting {
  readonly port: number;
  readonly patienceMs: number;
  note(step: string): void;
}

/** So many looks, of 25 ms each, without progress are a standstill. */
const STILL = 40;

/** Digits, points and colons are of the times alone: no message has any. */
const ofTimes = /[0-9.:]/g;

/** A short form of bytes: as text where they are, else as hexadecimal escapes. */
export function shown(latin1: string): string {
  const text = latin1.replace(
    /[^\x20-\x7e]/g,
    (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return text.length > 70 ? `'${text.slice(0, 50)}…' (${latin1.length} bytes)` : `'${text}'`;
}

export class Client {
  readonly name: string;
  readonly #socket: Socket;
  readonly #setting: Setting;
  /** All that came, byte for byte. */
  received = '';
  /** The same without times. */
  #payload = '';
  #sent = '';
  #hasEnded = false;
  #error: string | null = null;
  #wake: (() => void)[] = [];

  private constructor(name: string, socket: Socket, setting: Setting) {
    this.name = name;
    this.#socket = socket;
    this.#setting = setting;
    socket.on('end', () => this.#changed(() => (this.#hasEnded = true)));
    socket.on('error', ({ code = 'error' }: NodeJS.ErrnoException) =>
      this.#changed(() => (this.#error = code)),
    );
    socket.on('close', () => this.#changed(() => (this.#hasEnded = true)));
  }

  static async connect(name: string, setting: Setting, { reads = true } = {}): Promise<Client> {
    const socket = connect({ port: setting.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const client = new Client(name, socket, setting);
    setting.note(`${name} connects`);
    const late = pause(setting.patienceMs, 'late', { ref: false });
    const outcome = await Promise.race([once(socket, 'connect').catch(() => 'failed'), late]);
    if (typeof outcome === 'string') {
      socket.destroy();
      throw new Failure(
        `${name} could not connect: ${client.#error ?? `nothing within ${setting.patienceMs} ms`}`,
      );
    }
    if (reads) client.read();
    else socket.pause();
    return client;
  }

  /** Reads from now on whatever comes. */
  read(): void {
    this.#socket.on('data', (data: Buffer) =>
      this.#changed(() => {
        const text = data.toString('latin1');
        this.received += text;
        this.#payload += text.replace(ofTimes, '');
      }),
    );
    this.#socket.resume();
  }

  /** Text whose characters are bytes. */
  send(latin1: string): void {
    this.#setting.note(`${this.name} sends ${shown(latin1)}`);
    this.#sent += latin1;
    this.#socket.write(Buffer.from(latin1, 'latin1'));
  }

  /** Sends as much as there is, until the server takes no more. Returns how many bytes. */
  async flood(latin1: string, most: number): Promise<number> {
    this.#setting.note(`${this.name} sends up to ${most / 1e6} MB, and reads nothing`);
    const bytes = Buffer.from(latin1, 'latin1');
    let before = -1;
    let total = 0;
    for (let still = 0; total < most && still < STILL && !this.#hasEnded; ) {
      while (total < most && this.#socket.writableLength < bytes.length) {
        this.#socket.write(bytes);
        total += bytes.length;
      }
      await pause(25);
      still = this.#socket.writableLength === before ? still + 1 : 0;
      before = this.#socket.writableLength;
    }
    this.#sent += latin1.repeat(total / bytes.length);
    this.#setting.note(
      `${this.name} has sent ${total - this.#socket.writableLength} bytes, and reads nothing`,
    );
    return total;
  }

  /** FIN: it sends no more. */
  halfClose(): void {
    this.#setting.note(`${this.name} ends what it sends: shutdown(SHUT_WR)`);
    this.#socket.end();
  }

  /** RST. */
  reset(): void {
    this.#setting.note(`${this.name} resets its connection`);
    this.#socket.resetAndDestroy();
  }

  /** Without a word in the report. */
  drop(): void {
    this.#socket.destroy();
  }

  get isGone(): boolean {
    return this.#hasEnded || this.#error !== null;
  }

  /** Until all that was sent has come back. */
  async answered(patienceMs = this.#setting.patienceMs): Promise<void> {
    const isDone = () => this.#payload.length >= this.#sent.length || this.isGone || !this.#isRight();
    await this.#until(isDone, patienceMs);
    if (this.#payload === this.#sent) return;
    const wanted = shown(this.#sent.slice(this.#agreeing()));
    const got =
      this.#payload.length === 0 ? 'nothing came' : `there came ${shown(this.received.slice(-400))}`;
    const end =
      this.#error ?? (this.#hasEnded ? 'the end of the stream' : `nothing more for ${patienceMs} ms`);
    throw new Failure(`${this.name} was to get ${wanted} back; ${got}, then ${end}`);
  }

  /** Until the server has closed the connection. */
  async closed(): Promise<void> {
    await this.#until(() => this.isGone, this.#setting.patienceMs);
    if (!this.isGone)
      throw new Failure(`${this.name}'s connection was not closed within ${this.#setting.patienceMs} ms`);
  }

  /** Until all is back or the server has given the connection up; then whether what came is right. */
  async answeredOrDropped(patienceMs: number): Promise<'answered' | 'dropped'> {
    let before = -1;
    while (this.#payload.length < this.#sent.length && !this.isGone && this.received.length !== before) {
      before = this.received.length;
      await this.#until(() => this.received.length !== before || this.isGone, patienceMs);
    }
    if (this.#payload === this.#sent) return 'answered';
    if (this.isGone && this.#isRight()) return 'dropped';
    if (this.#isRight()) await this.answered(0);
    const at = this.#agreeing();
    throw new Failure(
      `${this.name} read at last, and byte ${at} of what it had sent came back as ${shown(this.#payload.slice(at, at + 20))} ` +
        `instead of ${shown(this.#sent.slice(at, at + 20))}: something was lost`,
    );
  }

  #isRight(): boolean {
    return this.#sent.startsWith(this.#payload);
  }

  /** How many bytes came back as they were sent. */
  #agreeing(): number {
    let [low, high] = [0, this.#payload.length];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#sent.startsWith(this.#payload.slice(0, middle))) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #changed(change: () => void): void {
    change();
    for (const wake of this.#wake.splice(0)) wake();
  }

  async #until(condition: () => boolean, patienceMs: number): Promise<void> {
    const end = performance.now() + patienceMs;
    while (!condition()) {
      const left = end - performance.now();
      if (left <= 0) return;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        timer = setTimeout(resolve, left);
        this.#wake.push(resolve);
      });
      clearTimeout(timer);
    }
  }
}
