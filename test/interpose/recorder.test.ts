// RFDS_TRACE: what is recorded of any program, when it is written, and that recording never gets in the way.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  argumentValue,
  type CallLine,
  type MessageValue,
  parseRecording,
  type Recording,
} from '../../src/interpose/recorder/recording.ts';
import { watched } from '../../src/tools/trace/analyse/memory.ts';
import { isLinux } from '../support/platform.ts';
import { cli, Program, within } from '../support/programs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rfds-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = () => path.join(folder, 'recording');
const recording = () => parseRecording(readFileSync(file(), 'utf8'));
const dist = (name: string) => JSON.stringify(pathToFileURL(path.join(path.dirname(cli), name)).href);

/** A program that imports the raw layer as sys, sockets as S and select. */
function program(text: string): string {
  const where = path.join(folder, 'program.mjs');
  const imports = `import * as sys from ${dist('syscalls.js')};
import * as S from ${dist('socket.js')};
import { select } from ${dist('select.js')};
`;
  writeFileSync(where, imports + text);
  return where;
}

/** Runs it to its end, recorded. */
async function run(text: string, env: NodeJS.ProcessEnv = {}) {
  await using child = new Program(process.execPath, [program(text)], { RFDS_TRACE: file(), ...env });
  const status = await within(child.exited, 'the end of the program');
  return { status, stdout: child.stdout, stderr: child.stderr };
}

