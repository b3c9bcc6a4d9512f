// Sockets of every kind, made with raw calls and closed when the test is over.

import { openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { O_PATH } from '../../src/kernel/constants/fcntl.ts';
import { POLLOUT } from '../../src/kernel/constants/select.ts';
import {
  AF_INET,
  AF_UNIX,
  SO_LINGER,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../src/kernel/constants/socket.ts';
import { packSockaddr, unpackSockaddr } from '../../src/kernel/structs/sockaddr.ts';
import * as sys from '../../src/syscalls.ts';
import { closed, opened } from './descriptors.ts';
import { notModelled } from './not-modelled.ts';
import { simulated, simulatedFile, simulation } from './simulated.ts';
import { LIMIT } from './unprivileged.ts';

/**
 * A row of the errno table: its number and name, and the case. errno-table.test.ts counts them. Each runs on the kernel
 * and, unless not-modelled.ts says why not, on the simulated one.
 */
export function row(title: string, body: () => void | Promise<void>): void {
  test(title, body);
  if (notModelled[title.split(' ')[0]] !== undefined) return;
  test(`${title}, simulated`, () => simulated(body as () => void, { maxDescriptors: LIMIT }));
}
row.skip = (title: string, reason: string): void => {
  test.skip(`${title}: ${reason}`, () => {});
};

/** What the addon answers before the kernel is asked, with TypeError and RangeError: it stands before no simulation. */
export function argumentErrors(body: () => void): void {
  if (simulation() === null) body();
}

export const DEADLINE_MS = 10_000;
export const bytes = (size: number) => new Uint8Array(size);
export const at = (host: string, port: number) => packSockaddr(AF_INET, [host, port], 'bind');
export const unixAt = (name: string) => packSockaddr(AF_UNIX, name, 'bind');
export const socket = (family: number, type: number, protocol = 0) =>
  opened(sys.socket(family, type, protocol));
export const tcp = (flags = 0) => socket(AF_INET, SOCK_STREAM | flags);
export const udp = (flags = 0) => socket(AF_INET, SOCK_DGRAM | flags);

/** The bytes of a socket's own address. */
export function addressOf(fd: number): Uint8Array {
  const addr = bytes(128);
  const addrlen = Int32Array.of(128);
  expect(sys.getsockname(fd, addr, addrlen)).toBe(0);
  return addr.slice(0, addrlen[0]);
}
export const portOf = (fd: number) => (unpackSockaddr(Buffer.from(addressOf(fd)), 16) as [string, number])[1];

/** The socket, bound to a free port of 127.0.0.1. */
export function bound(fd: number): number {
  expect(sys.bind(fd, at('127.0.0.1', 0))).toBe(0);
  return fd;
}

export function listener(backlog = 5, flags = 0): number {
  const fd = bound(tcp(flags));
  expect(sys.listen(fd, backlog)).toBe(0);
  return fd;
}

/** Both ends of a TCP connection, and the listener. */
export function connection(): [client: number, conn: number, server: number] {
  const server = listener();
  const client = tcp();
  expect(sys.connect(client, addressOf(server))).toBe(0);
  return [client, opened(sys.accept(server, null, null)), server];
}

/** Closes a connection so that its peer gets a reset. */
export function reset(fd: number): void {
  expect(sys.setsockopt(fd, SOL_SOCKET, SO_LINGER, Int32Array.of(1, 0))).toBe(0);
  closed(fd);
}

/** A UNIX socket that is bound to a path, listening if it has a backlog. */
export function unixBound(type: number, name: string, backlog?: number): number {
  const fd = socket(AF_UNIX, type);
  expect(sys.bind(fd, unixAt(name))).toBe(0);
  if (backlog !== undefined) expect(sys.listen(fd, backlog)).toBe(0);
  return fd;
}

export function file(path: string, flags = 'r+'): number {
  const world = simulation();
  return opened(world === null ? openSync(path, flags) : simulatedFile(world));
}
export const devNull = () => file('/dev/null');
/** A descriptor that stands for a path and nothing more; where there are no paths, none. */
export const pathOnly = () => (simulation() === null ? opened(openSync('/', O_PATH)) : none());
/** A number that no descriptor has, nor is to get within a test. */
export const none = () => 240;

export function pipe(): [read: number, write: number] {
  const fds = Int32Array.of(-1, -1);
  expect(sys.pipe(fds)).toBe(0);
  return [opened(fds[0]), opened(fds[1])];
}

/** What poll says of one descriptor; waits until it says something, or no time at all. */
export function polled(fd: number, events: number, timeoutMs = DEADLINE_MS): number {
  const pollfd = new Int16Array(4);
  new Int32Array(pollfd.buffer)[0] = fd;
  pollfd[2] = events;
  expect(sys.poll(pollfd, 1, timeoutMs)).toBeGreaterThanOrEqual(0);
  return pollfd[3];
}
export const writable = (fd: number) => expect(polled(fd, POLLOUT) & POLLOUT).toBe(POLLOUT);
