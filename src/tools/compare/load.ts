// The load: a process of its own that keeps one message in flight on each of many connections and
// writes what it measured to stdout, one line of JSON. It runs on rfds' own epoll, and stops by
// itself. fleet.ts starts it with a Load in JSON.

import { quantileSorted } from 'simple-statistics';
import { EPOLLIN } from '../../kernel/constants/select.ts';
import { monotonic } from '../../python/builtins/time.ts';
import { check } from '../../python/errors.ts';
import { epoll } from '../../python/select/epoll.ts';
import {
  IP_BIND_ADDRESS_NO_PORT,
  IPPROTO_IP,
  IPPROTO_TCP,
  type Socket,
  socket,
  TCP_NODELAY,
} from '../../socket.ts';
import { EpollEvents } from '../../structs.ts';
import * as sys from '../../syscalls.ts';
import { machineTicks, type Usage, usageOf } from './usage.ts';

export interface Load {
  /** The server: its port on 127.0.0.1, and its process. */
  port: number;
  pid: number;
  connections: number;
  /** How many connections more send nothing. */
  idle: number;
  /** Bytes in a message. */
  size: number;
  /** How long to run before measuring, and how long to measure; in messages where those are given. */
  warmupSeconds: number;
  seconds: number;
  messages?: number;
}

/** What one load measured. Times in seconds and, of latencies, in microseconds. */
export interface Sample {
  messages: number;
  seconds: number;
  server: Usage;
  /** CPU seconds of the load's own process: less than `seconds`, or it was the bottleneck. */
  loadCpuSeconds: number;
  /** Which part of all processors' time other programs had meanwhile, 0 to 1, or the hypervisor took. */
  othersShare?: number;
  latencyMicros: { p50: number; p99: number; p999: number };
}

// A message is xxx…y: where an answer so far ends in y, it is whole, however often the server put
// the time between. Looking at one byte keeps the load lighter than what it measures.
const FILLER = 0x78;
const LAST = 0x79;

/** How many latencies are kept: those of two seconds at more than any server here answers. */
const MOST_LATENCIES = 1 << 20;

class Client {
  readonly socket: Socket;
  readonly fd: number;
  /** When its message was sent. */
  sent = 0;
  constructor(port: number, host: string) {
    this.socket = socket();
    // The port is chosen by connect: bind looks for one that is free for every destination.
    this.socket.setsockopt(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    this.socket.bind([host, 0]);
    this.socket.connect(['127.0.0.1', port]);
    this.socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    this.fd = this.socket.fileno();
  }
}

// An address has some 28,000 ports for its connections to one server; these leave room for those
// of the runs before, which the kernel still remembers.
const IDLE_PER_ADDRESS = 5000;

/** Connects clients that send nothing more, waiting now and then until the server has accepted them. */
function connectIdle(port: number, count: number): Client[] {
  const idle: Client[] = [];
  while (idle.length < count) {
    const client = new Client(port, `127.0.0.${2 + Math.floor(idle.length / IDLE_PER_ADDRESS)}`);
    idle.push(client);
    // Its answer means that all before it were accepted: the listener's queue never fills.
    if (idle.length % 64 > 0 && idle.length < count) continue;
    client.socket.settimeout(5);
    client.socket.sendall(Buffer.of(LAST));
    if (client.socket.recv(64).length === 0) throw new Error('the server closed an idle connection');
  }
  return idle;
}

function run({
  port,
  pid,
  connections,
  idle,
  size,
  warmupSeconds,
  seconds,
  messages = Number.POSITIVE_INFINITY,
}: Load): Sample {
  const silent = connectIdle(port, idle);
  const clients: Client[] = []; // by descriptor
  const poller = epoll();
  for (let i = 0; i < connections; i++) {
    const client = new Client(port, '127.0.0.1');
    clients[client.fd] = client;
    poller.register(client.socket, EPOLLIN);
  }

  const message = Buffer.alloc(size, FILLER);
  message[size - 1] = LAST;
  const received = new Uint8Array(1 << 17);
  const events = new EpollEvents(connections);
  const latencies = new Float64Array(MOST_LATENCIES);
  let answered = 0;

  const send = (client: Client, now: number) => {
    client.sent = now;
    // All of it at once, as a rule, and no allocation.
    const sent = sys.send(client.fd, message, 0, size, 0);
    if (sent !== size) client.socket.sendall(message.subarray(Math.max(sent, 0)));
  };
  const receive = (client: Client) => {
    const n = check(sys.recv(client.fd, received, 0, received.length, 0), 'recv');
    if (n === 0) throw new Error('the server closed a connection');
    if (received[n - 1] !== LAST) return;
    const now = monotonic();
    if (answered < MOST_LATENCIES) latencies[answered] = now - client.sent;
    answered++;
    send(client, now);
  };
  const until = (deadline: number, most: number) => {
    answered = 0;
    while (monotonic() < deadline && answered < most) {
      const n = poller.wait(events, 1);
      if (n === 0) throw new Error('the server did not answer for a second');
      for (let i = 0; i < n; i++) receive(clients[events.fd(i)]);
    }
  };

  for (const client of clients) if (client) send(client, monotonic());
  until(monotonic() + warmupSeconds, messages);

  const machineBefore = machineTicks();
  const before = usageOf(pid);
  const ownBefore = process.cpuUsage();
  const began = monotonic();
  until(began + seconds, messages);
  const ended = monotonic();
  const own = process.cpuUsage(ownBefore);
  const after = usageOf(pid);
  const machineAfter = machineTicks();

  for (const client of silent) client.socket.close();
  const sorted = latencies.subarray(0, answered).sort();
  const micros = (quantile: number) =>
    sorted.length === 0 ? 0 : quantileSorted(sorted as unknown as number[], quantile) * 1e6;
  return {
    messages: answered,
    seconds: ended - began,
    server: {
      cpuNs: after.cpuNs - before.cpuNs,
      userTicks: after.userTicks - before.userTicks,
      systemTicks: after.systemTicks - before.systemTicks,
      switches: after.switches - before.switches,
      residentKiB: after.residentKiB,
    },
    loadCpuSeconds: (own.user + own.system) / 1e6,
    othersShare: othersShare(machineBefore, machineAfter, {
      serverTicks: after.userTicks + after.systemTicks - before.userTicks - before.systemTicks,
      loadSeconds: (own.user + own.system) / 1e6,
    }),
    latencyMicros: { p50: micros(0.5), p99: micros(0.99), p999: micros(0.999) },
  };
}

/** A clock tick is 10 ms (USER_HZ). */
const TICKS_PER_SECOND = 100;

type Ticks = ReturnType<typeof machineTicks>;

function othersShare(
  before: Ticks,
  after: Ticks,
  { serverTicks, loadSeconds }: { serverTicks: number; loadSeconds: number },
): number {
  const own = serverTicks + loadSeconds * TICKS_PER_SECOND;
  return Math.max(after.busy - before.busy - own, 0) / Math.max(after.all - before.all, 1);
}

process.stdout.write(`${JSON.stringify(run(JSON.parse(process.argv[2])))}\n`);
