// strace sees the documented calls, one kernel entry each, and nothing in between.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cli, freePort, Program } from '../support/programs.ts';
import { hasStrace, readStrace, socketCalls, type TracedCall, withoutEngine } from '../support/strace.ts';
import { Visitor } from '../support/visitor.ts';

/** The first connection that the server lets in. */
async function connected(port: number): Promise<Visitor> {
  for (;;) {
    const visitor = await Visitor.connect(port).catch(() => null);
    if (visitor) return visitor;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe.skipIf(!hasStrace)(hasStrace ? 'under strace' : 'strace is missing, or may not trace:', () => {
  let folder: string;
  let calls: TracedCall[];
  let status: unknown;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'rfds-'));
    const output = path.join(folder, 'strace');
    const port = await freePort();
    const command = [process.execPath, cli, 'server', '--host', '127.0.0.1', '--port', String(port)];
    await using server = new Program('strace', ['-f', '-o', output, '-I', '2', ...command]);
    const visitor = await connected(port);
    await visitor.ask('Hello');
    await visitor.leave();
    const stays = await Visitor.connect(port);
    await server.has(new RegExp(`Accepted .* ${stays.localPort}\\)`));
    // strace passes its own end on as it is: end the traced server, and read its status off strace's.
    const tid = readStrace(output).find(({ name }) => name === 'socket')!.tid;
    await server.asleep();
    process.kill(tid, 'SIGINT');
    status = await server.exited;
    await stays.leave();
    calls = readStrace(output).filter((call) => call.tid === tid);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('one "Hello" is the documented calls on the server\'s sockets', () => {
    const names = socketCalls(calls).map(({ name }) => name);
    expect(names.slice(0, 15)).toEqual(
      ['socket', 'setsockopt', 'bind', 'listen', 'pselect6', 'accept4', 'pselect6', 'recvfrom'].concat([
        'getpeername',
        'getpeername',
        'sendto',
        'pselect6',
        'recvfrom',
        'close',
        'pselect6',
      ]),
    );
  });

  test('between them the server makes no call but writes to stdout, and memory for the engine', () => {
    const first = calls.findIndex(({ name }) => name === 'socket');
    const last = calls.findIndex(({ name }, i) => i > first && name === 'close');
    const onSockets = new Set(socketCalls(calls));
    const others = calls.slice(first, last).filter((call) => !onSockets.has(call));
    expect(withoutEngine(others).map(({ name, args }) => `${name}(${args.split(',')[0]})`)).toEqual([
      'write(1)',
      'write(1)',
    ]);
  });

  test('the arguments and results are the documented ones', () => {
    const [, setsockopt, bind, listen, select, accept, , recv, , , send, , end] = socketCalls(calls);
    expect(setsockopt.args).toMatch(/SOL_SOCKET, SO_REUSEADDR, \[1\], 4/);
    expect(bind.args).toMatch(/sin_addr=inet_addr\("127\.0\.0\.1"\)/);
    expect(listen.args).toMatch(/, 128$/);
    expect(select.args).toMatch(/^\d+, \[\d+\], NULL, NULL, NULL, NULL$/);
    expect(accept.args).toMatch(/, SOCK_CLOEXEC$/);
    expect(recv.args).toMatch(/"Hello", 1024, 0, NULL, NULL$/);
    expect(recv.result).toBe('5');
    expect(send.args).toMatch(/MSG_DONTWAIT\|MSG_NOSIGNAL, NULL, 0$/);
    expect(Number(send.result)).toBe(Number(send.args.match(/, (\d+), MSG/)![1]));
    expect(end.result).toBe('0');
  });

  test('Ctrl+C in select closes every descriptor, and the status is 130', () => {
    const interrupted = calls.findIndex(
      ({ name, result }) => name === 'pselect6' && /ERESTART|EINTR/.test(result),
    );
    const opened = socketCalls(calls)
      .filter(({ name }) => /^(socket|accept4)$/.test(name))
      .map(({ result }) => result);
    const closed = socketCalls(calls)
      .filter(({ name }) => name === 'close')
      .map(({ args }) => args);
    expect(interrupted).toBeGreaterThan(0);
    expect(closed.toSorted()).toEqual(opened.toSorted());
    expect(status).toBe(130);
  });
});
