// Faults at the choke point: which can be asked for, when they come, what they leave of the kernel's promises, and how
// they are told.

import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { type Fault, type Faults, inject, parseFaults } from '../../src/faults.ts';
import { Batch } from '../../src/kernel/batch.ts';
import { callNames, callOf, errnosOf } from '../../src/kernel/calls.ts';
import * as E from '../../src/kernel/errno.ts';
import { EpollEvents } from '../../src/kernel/structs/epoll-event.ts';
import { FdSet } from '../../src/kernel/structs/fd-set.ts';
import { packInet } from '../../src/kernel/structs/sockaddr.ts';
import { Timevals } from '../../src/kernel/structs/timespec.ts';
import * as sys from '../../src/syscalls.ts';
import { errnosHere } from '../support/failures.ts';
import { isLinux } from '../support/platform.ts';

const LOCALHOST = Uint8Array.of(127, 0, 0, 1);
const buffer = Buffer.alloc(64);

/** Two ends of a stream (or of what is asked for), closed when the test is over. */
class Ends implements Disposable {
  readonly fds = new Int32Array(2);
  constructor(type: number = sys.SOCK_STREAM) {
    expect(sys.socketpair(sys.AF_UNIX, type, 0, this.fds)).toBe(0);
  }
  [Symbol.dispose](): void {
    for (const fd of this.fds) sys.close(fd);
  }
}

class Pipe implements Disposable {
  readonly fds = new Int32Array(2);
  constructor() {
    expect(sys.pipe(this.fds)).toBe(0);
  }
  [Symbol.dispose](): void {
    for (const fd of this.fds) sys.close(fd);
  }
}

/** What was received, as text, or the errno's name. */
function receive(fd: number, size = buffer.length): string {
  const n = sys.recv(fd, buffer, 0, size, 0);
  return n < 0 ? E.errorcode(n) : buffer.toString('latin1', 0, n);
}

const texts = (faults: Faults) => faults.injected.map(({ text }) => text.replace(/ \(.*?\)/, ''));
const setNonblocking = (fd: number) => expect(sys.fcntl(fd, sys.F_SETFL, sys.O_NONBLOCK)).toBe(0);

