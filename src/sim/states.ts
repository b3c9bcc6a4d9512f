// The state of a world as what it is now, and not as what happened (WorldOptions.memory 'descriptors'): what the
// simulated kernel has in it, how far each other process has come, and what the program may remember. Many histories
// lead to one state, whose future has to be explored once.

import { type CallName, callOf, positionOf } from '../kernel/calls.ts';
import { EAGAIN } from '../kernel/errno.ts';
import type { Bytes } from '../kernel/native.ts';
import { bytesOf } from './bytes.ts';
import { Hash } from './hash.ts';
import type { Shared } from './machine.ts';
import type { OpenFile } from './open-file.ts';
import type { Peer } from './peer.ts';
import type { Process } from './process.ts';
import { TcpSocket } from './tcp.ts';

/** The calls of other processes whose results, with the bytes that recv gave, are all that they learn. */
const peerCalls: readonly CallName[] = [
  ...(['socket', 'bind', 'listen', 'connect', 'accept', 'send', 'recv', 'shutdown', 'close'] as const),
  'setsockopt',
];

export class States {
  readonly #program: Process;
  readonly #peers: readonly Peer[];
  // What the program may remember: failures that are no connection's; all since it last waited for events; and what
  // calls on a connection gave.
  readonly #lasting = new Hash();
  readonly #sinceWait = new Hash();
  readonly #ofFile = new Map<OpenFile, Hash>();
  // Those that were accepted, in their order.
  #accepted: OpenFile[] = [];
  // Those from which something was received, in that order, and no EAGAIN since: there may be more.
  #unfinished: OpenFile[] = [];
  readonly #ofPeer = new Map<Peer, Hash>();
  readonly #owners = new Map<OpenFile, number>();

  constructor(program: Process, peers: readonly Peer[]) {
    this.#program = program;
    this.#peers = peers;
  }

  // ---- What the program learns

  /** The connection that a call is about; null: none. It is asked for before the call, which may close it. */
  connectionOf(name: CallName, args: readonly unknown[]): TcpSocket | null {
    const call = callOf(name)!;
    const at = positionOf(call, name === 'epoll_ctl' ? 'fd' : (call.fd ?? 'fd'), args.length);
    const file = at < 0 ? null : this.#program.file(args[at] as number);
    return file instanceof TcpSocket && file.state !== 'listening' && file.peer !== null ? file : null;
  }

  /** seen: a hash of what the call wrote into the program's memory. */
  learn(
    name: CallName,
    args: readonly unknown[],
    result: number,
    seen: number,
    about: TcpSocket | null,
  ): void {
    const { nanoseconds } = this.#program.machine;
    const since = this.#sinceWait;
    since.add(result);
    since.add(seen);
    since.add(nanoseconds);
    if (name === 'recv' && about !== null) {
      this.#unfinished = this.#unfinished.filter((file) => file !== about);
      if (result > 0) {
        addReceived(since, args, result);
        this.#unfinished.push(about);
      }
    }
    if ((name === 'accept' || name === 'accept4') && result >= 0) {
      const file = this.#program.file(result)!;
      this.#accepted.push(file);
      this.#ofFile.set(file, new Hash());
    } else if (result === -EAGAIN) {
      // Nothing that it could remember: had there been something to do still, it would not wait now.
    } else if (about === null) {
      if (result >= 0) return;
      this.#lasting.addText(name);
      this.#lasting.add(result);
    } else {
      let hash = this.#ofFile.get(about);
      if (hash === undefined) {
        hash = new Hash();
        this.#ofFile.set(about, hash);
      }
      hash.addText(name);
      hash.add(result);
      hash.add(nanoseconds);
      if (name === 'recv' && result > 0) addReceived(hash, args, result);
    }
  }

