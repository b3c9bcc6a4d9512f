// The examples as their readers run them: compiled, in a folder that has rfds installed, against real peers.

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';
import { cli, Program, within } from './support/programs.ts';
import { timeless, Visitor } from './support/visitor.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const readme = read('README.md');

const folder = mkdtempSync(path.join(tmpdir(), 'rfds-examples-'));
mkdirSync(path.join(folder, 'node_modules'));
symlinkSync(root, path.join(folder, 'node_modules/rfds'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The port and the host that stand in the examples. */
const PORT = /\b12345\b/g;
const SERVER = /'10\.0\.0\.1'/g;

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

let written = 0;

/** An example as JavaScript, with a port of its own: the file's name. */
function compiled(name: string, port = 0): string {
  const source = read(`examples/${name}`)
    .replace(PORT, String(port))
    .replace(SERVER, "'127.0.0.1'")
    .replace(/'\.\/([\w-]+\.ts)'/g, (_, other) => `'./${path.basename(compiled(other, port))}'`);
  const file = path.join(folder, `${++written}-${name.replace(/ts$/, 'mjs')}`);
  writeFileSync(file, name.endsWith('.ts') ? transformSync(source, { loader: 'ts' }).code : source);
  return file;
}

function start(name: string, port = 0): Program {
  const file = compiled(name, port);
  return name.endsWith('.py') ? new Program('python3', ['-u', file]) : new Program(process.execPath, [file]);
}

/** What an example prints that ends by itself. */
async function outputOf(name: string, port = 0): Promise<string> {
  await using program = start(name, port);
  const status = await within(program.exited, `the end of ${name}`);
  expect(program.stderr).toBe('');
  expect(status).toBe(0);
  return program.stdout;
}

/** A connection, once the server listens. */
async function visit(server: Program, port: number): Promise<Visitor> {
  const connected = async () => {
    for (;;) {
      const visitor = await Visitor.connect(port).catch(() => null);
      if (visitor !== null) return visitor;
      if (server.child.exitCode !== null) throw new Error(`the server ended: ${server.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return within(connected(), 'a connection');
}

test('every example is run here, and compiles without its types', () => {
  const names = readdirSync(path.join(root, 'examples'));
  const self = read('test/examples.test.ts');
  expect(names.filter((name) => !self.includes(name.replace(/\.(ts|py)$/, '')))).toEqual([]);
  for (const name of names.filter((file) => file.endsWith('.ts')))
    expect([...read(`examples/${name}`).matchAll(/from '([^']+)'/g)].map(([, from]) => from)).toSatisfy(
      (all: string[]) =>
        all.every((from) => /^(rfds\/[a-z]+|node:[a-z]+)$/.test(from) || names.includes(from.slice(2))),
    );
});

describe('the documented programs', () => {
  const lines = (file: string) =>
    read(file)
      .split('\n')
      .filter((line) => /\w/.test(line) && !/^(import|#|\/\/)/.test(line));

  test('have a line of TypeScript for a line of Python', () => {
    // Python's break stands beneath its except EOFError, ours behind the if.
    const pythonOnly = /^ {4}try:|^ {4}except EOFError:|^ {8}break/;
    const typescriptOnly = /if \(line === null\) break;/;
    for (const program of ['server', 'client']) {
      const python = lines(`examples/documented-${program}.py`).filter((line) => !pythonOnly.test(line));
      const typescript = lines(`examples/documented-${program}.ts`).filter(
        (line) => !typescriptOnly.test(line),
      );
      expect(typescript).toHaveLength(python.length);
      // Each line has the same names in the same place, but for what has another name here.
      for (const [i, line] of python.entries())
        for (const name of [
          'rfds',
          'client_socket',
          'server_socket',
          'timestamp',
          'encoded_message',
          'response',
        ])
          expect(`${i}: ${typescript[i]}`.includes(name), line).toBe(line.includes(name));
    }
  });

  const servers = ['documented-server.py', 'documented-server.ts'];

  test.each(servers)('%s answers the documented client', async (name) => {
    const port = await freePort();
    await using server = start(name, port);
    await (await visit(server, port)).leave();
    for (const client of ['documented-client.py', 'documented-client.ts']) {
      await using program = start(client, port);
      program.type('Hello\n', 'last');
      expect(await within(program.exited, `the end of ${client}`)).toBe(0);
      expect(timeless(program.stdout)).toBe(
        'Type messages and press Enter\nTo quit: Ctrl+C or Ctrl+D\n> TIME:TIME:TIME:Hello\n> ',
      );
    }
    const accepted = "Accepted connection from ('127.0.0.1', PORT)\n";
    const told = "[127.0.0.1:PORT] TIME:b'TIME:Hello'\n";
    expect(timeless(server.stdout).replace(/\b\d{4,5}\b/g, 'PORT')).toBe(
      accepted + (accepted + told).repeat(2),
    );
  });

  test.each(servers)('%s ends the conversation at 0xFF', async (name) => {
    const port = await freePort();
    await using server = start(name, port);
    const visitor = await visit(server, port);
    await visitor.send(Uint8Array.of(0xff, 0x41));
    await visitor.dismissed();
    expect(visitor.received).toBe('');
  });

  const deaths: [what: string, (visitor: Visitor) => Promise<void>, error: RegExp][] = [
    ['bytes that are not UTF-8', (visitor) => visitor.send(Uint8Array.of(0x80)), /Unicode|ERR_ENCODING/],
    ['a client that resets', (visitor) => visitor.reset(), /ConnectionResetError/],
  ];
  test.each(
    servers.flatMap((name) => deaths.map(([what, kill, error]) => [name, what, kill, error] as const)),
  )('%s dies of %s', async (name, _, kill, error) => {
    const port = await freePort();
    await using server = start(name, port);
    const visitor = await visit(server, port);
    await visitor.ask('Hello');
    await kill(visitor);
    expect(await within(server.exited, 'its death')).toBe(1);
    expect(server.stderr).toMatch(error);
  });

  test('stand in README.md as they are in their files', () => {
    for (const [language, file] of [
      ['python', 'examples/documented-server.py'],
      ['ts', 'examples/documented-server.ts'],
    ]) {
      const source = read(file);
      expect(readme).toContain(
        `\`\`\`${language}\n${source.slice(source.search(/^(const )?rfds =/m))}\`\`\``,
      );
    }
    expect(readme).toContain(`\`\`\`js\n${read('examples/tcp-info.ts')}\`\`\``);
  });
});