describe('what can be asked for', () => {
  test('is every errno that the table has for a call, and no other', () => {
    const names = callNames.filter((name) => !callOf(name)!.own);
    const all = [...new Set(names.flatMap((name) => errnosOf(callOf(name)!)))];
    for (const call of names) {
      for (const error of errnosHere(call)) inject({ call, error }).detach();
      for (const error of all.filter((one) => !errnosOf(callOf(call)!).includes(one)))
        expect(() => inject({ call, error }), `${call} ${error}`).toThrow(RangeError);
    }
    for (const call of callNames.filter((name) => callOf(name)!.own))
      expect(() => inject({ call, delayMs: 1 })).toThrow(`there is no call ${call}`);
  });

  test.each<[text: string, fault: Fault]>([
    ['recv:error=ECONNRESET', { call: 'recv', error: 'ECONNRESET' }],
    ['recv:error=EINTR:when=3', { call: 'recv', error: 'EINTR', when: { first: 3, last: 3 } }],
    ['send:short=2:when=3+', { call: 'send', short: 2, when: { first: 3 } }],
    ['*:delay=0.5:when=3+2', { call: '*', delayMs: 0.5, when: { first: 3, step: 2 } }],
    ['poll:error=ENOMEM:when=3..9', { call: 'poll', error: 'ENOMEM', when: { first: 3, last: 9 } }],
    [
      'poll:error=ENOMEM:delay=5:chance=0.25:when=3..9+2',
      { call: 'poll', error: 'ENOMEM', delayMs: 5, chance: 0.25, when: { first: 3, last: 9, step: 2 } },
    ],
  ])('%s is a fault', (text, fault) => {
    expect(parseFaults(text)).toEqual({ faults: [fault], log: false });
    expect(parseFaults(` ${text}, seed=7 ,log`)).toEqual({ faults: [fault], seed: 7, log: true });
  });

  test.each<[text: string, words: string]>([
    ['', "'' is neither a fault"],
    ['recv', "'recv' is neither a fault"],
    ['seed=x', 'is neither a fault'],
    ['recv:error=ECONNRESET,', "'' is neither a fault"],
    ['recieve:error=EINTR', 'there is no call recieve'],
    ['toString:error=EINTR', 'there is no call toString'],
    ['recv:error=EPERM', 'recv does not give EPERM, but EAGAIN EBADF'],
    ['recv:error=ENOSUCH', 'there is no errno ENOSUCH'],
    ['*:error=ENOTEMPTY', 'no call gives ENOTEMPTY'],
    ['getaddrinfo:error=EINTR', 'getaddrinfo gives no errno'],
    ['recv:when=3', 'what is to happen is missing'],
    ['recv:error=EINTR:short=1', 'exclude each other'],
    ['recv:error=EINTR:error=EBADF', 'has error twice'],
    ['recv:error', "'error' is no field"],
    ['recv:error=EINTR=3', "'error=EINTR=3' is no field"],
    ['recv:errno=EINTR', 'there is no field errno'],
    ['recv:short=0', 'short must be a number of bytes from 1 on'],
    ['recv:short=1.5', 'short must be a number of bytes from 1 on'],
    ['recv:short=-1', "'-1' is no number"],
    ['listen:short=1', 'listen moves no bytes'],
    ['recvmmsg:short=1', 'moves no bytes that could be fewer'],
    ['recv:delay=4000000', 'delay must be 0-3600000 ms'],
    ['recv:error=EINTR:chance=0', 'chance must be above 0'],
    ['recv:error=EINTR:chance=1.5', 'chance must be above 0'],
    ['recv:error=EINTR:when=0', 'when counts calls from 1 on'],
    ['recv:error=EINTR:when=5..3', 'before it begins'],
    ['recv:error=EINTR:when=1+0', 'when counts calls from 1 on'],
    ['recv:error=EINTR:when=x', "'x' is no when"],
  ])("'%s' is an error of one line", (text, words) => {
    expect(() => parseFaults(text)).toThrow(RangeError);
    expect(() => parseFaults(text)).toThrow(words);
    expect(() => parseFaults(text)).toThrow(/^.+$/);
  });
});

test('what is no fault is a TypeError', () => {
  for (const none of [null, 5, ['recv'], [null]]) expect(() => inject(none as never)).toThrow(TypeError);
  expect(() => inject({} as never)).toThrow('there is no call undefined');
});

describe('which calls', () => {
  const results = (text: string, calls: number, seed?: number) => {
    using faults = inject(text, seed === undefined ? {} : { seed });
    const made = Array.from({ length: calls }, () => (sys.listen(-1, 1) === -E.EBADF ? '.' : 'x'));
    expect(faults.injected.length).toBe(made.filter((one) => one === 'x').length);
    return made.join('');
  };

  test.each([
    ['', 'xxxxxxxxxx'],
    [':when=3', '..x.......'],
    [':when=3+', '..xxxxxxxx'],
    [':when=3+3', '..x..x..x.'],
    [':when=3..5', '..xxx.....'],
    [':when=3..8+2', '..x.x.x...'],
    [':when=3..9+3', '..x..x..x.'],
  ])('fail with "%s"', (when, expected) => {
    expect(results(`listen:error=EINVAL${when}`, 10)).toBe(expected);
  });

  test('by chance are the same with the same seed, and about as many as asked for', () => {
    const text = 'listen:error=EINVAL:chance=0.25';
    const seven = results(text, 400, 7);
    expect(results(`${text},seed=7`, 400)).toBe(seven);
    expect(results(text, 400, 8)).not.toBe(seven);
    const many = seven.replaceAll('.', '').length;
    expect(many).toBeGreaterThan(60);
    expect(many).toBeLessThan(140);
  });

  test('are counted for each name, on while other layers come and go, and no more once they are detached', () => {
    const faults = inject('*:error=EINVAL:when=2');
    expect(sys.listen(-1, 1)).toBe(-E.EBADF);
    const detach = sys.attach((_, call) => call);
    expect(sys.shutdown(-1, 0)).toBe(-E.EBADF);
    expect(sys.listen(-1, 1)).toBe(-E.EINVAL);
    detach();
    expect(sys.shutdown(-1, 0)).toBe(-E.EINVAL);
    expect(sys.shutdown(-1, 0)).toBe(-E.EBADF);
    faults.detach();
    for (let i = 0; i < 3; i++) expect(sys.bind(-1, packInet(LOCALHOST, 0))).toBe(-E.EBADF);
  });

  test('are those of a batch, too', () => {
    using ends = new Ends();
    const [near, far] = ends.fds;
    const memory = new ArrayBuffer(8);
    const batch = new Batch(memory, 3);
    for (let i = 0; i < 3; i++) batch.send(i, near, 0, 2, 0);
    using _ = inject('send:error=ENOBUFS:when=2');
    batch.run(3);
    expect([0, 1, 2].map((i) => batch.result(i))).toEqual([2, -E.ENOBUFS, 2]);
    expect(receive(far).length).toBe(4);
  });
});

