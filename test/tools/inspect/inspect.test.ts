// `rfds inspect`: what it tells of another process, which has made what it is to find.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Inspected } from '../../../src/tools/inspect/read.ts';
import { isLinux } from '../../support/platform.ts';
import { cli } from '../../support/programs.ts';

const dist = new URL('../../../dist/', import.meta.url).href;

// What the process makes; it says the descriptors by their names, and waits until it is killed.
const program = `
  import * as S from '${dist}socket.js';
  import { epoll, EPOLLIN, EPOLLOUT, EPOLLET } from '${dist}select.js';
  import * as sys from '${dist}syscalls.js';
  const listener = S.socket();
  listener.setsockopt(S.SOL_SOCKET, S.SO_REUSEADDR, 1);
  listener.bind(['127.0.0.1', 0]);
  listener.listen(7);
  const client = S.socket();
  client.setsockopt(S.IPPROTO_TCP, S.TCP_NODELAY, 1);
  client.setsockopt(S.SOL_SOCKET, S.SO_KEEPALIVE, 1);
  client.connect(listener.getsockname());
  const [conn] = listener.accept();
  conn.setsockopt(S.SOL_SOCKET, S.SO_LINGER, Buffer.from(Int32Array.of(1, 5).buffer));
  conn.sendall(Buffer.from('Hello'));
  const queued = S.socket();
  queued.connect(listener.getsockname());
  const [near, far] = S.socketpair();
  far.send(Buffer.from('abc'));
  const six = S.socket(S.AF_INET6, S.SOCK_DGRAM);
  six.bind(['::1', 0]);
  const poller = epoll();
  poller.register(conn, EPOLLIN | EPOLLET);
  poller.register(near, EPOLLOUT);
  const event = sys.eventfd(3, 0);
  const fds = { listener, client, conn, queued, near, six, poller };
  console.log(JSON.stringify({
    ...Object.fromEntries(Object.entries(fds).map(([name, one]) => [name, one.fileno()])),
    event, port: listener.getsockname()[1],
  }));
  setInterval(() => {}, 1e6);
`;

async function started(): Promise<{ pid: number; made: Record<string, number> }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { pid: child.pid!, made: JSON.parse(line) };
}

const inspected = (pid: number): Inspected =>
  JSON.parse(execFileSync(process.execPath, [cli, 'inspect', String(pid), '--json'], { encoding: 'utf8' }));

describe.runIf(isLinux)('rfds inspect (Linux)', () => {
  test('finds the states, addresses, queues and options of sockets, and what epoll watches', async () => {
    const { pid, made } = await started();
    const { descriptors, command, notes } = inspected(pid);
    const of = (name: string) => descriptors.find(({ fd }) => fd === made[name])!;
    expect(notes).toEqual([]);
    expect(command).toContain('--input-type=module');
    expect(of('listener').socket).toMatchObject({
      family: 'AF_INET',
      kind: 'SOCK_STREAM',
      tcp: { state: 'LISTEN' },
      local: ['127.0.0.1', made.port],
      acceptQueue: { length: 1, backlog: 7 },
      options: { SO_REUSEADDR: 1, SO_ACCEPTCONN: 1, SO_KEEPALIVE: 0 },
    });
    expect(of('listener').flags).toEqual(['O_RDWR', 'O_CLOEXEC']);
    expect(of('client').socket).toMatchObject({
      tcp: { state: 'ESTABLISHED' },
      remote: ['127.0.0.1', made.port],
      receiveQueue: 5,
      receiveQueueData: Buffer.from('Hello').toString('base64'),
      options: { TCP_NODELAY: 1, SO_KEEPALIVE: 1, SO_REUSEADDR: 0 },
    });
    expect(of('conn').socket!.options.SO_LINGER).toBe(5);
    expect(of('near').socket).toMatchObject({ family: 'AF_UNIX', receiveQueue: 3 });
    expect(of('six').socket).toMatchObject({
      family: 'AF_INET6',
      kind: 'SOCK_DGRAM',
      options: { IPV6_V6ONLY: 1 },
    });
    expect(of('poller')).toMatchObject({
      kind: 'eventpoll',
      watches: expect.arrayContaining([
        { fd: made.conn, events: expect.arrayContaining(['EPOLLIN', 'EPOLLET']), data: expect.any(String) },
        { fd: made.near, events: expect.arrayContaining(['EPOLLOUT']), data: expect.any(String) },
      ]),
    });
    expect(of('poller').watches!.length).toBe(2);
    expect(of('event')).toMatchObject({ kind: 'eventfd', info: { 'eventfd-count': '3' } });
  });

  test('changes nothing: what was received is still there, and no descriptor is left', async () => {
    const { pid, made } = await started();
    const [first, second] = [inspected(pid), inspected(pid)];
    expect(second.descriptors).toEqual(first.descriptors);
    expect(second.descriptors.find(({ fd }) => fd === made.client)!.socket!.receiveQueue).toBe(5);
  });

  test('is a table, too', async () => {
    const { pid, made } = await started();
    const table = execFileSync(process.execPath, [cli, 'inspect', String(pid)], { encoding: 'utf8' });
    const lines = table.split('\n');
    const at = (name: string) => lines.findIndex((line) => line.trimStart().startsWith(`${made[name]} `));
    expect(lines[at('listener')]).toMatch(/INET stream +LISTEN +127\.0\.0\.1:\d+ +1 +of 7 +O_CLOEXEC$/);
    expect(lines[at('client')]).toMatch(/ESTABLISHED .* 5 +0 /);
    expect(lines[at('client') + 1]).toMatch(/SO_KEEPALIVE .*TCP_NODELAY/);
    expect(lines.slice(at('poller')).join('\n')).toContain(`watches ${made.conn} for `);
    expect(table).toContain('the process was not stopped');
  });

  const refused = (pid: string) => {
    const { status, stderr } = spawnSync(process.execPath, [cli, 'inspect', pid], { encoding: 'utf8' });
    return { status, stderr };
  };

  test('a process that is not there, and what is no number, are told', () => {
    expect(refused('999999999')).toEqual({
      status: 1,
      stderr: 'rfds inspect: there is no process 999999999\n',
    });
    const { status, stderr } = refused('me');
    expect(status).toBe(2);
    expect(stderr).toContain('expected the number of a process');
  });
});
