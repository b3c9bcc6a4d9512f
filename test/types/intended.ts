// Programs as they are meant to be written: tsc must find nothing wrong here. Never run.

import type net from 'node:net';
import { type Fault, type Faults, inject } from '../../src/faults.ts';
import * as rfds from '../../src/index.ts';
import { fromNetSocket, toNetSocket } from '../../src/net.ts';
import { epoll, type FileLike, poll, select } from '../../src/select.ts';
import { type BaseSelector, DefaultSelector, EVENT_READ, EVENT_WRITE } from '../../src/selectors.ts';
import { SIG_IGN, SIGINT, signal } from '../../src/signal.ts';
import { explore, type Found, type ScriptStep, story, type World } from '../../src/sim.ts';
import {
  type Address,
  AF_INET,
  AF_INET6,
  AF_UNIX,
  create_connection,
  create_server,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  socket,
  socketpair,
} from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';

/** The documented server's calls. */
export function server(): void {
  using server_socket = socket(AF_INET, SOCK_STREAM);
  server_socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  server_socket.bind(['', 0]);
  server_socket.listen();
  const files: Socket[] = [server_socket];
  const [rlist, wlist, xlist] = select(files, [], []);
  const readable: Socket[] = rlist;
  const none: never[] = [...wlist, ...xlist];
  for (const file of readable) {
    const [conn, address] = file.accept();
    const peer: Address = address;
    const data: Buffer = conn.recv(1024);
    conn.sendall(data);
    files.push(conn);
    console.log(String(peer), none);
  }
}

/** A socket's family says what its addresses are, and what a call gave another takes: nothing needs a cast. */
export function addresses(plain: Socket, family: number): (string | number)[] {
  const listener = socket(AF_INET, SOCK_STREAM);
  const client = socket();
  client.connect(listener.getsockname());
  const [conn, addr] = listener.accept();
  const [host, port] = addr;
  const peer: number = conn.getpeername()[1];
  const [data, [from, fromPort]] = socket(AF_INET, SOCK_DGRAM).recvfrom(1024);
  client.sendto(data, addr);
  const [, , flowinfo, scope] = socket(AF_INET6).getsockname();
  const path: string | Buffer = socketpair()[0].getsockname();
  const unix = socket(AF_UNIX);
  unix.bind(unix.getsockname());
  const either = create_connection(listener.getsockname());
  const [eitherHost, eitherPort] = either.getpeername();
  const server = create_server(['', 0]);
  either.connect(server.getsockname());
  // Of a family that is just a number anything may be the address.
  const other: Address = socket(family).getsockname();
  plain.connect(plain.getsockname());
  const all: Socket[] = [listener, client, conn, unix, plain, server, either];
  console.log(all, other, path);
  return [host, port, peer, from, fromPort, flowinfo, scope, eitherHost, eitherPort];
}

/** Mixed lists keep their types, each its own. */
export function lists(a: Socket, file: { fileno(): number; name: string }): string[] {
  const [r, w] = select([a, file, 5], new Set([a]), [], 0.5);
  const sockets: Socket[] = w;
  select([], [], [], null);
  return r.map((ready) =>
    typeof ready === 'number' ? String(ready) : 'name' in ready ? ready.name : `${sockets}`,
  );
}

export function waiting(file: FileLike): number {
  const set = poll();
  set.register(file);
  set.modify(3, 1);
  const [[fd, revents]] = set.poll(100);
  using ep = epoll();
  ep.register(file, 1);
  const events: [fd: number, events: number][] = ep.poll(1.5, 10);
  return fd + revents + events.length;
}

/** A selector's data has the type that it was made for. */
export function selected(sock: Socket): void {
  using selector: BaseSelector<() => string> = new DefaultSelector<() => string>();
  selector.register(sock, EVENT_READ | EVENT_WRITE, () => 'ready');
  for (const [key, events] of selector.select(0)) console.log(key.data().length + events + key.fd);
}

export function signals(): void {
  const before = signal(SIGINT, (signum) => console.log(signum + 1));
  signal(SIGINT, SIG_IGN);
  if (typeof before === 'function') before(SIGINT);
}

export function raw(): number {
  const sv = new Int32Array(2);
  const result: number = sys.socketpair(1, 1, 0, sv);
  const slab = new ArrayBuffer(64);
  sys.recv(sv[0], slab, 0, 64, 0);
  sys.recv(sv[0], new Uint8Array(8), 0);
  sys.interpose((name, call, args) => (name === 'close' ? 0 : call(...args)));
  const end: () => void = sys.observe((_name, call, args) => call(...args));
  end();
  return result;
}

/** Other processes of a world: generators and scripts, typed without a cast. */
export function simulated(): string {
  const build = (world: World) => {
    const far = world.addHost('far', '10.0.0.2');
    world.link(world.localhost, far, { latency: 0.01 });
    world.addProcess(
      'client',
      function* (client) {
        const sock = yield* client.connect(['127.0.0.1', 12345]);
        const sent: number = yield* sock.send('Hello');
        const data: Buffer = yield* sock.recv(sent);
        yield* sock.send(data);
        sock.fd.toFixed();
        const pid: number = yield* client.call('fcntl', sock.fd, 1, 0);
        yield* client.sleep(pid);
        yield* sock.reset();
      },
      { host: far },
    );
    const steps: ScriptStep[] = [{ connect: '/run/server' }, { send: new Uint8Array(3) }, 'close'];
    world.addProcess('script', steps);
    world.addProcess('server', [{ listen: ['127.0.0.1', 80] }, 'accept', { expect: 'GET' }, 'stopReading']);
    return () => server();
  };
  const { found, runs } = explore(build, {
    visit: 'random',
    world: { cuts: 1 },
    check: (world) => world.nanoseconds,
  });
  const one: Found | null = found;
  return one === null ? String(runs) : story(build, one);
}

export function errors(error: unknown): string | undefined {
  if (error instanceof rfds.ConnectionRefusedError) return `${error.address}:${error.port}`;
  if (error instanceof rfds.OSError) return error.code;
  return undefined;
}

export function handover(): Buffer {
  const [a] = socketpair();
  const live: net.Socket = toNetSocket(a, { allowHalfOpen: true });
  const { socket: back, unread } = fromNetSocket(live);
  const six: Socket = socket(AF_INET6);
  six.bind(['::1', 0, 0, 0]);
  back.close();
  rfds.ledger.start();
  const leaks = rfds.ledger.stop().filter(({ kind }) => kind === 'leak');
  return leaks.length > 0 ? Buffer.from(leaks[0].text) : unread;
}

/** Calls that fail, for a while. */
export function faults(): string[] {
  using every: Faults = inject([{ call: 'recv', error: 'EINTR', when: { first: 1, step: 2 } }], { seed: 7 });
  inject('send:short=1').detach();
  const fault: Fault = { call: '*', delayMs: 1, chance: 0.5 };
  inject(fault, { log: true, onInjected: ({ call, nth }) => console.log(call, nth) }).detach();
  return every.injected.map(({ text }) => text);
}