describe('a call that fails', () => {
  test('was not made', () => {
    using ends = new Ends();
    const [near, far] = ends.fds;
    sys.send(far, Buffer.from('Hello'), 0);
    using faults = inject('recv:error=ENOMEM:when=1');
    expect([receive(near), receive(near)]).toEqual(['ENOMEM', 'Hello']);
    expect(faults.injected).toMatchObject([
      { call: 'recv', nth: 1, fd: near, kind: 'error', error: 'ENOMEM' },
    ]);
    expect(texts(faults)).toEqual(['recv #1 fails with ENOMEM: injected, the kernel was not asked']);
    expect(faults.injected[0].text).toMatch(/at test\/interpose\/faults\.test\.ts:\d+\)/);
  });

  test('with EINTR is made when it is made again, however often it is to fail', () => {
    using ends = new Ends();
    const [near, far] = ends.fds;
    using _ = inject('*:error=EINTR');
    for (let i = 0; i < 3; i++) {
      expect(sys.send(far, Buffer.from('Hello'), 0)).toBe(-E.EINTR);
      expect(sys.send(far, Buffer.from('Hello'), 0)).toBe(5);
      expect([receive(near), receive(near)]).toEqual(['EINTR', 'Hello']);
    }
  });

  test('with EINTR may have waited: a descriptor that is non-blocking has none', () => {
    using ends = new Ends();
    setNonblocking(ends.fds[0]);
    using faults = inject('recv:error=EINTR');
    expect(receive(ends.fds[0])).toBe('EAGAIN');
    expect(faults.injected).toMatchObject([{ kind: 'passed over', error: 'EINTR' }]);
  });

  test('with ENOMEM of select is not one that only sleeps', () => {
    using faults = inject('select:error=ENOMEM');
    expect(sys.select(0, null, null, null, new Timevals(1).memory)).toBe(0);
    expect(sys.select(1, new FdSet().memory, null, null, new Timevals(1).memory)).toBe(-E.ENOMEM);
    expect(faults.injected.map(({ kind }) => kind)).toEqual(['passed over', 'error']);
  });

  test.each(errnosHere('close'))('has closed the descriptor if it is close, with %s', (error) => {
    const ends = new Ends();
    using faults = inject({ call: 'close', error, when: 1 });
    expect(sys.close(ends.fds[0])).toBe(-(E as unknown as Record<string, number>)[error]);
    expect(sys.fcntl(ends.fds[0], sys.F_GETFD, 0)).toBe(-E.EBADF);
    expect(texts(faults)).toEqual([`close #1 fails with ${error}: injected, the kernel has closed it`]);
    expect(sys.close(ends.fds[1])).toBe(0);
  });

  test('goes on if it is connect, interrupted, or in progress where it does not wait', () => {
    const listener = sys.socket(sys.AF_INET, sys.SOCK_STREAM, 0);
    const address = packInet(LOCALHOST, 0);
    sys.bind(listener, address);
    sys.listen(listener, 5);
    const bound = Buffer.alloc(16);
    sys.getsockname(listener, bound, Int32Array.of(16));
    for (const [error, isNonblocking] of [
      ['EINTR', false],
      ['EINPROGRESS', true],
    ] as const) {
      const client = sys.socket(sys.AF_INET, sys.SOCK_STREAM, 0);
      if (isNonblocking) setNonblocking(client);
      using _ = inject({ call: 'connect', error });
      expect(sys.connect(client, bound)).toBe(-E[error]);
      const accepted = sys.accept(listener, null, null);
      expect(accepted).toBeGreaterThan(0);
      sys.send(accepted, Buffer.from('in'), 0);
      if (isNonblocking) sys.fcntl(client, sys.F_SETFL, 0);
      expect(receive(client)).toBe('in');
      for (const fd of [accepted, client]) sys.close(fd);
    }
    sys.close(listener);
  });

  test('with EINPROGRESS must not wait, and what fails by itself says why', () => {
    const client = sys.socket(sys.AF_INET, sys.SOCK_STREAM, 0);
    using faults = inject('connect:error=EINPROGRESS:when=1,connect:error=EINTR:when=2');
    const nobody = packInet(LOCALHOST, 1);
    expect(sys.connect(client, nobody)).toBe(-E.ECONNREFUSED);
    expect(sys.connect(client, nobody)).toBe(-E.ECONNREFUSED);
    expect(faults.injected.map(({ kind }) => kind)).toEqual(['passed over', 'passed over']);
    sys.close(client);
  });

  test('with the end of a connection ends it: 0 and EPIPE follow, and the peer sees it', () => {
    for (const error of ['ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH']) {
      using ends = new Ends();
      const [near, far] = ends.fds;
      using _ = inject({ call: 'recv', error, when: 1 });
      expect([receive(near), receive(near), receive(far)]).toEqual([error, '', '']);
      expect(sys.send(near, buffer, sys.MSG_NOSIGNAL ?? 0)).toBe(-E.EPIPE);
    }
  });

  test('with an errno of the end of a connection ends none where there is none: a datagram comes', () => {
    using ends = new Ends(sys.SOCK_DGRAM);
    const [near, far] = ends.fds;
    sys.send(far, Buffer.from('Hello'), 0);
    using _ = inject('recv:error=ECONNREFUSED:when=1');
    expect([receive(near), receive(near)]).toEqual(['ECONNREFUSED', 'Hello']);
  });

  test('with EAGAIN would not wait', () => {
    using ends = new Ends();
    const [near, far] = ends.fds;
    sys.send(far, Buffer.from('Hello'), 0);
    using faults = inject('recv:error=EAGAIN');
    expect(receive(near, 1)).toBe('H');
    expect(sys.recv(near, buffer, sys.MSG_DONTWAIT)).toBe(-E.EAGAIN);
    setNonblocking(near);
    expect(receive(near)).toBe('EAGAIN');
    expect(texts(faults)[0]).toMatch(/cannot fail with EAGAIN: the descriptor is blocking/);
    expect(faults.injected.map(({ kind }) => kind)).toEqual(['passed over', 'error', 'error']);
  });

  test.skipIf(!isLinux)('with EAGAIN, or short, is none that an epoll watches edge-triggered', () => {
    using ends = new Ends();
    const [near, far] = ends.fds;
    setNonblocking(near);
    sys.send(far, Buffer.from('Hello'), 0);
    using faults = inject('recv:error=EAGAIN:when=1+2,recv:short=1:when=2+2');
    const epfd = sys.epoll_create1(0);
    const event = new EpollEvents(1);
    const watch = (op: number, events: number) => {
      event.set(0, near, events);
      expect(sys.epoll_ctl(epfd, op, near, event.memory)).toBe(0);
    };
    const kinds = () => faults.injected.map(({ kind }) => kind);
    watch(sys.EPOLL_CTL_ADD, sys.EPOLLIN | sys.EPOLLET);
    expect([receive(near, 2), receive(near, 2)]).toEqual(['He', 'll']);
    expect(kinds()).toEqual(['passed over', 'passed over']);
    // Level-triggered it is, or when it is watched no more.
    watch(sys.EPOLL_CTL_MOD, sys.EPOLLIN);
    expect(receive(near)).toBe('EAGAIN');
    watch(sys.EPOLL_CTL_MOD, sys.EPOLLIN | sys.EPOLLET);
    expect(receive(near)).toBe('o');
    sys.send(far, Buffer.from('Hello'), 0);
    sys.close(epfd);
    expect([receive(near), receive(near)]).toEqual(['EAGAIN', 'H']);
    expect(kinds().slice(2)).toEqual(['error', 'passed over', 'error', 'short']);
  });

  test('fails as its command may: fcntl and epoll_ctl', () => {
    using ends = new Ends();
    const [near] = ends.fds;
    using faults = inject('fcntl:error=EMFILE,fcntl:error=EAGAIN,epoll_ctl:error=ENOSPC');
    expect(sys.fcntl(near, sys.F_DUPFD_CLOEXEC, 0)).toBe(-E.EMFILE);
    expect(sys.fcntl(near, sys.F_GETFD, 0)).toBe(0);
    if (isLinux) {
      const epfd = sys.epoll_create1(0);
      const event = new EpollEvents(1);
      event.set(0, near, sys.EPOLLIN);
      expect(sys.epoll_ctl(epfd, sys.EPOLL_CTL_ADD, near, event.memory)).toBe(-E.ENOSPC);
      expect(sys.epoll_ctl(epfd, sys.EPOLL_CTL_DEL, near, null)).toBe(-E.ENOENT);
      sys.close(epfd);
    }
    const passedOver = faults.injected.filter(({ kind }) => kind === 'passed over');
    expect(passedOver.map(({ error }) => error)).toEqual([
      'EMFILE',
      'EAGAIN',
      ...(isLinux ? ['ENOSPC'] : []),
    ]);
  });
});

