// The `rfds` command: help, wrong usage, failures, each with its status and no stack.

import { accessSync, constants, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { isMac } from './support/platform.ts';
import { cli, freePort, Program, within } from './support/programs.ts';

async function rfds(...args: string[]) {
  await using program = new Program(process.execPath, [cli, ...args]);
  program.type('', 'last');
  const status = await within(program.exited, 'the end of rfds');
  return { status, stdout: program.stdout, stderr: program.stderr };
}

test.each([
  [['--help'], /Usage: rfds[\s\S]*server[\s\S]*client[\s\S]*compare[\s\S]*trace[\s\S]*build-addon/],
  [['--help'], /The documented server is [\s\S]*examples\/documented-server\.ts is that program/],
  [['trace', '--help'], /Usage: rfds trace[\s\S]*-- program[\s\S]*story is on stderr/],
  [
    ['server', '--help'],
    /Usage: rfds server[\s\S]*--host[\s\S]*--port[\s\S]*12345[\s\S]*--loop[\s\S]*select/,
  ],
  [['client', '--help'], /Usage: rfds client[\s\S]*\[host\] \[port\]/],
])('%s helps, with status 0', async (args, text) => {
  const { status, stdout, stderr } = await rfds(...args);
  expect(stdout).toMatch(text);
  expect([status, stderr]).toEqual([0, '']);
});

test("--version is the package's", async () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(await rfds('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
});

test('the built command is executable, as npx in the checkout needs it', () => {
  expect(() => accessSync(cli, constants.X_OK)).not.toThrow();
});

test.each([
  [[], /Usage: rfds/],
  [['sever'], /unknown command 'sever'[\s\S]*Did you mean server/],
  [['server', '--prot', '1'], /unknown option '--prot'[\s\S]*Did you mean --port/],
  [['server', '--port', '65536'], /option '--port <number>' argument '65536' is invalid. It must be 0-65535/],
  [['server', '--port', 'x'], /argument 'x' is invalid/],
  [
    ['server', '--loop', 'iocp'],
    /Allowed choices are select, poll, epoll, epoll-edge, kqueue, selectors, node/,
  ],
  [['server', 'extra'], /too many arguments/],
  [['client', ''], /It must not be empty/],
  [['client', '12346'], /A number alone is no host. For a port: rfds client 127.0.0.1 12346/],
  [['client', 'localhost', 'http'], /'http' is invalid for argument 'port'/],
  [['compare', '--rounds', '0'], /It must be 1-999/],
  [['trace', '--'], /no program behind --/],
  [['trace', '--json', '--', 'node'], /an option lacks its argument before --/],
  [['trace', 'Hello', '--', 'node', '-e', ''], /messages go with the documented conversation only/],
])('%o is wrong usage: said on stderr, status 2', async (args, text) => {
  const { status, stdout, stderr } = await rfds(...args);
  expect(stderr).toMatch(text);
  expect([status, stdout]).toEqual([2, '']);
});

test.each(['select', 'poll', 'node'])('a port in use is one line and status 1 (%s)', async (loop) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  const { status, stderr } = await rfds(
    'server',
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--loop',
    loop,
  );
  expect(stderr).toMatch(
    new RegExp(`^rfds server: .*EADDRINUSE.*listens there already.* 127\\.0\\.0\\.1:${port}\n$`),
  );
  expect(status).toBe(1);
  await new Promise((resolve) => other.close(resolve));
});

test.each(['select', 'poll', 'node'])(
  'a server says on stderr where it listens, and nothing on stdout (%s)',
  async (loop) => {
    const port = await freePort();
    const args = ['server', '--host', '127.0.0.1', '--port', String(port), '--loop', loop];
    await using server = new Program(process.execPath, [cli, ...args]);
    await server.has(/\n/, 'stderr');
    expect(server.stderr).toBe(`Listening on ('127.0.0.1', ${port})\n`);
    expect(server.stdout).toBe('');
    expect(await server.stop('SIGTERM')).toBe(143);
  },
);

test('a loop that the platform lacks is one line and status 1', async () => {
  const loop = isMac ? 'epoll' : 'kqueue';
  const { status, stderr } = await rfds('server', '--port', '0', '--loop', loop);
  const name = isMac ? 'macOS \\(epoll_create1 ENOSYS\\)' : 'Linux \\(kqueue ENOSYS\\)';
  expect(stderr).toMatch(new RegExp(`^rfds server: there is no ${loop} on ${name}; --loop selectors .*\n$`));
  expect(status).toBe(1);
});

test.each([
  ['server', '--host', '::1'],
  ['client', '::1'],
])('%s of an IPv6 host is one line and status 1 (%s %s)', async (...args) => {
  const { status, stderr } = await rfds(...args.filter((arg) => arg !== undefined));
  expect(stderr).toBe(`rfds ${args[0]}: the documented conversation is on IPv4, and ::1 is not\n`);
  expect(status).toBe(1);
});

test('a host that has no address is one line and status 1', async () => {
  const { status, stderr } = await rfds('client', 'no-such-host.invalid', '1');
  expect(stderr).toMatch(/^rfds client: getaddrinfo \w+ no-such-host\.invalid\n$/);
  expect(status).toBe(1);
});
