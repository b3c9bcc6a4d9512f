// Random programs with a kqueue on the simulated XNU, held against poll(2), select(2) and the law of kqueue-law.ts after
// each step. RFDS_PROGRAMS=N makes others and more; RFDS_SEED. docs/sim-model.md says what this proves.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OSError } from '../../../src/builtins.ts';
import * as C from '../../../src/kernel/constants/select.ts';
import { type Kqueue, kevent, kqueue, poll, select } from '../../../src/select.ts';
import { World } from '../../../src/sim/world.ts';
import * as S from '../../../src/socket.ts';
import * as sys from '../../../src/syscalls.ts';
import { End, PIPE_SPACE, READ, type Says, type Watch, Watched, WRITE } from './kqueue-law.ts';

const PROGRAMS = Number(process.env.RFDS_PROGRAMS ?? 2000);
const seed = Number(process.env.RFDS_SEED ?? 315);

const { EV_ADD, EV_CLEAR, EV_DELETE, EV_DISABLE, EV_DISPATCH, EV_ENABLE, EV_EOF, EV_ONESHOT } =
  C as unknown as Record<string, number>;
const filters = [READ, WRITE];

/** expect() would take most of the time. */
function same(what: string, got: unknown, wanted: unknown, about?: End): void {
  if (got === wanted) return;
  const of = about === undefined ? '' : ` of ${about.kind} ${about.fd}`;
  throw new Error(`${what}${of}: ${String(got)}, and not ${String(wanted)}`);
}

/** How often the law said what, over all programs: to see that it said something. */
const counts = { must: 0, may: 0, not: 0, reports: 0, eof: 0 };

/** A program under way: its files, a queue that it changes, and one that watches all of them, level-triggered. */
class Run {
  readonly ends: End[] = [];
  readonly #socks = new Map<End, S.Socket>();
  readonly #queue: Kqueue = kqueue();
  readonly #all: Kqueue = kqueue();
  readonly #law = new Watched();
  // By filter: what poll() has of which descriptors.
  readonly #polled: Map<number, number>[] = [];

  constructor(kinds: readonly string[]) {
    for (const kind of kinds) {
      if (kind === 'unix') this.#pair(...(S.socketpair() as [S.Socket, S.Socket]), 'unix');
      else if (kind === 'pipe') this.#pipe();
      else this.#listener(kind === 'tcp');
    }
    this.compare();
  }