describe('a short transfer', () => {
  test('moves the first bytes, wherever they lie, and leaves the rest', () => {
    using ends = new Ends();
    const [near, far] = ends.fds;
    using faults = inject('*:short=2');
    const word = Buffer.from('__Hello');
    expect(sys.send(far, word, 2, 5, 0)).toBe(2);
    expect(sys.write(far, word, 4, 3)).toBe(2);
    expect(sys.writev(far, [word.subarray(6), Buffer.from('!?')])).toBe(2);
    buffer.fill(0);
    expect(sys.recv(near, buffer, 3, 9, 0)).toBe(2);
    expect(sys.read(near, buffer.subarray(10))).toBe(2);
    expect(sys.readv(near, [buffer.subarray(20, 21), buffer.subarray(30)])).toBe(2);
    expect(buffer.toString('latin1').replaceAll(/\0+/g, ' ')).toBe(' He ll o ! ');
    expect(faults.injected).toHaveLength(6);
    expect(texts(faults)[0]).toBe('send #1 is made for 2 of 5 bytes: injected');
  });

  test('is none where there are no more bytes, and none of messages', () => {
    using ends = new Ends();
    using packets = new Ends(sys.SOCK_DGRAM);
    using faults = inject('*:short=5');
    for (const [near, far] of [ends.fds, packets.fds]) {
      expect(sys.send(far, Buffer.from('Hello'), 0)).toBe(5);
      expect(receive(near, 5)).toBe('Hello');
    }
    expect(faults.injected).toEqual([]);
    expect(sys.send(packets.fds[0], Buffer.from('Hello!'), 0)).toBe(6);
    expect(texts(faults)).toEqual(['send #3 cannot be short: its messages are whole']);
  });

  test('is one of a pipe only where that may be cut, and of a file only when it is written', () => {
    using pipe = new Pipe();
    const [reader, writer] = pipe.fds;
    using faults = inject('*:short=100');
    expect(sys.write(writer, Buffer.alloc(512))).toBe(512);
    expect(sys.write(writer, Buffer.alloc(5000))).toBe(100);
    expect(sys.read(reader, Buffer.alloc(500))).toBe(100);
    const fd = openSync(fileURLToPath(import.meta.url), 'r');
    expect(sys.read(fd, Buffer.alloc(200))).toBe(200);
    closeSync(fd);
    const kinds = faults.injected.map(({ kind }) => kind);
    expect(kinds).toEqual(['passed over', 'short', 'short', 'passed over']);
  });

  test('leaves wrong arguments to the call', () => {
    using _ = inject('*:short=1');
    expect(() => sys.send(0, 'text' as never, 0)).toThrow(TypeError);
    expect(() => sys.recv(0, buffer, 60, 10, 0)).toThrow(RangeError);
    expect(() => sys.writev(0, 'text' as never)).toThrow(TypeError);
    expect(sys.send(-1, buffer, 0)).toBe(-E.EBADF);
  });
});