/** Until a call is in the recording. */
async function written(name: string): Promise<void> {
  const found = async () => {
    while (!readFileSync(file(), { encoding: 'utf8', flag: 'a+' }).includes(`"name":"${name}","args"`))
      await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await within(found(), `a record of ${name}`);
}

const named = ({ calls }: Recording, name: string): CallLine[] => calls.filter((call) => call.name === name);
const textOf = (call: CallLine) =>
  `${call.name}(${call.args.map(({ text }) => text).join(', ')}) = ${call.result}`;

describe('a program that is not ours', () => {
  const conversation = `
const [a, b] = S.socketpair();
a.send(Buffer.from('Hello'));
function hear() {
  return b.recv(10);
}
hear();
a.close();
b.recv(10);
`;

  test('has a line for itself, one for each call, and its own lines as the places', async () => {
    expect(await run(conversation)).toEqual({ status: 0, stdout: '', stderr: '' });
    const { processes, calls, frames, sources } = recording();
    expect(processes).toMatchObject([
      { role: null, platform: process.platform, runtime: `Node ${process.versions.node}` },
    ]);
    const realtime = BigInt(Math.round(processes[0].start)) + BigInt(processes[0].realtimeOffset);
    expect(Math.abs(Number(realtime / 1_000_000n) - Date.now())).toBeLessThan(60_000);
    expect(calls.map(({ name }) => name)).toEqual(['socketpair', 'send', 'recv', 'close', 'recv']);
    const at = calls.map((call) => frames.find(({ id }) => id === call.at)!);
    expect(at.map(({ text }) => text)).toEqual([
      'const [a, b] = S.socketpair();',
      "a.send(Buffer.from('Hello'));",
      'return b.recv(10);',
      'a.close();',
      'b.recv(10);',
    ]);
    const text = readFileSync(path.join(folder, 'program.mjs'), 'utf8');
    expect(sources.map((source) => source.text)).toEqual([text]);
    for (const frame of at) {
      expect(path.resolve(frame.file)).toBe(path.join(folder, 'program.mjs'));
      expect(text.split('\n')[frame.line - 1].trim()).toBe(frame.text);
    }
    expect(at[2].function).toBe('hear');
  });

  test('has what it sent and received, and what waits in the kernel', async () => {
    await run(conversation);
    const [pair, send, first, , last] = recording().calls;
    expect(pair.sockets!.map(({ fd }) => fd)).toEqual([pair.fd, first.fd]);
    const data = (text = '') => Buffer.from(text, 'base64').toString();
    expect(data(send.data)).toBe('Hello');
    expect(data(first.data)).toBe('Hello');
    expect(last).toMatchObject({
      result: 0,
      sockets: [{ family: 'AF_UNIX', kind: 'SOCK_STREAM', receiveQueue: 0 }],
    });
    expect(last.data).toBeUndefined();
  });

  test('keeps what was asked, whatever the program does with its memory afterwards', async () => {
    await run(`
const memory = Buffer.from('first');
const [a, b] = S.socketpair();
sys.send(a.fileno(), memory, 0);
memory.set(Buffer.from('later'));
const addr = new Uint8Array(16);
addr[0] = 2;
sys.bind(a.fileno(), addr);
addr.fill(0xff);
`);
    const { calls } = recording();
    expect(calls[1].args[1].text).toBe('"first"');
    expect(Buffer.from(calls[1].data!, 'base64').toString()).toBe('first');
    expect(calls[2].args[1].text).toBe(
      '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}',
    );
    expect(calls[2]).toMatchObject({ errno: 'EINVAL', fd: calls[1].fd });
  });

  test('gets the answers, descriptors and errors that it would get without', async () => {
    const text = `
const out = [];
const [a, b] = (globalThis.kept = S.socketpair());
out.push(a.fileno(), b.fileno(), sys.recv(99, new Uint8Array(1), 0), sys.send(a.fileno(), Buffer.alloc(3), 0));
for (const bad of [[], ['x'], [1, 2, 3], [a.fileno(), new Uint8Array(2), 1, 5, 0]]) {
  try { sys.recv(...bad); } catch (error) { out.push(error.name + error.message); }
}
try { sys.select(1, 'no', null, null, null); } catch (error) { out.push(error.name + error.message); }
Error.prepareStackTrace = (error, sites) => 'mine ' + sites.length;
b.recv(3);
out.push(Error.stackTraceLimit, new Error('x').stack.slice(0, 4));
b.setblocking(false);
try { b.recv(3); } catch (error) { out.push(error.code); }
console.log(JSON.stringify(out));
`;
    const recorded = await run(text);
    const plain = await run(text, { RFDS_TRACE: '' });
    expect(recorded).toEqual(plain);
    expect(plain.stdout).toContain('EAGAIN');
    expect(named(recording(), 'recv').map(textOf)).toEqual([
      expect.stringMatching(/^recv\(99, 0x\?, 1, 0\) = -9$/),
      expect.stringMatching(/^recv\(\d+, "\\0\\0\\0", 3, 0\) = 3$/),
      expect.stringMatching(/^recv\(\d+, 0x\?, 3, 0\) = -11$/),
    ]);
  });

  test('may interpose calls of its own: they stand above the recorder, which sees what is made', async () => {
    await run(`
sys.interpose((name, call, args) => (name === 'dup' ? -24 : call(...args)));
const [a] = S.socketpair();
sys.dup(a.fileno());
sys.interpose(null);
sys.close(sys.dup(a.fileno()));
`);
    expect(recording().calls.map(({ name }) => name)).toEqual(['socketpair', 'dup', 'close']);
  });
});

describe('the arguments', () => {
  test('have values beside strace’s text: numbers, names of flags, addresses, sets, timeouts', async () => {
    await run(`
const [a, b] = S.socketpair();
sys.send(a.fileno(), Buffer.from('x'), S.MSG_DONTWAIT | S.MSG_NOSIGNAL);
const set = new Uint8Array(128);
set[b.fileno() >> 3] |= 1 << (b.fileno() & 7);
sys.select(b.fileno() + 1, set, null, null, BigInt64Array.of(1n, 500000n));
const c = S.socket(S.AF_INET6);
c.bind(['::1', 0]);
sys.poll(new Int32Array(2).fill(-1), 1, 0);
`);
    const { calls } = recording();
    const values = (name: string) =>
      Object.fromEntries(
        calls.find((call) => call.name === name)!.args.map((argument) => [argument.name, argument.value]),
      );
    const { sv } = values('socketpair') as { sv: number[] };
    const fd = calls.find(({ name }) => name === 'bind')!.fd;
    expect(values('send')).toEqual({ fd: sv[0], len: 1, flags: ['MSG_DONTWAIT', 'MSG_NOSIGNAL'] });
    expect(values('select')).toEqual({
      nfds: sv[1] + 1,
      readfds: [sv[1]],
      writefds: null,
      exceptfds: null,
      timeout: { seconds: 1, nanoseconds: 500_000_000 },
    });
    const address = { family: 'AF_INET6', host: '::1', port: 0, flowinfo: 0, scopeId: 0 };
    expect(values('bind')).toEqual({ fd, addr: address, addrlen: 28 });
    expect(values('poll')).toMatchObject({ fds: [{ fd: -1, revents: [] }], nfds: 1, timeout: 0 });
  });

  test.skipIf(!isLinux)(
    'have of recvmmsg each message’s descriptors, whose sockets are known from then on',
    async () => {
      await run(`
const [a, b] = S.socketpair(S.AF_UNIX, S.SOCK_DGRAM);
const [passed] = S.socketpair();
const { CMSG_SPACE, packControl } = await import(${dist('structs.js')});
const data = Buffer.from(Int32Array.of(passed.fileno()).buffer);
const rights = packControl([{ level: S.SOL_SOCKET, type: S.SCM_RIGHTS, data }]);
sys.sendmsg(a.fileno(), [Buffer.from('x')], null, null, 0);
sys.sendmsg(a.fileno(), [Buffer.from('y')], null, rights, 0);
const room = CMSG_SPACE(4);
const msgvec = Int32Array.of(1, 0, room, 0, 0, 1, 0, room, 0, 0);
const buffers = [Buffer.alloc(1), Buffer.alloc(1)];
sys.recvmmsg(b.fileno(), buffers, null, Buffer.alloc(2 * room), msgvec, 2, 0, null);
`);
      const [call] = named(recording(), 'recvmmsg');
      const value = argumentValue<MessageValue[]>(call, 'msgvec')!;
      expect(value.map(({ rights }) => rights.length)).toEqual([0, 1]);
      expect(value[1].rights[0]).toBeGreaterThan(call.fd!);
    },
  );

  test.skipIf(!isLinux)('of recvmmsg are written before it waits for a second message', async () => {
    await using child = new Program(
      process.execPath,
      [
        program(`
const [a, b] = S.socketpair(S.AF_UNIX, S.SOCK_DGRAM);
sys.send(a.fileno(), Buffer.from('x'), 0);
const msgvec = Int32Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0);
sys.recvmmsg(b.fileno(), [Buffer.alloc(1), Buffer.alloc(1)], null, null, msgvec, 2, 0, null);
`),
      ],
      { RFDS_TRACE: file() },
    );
    await written('send');
    await child.asleep();
    child.kill('SIGKILL');
    await child.exited;
    expect(recording().calls.map(({ name }) => name)).toEqual(['socketpair', 'send']);
  });

  test('have an array of poll’s whole as a value, though its text ends where strace’s does', async () => {
    await run(`
const [a, b] = S.socketpair();
const fds = new Int32Array(80);
for (let i = 0; i < 40; i++) fds.set([b.fileno(), 1], i * 2);
a.send(Buffer.from('x'));
sys.poll(fds, 40, 0);
`);
    const [poll] = named(recording(), 'poll');
    const entry = { fd: poll.ready![0], events: ['POLLIN'], revents: ['POLLIN'] };
    expect(poll.args[0].text).toMatch(/, \.\.\.\]$/);
    expect(poll.args[0].value).toEqual(Array(40).fill(entry));
    expect(watched(poll)).toEqual(Array(40).fill(entry.fd));
  });
});