test('tcp-info.ts says what the kernel knows of a connection, and runs as JavaScript', async () => {
  const file = path.join(folder, 'as-it-is.mjs');
  writeFileSync(file, read('examples/tcp-info.ts').replace(PORT, String(await freePort())));
  await using program = new Program(process.execPath, [file]);
  expect(await within(program.exited, 'the end')).toBe(0);
  expect(program.stdout).toMatch(/^Hello\n\{\n {2}state: 'ESTABLISHED',\n[\s\S]*bytesReceived: 5/);
});

test('echo-server.ts echoes to several clients, and forgets those that leave', async () => {
  const port = await freePort();
  await using server = start('echo-server.ts', port);
  const visitors = [await visit(server, port), await visit(server, port)];
  for (const round of ['one', 'two']) {
    for (const [i, visitor] of visitors.entries()) await visitor.ask(`${round} of ${i};`);
  }
  await Promise.all(visitors.map((visitor) => visitor.leave()));
  expect(visitors.map(({ received }) => received)).toEqual(['one of 0;two of 0;', 'one of 1;two of 1;']);
  const last = await visit(server, port);
  await last.ask('still here?');
  await last.leave();
});

test('explore-echo-server.ts finds the bug of naive-echo-server.ts, tells the run and records it', async () => {
  const file = path.join(folder, 'found.ndjson');
  const example = compiled('explore-echo-server.ts', 12345);
  await using program = new Program(process.execPath, [example, file]);
  expect(await within(program.exited, 'the end')).toBe(0);
  expect(program.stderr).toBe('');
  const lost = 'client: Unexpected: expected "Hello", and the stream ended before the first byte';
  expect(program.stdout).toMatch(/^Run \d+ breaks it\.\n/);
  expect(program.stdout.split(lost)).toHaveLength(3);
  // One choice, and what follows from it: both are ready at once, and the end of the stream is heeded first.
  const starred = program.stdout.split('\n').filter((line) => /^ *\d+ \*/.test(line));
  expect(starred).toEqual([expect.stringMatching(/client +shutdown\(3, SHUT_WR\) = 0/)]);
  expect(program.stdout).toMatch(
    /recv\(4, "Hello", 4096\) = 5 .*naive-echo-server\.mjs:\d+\n.*select\(.*\) = 2 \(in \[4\], out \[4\]\)/,
  );
  // docs/sim.md shows it, in parts and with the lines of the TypeScript.
  const [, shown] = read('docs/sim.md').match(/prints:\n\n```\n([\s\S]*?)```/)!;
  const bare = (text: string) =>
    text.split('\n').map((line) => line.replace(/ +\S*naive-echo-server\.\w+:\d+$/, '').trimEnd());
  expect(bare(program.stdout)).toEqual(expect.arrayContaining(bare(shown)));
  for (const [, n, text] of shown.matchAll(/^.{3} . \w+ +(\w+)\(.*naive-echo-server\.ts:(\d+)$/gm))
    expect(read('examples/naive-echo-server.ts').split('\n')[Number(text) - 1]).toContain(n.replace('4', ''));
  await using replayed = new Program(process.execPath, [cli, 'trace', '--replay', file]);
  expect(await within(replayed.exited, 'the end of the replay')).toBe(0);
  expect(replayed.stdout).toMatch(/^Simulated: /);
});

test('naive-echo-server.ts works for whoever waits for the answer, on a kernel', async () => {
  const port = await freePort();
  const file = compiled('naive-echo-server.ts', port);
  const main = path.join(folder, 'naive-main.mjs');
  writeFileSync(main, `import { serve } from './${path.basename(file)}';\nserve('127.0.0.1', ${port});\n`);
  await using server = new Program(process.execPath, [main]);
  const visitor = await visit(server, port);
  await visitor.ask('Hello');
  await visitor.leave();
  expect(visitor.received).toBe('Hello');
});

test('udp.ts receives each datagram whole, an empty one too', async () => {
  const output = (await outputOf('udp.ts')).replace(/\d{4,5}/g, 'PORT');
  expect(output).toBe([5, 0].map((n) => `${n} bytes from [ '127.0.0.1', PORT ]\n${n} bytes came\n`).join(''));
});

test('unix-socket.ts passes an open file to the other end', async () => {
  expect(await outputOf('unix-socket.ts')).toMatch(
    /^a file: descriptor \d+ came as \d+\nthe same file: true\n$/,
  );
});

test('traced.ts tells rfds trace each of its calls', async () => {
  expect(await outputOf('traced.ts')).toBe(
    '0 ready: nothing was sent\n1 ready\nreceived Hello\nreceived 0 bytes: the end\n',
  );
  const command = [process.execPath, compiled('traced.ts')];
  await using traced = new Program(process.execPath, [cli, 'trace', '--', ...command]);
  expect(await within(traced.exited, 'the end of the trace')).toBe(0);
  // The program has stdout to itself. `select()` is what is told of its return.
  const calls = [...traced.stderr.matchAll(/^ {4}(\w+)\((?!\))/gm)].map(([, name]) => name);
  expect(calls).toEqual(['socketpair', 'select', 'send', 'select', 'recv', 'close', 'recv', 'close']);
});
