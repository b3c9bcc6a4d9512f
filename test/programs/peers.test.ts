// Peers that rfds did not write talk to every loop: Python, nc, socat, telnet.

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { which } from '../support/platform.ts';
import { loops, Program, Server, within } from '../support/programs.ts';
import { timeless } from '../support/visitor.ts';

const pty = fileURLToPath(new URL('../support/terminal.py', import.meta.url));

/** What a program prints until its end. */
async function output(command: string, args: string[], stdin: string): Promise<string> {
  await using program = new Program(command, args);
  program.type(stdin, 'last');
  await within(program.exited, `the end of ${command}`);
  return timeless(program.stdout);
}

const python = `
import socket, sys
with socket.create_connection(('127.0.0.1', int(sys.argv[1]))) as s:
    for message in (b'Hello', bytes(range(128)), b'x' * 700):
        s.sendall(message)
        answer = b''
        while not answer.endswith(message):
            answer += s.recv(4096)
        sys.stdout.write(answer.split(b':', 1)[1] == message and 'same ' or repr(answer))
    s.sendall(b'\\xff')
    print(s.recv(1) == b'')
`;

describe.each(loops)('the %s loop answers', (loop) => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start(loop);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test("Python's socket client", async () => {
    expect(await output('python3', ['-c', python, String(server.port)], '')).toBe('same same same True\n');
  });

  // -N: shut down at the end of stdin, and wait for the server's end.
  test.skipIf(!which('nc'))('nc (where it is installed)', async () => {
    expect(await output('nc', ['-N', '127.0.0.1', String(server.port)], 'Hello\n')).toBe('TIME:Hello\n');
  });

  test.skipIf(!which('socat'))('socat (where it is installed)', async () => {
    const address = `TCP:127.0.0.1:${server.port}`;
    expect(await output('socat', ['-t', '10', '-', address], 'Hello\n')).toBe('TIME:Hello\n');
  });

  test.skipIf(!which('telnet'))(
    'telnet, and its Ctrl+C is the documented goodbye (where it is installed)',
    async () => {
      const before = server.stdout.length;
      // Its interrupt is IAC IP IAC DO TIMING-MARK: FF F4 FF FD 06.
      const keys = [
        ['character is', 'Hello\n'],
        [':Hello', '\x03'],
      ];
      const script = keys.map(([wanted, typed]) => `${JSON.stringify(wanted)} <- ${JSON.stringify(typed)}\n`);
      const screen = await output(
        'python3',
        [pty, 'telnet', '127.0.0.1', String(server.port)],
        script.join(''),
      );
      expect(screen).toMatch(/TIME:Hello/);
      expect(timeless(server.stdout.slice(before))).toMatch(/TIME:b'Hello\\r\\n'\n$/);
    },
  );
});