describe('the kernel’s state', () => {
  const tcp = `
const server = S.socket();
server.bind(['127.0.0.1', 0]);
server.listen(5);
const one = S.socket();
one.connect(server.getsockname());
const two = S.socket();
two.connect(server.getsockname());
one.send(Buffer.from('Hello'));
const [conn] = server.accept();
conn.setblocking(false);
conn.recv(2);
conn.recv(10);
one.close();
`;

  test('of the socket that a call is about is there behind each call', async () => {
    await run(tcp);
    const calls = recording();
    const [listen] = named(calls, 'listen');
    expect(listen.sockets).toMatchObject([
      { tcp: { state: 'LISTEN' }, local: ['127.0.0.1', expect.any(Number)], remote: null },
    ]);
    const accept = calls.calls.find(({ name }) => name.startsWith('accept'))!;
    const [listener, accepted] = accept.sockets!;
    expect(listener.fd).toBe(accept.fd);
    if (isLinux) expect(listener.acceptQueue).toEqual({ length: 1, backlog: 5 });
    expect(accepted).toMatchObject({ fd: accept.result, receiveQueue: 5, sendQueue: 0 });
    expect(Buffer.from(accepted.receiveQueueData!, 'base64').toString()).toBe('Hello');
    expect(accepted.tcp!.state).toBe('ESTABLISHED');
    const [connect] = named(calls, 'connect');
    expect([connect.sockets![0].local, connect.sockets![0].remote]).toEqual([
      accepted.remote,
      accepted.local,
    ]);
    const [first, second] = named(calls, 'recv').map(({ sockets }) => sockets![0]);
    expect([first.receiveQueue, Buffer.from(first.receiveQueueData!, 'base64').toString()]).toEqual([
      3,
      'llo',
    ]);
    expect(second.receiveQueue).toBe(0);
    expect(second.statusFlags).toEqual(['O_RDWR', 'O_NONBLOCK']);
    expect(second.descriptorFlags).toEqual(['FD_CLOEXEC']);
    for (const call of named(calls, 'close')) expect(call.sockets).toBeUndefined();
  });

  test('is of every open socket with RFDS_TRACE_STATE=all, of none with none', async () => {
    await run(tcp, { RFDS_TRACE_STATE: 'all' });
    const { calls } = recording();
    expect(named(recording(), 'recv').map(({ sockets }) => sockets!.length)).toEqual([4, 4]);
    expect(calls.at(-1)!.sockets!.length).toBe(3);
    rmSync(file());
    await run(tcp, { RFDS_TRACE_STATE: 'none' });
    for (const { sockets, observed } of recording().calls) {
      expect(sockets).toBeUndefined();
      expect(observed!.filter((name) => name !== 'clock_gettime' && name !== 'poll')).toEqual([]);
    }
  });

  test('takes nothing from the program: neither bytes nor errors', async () => {
    const { stdout } = await run(
      `
import { writeSync } from 'node:fs';
const server = S.socket();
server.bind(['127.0.0.1', 0]);
server.listen();
const client = S.socket();
client.connect(server.getsockname());
const [conn] = server.accept();
client.send(Buffer.from('left unread'));
conn.send(Buffer.from('before the end'));
conn.recv(1);
conn.close();
select([client], [], []);
console.log(client.getsockname().length, String(client.recv(100)));
try { client.recv(1); } catch (error) { console.log(error.code); }
const [here, gone] = [0, 1].map(() => S.socket(S.AF_INET, S.SOCK_DGRAM));
for (const datagrams of [here, gone]) datagrams.bind(['127.0.0.1', 0]);
here.connect(gone.getsockname());
gone.connect(here.getsockname());
gone.send(Buffer.from('datagram'));
gone.close();
here.send(Buffer.from('to nobody'));
here.getpeername();
try { here.recv(10); } catch (error) { console.log(error.code, String(here.recv(10))); }
`,
      { RFDS_TRACE_STATE: 'all' },
    );
    expect(stdout).toBe('2 before the end\nECONNRESET\nECONNREFUSED datagram\n');
  });
});

