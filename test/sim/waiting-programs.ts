// Programs on Python's modules that wait: an echo server over any selector, and waits that a signal interrupts. The
// mutants of mutant-list.ts that lie beneath the loops are hunted with them.

import { BlockingIOError, monotonic, OSError, TimeoutError } from '../../src/builtins.ts';
import { EV_ADD, EVFILT_READ, epoll, kevent, kqueue, POLLIN, poll, select } from '../../src/select.ts';
import { type BaseSelector, EVENT_READ, EVENT_WRITE, type SelectorKey } from '../../src/selectors.ts';
import { SIGTERM, signal } from '../../src/signal.ts';
import {
  AF_INET,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  socket,
  socketpair,
} from '../../src/socket.ts';
import type { Serve } from './worlds.ts';

class Conn {
  unsent: Buffer = Buffer.alloc(0);
  hasEnded = false;
}

function listen(host: string, port: number): Socket {
  const listener = socket(AF_INET, SOCK_STREAM);
  listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  listener.bind([host, port]);
  listener.listen();
  return listener;
}

/** An echo server over a selector, with non-blocking sockets; the descriptor is what it registers. */
export function echoOver(make: () => BaseSelector<Conn | null>): Serve {
  return (host, port) => {
    const open = new Set<Socket>();
    const selector = make();
    try {
      const listener = listen(host, port);
      open.add(listener);
      listener.setblocking(false);
      selector.register(listener, EVENT_READ, null);
      for (;;) for (const [key, events] of selector.select()) turn(selector, open, key, events);
    } finally {
      for (const sock of open) sock.close();
      selector.close();
    }
  };
}

function turn(
  selector: BaseSelector<Conn | null>,
  open: Set<Socket>,
  { fileobj, data: conn }: SelectorKey<Conn | null>,
  events: number,
): void {
  const sock = fileobj as Socket;
  // KqueueSelector has two events for what is readable and writable; the first may have closed it.
  if (!open.has(sock)) return;
  try {
    if (conn === null) {
      const [client] = sock.accept();
      open.add(client);
      client.setblocking(false);
      selector.register(client, EVENT_READ, new Conn());
      return;
    }
    if (events & EVENT_READ) {
      const data = sock.recv(1024);
      if (data.length === 0 || data[0] === 0xff) conn.hasEnded = true;
      else conn.unsent = Buffer.concat([conn.unsent, data]);
    }
    if (conn.unsent.length > 0) conn.unsent = conn.unsent.subarray(sock.send(conn.unsent));
  } catch (error) {
    if (!(error instanceof OSError)) throw error;
    if (conn === null) return;
    if (!(error instanceof BlockingIOError)) Object.assign(conn, { hasEnded: true, unsent: Buffer.alloc(0) });
  }
  const interest = (conn.hasEnded ? 0 : EVENT_READ) | (conn.unsent.length > 0 ? EVENT_WRITE : 0);
  if (interest !== 0) {
    selector.modify(sock, interest, conn);
    return;
  }
  selector.unregister(sock);
  open.delete(sock);
  sock.close();
}

/** Accepts one client, and sends it bytes in one sendall() that blocks; a signal's handler returns in between. */
export function blast(length: number, onReady: () => void): Serve {
  return (host, port) => {
    signal(SIGTERM, () => {});
    onReady();
    const listener = listen(host, port);
    const [client] = listener.accept();
    client.sendall(Buffer.from(patternOf(length)));
    client.close();
    listener.close();
  };
}

/** Bytes of which none is like its neighbours. */
export function patternOf(length: number): string {
  return Array.from({ length }, (_, i) => String.fromCharCode(97 + (i % 23))).join('');
}

/** How one may wait for a socket to be readable: whether it was before the time was over. */
export type Wait = (sock: Socket, seconds: number) => boolean;

export const waits: Record<string, Wait> = {
  select: (sock, seconds) => select([sock], [], [], seconds)[0].length > 0,
  poll: (sock, seconds) => {
    const poller = poll();
    poller.register(sock, POLLIN);
    return poller.poll(seconds * 1000).length > 0;
  },
  epoll: (sock, seconds) => {
    using poller = epoll();
    poller.register(sock, POLLIN);
    return poller.poll(seconds).length > 0;
  },
  kqueue: (sock, seconds) => {
    using queue = kqueue();
    return queue.control([kevent(sock, EVFILT_READ, EV_ADD)], 1, seconds).length > 0;
  },
  recv: (sock, seconds) => {
    sock.settimeout(seconds);
    try {
      return sock.recv(10).length > 0;
    } catch (error) {
      if (error instanceof TimeoutError) return false;
      throw error;
    }
  },
};

/** A wait of a second takes a second, though signals come meanwhile whose handlers return; data ends it at once. */
export function waiting(wait: Wait, sendsAfterHandlers: number): () => void {
  return () => {
    const [sock, other] = socketpair();
    let handlers = 0;
    signal(SIGTERM, () => {
      if (++handlers === sendsAfterHandlers) other.send(Buffer.from('x'));
    });
    const began = monotonic();
    const isReadable = wait(sock, 1);
    const seconds = monotonic() - began;
    sock.close();
    other.close();
    const isDue = handlers >= sendsAfterHandlers;
    if (isReadable !== isDue) throw new Error(`readable: ${isReadable}, after ${handlers} handlers`);
    if (!isDue && Math.abs(seconds - 1) > 0.002) throw new Error(`a wait of 1 s took ${seconds} s`);
    if (isDue && seconds > 1) throw new Error(`what came in time was waited for ${seconds} s`);
  };
}
