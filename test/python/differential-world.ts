// Interprets random programs (differential.test.ts) with rfds' modules. The twin is differential.py.

import { errorcode } from '../../src/kernel/errno.ts';
import { KeyError, OSError } from '../../src/python/errors.ts';
import * as select from '../../src/select.ts';
import * as selectors from '../../src/selectors.ts';
import * as socket from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';

export interface Program {
  kinds: string[];
  steps: unknown[][];
}
/** A file as a program names it: a socket's slot, or [slot], the number that it had. */
type Name = number | [number];
type Result = unknown;
type Steps = Record<string, (...args: never[]) => Result>;

let names = 0;

class World {
  readonly socks: socket.Socket[] = [];
  readonly slots = new Map<number, number>();
  readonly address: [string, number];
  readonly poller = select.poll();
  readonly epoller = select.epoll();
  readonly selectors: selectors.BaseSelector<number>[] = [];
  readonly detached: number[] = [];

  constructor(kinds: string[]) {
    let address: [string, number] = ['127.0.0.1', 1];
    for (const kind of kinds) {
      if (kind === 'listener') {
        const listener = socket.socket();
        listener.bind(['127.0.0.1', 0]);
        listener.listen(3);
        address = listener.getsockname() as [string, number];
        this.add(listener);
      } else if (kind === 'tcp') {
        this.add(socket.socket());
      } else if (kind === 'udp' || kind === 'udp bound') {
        const sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);
        if (kind === 'udp bound') sock.bind(['127.0.0.1', 0]);
        this.add(sock);
      } else if (kind.startsWith('unix')) {
        const isDatagram = kind === 'unix dgram';
        const sock = socket.socket(socket.AF_UNIX, isDatagram ? socket.SOCK_DGRAM : socket.SOCK_STREAM);
        if (kind !== 'unix stream') sock.bind(this.newName());
        if (kind === 'unix listener') sock.listen(1);
        this.add(sock);
      } else if (kind === 'connection') {
        using listener = socket.socket();
        listener.bind(['127.0.0.1', 0]);
        listener.listen();
        const client = socket.socket();
        client.connect(listener.getsockname() as [string, number]);
        this.add(client);
        this.add(listener.accept()[0]);
      } else {
        const type = {
          stream: socket.SOCK_STREAM,
          dgram: socket.SOCK_DGRAM,
          seqpacket: socket.SOCK_SEQPACKET,
        }[kind]!;
        for (const end of socket.socketpair(socket.AF_UNIX, type)) {
          end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608);
          this.add(end);
        }
      }
    }
    this.address = address;
    const { SelectSelector, PollSelector, EpollSelector } = selectors;
    this.selectors.push(new SelectSelector(), new PollSelector(), new EpollSelector());
  }

  /** An abstract name that no other program has. */
  newName(): Buffer {
    return Buffer.from(`\0rfds-differential-${process.pid}-${names++}`);
  }

  add(sock: socket.Socket): number {
    sock.setblocking(false);
    // Without it TCP keeps small pieces back until others are acknowledged, which takes its time.
    if (sock.family === socket.AF_INET && sock.type === socket.SOCK_STREAM)
      sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1);
    this.slots.set(sock.fileno(), this.socks.length);
    return this.socks.push(sock) - 1;
  }

  slot(file: unknown): number {
    return typeof file === 'number' ? this.slots.get(file)! : this.socks.indexOf(file as socket.Socket);
  }

  file(name: Name): socket.Socket | number {
    if (typeof name === 'number') {
      if (this.socks[name] === undefined) throw new IndexError();
      return this.socks[name];
    }
    for (const [fd, slot] of this.slots) if (slot === name[0]) return fd;
    return -1;
  }

  sock(i: number): socket.Socket {
    return this.file(i) as socket.Socket;
  }

  // Until the peer's kernel has acknowledged a FIN, of which an edge-triggered descriptor is told: it takes its time.
  settle(sock: socket.Socket): void {
    if (sock.family !== socket.AF_INET || sock.type !== socket.SOCK_STREAM) return;
    for (const until = Date.now() + 20; Date.now() < until; ) {
      try {
        // FIN_WAIT1, LAST_ACK and CLOSING.
        const [state] = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO!, 1) as Buffer;
        if (![4, 9, 11].includes(state)) return;
      } catch {
        return; // On the simulated kernel it is acknowledged at once.
      }
    }
  }

  addressOf(i: number): socket.Address {
    return this.sock(i).getsockname() as socket.Address;
  }

  // Whose address it is, by slot: -1 for one that no open socket has.
  owner(address: unknown): number | string | null {
    if (address === null || address === '') return address;
    const text = String(address);
    return this.socks.findIndex((sock) => sock.fileno() >= 0 && String(sock.getsockname()) === text);
  }

  // Sockets that came, by their new slots.
  received(ancdata: [level: number, type: number, data: Buffer][]): number[] {
    const fds = ancdata.flatMap(([, , data]) => [
      ...new Int32Array(data.buffer.slice(data.byteOffset, data.byteOffset + (data.length & ~3))),
    ]);
    return fds.map((fd) => this.add(socket.socket(-1, -1, -1, fd)));
  }

  key({ fd, events, data }: selectors.SelectorKey<number>): number[] {
    return [this.slot(fd), events, data];
  }

  readonly steps: Steps = {
    send: (i: number, n: number, flags: number) =>
      this.sock(i).send(
        Uint8Array.from({ length: n }, (_, k) => k % 251),
        flags,
      ),
    sendall: (i: number, n: number) => this.sock(i).sendall(Buffer.alloc(n)),
    recv: (i: number, n: number, flags: number) => this.sock(i).recv(n, flags).toString('hex'),
    recv_into: (i: number, size: number, n: number, flags: number) =>
      this.sock(i).recv_into(Buffer.alloc(size), n, flags),
    recvfrom: (i: number, n: number, flags: number) => {
      const [data, address] = this.sock(i).recvfrom(n, flags);
      return [data.toString('hex'), this.owner(address)];
    },
    recvfrom_into: (i: number, size: number, n: number, flags: number) => {
      const [length, address] = this.sock(i).recvfrom_into(Buffer.alloc(size), n, flags);
      return [length, this.owner(address)];
    },
    recvmsg: (i: number, n: number, space: number, flags: number) => {
      const [data, ancdata, told, address] = this.sock(i).recvmsg(n, space, flags);
      return [data.toString('hex'), this.received(ancdata), told, this.owner(address)];
    },
    recvmsg_into: (i: number, sizes: number[], space: number, flags: number) => {
      const buffers = sizes.map((size) => Buffer.alloc(size));
      const [n, ancdata, told, address] = this.sock(i).recvmsg_into(buffers, space, flags);
      return [n, Buffer.concat(buffers).toString('hex'), this.received(ancdata), told, this.owner(address)];
    },
    sendto: (i: number, n: number, flags: number, to: number) =>
      this.sock(i).sendto(Buffer.alloc(n, 7), flags, this.addressOf(to)),
    sendmsg: (i: number, sizes: number[], files: number[], flags: number, to: number | null) => {
      const socks = files.map((file) => this.sock(file));
      // As in differential.py.
      if (socks.some(({ family }) => family === socket.AF_UNIX)) return 'left out';
      const rights = Int32Array.from(socks, (sock) => sock.fileno());
      const ancdata: socket.AncillaryDataLike[] = [[socket.SOL_SOCKET, socket.SCM_RIGHTS, rights]];
      const buffers = sizes.map((size, k) => Buffer.alloc(size, k));
      const sock = this.sock(i);
      const address = to === null ? null : this.addressOf(to);
      return sock.sendmsg(buffers, files.length > 0 ? ancdata : [], flags, address);
    },
    bind: (i: number) => {
      const sock = this.sock(i);
      sock.bind(sock.family === socket.AF_INET ? ['127.0.0.1', 0] : this.newName());
    },
    connect_to: (i: number, to: number) => {
      const address = this.addressOf(to);
      const sock = this.sock(i);
      // As in differential.py.
      if (Array.isArray(address) && address[1] === 0) return 'left out';
      if (
        sock.type === socket.SOCK_STREAM &&
        sock.fileno() >= 0 &&
        this.owner(address) === this.owner(sock.getsockname())
      )
        return 'left out';
      sock.connect(address);
    },
    dup: (i: number) => this.add(this.sock(i).dup()),
    getsockname: (i: number) => {
      const address = this.sock(i).getsockname();
      return Array.isArray(address) ? [address[0], address[1] > 0] : address === '' ? '' : 'named';
    },
    shutdown: (i: number, how: number) => {
      this.sock(i).shutdown(how);
      this.settle(this.sock(i));
    },
    close: (i: number) => this.sock(i).close(),
    listen: (i: number, n: number) => this.sock(i).listen(n),
    accept: (i: number) => {
      const [conn, address] = this.sock(i).accept();
      return [this.add(conn), address?.length ?? 0];
    },
    connect: (i: number) => this.sock(i).connect(this.address),
    connect_ex: (i: number) => {
      const errno = this.sock(i).connect_ex(this.address);
      return errno === 0 ? 'OK' : errorcode(errno);
    },
    getsockopt: (i: number, name: 'SO_ERROR' | 'SO_TYPE' | 'SO_ACCEPTCONN') => {
      const value = this.sock(i).getsockopt(socket.SOL_SOCKET, socket[name]) as number;
      return name === 'SO_ERROR' && value !== 0 ? errorcode(value) : value;
    },
    getpeername: (i: number) => {
      const address = this.sock(i).getpeername();
      return Array.isArray(address) ? address[0] : this.owner(address);
    },
    detach: (i: number) => {
      const fd = this.sock(i).detach();
      if (fd >= 0) this.detached.push(fd);
      return fd < 0;
    },
    fileno: (i: number) => this.sock(i).fileno() < 0,
    timeout: (i: number, value: number | null) => {
      this.sock(i).settimeout(value);
      const result = [this.sock(i).gettimeout(), this.sock(i).getblocking()];
      this.sock(i).settimeout(0);
      return result;
    },
    select: (r: Name[], w: Name[], x: Name[], timeout: number) => {
      const [rfds, wfds, xfds] = [r, w, x].map((names) => names.map((name) => this.file(name)));
      return select.select(rfds, wfds, xfds, timeout).map((files) => files.map((file) => this.slot(file)));
    },
    poll_register: (i: Name, mask: number) => this.poller.register(this.file(i), mask),
    poll_modify: (i: Name, mask: number) => this.poller.modify(this.file(i), mask),
    poll_unregister: (i: Name) => this.poller.unregister(this.file(i)),
    poll: (timeout: number) => this.poller.poll(timeout).map(([fd, events]) => [this.slot(fd), events]),
    epoll_register: (i: Name, mask: number) => this.epoller.register(this.file(i), mask),
    epoll_modify: (i: Name, mask: number) => this.epoller.modify(this.file(i), mask),
    epoll_unregister: (i: Name) => this.epoller.unregister(this.file(i)),
    epoll: (timeout: number, most: number) =>
      this.epoller.poll(timeout, most).map(([fd, events]) => [this.slot(fd), events]),
    sel_register: (k: number, i: Name, events: number, data: number) =>
      this.key(this.selectors[k].register(this.file(i), events, data)),
    sel_modify: (k: number, i: Name, events: number, data: number) => {
      // As in differential.py.
      if (k === 0 && typeof i === 'number' && this.sock(i).fileno() < 0) return 'left out';
      return this.key(this.selectors[k].modify(this.file(i), events, data));
    },
    sel_unregister: (k: number, i: Name) => this.key(this.selectors[k].unregister(this.file(i))),
    sel_get: (k: number, i: Name) => this.key(this.selectors[k].get_key(this.file(i))),
    sel: (k: number, timeout: number) =>
      this.selectors[k]
        .select(timeout)
        .map(([key, events]): [number[], number] => [this.key(key), events])
        .sort((a, b) => a[0][0] - b[0][0]),
    sel_map: (k: number) =>
      this.#fdsOf(k)
        .map((fd) => this.slot(fd))
        .sort((a, b) => a - b),
  } as Steps;

  #fdsOf(k: number): number[] {
    const map = this.selectors[k].get_map() as unknown as Iterable<number | [fd: number]>;
    return [...map].map((entry) => (typeof entry === 'number' ? entry : entry[0]));
  }

  end(): void {
    for (const fd of this.detached) sys.close(fd);
    for (const each of [...this.socks, this.epoller, ...this.selectors]) each.close();
  }
}

class IndexError extends Error {}

function named(error: unknown): string {
  if (error instanceof IndexError) return 'IndexError';
  if (error instanceof KeyError) return 'KeyError';
  if (error instanceof OSError) return error.code ?? error.name;
  if (error instanceof RangeError) return 'RangeError';
  if (error instanceof TypeError) return 'TypeError';
  return (error as Error).message.includes('Selector is closed') ? 'RuntimeError' : String(error);
}

/** The results of a program's steps; an error is its code or its class. */
export function run({ kinds, steps }: Program): unknown[] {
  const world = new World(kinds);
  const results = steps.map(([what, ...args]) => {
    try {
      return world.steps[what as string](...(args as never[])) ?? null;
    } catch (error) {
      return named(error);
    }
  });
  world.end();
  return results;
}
