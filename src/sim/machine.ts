// What the simulated files need of the world that they are in: its clock, its choices, and its list of what may
// happen next. world.ts is it.

/** When something happened. */
export interface Moment {
  /** Its place among all events of the run, calls' beginnings and packets included. */
  readonly order: number;
  /** Virtual time, in nanoseconds since the world began. */
  readonly ns: number;
}

/**
 * Something that processes share, such as a connection. Two steps of which neither touches what the other does may be
 * taken in either order; explore() leaves one of the orders out. The history is a hash of what happened to it so far.
 */
export interface Shared {
  readonly id: number;
  low: number;
  high: number;
}

/** Something that may happen now. */
export interface Step {
  readonly label: string;
  /** What it touches; null: it may be anything. */
  readonly shared: Shared | null;
  /** What it, and what follows it, may touch. Without it: anything. */
  reach?(program: { readonly shared: Shared }): readonly Shared[] | null;
  /** The end of a connection that the piece comes from. */
  readonly from?: object;
  isEnabled(): boolean;
  take(): void;
}

/** Something that happens at a time. */
export interface Timer {
  /** In nanoseconds since the world began. */
  readonly at: number;
  readonly label: string;
  readonly shared: Shared | null;
  cancel(): void;
}

/** A process, as far as a signal concerns it. */
export interface SignalTarget {
  readonly shared: Shared;
  /** True if it interrupts the call that the process waits in. */
  receiveSignal(signum: number): boolean;
}

export interface Machine {
  readonly platform: 'linux' | 'darwin';
  /** /proc/sys/net/core/somaxconn, kern.ipc.somaxconn. */
  readonly somaxconn: number;
  /** Bytes in a socket's buffers, unless setsockopt says otherwise. */
  readonly sendBuffer: number;
  readonly receiveBuffer: number;
  /** Whether what is written to stdout and stderr is kept. */
  readonly keepsOutput: boolean;
  readonly keepsPackets: boolean;
  /** Since the world began. */
  readonly nanoseconds: number;
  /** What CLOCK_REALTIME said then. */
  readonly epochSeconds: number;
  newShared(): Shared;
  /** The step under way touches it. */
  touch(shared: Shared): void;
  /** Happens after so many nanoseconds. */
  after(nanoseconds: number, label: string, shared: Shared | null, take: () => void): Timer;
  addStep(step: Step): void;
  removeStep(step: Step): void;
  /** 0 … count - 1: what happens of several things that may. 0 is what ordinarily does. */
  choose(count: number, what: string, describe?: (choice: number) => string): number;
  /** Now, for the record; where keepsPackets. */
  moment(): Moment;
  /** How many of n bytes, which fit, a send takes. */
  takes(n: number): number;
  /** Where what was sent is cut, so that its rest arrives later; 0: nowhere. */
  cut(data: Uint8Array | null): number;
  /** The first sequence number of an end of a connection. */
  initialSequence(): number;
  /** Sends a process a signal. */
  sendSignal(process: SignalTarget, signum: number): void;
  /** A signal that ends a process came. */
  killed(pid: number, signum: number): void;
}
