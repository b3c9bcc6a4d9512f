// The ledger: where each descriptor was made, and what was done wrong with it. And the warning for an
// owner that is lost.

import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import * as ledger from '../../src/interpose/ledger.ts';
import { F_DUPFD_CLOEXEC } from '../../src/kernel/constants/fcntl.ts';
import { fromNetSocket, toNetSocket } from '../../src/net.ts';
import * as select from '../../src/select.ts';
import * as selectors from '../../src/selectors.ts';
import { AF_UNIX, SCM_RIGHTS, SOCK_DGRAM, SOL_SOCKET, socket, socketpair } from '../../src/socket.ts';
import { CMSG_SPACE, controlMessages, packControl } from '../../src/structs.ts';
import * as sys from '../../src/syscalls.ts';
import { Program, within } from '../support/programs.ts';

afterEach(() => {
  ledger.stop();
  sys.interpose(null);
});

/** The line of this file on which it is called, as the ledger writes it. */
const here = () =>
  new RegExp(`ledger\\.test\\.ts:${new Error().stack!.split('\n')[2].match(/:(\d+):\d+\)?$/)![1]}$`);
const kinds = () => ledger.findings().map(({ kind, fd }) => [kind, fd]);

describe('the ledger', () => {
  test('knows every open descriptor, and the line that made it', () => {
    ledger.start();
    const [[a, b], made] = [socketpair(), here()];
    const [fd, atDup] = [sys.dup(a.fileno()), here()];
    const open = ledger.open();
    expect(open.map((entry) => entry.fd)).toEqual([a.fileno(), b.fileno(), fd]);
    expect(open.map(({ made: { call } }) => call)).toEqual(['socketpair', 'socketpair', 'dup']);
    expect(open[0].made.at).toMatch(made);
    expect(open[2].made.at).toMatch(atDup);
    for (const end of [a, b]) end.close();
    expect(ledger.open().map((entry) => entry.fd)).toEqual([fd]);
    sys.close(fd);
    expect(ledger.stop()).toEqual([]);
  });

  test('knows what accept, fcntl, pipe2, epoll, eventfd and timerfd make', () => {
    ledger.start();
    const fds = new Int32Array(2);
    sys.pipe2(fds, 0);
    const made = [...fds, sys.eventfd(0, 0), sys.timerfd_create(1, 0), sys.epoll_create1(0)];
    using listener = socket();
    listener.bind(['127.0.0.1', 0]);
    listener.listen();
    using client = socket();
    client.connect(listener.getsockname() as [string, number]);
    using conn = listener.accept()[0];
    const copy = sys.fcntl(conn.fileno(), F_DUPFD_CLOEXEC, 0);
    made.push(listener.fileno(), client.fileno(), conn.fileno(), copy);
    expect(ledger.open().map(({ fd }) => fd)).toEqual(made);
    for (const fd of [...made.slice(0, 5), copy]) sys.close(fd);
    expect(ledger.open()).toHaveLength(3);
  });

  test.skipIf(process.platform !== 'linux')('knows what recvmmsg has received, of each message', () => {
    const passing = (fd: number) =>
      packControl([{ level: SOL_SOCKET, type: SCM_RIGHTS, data: Buffer.from(Int32Array.of(fd).buffer) }]);
    const [here, there] = socketpair(AF_UNIX, SOCK_DGRAM);
    for (const [text, ...control] of [['none'], ['one', passing(0)], ['two', passing(1)]] as [
      string,
      Buffer?,
    ][])
      sys.sendmsg(here.fileno(), [Buffer.from(text)], null, control[0] ?? null, 0);
    ledger.start();
    const capacity = CMSG_SPACE(8);
    const message = [1, 0, capacity, 0, 0];
    const msgvec = Int32Array.from([...message, ...message, ...message]);
    const controls = Buffer.alloc(3 * capacity);
    const buffers = [1, 2, 3].map(() => Buffer.alloc(8));
    expect(sys.recvmmsg(there.fileno(), buffers, null, controls, msgvec, 3, 0, null)).toBe(3);
    const fds = [1, 2].map((i) => {
      const [{ data }] = controlMessages(controls.subarray(i * capacity), msgvec[5 * i + 2]);
      return data.readInt32LE(0);
    });
    expect(ledger.open().map(({ fd, made }) => [fd, made.call])).toEqual(fds.map((fd) => [fd, 'recvmmsg']));
    for (const fd of fds) sys.close(fd);
    expect(ledger.stop()).toEqual([]);
    for (const end of [here, there]) end.close();
  });

  test('tells a leak when it ends', () => {
    ledger.start();
    const [kept, made] = [socket(), here()];
    const [leak, ...more] = ledger.stop();
    expect(more).toEqual([]);
    expect(leak).toMatchObject({ kind: 'leak', fd: kept.fileno() });
    expect(leak.made!.at).toMatch(made);
    expect(leak.text).toMatch(/^descriptor \d+ was never closed: made by socket at .*ledger\.test\.ts:\d+$/);
    kept.close();
  });

  test('tells a double close, with the line that made it and both that closed it', () => {
    ledger.start();
    const [first, made] = [socket(), here()];
    const fd = first.fileno();
    const [, closed] = [first.close(), here()];
    const [, again] = [sys.close(fd), here()];
    const [found] = ledger.findings();
    expect(kinds()).toEqual([['double close', fd]]);
    expect(found.made!.at).toMatch(made);
    expect(found.closed!.at).toMatch(closed);
    expect(found.seen!.at).toMatch(again);
    sys.close(1_000_000);
    expect(kinds(), 'a number that was never ours is nobody’s double close').toHaveLength(1);
  });

  test('sees a closed descriptor that poll still watches in a part of larger memory, and in no other part', () => {
    ledger.start();
    const [a, b] = socketpair();
    const fd = b.fileno();
    b.close();
    const memory = new Uint8Array(72);
    // What is before the part is none of its entries, though it looks like one.
    const entries = new DataView(memory.buffer);
    entries.setInt32(0, 1_000_000, true);
    entries.setInt32(64, fd, true);
    entries.setInt16(68, select.POLLIN, true);
    expect(sys.poll(memory.subarray(64), 1, 0)).toBe(1);
    expect(kinds()).toEqual([['closed while registered', fd]]);
    a.close();
  });

  test('knows what was made into memory of any size, and throws for none', () => {
    ledger.start();
    const sv = new ArrayBuffer(10);
    expect(sys.socketpair(sys.AF_UNIX, sys.SOCK_STREAM, 0, sv)).toBe(0);
    const fds = [...new Int32Array(sv, 0, 2)];
    expect(ledger.open().map(({ fd }) => fd)).toEqual(fds);
    // A set of nine bytes, of which the kernel reads eight.
    const set = new Uint8Array(9);
    sys.close(fds[0]);
    set[fds[0] >> 3] |= 1 << (fds[0] & 7);
    expect(sys.select(fds[0] + 1, set, null, null, null)).toBeLessThanOrEqual(1);
    expect(kinds()).toEqual([['closed while registered', fds[0]]]);
    sys.close(fds[1]);
  });

  test('does not take a number that was given out again for the old descriptor', () => {
    ledger.start();
    const first = socket();
    const fd = first.fileno();
    first.close();
    const second = socket();
    expect(second.fileno()).toBe(fd);
    second.close();
    expect(ledger.stop()).toEqual([]);
  });

  test('tells a close of what an epoll, also a selector’s, still watches', () => {
    ledger.start();
    const [a, b] = socketpair();
    using ep = select.epoll();
    using selector = new selectors.EpollSelector();
    const [, registered] = [ep.register(a, select.EPOLLIN), here()];
    selector.register(b, selectors.EVENT_READ);
    const fds = [a.fileno(), b.fileno()];
    for (const end of [a, b]) end.close();
    expect(kinds()).toEqual(fds.map((fd) => ['closed while registered', fd]));
    expect(ledger.findings()[0].seen!.at).toMatch(registered);
  });

  test('tells it when a poll or a select asks for what is closed', () => {
    ledger.start();
    const [a, b] = socketpair();
    const set = select.poll();
    set.register(a, select.POLLIN);
    const rfds = [b.fileno()];
    const fds = [a.fileno(), b.fileno()];
    for (const end of [a, b]) end.close();
    expect(kinds()).toEqual([]);
    for (let i = 0; i < 3; i++) {
      expect(set.poll(0)).toEqual([[fds[0], select.POLLNVAL]]);
      expect(() => select.select(rfds, [], [], 0)).toThrow('select EBADF');
    }
    expect(kinds()).toEqual(fds.map((fd) => ['closed while registered', fd]));
  });

  test('says nothing of one that was unregistered before', () => {
    ledger.start();
    const [a, b] = socketpair();
    using ep = select.epoll();
    ep.register(a, select.EPOLLIN);
    ep.unregister(a);
    for (const end of [a, b]) end.close();
    expect(kinds()).toEqual([]);
  });

  test('takes a connection that Node got for given up, and one that came from Node for its own', () => {
    ledger.start();
    const [a, b] = socketpair();
    const live = toNetSocket(a, { pauseOnCreate: true });
    expect(ledger.open().map(({ fd }) => fd)).toEqual([b.fileno()]);
    const { socket: back } = fromNetSocket(live);
    expect(ledger.open().map(({ fd }) => fd)).toEqual([b.fileno(), back.fileno()]);
    for (const end of [back, b]) end.close();
    expect(ledger.stop()).toEqual([]);
  });

  test('stands below a fault, and beside another observer; off, the calls are the bare ones', () => {
    const bare = sys.socketpair;
    ledger.start();
    const seen: string[] = [];
    const end = sys.observe((name, call, args) => {
      // Not the addon's own, with which an owner tells it of a descriptor.
      if (name !== 'own_fd') seen.push(name);
      return call(...args);
    });
    sys.interpose((name, call, args) => (name === 'close' ? 0 : call(...args)));
    const [a, b] = socketpair();
    const fds = [a.fileno(), b.fileno()];
    a.close(); // which the fault swallows, so that nobody sees it
    expect(seen).toEqual(['socketpair']);
    expect(ledger.open().map(({ fd }) => fd)).toEqual(fds);
    sys.interpose(null);
    end();
    b.close();
    expect(seen).toEqual(['socketpair']);
    expect(ledger.stop().map(({ kind, fd }) => [kind, fd])).toEqual([['leak', fds[0]]]);
    expect(sys.socketpair).toBe(bare);
    sys.close(fds[0]);
  });
});