  #add(fd: number, kind: End['kind'], sock?: S.Socket): End {
    const end = new End(fd, kind);
    this.ends.push(end);
    sock?.setblocking(false);
    if (sock) this.#socks.set(end, sock);
    else same('fcntl', sys.fcntl(fd, sys.F_SETFL, sys.O_NONBLOCK), 0);
    this.#all.control(
      filters.map((filter) => kevent(fd, filter, EV_ADD)),
      0,
    );
    return end;
  }

  #pair(one: S.Socket, other: S.Socket, kind: 'unix' | 'tcp'): void {
    const [near, far] = [one, other].map((sock) => this.#add(sock.fileno(), kind, sock));
    [near.peer, far.peer] = [far, near];
  }

  #pipe(): void {
    const fds = new Int32Array(2);
    same('pipe', sys.pipe(fds), 0);
    const [reader, writer] = [this.#add(fds[0], 'reader'), this.#add(fds[1], 'writer')];
    [reader.peer, writer.peer] = [writer, reader];
  }

  #listener(isPair: boolean): void {
    const listener = S.create_server(['127.0.0.1', 0]);
    if (!isPair) {
      this.#add(listener.fileno(), 'listener', listener);
      return;
    }
    const client = S.socket();
    client.connect(listener.getsockname());
    this.#pair(client, listener.accept()[0], 'tcp');
    listener.close();
  }

  // ---- Steps

  send(end: End, size: number): void {
    const { kind, peer } = end;
    if (end.isClosed || kind === 'listener' || kind === 'reader') return;
    if (kind === 'writer' && peer!.unread + size >= PIPE_SPACE) return;
    // It is answered by a reset.
    const isInVain = kind === 'tcp' && peer!.isClosed;
    const n = sys.write(end.fd, Buffer.alloc(size));
    if (isInVain) end.isOdd = true;
    this.#law.touches(end);
    if (n <= 0 || peer!.isClosed) return;
    peer!.unread += n;
    this.#law.comes(peer!, READ);
  }

  receive(end: End, size: number): void {
    if (end.isClosed) return;
    this.#law.touches(end);
    if (end.kind === 'listener') {
      const before = end.unread;
      try {
        this.#socks.get(end)!.accept()[0].close();
        end.unread--;
      } catch (error) {
        same('accept', `${before} ${(error as OSError).code}`, '0 EAGAIN');
      }
      return;
    }
    const couldWrite = end.peer!.writeSays?.fires;
    const n = sys.read(end.fd, Buffer.alloc(size));
    if (!end.isOdd && end.kind !== 'writer' && size > 0 && n >= 0)
      same('read', n, Math.min(size, end.unread));
    if (n > 0) end.unread -= n;
    if (couldWrite === false && end.peer!.writeSays!.fires) this.#law.comes(end.peer!, WRITE);
  }

  connect(end: End): void {
    if (end.kind !== 'listener' || end.isClosed) return;
    using client = S.socket();
    client.connect(this.#socks.get(end)!.getsockname());
    end.unread++;
    this.#law.comes(end, READ);
    this.#law.touches(end);
  }

  shut(end: End): void {
    if (end.isClosed || end.hasShut || (end.kind !== 'unix' && end.kind !== 'tcp') || end.isOdd) return;
    this.#law.touches(end);
    try {
      this.#socks.get(end)!.shutdown(S.SHUT_WR);
    } catch (error) {
      // The peer is gone.
      same('shutdown', (error as OSError).code, 'ENOTCONN');
      return;
    }
    end.hasShut = true;
    this.#law.comes(end, WRITE);
    if (!end.peer!.isClosed) this.#law.comes(end.peer!, READ);
  }

  close(end: End): void {
    if (end.isClosed) return;
    const { peer } = end;
    this.#law.touches(end);
    this.#law.closes(end);
    if (this.#socks.has(end)) this.#socks.get(end)!.close();
    else sys.close(end.fd);
    end.isClosed = true;
    if (peer === null || peer.isClosed) return;
    // With bytes that nobody has read it is a reset.
    if (end.kind === 'tcp' && (end.unread > 0 || end.isOdd)) peer.isOdd = true;
    // Of TCP the end has come with the FIN.
    if (end.kind !== 'tcp' || !end.hasShut) this.#law.comes(peer, READ);
    if (end.kind !== 'tcp') this.#law.comes(peer, WRITE);
  }

  change(end: End, filter: number, flags: number, udata: number): void {
    const expected = this.#law.change(end, filter, flags, udata, !end.isClosed && this.#fires(end, filter));
    let errno = 0;
    try {
      this.#queue.control([kevent(end.fd, filter, flags, 0, 0, udata)], 0);
    } catch (error) {
      if (!(error instanceof OSError)) throw error;
      errno = -error.errno!;
    }
    same('change', errno, expected);
  }

  /** kevent() with room for so many events. */
  collect(most: number): void {
    this.#collect(most);
  }

  /** So often that everything that must be reported has been, though there is room for few at a time. */
  drain(most: number): void {
    const due = this.#law.watches.filter((watch) => this.#verdict(watch) === 'must');
    const mays = this.#law.watches.length - due.length;
    const seen = new Set<Watch>();
    for (let i = 0; i < due.length + mays; i += most)
      for (const watch of this.#collect(most)) seen.add(watch);
    same('what is never reported', due.filter((watch) => !seen.has(watch)).length, 0);
  }

  #verdict(watch: Watch) {
    return this.#law.verdict(watch, this.#fires(watch.end, watch.filter));
  }

  #collect(most: number): Watch[] {
    const verdicts = new Map(this.#law.watches.map((watch) => [watch, this.#verdict(watch)]));
    for (const verdict of verdicts.values()) counts[verdict]++;
    const events = this.#queue.control(null, most, 0);
    const reported = events.map(({ ident, filter, flags, data, udata }) => {
      const watch = this.#law.find(ident, filter);
      if (watch === undefined) throw new Error(`an event of ${ident}, ${filter}, which is not watched`);
      if (verdicts.get(watch) === 'not') throw new Error(`an event of ${ident}, ${filter}, that must not be`);
      const says = watch.end.says(filter);
      if (says !== null) same('EV_EOF', (flags & EV_EOF) !== 0, says.eof);
      if (says !== null && says.data !== null) same('data', data, says.data);
      same('udata', udata, watch.udata);
      counts.reports++;
      if (flags & EV_EOF) counts.eof++;
      return watch;
    });
    same('events of one filter', reported.length, new Set(reported).size);
    const musts = [...verdicts].filter(([, verdict]) => verdict === 'must').map(([watch]) => watch);
    if (reported.length < Math.min(most, musts.length))
      throw new Error(`${reported.length} events of ${musts.length}`);
    if (reported.length < most)
      same('what is not reported', musts.filter((watch) => !reported.includes(watch)).length, 0);
    for (const watch of reported) this.#law.reports(watch);
    return reported;
  }

  // ---- Comparison

  /** Whether the filter says something: by poll() after the step before, which has it of the state alone. */
  #fires({ fd }: End, filter: number): boolean {
    return this.#polled[filters.indexOf(filter)].has(fd);
  }

  /** All files as poll(), select(), a level-triggered knote and the law have them. */
  compare(): void {
    const open = this.ends.filter(({ isClosed }) => !isClosed);
    const reported = this.#all.control(null, 16, 0);
    const fds = open.map(({ fd }) => fd);
    const selected = select(fds, fds, [], 0);
    for (const [i, filter] of filters.entries()) {
      const poller = poll();
      for (const fd of fds) poller.register(fd, filter === READ ? C.POLLIN : C.POLLOUT);
      const polled = new Map(poller.poll(0));
      this.#polled[i] = polled;
      const events = new Map(reported.filter((one) => one.filter === filter).map((one) => [one.ident, one]));
      for (const end of open) {
        const revents = polled.get(end.fd) ?? 0;
        const event = events.get(end.fd);
        same('knote and poll', event !== undefined, revents !== 0, end);
        if (event !== undefined)
          same('EV_EOF and POLLHUP', (event.flags & EV_EOF) !== 0, (revents & C.POLLHUP) !== 0, end);
        compareWithLaw(end, end.says(filter), revents, event?.data);
        // select() looks for space at both ends of a pipe.
        if (filter === WRITE && end.kind === 'reader') continue;
        same('select and poll', (selected[i] as number[]).includes(end.fd), revents !== 0, end);
      }
    }
  }

  end(): void {
    for (const end of this.ends) this.close(end);
    same('events at the end', this.#queue.control(null, 16, 0).length, 0);
    same('events at the end', this.#all.control(null, 16, 0).length, 0);
    this.#queue.close();
    this.#all.close();
  }
}

function compareWithLaw(end: End, says: Says | null, revents: number, data: number | undefined): void {
  if (says === null) return;
  same('poll and law', revents !== 0, says.fires, end);
  same('POLLHUP and law', (revents & C.POLLHUP) !== 0, says.eof, end);
  if (says.data !== null && says.fires) same('data', data, says.data, end);
}

// ---- Programs

const slot = fc.nat(7);
const filter = fc.constantFrom(...filters);
const size = fc.constantFrom(1, 2, 100, 1000, 3000, 6000, 8192, 9000);
const adding = fc.constantFrom(
  0,
  0,
  EV_CLEAR,
  EV_CLEAR,
  EV_ONESHOT,
  EV_DISPATCH,
  EV_CLEAR | EV_DISPATCH,
  EV_DISABLE,
);
const changing = fc.constantFrom(
  EV_DELETE,
  EV_DISABLE,
  EV_ENABLE,
  EV_ENABLE,
  EV_ADD | EV_ENABLE,
  EV_ADD | EV_DISABLE,
);
const udata = fc.nat(9);

type Step =
  | ['send' | 'receive', number, number]
  | ['connect' | 'shut' | 'close', number]
  | ['change', number, number, number, number]
  | ['collect' | 'drain', number];

const tuple = fc.tuple as (...parts: unknown[]) => fc.Arbitrary<Step>;
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: tuple(fc.constant('send'), slot, size) },
  { weight: 8, arbitrary: tuple(fc.constant('receive'), slot, size) },
  { weight: 3, arbitrary: tuple(fc.constant('connect'), slot) },
  { weight: 1, arbitrary: tuple(fc.constant('shut'), slot) },
  { weight: 1, arbitrary: tuple(fc.constant('close'), slot) },
  {
    weight: 8,
    arbitrary: tuple(
      fc.constant('change'),
      slot,
      filter,
      adding.map((flags) => EV_ADD | flags),
      udata,
    ),
  },
  { weight: 5, arbitrary: tuple(fc.constant('change'), slot, filter, changing, udata) },
  { weight: 8, arbitrary: tuple(fc.constant('collect'), fc.constantFrom(1, 2, 3, 32)) },
  { weight: 2, arbitrary: tuple(fc.constant('drain'), fc.constantFrom(1, 2, 3)) },
);
const program = fc.record({
  kinds: fc.array(fc.constantFrom('unix', 'unix', 'tcp', 'pipe', 'listener'), { minLength: 1, maxLength: 3 }),
  steps: fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }),
});

