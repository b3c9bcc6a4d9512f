// What a process beside the program under test does, as a list of steps that is plain data:
//     [{ connect: ['127.0.0.1', 12345] }, { send: 'Hello' }, { expect: 'Hello' }, 'close']
// Nothing is read unless a step says so. A process has one connection at a time.

import type { Calling, Data, PeerAddress, PeerListener, PeerSocket, ProcessCalls } from './client.ts';

export type ScriptStep =
  /** Waits until someone listens there, and connects. */
  | { readonly connect: PeerAddress }
  /** Connects at once: ECONNREFUSED where nobody listens. */
  | { readonly connectAtOnce: PeerAddress }
  /** Listens at an address: the process is a server. */
  | { readonly listen: PeerAddress }
  /** The next connection; waits for one. The one before, if it is open, is closed. */
  | 'accept'
  | { readonly send: Data }
  /** Receives exactly these bytes, however they are cut; others are a violation. */
  | { readonly expect: Data }
  /** Receives so many bytes, whatever they are. */
  | { readonly receive: number }
  /** Receives the end of the stream; more bytes are a violation. */
  | 'expectEnd'
  /** Receives whatever comes, to the end of the stream. */
  | 'receiveAll'
  /** The end of what it sends: shutdown(SHUT_WR). */
  | 'shutdown'
  | 'close'
  /** Closes with a reset. */
  | 'reset'
  /** So many seconds of virtual time. */
  | { readonly wait: number }
  /** Keeps its connection open, and does nothing more: the last step. */
  | 'stopReading';

const words = ['accept', 'expectEnd', 'receiveAll', 'shutdown', 'close', 'reset', 'stopReading'];
const names = ['connect', 'connectAtOnce', 'listen', 'send', 'expect', 'receive', 'wait'];

/** Throws TypeError for a list that is no script, and says which step is wrong. */
export function checkScript(steps: readonly ScriptStep[]): void {
  for (const [i, step] of steps.entries()) {
    const problem = problemOf(step);
    if (problem !== null) throw new TypeError(`step ${i + 1} of the script: ${problem}`);
  }
}

const known = `a step is one of ${words.map((word) => `'${word}'`).join(', ')}, or an object with one of ${names.join(', ')}`;

function problemOf(step: ScriptStep): string | null {
  if (typeof step === 'string') return words.includes(step) ? null : `'${step}' is none; ${known}`;
  const [key, ...more] = Object.keys(step ?? {});
  if (key === undefined || more.length > 0 || !names.includes(key)) {
    return `${JSON.stringify(step)} is none; ${known}`;
  }
  const value = Object.values(step)[0] as unknown;
  switch (key) {
    case 'send':
    case 'expect':
      return typeof value === 'string' || value instanceof Uint8Array ? null : `${key} takes text or bytes`;
    case 'receive':
      return Number.isInteger(value) && (value as number) > 0 ? null : 'receive takes a number of bytes';
    case 'wait':
      return typeof value === 'number' && value >= 0 ? null : 'wait takes seconds';
    default: {
      const isAddress = Array.isArray(value) && typeof value[0] === 'string' && Number.isInteger(value[1]);
      return isAddress || typeof value === 'string' ? null : `${key} takes [host, port], or a path`;
    }
  }
}

export const isServer = ([first]: readonly ScriptStep[]): boolean =>
  typeof first === 'object' && 'listen' in first;

/** Takes the steps one after another. */
export function* play(process: ProcessCalls, steps: readonly ScriptStep[]): Calling<void> {
  let sock: PeerSocket | null = null;
  let listener: PeerListener | null = null;
  const connected = (what: string, i: number): PeerSocket => {
    if (sock === null) throw new TypeError(`step ${i + 1} of the script: ${what} without a connection`);
    return sock;
  };
  for (const [i, step] of steps.entries()) {
    if (typeof step === 'object') {
      if ('connect' in step) sock = yield* process.connect(step.connect);
      else if ('connectAtOnce' in step) sock = yield* process.connect(step.connectAtOnce, { waits: false });
      else if ('listen' in step) listener = yield* process.listen(step.listen);
      else if ('send' in step) yield* connected('send', i).send(step.send);
      else if ('expect' in step) yield* connected('expect', i).expect(step.expect);
      else if ('receive' in step) yield* connected('receive', i).recvExactly(step.receive);
      else yield* process.sleep(step.wait);
      continue;
    }
    switch (step) {
      case 'accept':
        if (listener === null) throw new TypeError(`step ${i + 1} of the script: accept without listen`);
        if (sock !== null) yield* (sock as PeerSocket).close();
        sock = yield* listener.accept();
        break;
      case 'expectEnd':
        yield* connected(step, i).expectEnd();
        break;
      case 'receiveAll':
        yield* connected(step, i).recvAll();
        break;
      case 'shutdown':
        yield* connected(step, i).shutdown();
        break;
      case 'close':
      case 'reset':
        yield* connected(step, i)[step]();
        sock = null;
        break;
      case 'stopReading':
        yield* process.stopReading();
    }
  }
}
