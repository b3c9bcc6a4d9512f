// The documented client: from a pipe and on a terminal, against our servers and Python's, with
// long lines and servers that go away.

import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { isLinux } from '../support/platform.ts';
import { cli, Program, Server, startClient, within } from '../support/programs.ts';
import { timeless } from '../support/visitor.ts';

const banner = 'Type messages and press Enter\nTo quit: Ctrl+C or Ctrl+D\n';
const pty = fileURLToPath(new URL('../support/terminal.py', import.meta.url));

/** Runs the client with all of its stdin, to its end. */
async function talk(port: number, stdin: string | Uint8Array) {
  await using client = startClient(port);
  client.type(stdin, 'last');
  const status = await within(client.exited, 'the end of the client');
  return { status, stdout: client.stdout, stderr: client.stderr };
}

/** Runs the client on a terminal: each pair is what to wait for and what to type then. */
async function type(port: number, ...keys: [wanted: string, typed: string][]) {
  await using terminal = new Program('python3', [
    pty,
    process.execPath,
    cli,
    'client',
    '127.0.0.1',
    String(port),
  ]);
  const script = keys.map(([wanted, typed]) => `${JSON.stringify(wanted)} <- ${JSON.stringify(typed)}\n`);
  terminal.type(script.join(''), 'last');
  const status = await within(terminal.exited, 'the end of the terminal');
  return { status, screen: timeless(terminal.stdout).replaceAll('\r\n', '\n') };
}

describe.each(['select', 'epoll', 'node', 'python'].slice(isLinux ? 0 : 2))(
  'against the %s server, the client',
  (loop) => {
    test('sends each line of a pipe and prints the answer with three times', async () => {
      await using server = await Server.start(loop);
      const { status, stdout, stderr } = await talk(server.port, "Hello\n\nit's ünïcode\nno line end");
      expect(timeless(stdout)).toBe(
        `${banner}> TIME:TIME:TIME:Hello\n> TIME:TIME:TIME:\n` +
          `> TIME:TIME:TIME:it's ünïcode\n> TIME:TIME:TIME:no line end\n> \n`,
      );
      expect([status, stderr]).toEqual([0, '']);
      const [received, answered, sent] = stdout.match(/[\d.]+(?=:)/g)!.map(Number);
      expect(sent).toBeLessThanOrEqual(answered);
      expect(answered).toBeLessThanOrEqual(received);
    });

    test('gets the whole answer to a line longer than recv(1024)', async () => {
      await using server = await Server.start(loop);
      const line = Array.from({ length: 900 }, (_, i) => `word${i}`).join(' ');
      const { status, stdout } = await talk(server.port, `${line}\nnext\n`);
      const [, , first, second] = timeless(stdout).split('\n');
      expect(first.replaceAll('TIME:', '')).toBe(`> ${line}`);
      expect(second).toBe('> TIME:TIME:TIME:next');
      expect(status).toBe(0);
    });
  },
);

test('a line of a megabyte is answered while it is still being sent', async () => {
  await using server = await Server.start('select');
  const line = 'x'.repeat(1 << 20);
  const { status, stdout } = await talk(server.port, `${line}\n`);
  expect(timeless(stdout).replaceAll('TIME:', '')).toBe(`${banner}> ${line}\n> \n`);
  expect(status).toBe(0);
});

test('a line that is made of times is answered at once, and so is the next', async () => {
  await using server = await Server.start('select');
  const line = '1795553688.1:'.repeat(400);
  const { status, stdout } = await talk(server.port, `${line}\nnext\n`);
  const [, , first, second] = stdout.split('\n');
  expect(first.length).toBeGreaterThan(line.length);
  expect(timeless(second)).toBe('> TIME:TIME:TIME:next');
  expect(status).toBe(0);
});

test('control characters of an answer are never printed as they are', async () => {
  await using server = await MisbehavingServer.start((socket) =>
    socket.on('data', () => socket.write('\x1b[2J\x1b]0;title\x07 \u009b31m ünïcode\r\n')),
  );
  const { stdout } = await talk(server.port, 'Hello\n');
  expect(timeless(stdout)).toBe(`${banner}> TIME:\\x1b[2J\\x1b]0;title\\x07 \\x9b31m ünïcode\r\n\n> \n`);
});

