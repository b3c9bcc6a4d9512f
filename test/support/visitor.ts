// A client for scripted conversations: node:net, with everything that came kept in order.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { within } from './programs.ts';

const TIME = /\d{10}\.\d{1,7}:/g;

/** Text with every timestamp as 'TIME:', for comparing runs. */
export const timeless = (text: string) => text.replace(TIME, 'TIME:');

export class Visitor {
  readonly socket: Socket;
  readonly localPort: number;
  /** The latin1 text of the bytes that came. */
  received = '';
  /** How it ended: 'end' (FIN), an error's code, or nothing yet. */
  ending = '';
  readonly closed: Promise<unknown>;

  #wake = () => {};

  private constructor(socket: Socket) {
    this.socket = socket.setNoDelay();
    this.localPort = socket.localPort!;
    socket.on('data', (data) => {
      this.received += data.toString('latin1');
      this.#wake();
    });
    const end = (how: string) => {
      this.ending = how;
      this.#wake();
    };
    socket.on('end', () => end('end'));
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    this.closed = new Promise((resolve) => socket.once('close', resolve));
  }

  static async connect(port: number): Promise<Visitor> {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    await within(once(socket, 'connect'), 'connect');
    return new Visitor(socket);
  }

  /** Hands bytes to the kernel in one send. */
  async send(data: string | Uint8Array): Promise<void> {
    await within(new Promise<void>((resolve) => this.socket.write(data, () => resolve())), 'send');
  }

  /** Sends, and waits until that has been answered. */
  async ask(data: string | Uint8Array): Promise<void> {
    const before = this.#answered;
    await this.send(data);
    await this.answered(before + data.length);
  }

  /** Waits until so many bytes have been answered since the beginning. */
  async answered(bytes: number): Promise<void> {
    const answered = async () => {
      while (this.#answered < bytes && this.ending === '') await this.#change();
    };
    await within(answered(), `an answer to ${bytes} bytes`);
  }

  // The bytes that came, less the server's times.
  get #answered(): number {
    return timeless(this.received).replaceAll('TIME:', '').length;
  }

  /** Sends FIN, and waits for the server's. */
  async leave(): Promise<void> {
    this.socket.end();
    await within(this.closed, 'the end of the connection');
  }

  /** Waits for the server to end it, then leaves. */
  async dismissed(): Promise<void> {
    const dismissed = async () => {
      while (this.ending === '') await this.#change();
    };
    await within(dismissed(), 'a goodbye');
    await this.leave();
  }

  // Something came, or the connection ended.
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Sends RST. */
  async reset(): Promise<void> {
    this.socket.resetAndDestroy();
    await within(this.closed, 'the reset');
  }
}