describe('a record is written', () => {
  test('before a call that sleeps: a killed program’s recording ends there', async () => {
    const where = program(`
const [a, b] = S.socketpair();
a.send(Buffer.from('Hello'));
b.recv(5);
b.recv(1);
`);
    await using child = new Program(process.execPath, [where], { RFDS_TRACE: file() });
    await written('recv');
    child.kill('SIGKILL');
    expect(await within(child.exited, 'its end')).toBe('SIGKILL');
    expect(recording().calls.map(({ name }) => name)).toEqual(['socketpair', 'send', 'recv']);
  });

  test.each([
    ['at the end', '', 0],
    ['on process.exit()', 'process.exit(3);', 3],
    ['when an error is not caught', 'throw new Error("x");', 1],
    ["and what listeners of 'exit' do", "process.on('exit', () => a.close());", 0],
  ])('%s', async (_, end, expected) => {
    const { status } = await run(`const [a] = S.socketpair();\n${end}`);
    expect(status).toBe(expected);
    const names = recording().calls.map(({ name }) => name);
    expect(names).toEqual(end.includes('close') ? ['socketpair', 'close'] : ['socketpair']);
  });

  test('a moment later, where it waits in the runtime’s loop and is killed', async () => {
    const where = program('S.socketpair();\nsetInterval(() => {}, 1000);\n');
    await using child = new Program(process.execPath, [where], { RFDS_TRACE: file() });
    await written('socketpair');
    child.kill('SIGKILL');
    expect(await child.exited).toBe('SIGKILL');
  });

  test('where the working directory is gone', async () => {
    const { stderr } = await run(`
import { mkdtempSync, rmdirSync } from 'node:fs';
const gone = mkdtempSync(${JSON.stringify(path.join(tmpdir(), 'rfds-gone-'))});
process.chdir(gone);
rmdirSync(gone);
S.socketpair();
`);
    expect(stderr).toBe('');
    expect(named(recording(), 'socketpair').length).toBe(1);
  });

  test('of memory that was transferred away, as of none', async () => {
    const { stderr } = await run(`
const memory = new ArrayBuffer(8);
structuredClone(memory, { transfer: [memory] });
const [a] = S.socketpair();
sys.send(a.fileno(), memory, 0);
`);
    expect(stderr).toBe('');
    expect(recording().calls.map(textOf)[1]).toMatch(/^send\(\d+, "", 0, 0\) = 0$/);
  });

  test('with EINTR, when a signal’s handler ends the program', async () => {
    const where = program(`
import { signal, SIGTERM } from ${dist('signal.js')};
signal(SIGTERM, () => process.exit(4));
select(S.socketpair(), [], []);
`);
    await using child = new Program(process.execPath, [where], { RFDS_TRACE: file() });
    await written('socketpair');
    expect(await child.stop('SIGTERM')).toBe(4);
    expect(recording().calls.map(({ name, errno }) => errno ?? name)).toEqual([
      'sigaction',
      'socketpair',
      'EINTR',
    ]);
  });

  test('by every thread, each call and frame with a number of its own, the process once', async () => {
    const { status, stderr } = await run(`
import { isMainThread, Worker } from 'node:worker_threads';
const [a, b] = (globalThis.kept = S.socketpair()); // One that is lost is a warning.
for (let i = 0; i < 300; i++) {
  a.send(Buffer.from('x'));
  b.recv(1);
}
if (isMainThread) for (let i = 0; i < 2; i++) new Worker(new URL(import.meta.url));
`);
    expect([status, stderr]).toEqual([0, '']);
    const { processes, calls, frames } = recording();
    expect(processes.length).toBe(1);
    expect(calls.map(({ n }) => n).sort((x, y) => x - y)).toEqual(
      Array.from({ length: 3 * 601 }, (_, i) => i),
    );
    expect(new Set(calls.map(({ thread }) => thread))).toEqual(new Set([0, 1, 2]));
    expect(new Set(frames.map(({ id }) => id)).size).toBe(frames.length);
    for (const call of calls) expect(frames.some(({ id }) => id === call.at)).toBe(true);
  });

  test('by a worker to a file of its own, which goes with it', async () => {
    const { stdout } = await run(`
import { once } from 'node:events';
import { isMainThread, Worker } from 'node:worker_threads';
S.socketpair();
const open = () => Array.from({ length: 2000 }, (_, fd) => fd).filter((fd) => sys.fcntl(fd, 1, 0) >= 0).length;
if (isMainThread) {
  const after = [];
  for (let i = 0; i < 4; i++) {
    await once(new Worker(new URL(import.meta.url)), 'exit');
    after.push(open());
  }
  console.log(after[3] - after[0]);
}
`);
    expect(stdout).toBe('0\n'); // The socketpairs are closed with their workers.
    expect(new Set(recording().calls.map(({ thread }) => thread)).size).toBe(5);
  });

  test('by threads whose parent records nothing, the process once', async () => {
    const worker = program('const [a] = S.socketpair();\n');
    const parent = path.join(folder, 'parent.mjs');
    writeFileSync(
      parent,
      `import { Worker } from 'node:worker_threads';
for (let i = 0; i < 2; i++) new Worker(${JSON.stringify(worker)});
`,
    );
    await using child = new Program(process.execPath, [parent], { RFDS_TRACE: file() });
    expect(await child.exited).toBe(0);
    const { processes, calls } = recording();
    expect(processes.length).toBe(1);
    expect(new Set(calls.map(({ thread }) => thread))).toEqual(new Set([1, 2]));
  });

  test('whole, where several processes write to one file', async () => {
    const where = program(`
const [a, b] = S.socketpair();
for (let i = 0; i < 1000; i++) {
  a.send(Buffer.alloc(100, 'x'));
  b.recv(100);
}
`);
    const env = { RFDS_TRACE: file() };
    await using one = new Program(process.execPath, [where], env);
    await using two = new Program(process.execPath, [where], env);
    expect(await Promise.all([one.exited, two.exited])).toEqual([0, 0]);
    const { processes, calls } = recording();
    expect(processes.map(({ pid }) => pid).sort()).toEqual([one.pid, two.pid].sort());
    for (const pid of [one.pid, two.pid]) expect(calls.filter((call) => call.pid === pid).length).toBe(2001);
  });
});