test('bytes that are not UTF-8 come back as they were sent', async () => {
  await using server = await Server.start('select');
  await using client = startClient(server.port);
  const chunks: Buffer[] = [];
  client.child
    .stdout!.removeAllListeners('data')
    .on('data', (chunk) => chunks.push(Buffer.from(chunk, 'latin1')));
  client.child.stdout!.setEncoding('latin1');
  client.type(Uint8Array.of(0x80, 0xff, 0xc3, 0x0a), 'last');
  await within(client.exited, 'the end of the client');
  expect(Buffer.concat(chunks).includes(Buffer.of(0x3a, 0x80, 0xff, 0xc3, 0x0a))).toBe(true);
});

describe('on a terminal', () => {
  test('Ctrl+C leaves cleanly', async () => {
    await using server = await Server.start('select');
    const { status, screen } = await type(server.port, ['> ', 'Hello\n'], ['> ', '\x03']);
    expect(screen).toBe(`${banner}> Hello\nTIME:TIME:TIME:Hello\n> ^C\n`);
    expect(status).toBe(0);
  });

  test('Ctrl+D leaves cleanly', async () => {
    await using server = await Server.start('select');
    const { status, screen } = await type(server.port, ['> ', 'Hello\n'], ['> ', '\x04']);
    expect(screen).toBe(`${banner}> Hello\nTIME:TIME:TIME:Hello\n> \n`);
    expect(status).toBe(0);
  });

  test('bytes of an answer that are no text stand as escapes', async () => {
    const bytes = Buffer.from('\x1b]0;title\x07\x9b31m\xff', 'latin1');
    await using server = await MisbehavingServer.start((socket) =>
      socket.on('data', () => socket.write(bytes)),
    );
    const { status, screen } = await type(server.port, ['> ', 'Hello\n'], ['> ', '\x04']);
    expect(screen).toBe(`${banner}> Hello\nTIME:\\x1b]0;title\\x07\\x9b31m\\xff\n> \n`);
    expect(status).toBe(0);
  });

  test('Ctrl+C leaves a server that does not answer', async () => {
    await using mute = await MisbehavingServer.start(() => {});
    const { status } = await type(mute.port, ['> ', 'Hello\n'], ['Hello', '\x03']);
    expect(status).toBe(0);
  });
});

/** A server that does as it is told with each connection. */
class MisbehavingServer {
  readonly #sockets: Socket[] = [];
  readonly #server: NetServer;
  private constructor(behave: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.#sockets.push(socket.on('error', () => {}));
      behave(socket);
    });
  }
  static async start(behave: (socket: Socket) => void): Promise<MisbehavingServer> {
    const server = new MisbehavingServer(behave);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }
  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describe('a server that goes away is one clear line and status 1:', () => {
  test.each<[string, RegExp, (socket: Socket) => void]>([
    ['closed', /the server closed the connection/, (socket) => socket.once('data', () => socket.end())],
    ['reset', /recv ECONNRESET/, (socket) => socket.once('data', () => socket.resetAndDestroy())],
    [
      'in the middle of an answer',
      /the server closed the connection/,
      (socket) => socket.once('data', () => socket.end('1.5:1')),
    ],
  ])('%s', async (_, line, behave) => {
    await using server = await MisbehavingServer.start(behave);
    const { status, stderr } = await talk(server.port, 'Hello\nHello\n');
    expect(stderr).toMatch(new RegExp(`^rfds client: ${line.source}\n$`));
    expect(status).toBe(1);
  });

  test('a port without a listener is ECONNREFUSED', async () => {
    const port = await (async () => {
      await using server = await MisbehavingServer.start(() => {});
      return server.port;
    })();
    const { status, stdout, stderr } = await talk(port, 'Hello\n');
    expect(stderr).toBe(`rfds client: connect ECONNREFUSED 127.0.0.1:${port}\n`);
    expect([status, stdout]).toEqual([1, '']);
  });
});

test('a server that answers otherwise is printed as it is', async () => {
  await using server = await MisbehavingServer.start((socket) =>
    socket.on('data', () => socket.write('HTTP/1.1 400')),
  );
  const { status, stdout } = await talk(server.port, 'Hello\n');
  expect(timeless(stdout)).toBe(`${banner}> TIME:HTTP/1.1 400\n> \n`);
  expect(status).toBe(0);
});
