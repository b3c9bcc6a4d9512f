// A recording of a real run, made again on the simulated kernel: every process makes the calls that it made, in the
// order of their times, and each has to get what it got. Descriptors go by what they lead to, for a process of Node's
// has others beside them.

import type { AddressValue, CallLine, Recording } from '../../src/interpose/recorder/recording.ts';
import { constants } from '../../src/kernel/native.ts';
import { epoll_event } from '../../src/kernel/structs/epoll-event.ts';
import { packInet, parseInet } from '../../src/kernel/structs/sockaddr.ts';
import * as sys from '../../src/kernel/syscalls.ts';
import type { Request } from '../../src/sim/peer.ts';
import { World } from '../../src/sim/world.ts';

/** What a call got. */
interface Outcome {
  /** A number, 'a descriptor', or an errno's name. */
  result: number | string;
  /** Of a wait: descriptors as the recording numbers them, each with its events. */
  events?: unknown;
  data?: string;
  address?: string;
}

export interface Compared {
  call: string;
  recorded: Outcome;
  modelled: Outcome;
}

/** Calls that no other process or socket of the recording has a part in: of the terminal, of signals, of clocks. */
const leftOut = new Set(['sigaction', 'clock_gettime', 'getitimer', 'setitimer', 'read']);
/** Those that come back when something has happened: they stand in the order at their end. */
const waiting = new Set([
  'select',
  'pselect',
  'poll',
  'ppoll',
  'epoll_wait',
  'epoll_pwait',
  'epoll_pwait2',
  'recv',
  'accept4',
]);
const makers = new Set(['socket', 'accept', 'accept4', 'epoll_create1', 'fcntl', 'dup']);

const flags = (text: string): number =>
  text === '0'
    ? 0
    : text.split('|').reduce((all, name) => (all | (constants[name] ?? Number(name))) >>> 0, 0);
const textOf = (call: CallLine, name: string) => call.args.find((arg) => arg.name === name)?.text ?? '0';
const argumentOf = <T>(call: CallLine, name: string) =>
  call.args.find((arg) => arg.name === name)?.value as T;
const numberOf = (call: CallLine, name: string) =>
  argumentOf<number | undefined>(call, name) ?? flags(textOf(call, name));
const addressText = ({ host, port }: AddressValue) => `${host}:${port}`;

// One process of the recording: its descriptors here, by their numbers there.
class Replayed {
  readonly fds = new Map([0, 1, 2].map((fd) => [fd, fd]));
  readonly ports: ReadonlyMap<number, number>;

  constructor(calls: readonly CallLine[]) {
    const named = calls.filter(({ name, result }) => name === 'getsockname' && result === 0);
    this.ports = new Map(named.map((call) => [call.fd!, argumentOf<AddressValue>(call, 'addr').port!]));
  }

  fd(recorded: number): number {
    const fd = this.fds.get(recorded);
    if (fd === undefined) throw new Error(`descriptor ${recorded} was never made`);
    return fd;
  }

  recordedFd(fd: number): number {
    for (const [recorded, here] of this.fds) if (here === fd) return recorded;
    return -1;
  }

  sockaddr({ host, port }: AddressValue, fd: number): Uint8Array {
    return packInet(parseInet(host!)!, port === 0 ? (this.ports.get(fd) ?? 0) : port!);
  }

  set(fds: number[] | null): Uint8Array | null {
    if (fds === null) return null;
    const bits = new Uint8Array(128);
    for (const fd of fds) bits[this.fd(fd) >> 3] |= 1 << (this.fd(fd) & 7);
    return bits;
  }

