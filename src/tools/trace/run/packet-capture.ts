// Captures packets in a process of its own, packet-capture-main.ts, so that no call of the recorded programs
// waits for it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { NoteLine, PacketLine } from '../../../interpose/recorder/recording.ts';

// From src/ as from dist/.
const program = fileURLToPath(
  new URL('../../../../dist/tools/trace/run/packet-capture-main.js', import.meta.url),
);

/** Why nothing can be captured: EPERM without the right, ENODEV without the interface, ENOSYS on macOS. */
export interface Refusal {
  type: 'refused';
  code: string;
  text: string;
}

export interface CaptureOptions {
  /** 'lo', 'eth0' */
  interface: string;
  /** Only the packets from or to this port of TCP. */
  port: number;
  /** A network namespace by its name (see hosts.ts), to capture there. */
  namespace?: string;
  /** Ends the capture. */
  signal?: AbortSignal;
}

/** What was captured: packets in the order of their times, numbered from 0. */
export interface Captured {
  packets: PacketLine[];
  /** How many came faster than they were taken, and are missing; a note says so, too. */
  dropped: number;
  notes: NoteLine[];
}

/** What the capturing process says at its end, if it has lost any. */
interface Dropped {
  type: 'dropped';
  at: number;
  count: number;
}

/** A capture that runs. Disposing of it ends it. */
export class Capture {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #captured: Captured = { packets: [], dropped: 0, notes: [] };
  readonly #interface: string;
  #stderr = '';

  private constructor(command: string[], name: string, signal?: AbortSignal) {
    this.#interface = name;
    const options = { stdio: 'pipe', killSignal: 'SIGKILL', ...(signal && { signal }) } as const;
    this.#child = spawn(command[0], command.slice(1), options);
    // It ends by itself when its stdin does, also if this process is killed.
    this.#child.stdin!.on('error', () => {});
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#closed = once(this.#child, 'close');
    this.#closed.catch(() => {}); // A rejection is reported where the promise is awaited.
  }

  /**
   * Starts to capture. Every packet after it resolves is captured; or it resolves to a Refusal.
   * Throws if the process cannot be started, and AbortError.
   */
  static async start(options: CaptureOptions): Promise<Capture | Refusal> {
    const { namespace, interface: name, port, signal } = options;
    signal?.throwIfAborted();
    const within = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace];
    const command = [...within, process.execPath, program, name, String(port)];
    const capture = new Capture(command, name, signal);
    const answer = await capture.#ready();
    if (answer.type === 'ready') return capture;
    await capture.#closed;
    return answer;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  // Resolves with the first line; every line after it is kept.
  #ready(): Promise<Refusal | { type: 'ready' }> {
    return new Promise((resolve, reject) => {
      createInterface(this.#child.stdout!).on('line', (text) => {
        const line: Refusal | { type: 'ready' } | PacketLine | Dropped = JSON.parse(text);
        if (line.type === 'packet') this.#captured.packets.push(line);
        else if (line.type === 'dropped') this.#dropped(line);
        else resolve(line);
      });
      this.#closed.then(() => reject(this.#failure()), reject);
    });
  }

  #dropped({ at, count }: Dropped): void {
    const text = `${count} packets on ${this.#interface} came faster than they were taken, and are missing here`;
    this.#captured.dropped = count;
    this.#captured.notes.push({ type: 'note', at, text });
  }

  /** Waits for the packets that are still on their way (some 60 ms), ends the capture, and returns all. */
  async stop(): Promise<Captured> {
    this.#child.stdin!.end();
    await this.#closed;
    if (this.#child.exitCode !== 0) throw this.#failure();
    const packets = this.#captured.packets.sort((a, b) => a.at - b.at || a.n - b.n);
    return { ...this.#captured, packets: packets.map((packet, n) => ({ ...packet, n })) };
  }

  #failure(): Error {
    const { exitCode, signalCode } = this.#child;
    const [said] = this.#stderr.split('\n').filter((line) => /\S/.test(line));
    return new Error(`the capture of packets ended: ${said ?? signalCode ?? `status ${exitCode}`}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.#closed.catch(() => {});
  }
}