  /**
   * Before a wait for events: the program forgets all but what it may remember. Not in a pause, nor before a poll or
   * select that only looks, which may stand within something that the program has begun. One that asks epoll for events
   * without waiting knows, beside that, from where it may receive more.
   */
  forgetBefore(name: CallName, args: readonly unknown[]): void {
    const looks = name === 'epoll_wait' && args[3] === 0;
    if (!looks && !isRest(name, args)) return;
    const since = this.#sinceWait;
    since.clear();
    if (looks) {
      this.#findOwners();
      for (const file of this.#unfinished) if (file.descriptors > 0) since.add(this.#ownerOf(file));
    }
    for (const arg of args) if (typeof arg === 'number') since.add(arg);
    if (name === 'select') {
      for (let i = 1; i < 4; i++) addMemory(since, args[i], ((args[0] as number) + 7) >> 3);
      addMemory(since, args[4], 16);
    }
    if (name === 'kevent') addMemory(since, args[5], 16);
    // fd and events, without what the last call has left there.
    if (name === 'poll') {
      const view = bytesOf(args[0] as Bytes);
      for (let i = 0; i < 8 * (args[1] as number); i++) if ((i & 7) < 6) since.add(view[i]);
    }
  }

  // ---- What other processes learn

  tookStep(peer: Peer): void {
    this.#historyOf(peer).add(-1);
  }

  /** What a call of it gave. */
  learnOf(peer: Peer, name: CallName, args: readonly unknown[], result: number): void {
    const hash = this.#historyOf(peer);
    hash.add(result);
    if (!peerCalls.includes(name))
      throw new Error(`${name}() of ${peer.name}: memory 'descriptors' does not know it`);
    if (name === 'recv' && result > 0) addReceived(hash, args, result);
  }

  /** What was chosen for it. */
  chosenFor(actor: Shared, chosen: number): void {
    if (actor === this.#program.shared) {
      this.#sinceWait.add(chosen);
      return;
    }
    for (const peer of this.#peers) if (peer.process.shared === actor) this.#historyOf(peer).add(chosen);
  }

  #historyOf(peer: Peer): Hash {
    let hash = this.#ofPeer.get(peer);
    if (hash === undefined) {
      hash = new Hash();
      this.#ofPeer.set(peer, hash);
    }
    return hash;
  }

  // ---- The state

  /** actor: the process in the middle of whose step this is; null: between steps. hasEnded: the program has. */
  addTo(hash: Hash, actor: Shared | null, hasEnded: boolean): void {
    this.#findOwners();
    if (!hasEnded) {
      hash.addHash(this.#sinceWait);
      hash.addHash(this.#lasting);
    }
    hash.add(actor === this.#program.shared ? 1 : 0);
    this.#addProgram(hash);
    const all = new Hash();
    for (const peer of this.#peers) all.addUnordered(this.#bundleOf(peer, actor));
    hash.addHash(all);
  }

  #addProgram(hash: Hash): void {
    const { descriptors, tableSize, pending, blocked, wakeupFd } = this.#program;
    hash.add(tableSize);
    hash.add(wakeupFd);
    for (const signum of pending) hash.add(signum);
    hash.add(-1);
    for (const signum of blocked) hash.add(signum);
    for (let fd = 0; fd < descriptors.length; fd++) {
      const descriptor = descriptors[fd];
      if (descriptor === undefined) continue;
      const { file } = descriptor;
      hash.add(fd);
      hash.add(this.#ownerOf(file)); // Another number than its own: a duplicate.
      const own = this.#ofFile.get(file);
      if (own !== undefined) hash.addHash(own);
      this.#addFile(hash, file);
    }
    if (this.#accepted.length > 1) {
      this.#accepted = this.#accepted.filter((file) => file.descriptors > 0);
      for (const file of this.#accepted) hash.add(this.#ownerOf(file));
    }
  }

  /**
   * Another process, with its connections: nothing in it says which of several equal ones it is, so that they may
   * change places.
   */
  #bundleOf(peer: Peer, actor: Shared | null): Hash {
    const hash = new Hash();
    const { process } = peer;
    hash.addText(peer.kind);
    hash.addHash(this.#historyOf(peer));
    hash.addFlags(peer.isWaiting, peer.isAsleep, peer.hasEnded, process.shared === actor, peer.connects > 0);
    for (let fd = 3; fd < process.descriptors.length; fd++) {
      const descriptor = process.descriptors[fd];
      if (descriptor === undefined) continue;
      hash.add(fd);
      this.#addFile(hash, descriptor.file);
    }
    return hash;
  }

  // What is in a file and, of a connection, in its other end; and whose that is.
  #addFile(hash: Hash, file: OpenFile): void {
    if (!file.addContents(hash))
      throw new Error(`a file of the kind ${file.kind}: memory 'descriptors' does not know it`);
    if (!(file instanceof TcpSocket)) return;
    for (const socket of file.queue) this.#addEnds(hash, socket);
    if (file.peer !== null) {
      hash.add(this.#ownerOf(file.peer));
      file.peer.addContents(hash);
    }
  }

  #addEnds(hash: Hash, socket: TcpSocket): void {
    socket.addContents(hash);
    socket.peer?.addContents(hash);
  }

  #ownerOf(file: OpenFile): number {
    return this.#owners.get(file) ?? -1;
  }

  // By a number: the program's descriptor, or the place in the queue of a listener of its; of other processes, only
  // where it is a connection between two of them.
  #findOwners(): void {
    const owners = this.#owners;
    owners.clear();
    this.#addOwners(this.#program, 0);
    this.#peers.forEach((peer, i) => {
      for (const descriptor of peer.process.descriptors) {
        if (descriptor?.file instanceof TcpSocket && descriptor.file.state === 'listening')
          this.#addOwners(peer.process, 1_000_000 * (i + 1));
      }
    });
  }

  #addOwners({ descriptors }: Process, base: number): void {
    for (let fd = 0; fd < descriptors.length; fd++) {
      const file = descriptors[fd]?.file;
      if (file === undefined || this.#owners.has(file)) continue;
      this.#owners.set(file, base + fd);
      if (!(file instanceof TcpSocket)) continue;
      file.queue.forEach((socket, i) => {
        this.#owners.set(socket, base + 10_000 + fd * 100 + i);
      });
    }
  }
}

function addReceived(hash: Hash, args: readonly unknown[], n: number): void {
  const start = args.length > 4 ? (args[2] as number) : 0;
  const memory = bytesOf(args[1] as Bytes);
  for (let i = 0; i < n; i++) hash.add(memory[start + i]);
}

function addMemory(hash: Hash, memory: unknown, size: number): void {
  if (memory === null || typeof memory !== 'object') {
    hash.add(-1);
    return;
  }
  const bytes = bytesOf(memory as Bytes);
  const end = Math.min(bytes.length, size);
  for (let i = 0; i < end; i++) hash.add(bytes[i]);
}

// Whether it is a wait for events of at least one descriptor that may last.
function isRest(name: CallName, args: readonly unknown[]): boolean {
  switch (name) {
    case 'select':
      return args[0] !== 0 && mayLast(args[4]);
    case 'poll':
      return args[1] !== 0 && args[2] !== 0;
    case 'epoll_wait':
      return args[3] !== 0;
    case 'kevent':
      return args[2] === 0 && args[4] !== 0 && mayLast(args[5]);
    default:
      return false;
  }
}

const mayLast = (timeout: unknown): boolean =>
  timeout === null || bytesOf(timeout as Bytes).some((byte) => byte !== 0);
