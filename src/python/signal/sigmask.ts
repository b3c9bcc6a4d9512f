// Python's signal.pthread_sigmask: the signals that the calling thread does not take.

import { NSIG } from '../../kernel/constants/signal.ts';
import * as sys from '../../kernel/syscalls.ts';
import { check } from '../errors.ts';
import { runHandlers } from './signal.ts';

/**
 * Changes which signals the calling thread does not take, and returns which it did not take before: SIG_BLOCK adds those
 * of mask, SIG_UNBLOCK takes them away, SIG_SETMASK sets exactly them. pthread_sigmask(3).
 *
 * Throws RangeError for a number that is no signal's, OSError EINVAL for another `how`.
 *
 * Unlike in Python, where a program without threads has one mask: Node has threads of its own that block nothing, and a
 * signal sent to the process comes to one of them (docs/signals.md). SIGSEGV, SIGBUS, SIGFPE, SIGILL and the signal of
 * kicks stay unblocked.
 */
export function pthread_sigmask(how: number, mask: Iterable<number>): Set<number> {
  if (!Number.isInteger(how)) throw new TypeError(`how must be an integer, got ${String(how)}`);
  let bits = 0n;
  for (const signum of mask) {
    if (!Number.isInteger(signum)) throw new TypeError(`a signal must be an integer, got ${String(signum)}`);
    if (signum < 1 || signum >= NSIG)
      throw new RangeError(`signal number ${signum} out of range [1; ${NSIG - 1}]`);
    bits |= 1n << BigInt(signum - 1);
  }
  const before = new BigUint64Array(1);
  check(sys.pthread_sigmask(how, BigUint64Array.of(bits), before), 'pthread_sigmask');
  runHandlers();
  const signals = Array.from({ length: NSIG - 1 }, (_, i) => i + 1);
  return new Set(signals.filter((signum) => (before[0] >> BigInt(signum - 1)) & 1n));
}
