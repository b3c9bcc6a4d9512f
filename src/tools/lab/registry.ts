// The experiments, in the order in which a course would take them.

import type { Experiment } from './experiment.ts';
import acceptAfterReset from './experiments/accept-after-reset.ts';
import acceptError from './experiments/accept-error.ts';
import acceptedMode from './experiments/accepted-mode.ts';
import backlog from './experiments/backlog.ts';
import blockedTimers from './experiments/blocked-timers.ts';
import blocksEverybody from './experiments/blocks-everybody.ts';
import closedInPoll from './experiments/closed-in-poll.ts';
import closedInSelect from './experiments/closed-in-select.ts';
import closedTwice from './experiments/closed-twice.ts';
import cutDatagram from './experiments/cut-datagram.ts';
import edge from './experiments/edge.ts';
import emptyDatagram from './experiments/empty-datagram.ts';
import exclusive from './experiments/exclusive.ts';
import fdSetsize from './experiments/fd-setsize.ts';
import halfCharacter from './experiments/half-character.ts';
import halfClose from './experiments/half-close.ts';
import handshake from './experiments/handshake.ts';
import hint from './experiments/hint.ts';
import interruptedConnect from './experiments/interrupted-connect.ts';
import linger from './experiments/linger.ts';
import mapped from './experiments/mapped.ts';
import messages from './experiments/messages.ts';
import noDescriptors from './experiments/no-descriptors.ts';
import noSender from './experiments/no-sender.ts';
import nodeListener from './experiments/node-listener.ts';
import oneshot from './experiments/oneshot.ts';
import outOfBand from './experiments/out-of-band.ts';
import outlivedBit from './experiments/outlived-bit.ts';
import passedDescriptor from './experiments/passed-descriptor.ts';
import refused from './experiments/refused.ts';
import refusedAgain from './experiments/refused-again.ts';
import restarted from './experiments/restarted.ts';
import reusedNumber from './experiments/reused-number.ts';
import reuseport from './experiments/reuseport.ts';
import roundedTimeout from './experiments/rounded-timeout.ts';
import sendallLost from './experiments/sendall-lost.ts';
import sigpipe from './experiments/sigpipe.ts';
import slowReader from './experiments/slow-reader.ts';
import staleEpoll from './experiments/stale-epoll.ts';
import starved from './experiments/starved.ts';
import timeWait from './experiments/time-wait.ts';
import timeoutLeft from './experiments/timeout-left.ts';
import tooManyPolled from './experiments/too-many-polled.ts';
import writable from './experiments/writable.ts';

/** By name, which is the file's. */
export const experiments: ReadonlyMap<string, Experiment> = new Map(
  Object.entries({
    handshake,
    backlog,
    messages,
    'half-character': halfCharacter,
    'half-close': halfClose,
    'slow-reader': slowReader,
    'blocks-everybody': blocksEverybody,
    'sendall-lost': sendallLost,
    'accept-after-reset': acceptAfterReset,
    'accepted-mode': acceptedMode,
    'accept-error': acceptError,
    'no-descriptors': noDescriptors,
    writable,
    hint,
    'timeout-left': timeoutLeft,
    'rounded-timeout': roundedTimeout,
    'fd-setsize': fdSetsize,
    'outlived-bit': outlivedBit,
    'closed-in-select': closedInSelect,
    'closed-in-poll': closedInPoll,
    'too-many-polled': tooManyPolled,
    starved,
    refused,
    edge,
    oneshot,
    exclusive,
    'stale-epoll': staleEpoll,
    'reused-number': reusedNumber,
    sigpipe,
    restarted,
    'node-listener': nodeListener,
    'interrupted-connect': interruptedConnect,
    'blocked-timers': blockedTimers,
    'closed-twice': closedTwice,
    'refused-again': refusedAgain,
    linger,
    'time-wait': timeWait,
    reuseport,
    mapped,
    'empty-datagram': emptyDatagram,
    'cut-datagram': cutDatagram,
    'no-sender': noSender,
    'out-of-band': outOfBand,
    'passed-descriptor': passedDescriptor,
  }),
);

/** Throws RangeError for a name that there is not. */
export function experimentNamed(name: string): Experiment {
  const found = experiments.get(name);
  if (found === undefined) throw new RangeError(`there is no experiment '${name}'`);
  return found;
}

/** The experiments that a user means: by name, or by the number of their hazard (H37). */
export function experimentsFor(asked: string): string[] {
  const wanted = asked.toLowerCase();
  if (experiments.has(wanted)) return [wanted];
  return [...experiments]
    .filter(([, { hazards }]) => hazards.includes(asked.toUpperCase()))
    .map(([name]) => name);
}