test('a delay comes before the call, and several add up', () => {
  using faults = inject('listen:delay=30,listen:delay=20:error=EINVAL');
  const start = performance.now();
  expect(sys.listen(-1, 1)).toBe(-E.EINVAL);
  expect(performance.now() - start).toBeGreaterThanOrEqual(49);
  expect(faults.injected.map(({ kind }) => kind)).toEqual(['delay', 'delay', 'error']);
});

describe('RFDS_FAULTS', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const folder = mkdtempSync(path.join(tmpdir(), 'rfds-faults-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const program = path.join(folder, 'program.mjs');
  writeFileSync(
    program,
    `import { socketpair } from '${new URL('../../dist/socket.js', import.meta.url).href}';
const [near, far] = socketpair();
far.sendall(Buffer.from('Hello'));
try {
  console.log(String(near.recv(100)));
} catch ({ code }) {
  console.log(code);
}
near.close();
far.close();
`,
  );
  const run = (RFDS_FAULTS: string, env: NodeJS.ProcessEnv = {}) =>
    spawnSync(process.execPath, [program], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, RFDS_FAULTS, ...env },
    });

  test('makes the calls of a program fail, and says so on stderr if it is to', () => {
    expect(run('recv:error=ECONNRESET')).toMatchObject({ status: 0, stdout: 'ECONNRESET\n', stderr: '' });
    const { stdout, stderr } = run('recv:error=ECONNRESET,log', { RFDS_LEDGER: '1' });
    expect(stdout).toBe('ECONNRESET\n');
    expect(stderr).toMatch(
      /^rfds faults: recv #1 \(descriptor \d+, at .*program\.mjs:5\) fails with ECONNRESET: injected, .*\n$/,
    );
  });

  test('is no ordinary recording: a call that was not made is in none, and a note says what the program was answered', () => {
    const file = path.join(folder, 'recording.ndjson');
    run('recv:error=ECONNRESET,close:error=EIO:when=2', { RFDS_TRACE: file });
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const parsed = lines.map((line) => JSON.parse(line));
    const calls = parsed.filter(({ type }) => type === 'call');
    expect(calls.map(({ name, result }) => [name, result])).toEqual([
      ['socketpair', 0],
      ['send', 5],
      ['close', 0],
      ['close', 0],
    ]);
    const notes = parsed.filter(({ type }) => type === 'note');
    expect(notes.map(({ text }) => text.replace(/ \(.*?\)/, ''))).toEqual([
      'recv #1 fails with ECONNRESET: injected, the kernel was not asked, but to shut the connection down',
      'close #2 fails with EIO: injected, the kernel has closed it',
    ]);
    expect(notes[0].at).toBeGreaterThan(calls[1].end);
    expect(notes[0].at).toBeLessThan(calls[2].start);
    const story = execFileSync(process.execPath, ['dist/cli.js', 'trace', '--replay', file], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(story.replaceAll(/\s+/g, ' ')).toMatch(
      /Note, T\+\S+: recv #1 \(.*?\) fails with ECONNRESET: injected/,
    );
  });

  test('that is wrong is one line and status 2, before anything is done', () => {
    expect(run('recv:error=EPERM')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/^rfds: RFDS_FAULTS: recv does not give EPERM, but .*\n$/),
    });
    const env = { ...process.env, RFDS_FAULTS: 'accept' };
    const server = spawnSync(process.execPath, ['dist/cli.js', 'server', '--port', '0'], {
      cwd: root,
      encoding: 'utf8',
      env,
    });
    expect(server).toMatchObject({ status: 2, stdout: '' });
    expect(server.stderr).toMatch(/^rfds: RFDS_FAULTS: 'accept' is neither a fault, .*\n$/);
  });
});
