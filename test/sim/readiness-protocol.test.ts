// The protocol of rfds/async between JavaScript's thread and the poller's (native/readiness.cc, src/node/readiness.ts), as
// two processes with one epoll instance, in every order of their steps: no wakeup is lost, and none reaches the next owner
// of a descriptor's number. And without each of its parts explore() finds what goes wrong.
//
// The poller is a process that was passed the epoll instance; what it tells JavaScript goes through a stream, which stands
// for the list that the two threads share. JavaScript's turn of the event loop is a receive from that.

import { expect, test } from 'vitest';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLIN,
  EPOLLONESHOT,
} from '../../src/kernel/constants/select.ts';
import {
  AF_UNIX,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SCM_RIGHTS,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../src/kernel/constants/socket.ts';
import { packControl } from '../../src/kernel/structs/cmsghdr.ts';
import { EpollEvents, epoll_event } from '../../src/kernel/structs/epoll-event.ts';
import { packSockaddr } from '../../src/kernel/structs/sockaddr.ts';
import { viewOf } from '../../src/kernel/structs/struct.ts';
import * as sys from '../../src/kernel/syscalls.ts';
import { explore, story, type World } from '../../src/sim.ts';
import { isLinux } from '../support/platform.ts';

/** What may be left out of the protocol. */
interface Parts {
  /** An event of another generation is no one's. */
  generations: boolean;
  /** An event disarms, so that the next wait arms again. */
  rearms: boolean;
  /** The end waits for the poller's before what it uses goes. */
  joins: boolean;
}
const whole: Parts = { generations: true, rearms: true, joins: true };

const POLLER = '/poller';
// The generation of the event that ends the poller.
const END = -1;
const HIGH = epoll_event.members.data.offset + 4;

/** native/readiness.cc: run(). One event at a time, so that every order is one of these. */
function addPoller(world: World): void {
  world.addProcess('poller', function* (poller) {
    const told = yield* poller.connect(POLLER);
    const control = new Uint8Array(64);
    const lengths = Int32Array.of(0, control.length, 0);
    yield* poller.call('recvmsg', told.fd, [new Uint8Array(1)], null, control, lengths, 0);
    const queue = new Int32Array(control.buffer, 16, 1)[0];
    const events = new EpollEvents(1);
    for (;;) {
      yield* poller.call('epoll_wait', queue, events.memory, 1, -1);
      const generation = viewOf(events.memory).getInt32(HIGH, true);
      if (generation === END) return;
      // JavaScript may have ended in between: then this is memory that is not there any more.
      yield* told.send(new Uint8Array(Int32Array.of(events.fd(0), generation).buffer));
    }
  });
}

function listen(path: string): number {
  const fd = sys.socket(AF_UNIX, SOCK_STREAM, 0);
  sys.bind(fd, packSockaddr(AF_UNIX, path, 'bind'));
  sys.listen(fd, 8);
  return fd;
}
const accept = (listener: number) => sys.accept(listener, null, null);

/** src/node/readiness.ts, of one descriptor at a time, with a turn of the event loop that blocks. */
class Readiness {
  readonly #parts: Parts;
  readonly #queue = sys.epoll_create1(0);
  readonly #wake = sys.eventfd(0, 0);
  readonly #told: number;
  readonly #event = new EpollEvents(1);
  #generation = 0;
  #fd = -1;
  #known = false;
  #armed = false;

  constructor(parts: Parts, listener: number) {
    this.#parts = parts;
    this.#told = accept(listener);
    const rights = packControl([
      { level: SOL_SOCKET, type: SCM_RIGHTS, data: Buffer.from(Int32Array.of(this.#queue).buffer) },
    ]);
    sys.sendmsg(this.#told, [Buffer.from('q')], null, rights, 0);
    this.#control(EPOLL_CTL_ADD!, this.#wake, END, EPOLLIN!);
  }

  #control(op: number, fd: number, generation: number, events: number): void {
    this.#event.set(0, fd, events);
    viewOf(this.#event.memory).setInt32(HIGH, generation, true);
    expect(sys.epoll_ctl(this.#queue, op, fd, this.#event.memory)).toBe(0);
  }

  #arm(fd: number): void {
    if (this.#fd !== fd) {
      this.#generation++;
      this.#fd = fd;
      this.#known = this.#armed = false;
    }
    if (this.#armed) return;
    const op = this.#known ? EPOLL_CTL_MOD! : EPOLL_CTL_ADD!;
    this.#control(op, fd, this.#generation, EPOLLIN! | EPOLLONESHOT!);
    this.#known = this.#armed = true;
  }

  /** Until it is told that it is ready: turns of the event loop. */
  readable(fd: number): void {
    this.#arm(fd);
    const words = new Int32Array(2);
    for (;;) {
      expect(sys.recv(this.#told, words, 0)).toBe(8);
      if (words[0] !== this.#fd) continue;
      if (this.#parts.generations && words[1] !== this.#generation) continue;
      if (this.#parts.rearms) this.#armed = false;
      return;
    }
  }

  /** A wait that is given up before it is told anything: nobody looks for its event. */
  abandoned(fd: number): void {
    this.#arm(fd);
  }

  /** notify_closing() */
  forget(fd: number): void {
    if (this.#known) this.#control(EPOLL_CTL_DEL!, fd, 0, 0);
    this.#fd = -1;
  }

  /** native/readiness.cc: end(). */
  end(): void {
    sys.write(this.#wake, BigUint64Array.of(1n));
    const words = new Int32Array(2);
    while (this.#parts.joins && sys.recv(this.#told, words, 0) > 0);
    for (const fd of [this.#told, this.#wake, this.#queue]) sys.close(fd);
  }
}

const FIRST = '/first';
const SECOND = '/second';

/**
 * A wait is given up, and its descriptor closed, whose number is another's then; that one is waited for twice, and a third
 * time until the environment ends. Bytes come whenever they like.
 */
const scene = (parts: Parts) => (world: World) => {
  addPoller(world);
  world.addProcess('first', function* (first) {
    const sock = yield* first.connect(FIRST);
    // The other end may be closed by now.
    yield* first.tryCall('send', sock.fd, Buffer.from('a'), MSG_NOSIGNAL);
  });
  world.addProcess('second', function* (second) {
    const sock = yield* second.connect(SECOND);
    yield* sock.send('b');
    yield* sock.expect('1');
    yield* sock.send('c');
    yield* sock.expect('2');
    yield* second.tryCall('send', sock.fd, Buffer.from('d'), MSG_NOSIGNAL);
  });
  return () => {
    const [first, second, poller] = [FIRST, SECOND, POLLER].map(listen);
    const readiness = new Readiness(parts, poller);
    const one = accept(first);
    readiness.abandoned(one);
    readiness.forget(one);
    sys.close(one);
    const two = accept(second);
    expect(two).toBe(one);
    for (const answer of ['1', '2']) {
      readiness.readable(two);
      if (sys.recv(two, new Uint8Array(8), MSG_DONTWAIT) !== 1) throw new Error('told of what is not there');
      sys.send(two, Buffer.from(answer), 0);
    }
    readiness.abandoned(two);
    readiness.forget(two);
    sys.close(two);
    readiness.end();
    for (const fd of [first, second, poller]) sys.close(fd);
  };
};

// The others may go on where JavaScript could, so often: what is left out by more is in the same places twice.
const PREEMPTIONS = [0, 1, 2];

test.skipIf(!isLinux)(
  'in every order no wakeup is lost, and none is the next owner’s',
  () => {
    const { found, runs, isComplete } = explore(scene(whole), { preemptions: PREEMPTIONS, seconds: 50 });
    expect(found === null ? '' : story(scene(whole), found)).toBe('');
    expect({ isComplete }).toEqual({ isComplete: true });
    expect(runs).toBeGreaterThan(100);
  },
  60_000,
);

test.skipIf(!isLinux).each<[part: keyof Parts, found: RegExp]>([
  ['generations', /told of what is not there/],
  ['rearms', /will never come|lost/],
  ['joins', /EPIPE|will never come/],
])(
  'without its %s explore() finds a schedule that breaks it',
  (part, violation) => {
    const { found } = explore(scene({ ...whole, [part]: false }), { seconds: 20, shrinks: false });
    expect(found).not.toBeNull();
    expect(String(found?.violation)).toMatch(violation);
  },
  60_000,
);
