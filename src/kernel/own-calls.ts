// The addon's own calls (SignalCalls in native.ts), and batches, at the choke point: live bindings like those of
// syscalls.ts, which rebinds them too. Apart from those, because rfds/syscalls exports all that stands there.

import { batch as atOnce, checkBatch, entryError, kernel, RECV, SEND, WORDS_PER_CALL } from './fast-calls.ts';
import type { Calls, SignalCalls, Syscalls } from './native.ts';

export let {
  catch_signal,
  chain_signal,
  save_signal,
  pass_signal,
  restore_signal,
  set_wakeup_fd,
  take_pending_signals,
  own_fd,
}: SignalCalls = kernel;

export let batch = atOnce;

/** For syscalls.ts: what stands at the choke point now. */
export function rebindOwnCalls(calls: Calls): void {
  ({
    catch_signal,
    chain_signal,
    save_signal,
    pass_signal,
    restore_signal,
    set_wakeup_fd,
    take_pending_signals,
    own_fd,
  } = calls);
  batch = calls === kernel ? atOnce : oneByOne(calls);
}

// A batch whose calls can be seen.
function oneByOne({ recv, send }: Calls): typeof atOnce {
  const calls: Record<number, Syscalls['recv']> = { [RECV]: recv, [SEND]: send };
  return (buf, entries, n) => {
    checkBatch(buf, entries, n);
    for (let i = 0; i < n; i++) {
      const at = i * WORDS_PER_CALL;
      const [number, fd, offset, length, flags] = entries.subarray(at);
      const call = calls[number];
      const isInside = offset >= 0 && length >= 0 && offset + length <= buf.byteLength;
      if (call === undefined || !isInside) throw entryError(entries, i);
      entries[at] = call(fd, buf, offset, length, flags);
    }
  };
}