describe('a file that cannot be written', () => {
  // What is not closed must not be lost either: a garbage collection would warn of it.
  const text = `
const [a, b] = S.socketpair();
(globalThis.held ??= []).push(a, b);
for (let i = 0; i < 600; i++) {
  a.send(Buffer.from('x'));
  b.recv(1);
}
console.log('done');
`;

  test.skipIf(!isLinux)(
    'because the disk is full is one line on stderr, and the program goes on',
    async () => {
      expect(await run(text, { RFDS_TRACE: '/dev/full' })).toEqual({
        status: 0,
        stdout: 'done\n',
        stderr: 'rfds: recording stopped: /dev/full: ENOSPC\n',
      });
    },
  );

  test('because it cannot be opened, as well', async () => {
    const nowhere = path.join(folder, 'no', 'such');
    expect(await run(text, { RFDS_TRACE: nowhere })).toEqual({
      status: 0,
      stdout: 'done\n',
      stderr: `rfds: recording stopped: ${nowhere}: ENOENT\n`,
    });
  });

  test('because the program closed it, as well; and nobody else’s descriptor is written to', async () => {
    const { stderr, stdout } = await run(`
${text}
for (let fd = 1000; fd < 1010; fd++) sys.close(fd);
for (let i = 0; i < 10; i++) sys.fcntl(2, 0, 1000);
${text.replace('[a, b]', '[c, d]').replaceAll('a.', 'c.').replaceAll('b.', 'd.').replace('(a, b)', '(c, d)')}`);
    expect(stdout).toBe('done\ndone\n');
    expect(stderr).toBe(`rfds: recording stopped: ${file()}: its descriptor was closed\n`);
  });
});
