// eventfd(2) and timerfd_create(2), Linux: files of eight bytes, a counter and the expirations of a timer.

import { POLLERR, POLLIN, POLLOUT, POLLRDNORM } from '../kernel/constants/select.ts';
import { EAGAIN, EINVAL } from '../kernel/errno.ts';
import type { Machine, Shared, Timer } from './machine.ts';
import { OpenFile } from './open-file.ts';

const MOST = 0xfffffffffffffffen;

const wordOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, 8);

export class EventFd extends OpenFile {
  readonly kind = 'anon_inode:[eventfd]';
  readonly shared: Shared;
  readonly #isSemaphore: boolean;
  #count: bigint;

  constructor(machine: Machine, count: number, isSemaphore: boolean) {
    super(machine);
    this.shared = machine.newShared();
    this.#count = BigInt(count);
    this.#isSemaphore = isSemaphore;
  }

  poll(): number {
    const readable = this.#count > 0n ? POLLIN : 0;
    const writable = this.#count < MOST ? POLLOUT : 0;
    return readable | writable | (this.#count > MOST ? POLLERR : 0);
  }

  override read(target: Uint8Array): number {
    if (target.length < 8) return -EINVAL;
    if (this.#count === 0n) return -EAGAIN;
    const value = this.#isSemaphore ? 1n : this.#count;
    this.#count -= value;
    wordOf(target).setBigUint64(0, value, true);
    this.notify(POLLOUT);
    return 8;
  }

  override write(source: Uint8Array): number {
    if (source.length < 8) return -EINVAL;
    const value = wordOf(source).getBigUint64(0, true);
    if (value > MOST) return -EINVAL;
    if (this.#count + value > MOST) return -EAGAIN;
    this.#count += value;
    this.notify(POLLIN);
    return 8;
  }

  release(): void {}
}

export class TimerFd extends OpenFile {
  readonly kind = 'anon_inode:[timerfd]';
  /** Of CLOCK_REALTIME, for times that are absolute. */
  isRealtime = false;
  readonly shared: Shared;
  #expirations = 0;
  #interval = 0;
  #timer: Timer | null = null;

  constructor(machine: Machine) {
    super(machine);
    this.shared = machine.newShared();
  }

  poll(): number {
    return this.#expirations > 0 ? POLLIN | POLLRDNORM : 0;
  }

  override read(target: Uint8Array): number {
    if (target.length < 8) return -EINVAL;
    if (this.#expirations === 0) return -EAGAIN;
    wordOf(target).setBigUint64(0, BigInt(this.#expirations), true);
    this.#expirations = 0;
    this.machine.touch(this.shared);
    return 8;
  }

  /** Nanoseconds until the first expiration (null: disarmed), and from one to the next (0: there is only one). */
  arm(afterNs: number | null, intervalNs: number): void {
    this.machine.touch(this.shared);
    this.#timer?.cancel();
    this.#timer = null;
    this.#expirations = 0;
    this.#interval = intervalNs;
    if (afterNs !== null) this.#start(Math.max(afterNs, 0));
  }

  #start(afterNs: number): void {
    this.#timer = this.machine.after(afterNs, 'timerfd expires', this.shared, () => {
      this.#timer = null;
      this.#expirations++;
      if (this.#interval > 0) this.#start(this.#interval);
      this.notify(POLLIN | POLLRDNORM);
    });
  }

  /** [interval, left], in nanoseconds; 0 left: disarmed. */
  get setting(): [interval: number, left: number] {
    return [this.#interval, this.#timer === null ? 0 : this.#timer.at - this.machine.nanoseconds];
  }

  release(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
