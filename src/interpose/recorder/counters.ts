// What the threads of a process share while they record: the number of the next call and of the next
// frame, and whether the process has its line. Above: recorder.ts. A leaf.

import { getEnvironmentData, isMainThread, setEnvironmentData, threadId } from 'node:worker_threads';

const [CALLS, FRAMES, PROCESS] = [0, 1, 2];
const KEY = 'rfds.trace';

let counters: Int32Array | undefined;

const next = (which: number) => {
  counters ??= shared();
  return Atomics.add(counters, which, 1);
};

function shared(): Int32Array {
  const theirs = getEnvironmentData(KEY);
  if (theirs instanceof Int32Array) return theirs;
  const ours = new Int32Array(new SharedArrayBuffer(12));
  // A thread whose parent does not record cannot share: its numbers begin elsewhere.
  if (!isMainThread) ours.fill((threadId % 2000) * 1_000_000, 0, 2);
  setEnvironmentData(KEY, ours as never);
  return ours;
}

export const nextCall = () => next(CALLS);
export const nextFrame = () => next(FRAMES);
/** Whether the caller is the first of the process to ask. */
export const isFirst = () => next(PROCESS) === 0;
