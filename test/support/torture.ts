// Clients of a server that may fail at any call: what they are left without, and whether the server still answers one
// that comes later.

import { connect, type Socket } from 'node:net';
import { within } from './programs.ts';

/** How long a server may leave a client without an answer, in milliseconds. */
const PATIENCE = 8000;

/** What a client does next. */
export interface Step {
  /** Which one, from 0; its first step connects it. */
  readonly client: number;
  /** A message, or how it leaves. */
  readonly say: string | { readonly leave: 'end' | 'goodbye' | 'reset' };
}

/** Two clients that take turns, and a third one when they are gone. */
export const ordinary: readonly Step[] = [
  { client: 0, say: 'Hello' },
  { client: 1, say: 'Hello' },
  { client: 0, say: 'Hello again' },
  { client: 0, say: { leave: 'end' } },
  { client: 1, say: { leave: 'goodbye' } },
  { client: 2, say: 'Hello' },
  { client: 2, say: { leave: 'end' } },
];

/** Another conversation for each seed from 1 on, of two to four clients; the ordinary one for 0. */
export function conversationOf(seed: number): readonly Step[] {
  if (seed === 0) return ordinary;
  let x = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1;
  const below = (n: number) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % n;
  };
  const steps: Step[] = [];
  const present = Array.from({ length: 2 + below(3) }, (_, client) => ({ client, left: 1 + below(3) }));
  while (present.length > 0) {
    const at = below(present.length);
    const one = present[at];
    if (one.left-- > 0) {
      const say = 'abcdefghij'.repeat(1 + below(below(4) === 0 ? 300 : 5));
      steps.push({ client: one.client, say });
    } else {
      const leave = (['end', 'goodbye', 'reset'] as const)[below(3)];
      steps.push({ client: one.client, say: { leave } });
      present.splice(at, 1);
    }
  }
  steps.push({ client: 9, say: 'Hello' }, { client: 9, say: { leave: 'end' } });
  return steps;
}

const TIME = /\d{10}\.\d{1,7}:/g;

class Client {
  readonly #socket: Socket;
  #said = '';
  #received = '';
  #hasEnded = false;
  #wake = () => {};
  /** Whether it was refused something. */
  isHurt = false;

  constructor(port: number) {
    this.#socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true }).setNoDelay();
    const ended = () => {
      this.#hasEnded = true;
      this.#wake();
    };
    this.#socket.on('data', (data) => {
      this.#received += data.toString('latin1');
      this.#wake();
    });
    this.#socket.on('end', ended).on('error', ended).on('close', ended);
  }

  async say(text: string): Promise<void> {
    if (this.isHurt) return;
    this.#said += text;
    this.#socket.write(text);
    // What was said, and not as many bytes: a time may have come in part.
    const isAnswered = () => this.#received.replaceAll(TIME, '') === this.#said;
    await this.#until(isAnswered, `an answer to ${text.length} bytes`);
    if (!isAnswered()) this.isHurt = true;
  }

  async leave(how: 'end' | 'goodbye' | 'reset'): Promise<void> {
    if (how === 'reset' || this.isHurt) {
      this.#socket.resetAndDestroy();
      return;
    }
    if (how === 'goodbye') this.#socket.write(Uint8Array.of(0xff));
    else this.#socket.end();
    await this.#until(() => false, 'the end of the connection');
    this.#socket.destroy();
  }

  async #until(isDone: () => boolean, what: string): Promise<void> {
    const wait = async () => {
      while (!isDone() && !this.#hasEnded) await new Promise<void>((resolve) => (this.#wake = resolve));
    };
    await within(wait(), what, PATIENCE);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Has a conversation with a server; how many clients were refused something. Throws where one waits for ever. */
export async function converse(port: number, steps: readonly Step[]): Promise<number> {
  const clients = new Map<number, Client>();
  try {
    for (const { client, say } of steps) {
      const one = clients.get(client) ?? new Client(port);
      clients.set(client, one);
      if (typeof say === 'string') await one.say(say);
      else await one.leave(say.leave);
    }
    return [...clients.values()].filter(({ isHurt }) => isHurt).length;
  } finally {
    for (const client of clients.values()) client.destroy();
  }
}

/** Says one word to a server and waits until it is gone, or has refused it. */
export async function sayOnce(port: number, word: string): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('connect', () => socket.write(word)).on('error', () => {});
  socket.resume();
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await within(closed, `an end after ${word}`, PATIENCE).finally(() => socket.destroy());
}