  // The call again, and how to read what it got.
  request(call: CallLine): { args: unknown[]; read: (result: number) => Partial<Outcome> } {
    const nothing = () => ({});
    const fd = argumentOf<number | undefined>(call, 'fd') ?? call.fd ?? -1;
    switch (call.name) {
      case 'socket':
        return {
          args: ['domain', 'type', 'protocol'].map((name) => flags(textOf(call, name))),
          read: nothing,
        };
      case 'setsockopt':
        return {
          args: [
            this.fd(fd),
            flags(textOf(call, 'level')),
            flags(textOf(call, 'optname')),
            Int32Array.of(numberOf(call, 'optval')),
          ],
          read: nothing,
        };
      case 'bind':
      case 'connect':
        return { args: [this.fd(fd), this.sockaddr(argumentOf(call, 'addr'), fd)], read: nothing };
      case 'listen':
        return { args: [this.fd(fd), numberOf(call, 'backlog')], read: nothing };
      case 'accept4':
      case 'getsockname':
      case 'getpeername': {
        const [addr, addrlen] = [new Uint8Array(128), Int32Array.of(128)];
        const more = call.name === 'accept4' ? [flags(textOf(call, 'flags'))] : [];
        const read = (result: number) =>
          result < 0 ? {} : { address: `${addr.slice(4, 8).join('.')}:${(addr[2] << 8) | addr[3]}` };
        return { args: [this.fd(fd), addr, addrlen, ...more], read };
      }
      case 'recv': {
        const target = new Uint8Array(numberOf(call, 'len'));
        const read = (n: number) =>
          n > 0 ? { data: Buffer.from(target.subarray(0, n)).toString('base64') } : {};
        return { args: [this.fd(fd), target, flags(textOf(call, 'flags'))], read };
      }
      case 'send':
        return {
          args: [this.fd(fd), Buffer.from(call.data ?? '', 'base64'), flags(textOf(call, 'flags'))],
          read: nothing,
        };
      case 'write':
        return { args: [this.fd(fd), Buffer.from(call.data ?? '', 'base64')], read: nothing };
      case 'fcntl':
        return { args: [this.fd(fd), flags(textOf(call, 'cmd')), numberOf(call, 'arg')], read: nothing };
      case 'close':
      case 'dup':
        return { args: [this.fd(fd)], read: nothing };
      case 'shutdown':
        return { args: [this.fd(fd), flags(textOf(call, 'how'))], read: nothing };
      case 'epoll_create1':
        return { args: [flags(textOf(call, 'flags'))], read: nothing };
      default:
        return this.#waitRequest(call);
    }
  }

  #waitRequest(call: CallLine): { args: unknown[]; read: (result: number) => Partial<Outcome> } {
    switch (call.name) {
      case 'select': {
        const lists = ['readfds', 'writefds', 'exceptfds'].map((name) =>
          argumentOf<number[] | null>(call, name),
        );
        const sets = lists.map((list) => this.set(list));
        const nfds = Math.max(0, ...lists.flatMap((list) => list ?? []).map((each) => this.fd(each) + 1));
        const read = (result: number) => ({
          events:
            result < 0
              ? []
              : [...this.fds].flatMap(([recorded, here]) =>
                  sets.some((set) => set !== null && set[here >> 3] & (1 << (here & 7))) ? [recorded] : [],
                ),
        });
        return { args: [nfds, ...sets, this.timeout(call)], read };
      }
      case 'poll': {
        const given = argumentOf<{ fd: number; events: string[]; revents: string[] }[]>(call, 'fds');
        const fds = new Int16Array(4 * given.length);
        given.forEach(({ fd, events }, i) => {
          new Int32Array(fds.buffer, i * 8, 1)[0] = this.fd(fd);
          fds[i * 4 + 2] = flags(events.join('|') || '0');
        });
        const read = () => ({ events: given.map(({ fd }, i) => [fd, fds[i * 4 + 3]]) });
        return { args: [fds, given.length, numberOf(call, 'timeout')], read };
      }
      case 'epoll_ctl': {
        const [event] = argumentOf<{ events: string[]; fd: number }[] | null>(call, 'event') ?? [];
        const memory = event === undefined ? null : new Uint8Array(epoll_event.size);
        if (memory !== null) {
          const view = new DataView(memory.buffer);
          view.setUint32(0, flags(event!.events.join('|') || '0'), true);
          view.setUint32(epoll_event.members.data.offset, event!.fd, true);
        }
        const op = constants[textOf(call, 'op')];
        return {
          args: [this.fd(numberOf(call, 'epfd')), op, this.fd(numberOf(call, 'fd')), memory],
          read: () => ({}),
        };
      }
      case 'epoll_wait': {
        const most = numberOf(call, 'maxevents');
        const memory = new Uint8Array(most * epoll_event.size);
        const view = new DataView(memory.buffer);
        const read = (n: number) => ({
          events: Array.from({ length: Math.max(n, 0) }, (_, i) => [
            view.getUint32(i * epoll_event.size + epoll_event.members.data.offset, true),
            view.getUint32(i * epoll_event.size, true),
          ]),
        });
        return { args: [this.fd(numberOf(call, 'epfd')), memory, most, numberOf(call, 'timeout')], read };
      }
      default:
        throw new Error(`${call.name}() is not replayed`);
    }
  }

  timeout(call: CallLine): BigInt64Array | null {
    const time = argumentOf<{ seconds: number; nanoseconds: number } | null>(call, 'timeout');
    return time === null
      ? null
      : BigInt64Array.of(BigInt(time.seconds), BigInt(Math.round(time.nanoseconds / 1000)));
  }

  /** What the recording says that the call got, in the terms of the model's. */
  recorded(call: CallLine): Outcome {
    const outcome: Outcome = { result: call.errno ?? call.result };
    if (makers.has(call.name) && call.result >= 0) outcome.result = 'a descriptor';
    if (['accept4', 'getsockname', 'getpeername'].includes(call.name) && call.result >= 0)
      outcome.address = addressText(argumentOf(call, 'addr'));
    if (call.name === 'recv' && call.result > 0) outcome.data = call.data ?? '';
    if (call.name === 'select') outcome.events = call.ready ?? [];
    if (call.name === 'poll') {
      const entries = argumentOf<{ fd: number; revents: string[] }[]>(call, 'fds');
      outcome.events = entries.map(({ fd, revents }) => [fd, flags(revents.join('|') || '0')]);
    }
    if (call.name === 'epoll_wait') {
      const entries = argumentOf<{ fd: number; events: string[] }[] | null>(call, 'events') ?? [];
      outcome.events = call.result > 0 ? entries.map(({ fd, events }) => [fd, flags(events.join('|'))]) : [];
    }
    return outcome;
  }

  /** What a call got here. */
  got(call: CallLine, result: number, more: Partial<Outcome>): Outcome {
    if (makers.has(call.name) && result >= 0) {
      this.fds.set(call.result, result);
      return { result: 'a descriptor', ...more };
    }
    if (call.name === 'close' && result === 0) this.fds.delete(call.fd!);
    const errno = Object.entries(constants).find(
      ([name, value]) => value === -result && /^E[A-Z0-9]+$/.test(name),
    );
    return { result: result < 0 ? (errno?.[0] ?? result) : result, ...more };
  }
}