/** Runs a program on the compiled package, and returns it when it has ended. */
async function ended(
  name: string,
  source: string,
  env: NodeJS.ProcessEnv,
  flags: string[] = [],
): Promise<Program> {
  const file = path.join(tmpdir(), `rfds-${process.pid}-${name}.mjs`);
  const dist = pathToFileURL(path.resolve('dist'));
  writeFileSync(file, source.replaceAll("'rfds/", `'${dist}/`).replaceAll(/(dist\/\w+)'/g, "$1.js'"));
  const program = new Program(process.execPath, [...flags, file], { RFDS_LEDGER: '', ...env });
  await within(program.exited, 'exit');
  return program;
}

test('RFDS_LEDGER=1 tells it all on stderr when the program ends', async () => {
  // What the program has from Node alone is none of the ledger's.
  const source = `import { socket } from 'rfds/socket'; import { openSync } from 'node:fs'; const nodes = openSync('/dev/null');
const kept = socket();
const twice = socket();
twice.close();
import { close } from 'rfds/syscalls';
close(nodes); close(kept.fileno() + 1);
globalThis.kept = kept;
`;
  const on = await ended('leaks', source, { RFDS_LEDGER: '1' });
  expect(await on.exited).toBe(0);
  expect(
    on.stderr.replaceAll(/descriptor \d+/g, 'descriptor N').replaceAll(/at \S*rfds-\S*mjs/g, 'at x'),
  ).toBe(
    `rfds ledger: descriptor N was closed twice: made by socket at x:3, closed at x:4, and again at x:6
rfds ledger: descriptor N was never closed: made by socket at x:2
`,
  );
  const off = await ended('leaks', source, {});
  expect([await off.exited, off.stderr]).toEqual([0, '']);
});

describe('an owner that is lost with its descriptor open', () => {
  const program = (make: string, rest = '') =>
    `import { fromfd, socket, socketpair } from 'rfds/socket';
import { epoll } from 'rfds/select';
import { EpollSelector } from 'rfds/selectors';
import { fcntl } from 'rfds/syscalls';
let fd;
(() => { const lost = ${make}; fd = lost.fileno(); ${rest} })();
const left = setTimeout(() => {}, 10_000);
process.on('warning', ({ name, code, message }) => { console.log(name, code, message); });
const watch = new FinalizationRegistry(() => setTimeout(() => { console.log('open', fcntl(fd, 1, 0) >= 0); clearTimeout(left); }, 50));
(() => watch.register({}))();
const turn = () => { gc(); if (left.hasRef() && !left._destroyed) setTimeout(turn, 5); };
turn();
`.replace('fromfd, ', '');
  const run = (name: string, source: string, env = {}) =>
    ended(name, source, env, ['--expose-gc', '--no-warnings']);

  test.each([
    ['socket()', 'socket'],
    ['epoll()', 'epoll'],
    ['new EpollSelector()', 'epoll'],
  ])('%s warns, and is not closed', async (make, what) => {
    const { stdout, stderr } = await run(`lost-${what}-${make.length}`, program(make));
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      new RegExp(
        `^ResourceWarning RFDS_LOST ${what} was lost with its descriptor \\d+ open \\(RFDS_LEDGER=1 tells where it was made\\)\nopen true\n$`,
      ),
    );
  });

  test('says where it was made if the ledger is on', async () => {
    const { stdout } = await run('lost-ledger', program('socket()'), { RFDS_LEDGER: '1' });
    expect(stdout).toMatch(/open \(made by socket at \S*rfds-\S*\.mjs:6\)\nopen true\n$/);
  });

  test.each(['lost.close()', 'lost.detach()'])('does not warn after %s', async (rest) => {
    const { stdout } = await run(`given-up-${rest.length}`, program('socket()', rest));
    expect(stdout).toMatch(/^open (true|false)\n$/);
  });

  test('is quiet when the program ends', async () => {
    const { stdout, stderr } = await ended('exit', "import { socket } from 'rfds/socket';\nsocket();\n", {});
    expect([stdout, stderr]).toEqual(['', '']);
  });
});

test('using closes everything that owns a descriptor', () => {
  ledger.start();
  {
    using a = socket();
    using ep = select.epoll();
    using best = new selectors.DefaultSelector();
    using polls = new selectors.PollSelector();
    using selects = new selectors.SelectSelector();
    for (const selector of [best, polls, selects]) selector.register(a, selectors.EVENT_READ);
    ep.register(a);
    for (const selector of [best, polls, selects]) selector.unregister(a);
    ep.unregister(a);
  }
  expect(ledger.stop()).toEqual([]);
});