function run({ kinds, steps }: { kinds: string[]; steps: Step[] }): void {
  const made = new Run(kinds);
  for (const [what, ...args] of steps) {
    if (what === 'collect' || what === 'drain') {
      made[what](args[0]);
    } else {
      const end = made.ends[args[0] % made.ends.length];
      const [, second, flags, mark] = args as number[];
      if (what === 'change') made.change(end, second, flags, mark);
      else if (what === 'send' || what === 'receive') made[what](end, second);
      else made[what](end);
    }
    made.compare();
  }
  made.end();
}

test(
  `${PROGRAMS} random programs: a kqueue reports what poll, select and the law of its flags say`,
  () => {
    fc.assert(
      fc.property(program, (one) => {
        const endless = Number.POSITIVE_INFINITY;
        const world = new World({
          maxSpins: endless,
          maxPassedOver: endless,
          maxTimeouts: endless,
          maxCalls: endless,
        });
        let failure: unknown = null;
        const { violation } = world.run(() => {
          try {
            run(one);
          } catch (error) {
            failure = error;
          }
        });
        if (failure !== null) throw failure;
        expect(violation).toBeNull();
      }),
      { numRuns: PROGRAMS, seed },
    );
    expect(counts.must).toBeGreaterThan(PROGRAMS * 5);
    expect(counts.not).toBeGreaterThan(PROGRAMS * 5);
    expect(counts.eof).toBeGreaterThan(PROGRAMS / 2);
    if (process.env.RFDS_PROGRAMS) console.log(counts);
  },
  60_000 + PROGRAMS * 60,
);