/** Every call of the recording with what it got, there and on the simulated kernel. */
export function replay(recording: Recording): Compared[] {
  const calls = recording.calls
    .filter(({ name }) => !leftOut.has(name))
    .map((call) => ({ call, at: waiting.has(call.name) ? call.end : call.start }))
    .sort((a, b) => a.at - b.at)
    .map(({ call }) => call);
  const server = recording.processes.find(({ role }) => role !== 'client')!.pid;
  const endless = Number.POSITIVE_INFINITY;
  const world = new World({
    maxSpins: endless,
    maxPassedOver: endless,
    maxTimeouts: endless,
    maxCalls: 20_000,
  });
  const compared: Compared[] = [];
  let turn = 0;
  // The ports that the clients had, in the order in which they connected.
  const clients = calls
    .filter(({ name, pid, result }) => name === 'accept4' && pid === server && result >= 0)
    .map((call) => argumentOf<AddressValue>(call, 'addr'));
  const own = (pid: number) => new Replayed(calls.filter((call) => call.pid === pid));
  const done = (replayed: Replayed, call: CallLine, result: number, more: Partial<Outcome>) => {
    const recorded = replayed.recorded(call);
    const modelled = replayed.got(call, result, more);
    compared.push({
      call: `${call.n} ${call.name} of ${call.pid === server ? 'the server' : 'a client'}`,
      recorded,
      modelled,
    });
    turn++;
  };

  // Where the clients are, if they are not on the server's machine.
  const away = clients.find(({ host }) => !host!.startsWith('127.'));
  const there = away === undefined ? world.localhost : world.addHost('away', away.host!);
  for (const call of calls) {
    const { host } = call.name === 'connect' ? argumentOf<AddressValue>(call, 'addr') : { host: '127.0.0.1' };
    const bytes = parseInet(host!)!;
    if (!world.localhost.has(bytes)) (world.localhost.addresses as Uint8Array[]).push(bytes);
  }

  for (const { pid } of recording.processes.filter((process) => process.pid !== server)) {
    const replayed = own(pid);
    world.addPeer(
      `client ${pid}`,
      function* () {
        for (const [at, call] of calls.entries()) {
          if (call.pid !== pid) continue;
          yield { until: () => turn >= at, what: `call ${at}`, shared: null };
          const { args, read } = replayed.request(call);
          if (call.name === 'connect')
            yield ['bind', args[0], replayed.sockaddr(clients.shift()!, -1)] as unknown as Request;
          const result: number = yield [call.name, ...args] as unknown as Request;
          done(replayed, call, result, read(result));
        }
      },
      there,
    );
  }

  const replayed = own(server);
  world.program.dispositions.set(constants.SIGINT!, { restarts: false });
  const { violation } = world.run(() => {
    for (const [at, call] of calls.entries()) {
      if (call.pid !== server) continue;
      while (turn < at) sys.poll(new Uint8Array(0), 0, 1);
      const { args, read } = replayed.request(call);
      if (call.errno === 'EINTR') world.addSignal(constants.SIGINT!, 0);
      const result = (sys[call.name as keyof typeof sys] as (...all: unknown[]) => number)(...args);
      done(replayed, call, result, read(result));
    }
  });
  if (violation !== null && violation.kind !== 'leak') throw violation;
  return compared;
}
