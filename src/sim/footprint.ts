// Which other processes have to be given a turn before a call of the program: those that may do something that the
// call looks at or changes, now or after steps that they can take without the program. The others' steps and the call
// may be made in either order, and explore() sees one of the two. A persistent set, as Godefroid's: Partial-Order
// Methods for the Verification of Concurrent Systems (1996), chapter 4.

import type { CallName } from '../kernel/calls.ts';
import { callOf, positionOf } from '../kernel/calls.ts';
import { EPOLL_CTL_DEL } from '../kernel/constants/select.ts';
import { EpollFile } from './epoll.ts';
import type { Shared, Step } from './machine.ts';
import type { OpenFile, Watcher } from './open-file.ts';
import { isLocal, Peer } from './peer.ts';
import { StandardStream } from './pipe.ts';
import type { Process } from './process.ts';
import { TcpSocket } from './tcp.ts';

/** What is touched; null: it may be anything. */
export type Footprint = readonly Shared[] | null;

/** What the call touches or looks at. A call that waits for events is not asked about: it looks at everything. */
export function footprintOf(process: Process, name: CallName, args: readonly unknown[]): Footprint {
  if (name === 'take_pending_signals') return [process.shared];
  if (isLocal(process, name, args)) return nothing;
  const call = callOf(name)!;
  const at = positionOf(call, name === 'epoll_ctl' ? 'fd' : (call.fd ?? 'fd'), args.length);
  const file = at < 0 ? null : process.file(args[at] as number);
  if (!(file instanceof TcpSocket)) return null;
  switch (name) {
    case 'accept':
    case 'accept4':
    case 'close': // To be taken out of an epoll instance's list changes nothing for the others in it.
    case 'getpeername':
      return file.state === 'listening' && name === 'close' ? null : [file.shared];
    case 'recv':
    case 'recvfrom':
    case 'read':
      // What is received makes space, and the peer's kernel sends more.
      return file.peer !== null && file.peer.unsent.length > 0 ? withWatchers(file) : [file.shared];
    case 'send':
    case 'write':
      // What is sent is acknowledged at once; that there is space again is an event if there was none.
      return file.mayLackSpace(lengthOf(name, args)) ? withWatchers(file) : [file.shared];
    case 'epoll_ctl': {
      if (args[1] === EPOLL_CTL_DEL) return [file.shared];
      const epoll = process.file(args[0] as number);
      if (!(epoll instanceof EpollFile) || epoll.watchers.length > 0) return null;
      // What is ready when it is registered comes onto the list behind those that came before.
      return file.poll() !== 0 ? [file.shared, epoll.shared] : [file.shared];
    }
    default:
      return null;
  }
}

function lengthOf(name: 'send' | 'write', args: readonly unknown[]): number {
  const hasPart = args.length > (name === 'send' ? 3 : 2);
  return hasPart ? (args[3] as number) : (args[1] as Uint8Array).byteLength;
}

function withWatchers(file: OpenFile): Footprint {
  const found = [file.shared];
  return addWatchers(file.watchers, found) ? found : null;
}

// Of a step, whatever it or the steps that follow it in its process may touch.
function reachOf(step: Step, program: Process, reconnects: boolean): Footprint {
  if (step instanceof Peer) return peersReach(step, reconnects);
  if (step.from instanceof TcpSocket) {
    const found: Shared[] = [];
    return addFile(step.from, found) ? found : null;
  }
  return step.reach === undefined ? null : step.reach(program);
}

function peersReach(peer: Peer, reconnects: boolean): Footprint {
  const { process } = peer;
  const found: Shared[] = [];
  for (const descriptor of process.descriptors) {
    if (descriptor !== undefined && !addFile(descriptor.file, found)) return null;
  }
  if (peer.connects > 0 && !reconnects) return found;
  for (const host of process.host.network.hosts) {
    found.push(host.ports);
    for (const listener of host.listeners) if (!addFile(listener as TcpSocket, found)) return null;
  }
  return found;
}

/** What may be touched through a file: what it shares, and who watches it or its other end. False: anything. */
function addFile(file: OpenFile, found: Shared[]): boolean {
  if (file instanceof StandardStream) return true;
  if (!(file instanceof TcpSocket)) return false;
  found.push(file.shared);
  if (!addWatchers(file.watchers, found)) return false;
  if (file.peer !== null && !addWatchers(file.peer.watchers, found)) return false;
  for (const waiting of file.queue) {
    found.push(waiting.shared);
    if (waiting.peer !== null && !addWatchers(waiting.peer.watchers, found)) return false;
  }
  return true;
}

function addWatchers(watchers: readonly Watcher[], found: Shared[]): boolean {
  for (const watcher of watchers) {
    const { epoll } = watcher as { epoll?: unknown };
    if (!(epoll instanceof EpollFile) || epoll.watchers.length > 0) return false;
    found.push(epoll.shared);
  }
  return true;
}

/**
 * Those of the steps that have to be chosen among before a call with this footprint; each of them can be taken now.
 * reconnects: whether a process that has connected may do so again.
 */
export function dependentOn(
  footprint: Footprint,
  steps: readonly Step[],
  program: Process,
  reconnects: boolean,
): Step[] {
  if (footprint === null) return enabledOf(steps);
  if (footprint.length === 0) return none;
  const touched = [...footprint];
  const reaches = steps.map((step) => reachOf(step, program, reconnects));
  const isAdded = new Array<boolean>(steps.length).fill(false);
  let chosen: Step[] = none;
  for (let hasGrown = true; hasGrown; ) {
    hasGrown = false;
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i];
      const reach = reaches[i];
      if (isAdded[i] || (reach !== null && !reach.some((shared) => touched.includes(shared)))) continue;
      isAdded[i] = true;
      hasGrown = true;
      if (step.isEnabled()) {
        if (reach === null) return enabledOf(steps);
        if (chosen === none) chosen = [];
        chosen.push(step);
        touched.push(...reach);
      } else if (!(step instanceof Peer) || !step.hasEnded) {
        // Who can enable it has to be asked as well.
        if (step instanceof Peer && step.isAsleep) continue;
        if (step.shared === null) return enabledOf(steps);
        touched.push(step.shared);
      }
    }
  }
  // In the order of the list, whatever the order in which they were found.
  return chosen.length < 2 ? chosen : steps.filter((step) => chosen.includes(step));
}

export function enabledOf(steps: readonly Step[]): Step[] {
  let found: Step[] = none;
  for (const step of steps) {
    if (!step.isEnabled()) continue;
    if (found === none) found = [];
    found.push(step);
  }
  return found;
}

const nothing: readonly Shared[] = [];
const none: Step[] = [];
