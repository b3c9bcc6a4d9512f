// Workers that block in a call: they end when they are terminated and when the process exits, no call is the
// longer for it, and their descriptors end with them. RFDS_ROUNDS is how many of each (a few).

import { describe, expect, test } from 'vitest';
import { isLinux } from '../support/platform.ts';
import { module, run, runFor } from '../support/signalled.ts';

const rounds = Number(process.env.RFDS_ROUNDS ?? 3);
const deadline = 30_000 + rounds * 3_000;
// Each is a process.
const exits = process.env.RFDS_ROUNDS === undefined ? 1 : rounds;
// Servers on one port.
const servers = process.env.RFDS_ROUNDS === undefined ? 3 : 8;

/** What a worker may do: the modules that it has are named as those of signalled.ts. */
const preamble = `
  import { parentPort, workerData } from 'node:worker_threads';
  import * as S from ${module('socket')};
  import * as L from ${module('select')};
  import * as sys from ${module('syscalls')};
  const [near, far] = S.socketpair();
  const listener = S.socket();
  listener.bind(['127.0.0.1', 0]);
  listener.listen();
`;
const code = (body: string) => JSON.stringify(`${preamble}${body}\n`);

/** For main: a worker that runs body, and has said that it will. */
const workers = `
  import { Worker } from 'node:worker_threads';
  const start = (code, workerData) => new Promise((resolve, reject) => {
    const worker = new Worker(code, { eval: true, workerData });
    worker.once('message', (message) => { worker.said = message; resolve(worker); }).once('error', reject);
  });
  const said = (worker) => new Promise((resolve) => worker.once('message', resolve));
`;

const calls: [name: string, call: string][] = [
  ['recv', 'near.recv(1)'],
  ['recv with a timeout', 'near.settimeout(1000); near.recv(1)'],
  ['accept', 'listener.accept()'],
  ['sendall', 'near.sendall(new Uint8Array(1e7))'],
  ['select', 'L.select([near], [], [])'],
  ['poll', 'const p = L.poll(); p.register(near, L.POLLIN); p.poll()'],
  ['a raw recv', 'sys.recv(near.fileno(), new Uint8Array(1), 0)'],
  [
    'a raw pselect with all signals blocked',
    'sys.pselect(0, null, null, null, null, BigUint64Array.of(~0n))',
  ],
];
if (isLinux)
  calls.push(['epoll_wait', 'const e = L.epoll(); e.register(near); e.unregister(near); e.poll()']);

describe.each(calls)('workers in %s', (_, call) => {
  const blocked = code(`parentPort.postMessage('ready'); ${call};`);

  test(
    `end when they are terminated, at any moment (${rounds} rounds)`,
    async () => {
      const { stdout, status, stderr } = await runFor(
        deadline,
        {},
        `${workers}
         for (let i = 0; i < ${rounds}; i++) {
           const list = await Promise.all([0, 1].map(() => start(${blocked})));
           await new Promise((resolve) => setTimeout(resolve, Math.random() * 30));
           await Promise.all(list.map((worker) => worker.terminate()));
         }
         print('ended');`,
      );
      expect([stdout, stderr, status]).toEqual(['ended\n', '', 0]);
    },
    deadline,
  );

  test(
    'end with process.exit(), and one whose exit listener throws',
    async () => {
      for (let i = 0; i < 2 * exits; i++) {
        const more = i % 2 ? "process.on('exit', () => { throw new Error('from the listener'); });" : '';
        const { status } = await run(
          `${workers}
         await Promise.all([0, 1].map(() => start(${blocked})));
         ${more}
         setTimeout(() => process.exit(${more === '' ? 3 : ''}), Math.random() * 30);`,
        );
        expect(status).toBe(more === '' ? 3 : 1);
      }
    },
    2 * deadline,
  );
});

describe('a call of a worker', () => {
  const timed: [name: string, call: string][] = [
    ['select', 'L.select([near], [], [], 0.35)'],
    ['poll', 'L.poll().poll(350)'],
    ['a raw select', 'sys.select(0, null, null, null, BigInt64Array.of(0n, 350_000n))'],
    ['a raw pselect', 'sys.pselect(0, null, null, null, BigInt64Array.of(0n, 350_000_000n), null)'],
    ['a raw poll', 'sys.poll(new Uint8Array(0), 0, 350)'],
    ['recv with a timeout', 'near.settimeout(0.35); try { near.recv(1); } catch {}'],
    [
      'recv of a socket with SO_RCVTIMEO',
      'near.setsockopt(S.SOL_SOCKET, S.SO_RCVTIMEO, new Uint8Array(BigInt64Array.of(0n, 350_000n).buffer)); const n = sys.recv(near.fileno(), new Uint8Array(1), 0); if (n !== -sys.EAGAIN) throw new Error(n)',
    ],
  ];
  if (isLinux)
    timed.push(
      ['epoll_wait', 'L.epoll().poll(0.35)'],
      ['a raw ppoll', 'sys.ppoll(new Uint8Array(0), 0, BigInt64Array.of(0n, 350_000_000n), null)'],
    );

  test.each(timed)('%s lasts its time, and ends then', async (_, call) => {
    const { stdout } = await run(
      `${workers}
       const worker = await start(${code(`const start = performance.now(); ${call}; parentPort.postMessage(performance.now() - start);`)});
       print(worker.said >= 349 ? 'whole' : String(worker.said));
       await worker.terminate();`,
    );
    expect(stdout).toBe('whole\n');
  });

  test('send moves all of its bytes, and recv with MSG_WAITALL, however long they wait', async () => {
    const { stdout } = await run(
      `${workers}
       const [a, b] = socketpair();
       const sender = await start(${code("parentPort.postMessage('ready'); parentPort.postMessage(sys.send(workerData, new Uint8Array(3_000_000), 0));")}, a.fileno());
       const done = said(sender);
       const receiver = await start(${code("parentPort.postMessage('ready'); parentPort.postMessage(sys.recv(workerData, new Uint8Array(3_000_000), S.MSG_WAITALL));")}, b.fileno());
       const other = said(receiver);
       print(String(await done));
       // What lacks of the whole comes late: the receiver has waited, and was kicked.
       print(String(await other));`,
    );
    expect(stdout).toBe('3000000\n3000000\n');
  });

  test('recv with MSG_WAITALL goes on behind what came before a kick', async () => {
    const { stdout } = await run(
      `${workers}
       const [a, b] = socketpair();
       const receiver = await start(${code("parentPort.postMessage('ready'); parentPort.postMessage(sys.recv(workerData, new Uint8Array(10), S.MSG_WAITALL));")}, b.fileno());
       const done = said(receiver);
       a.send(Buffer.from('12345'));
       setTimeout(() => a.send(Buffer.from('67890')), 350);
       print(String(await done));`,
    );
    expect(stdout).toBe('10\n');
  });

  test.each(['AF_INET', 'AF_UNIX'])(
    'connect to a full %s listener succeeds once there is a place',
    async (family) => {
      const { stdout } = await run(
        `${workers}
       import * as S from ${module('socket')};
       import { mkdtempSync } from 'node:fs';
       import { tmpdir } from 'node:os';
       const family = S.${family};
       const listener = S.socket(family);
       listener.bind(family === S.AF_UNIX ? mkdtempSync(tmpdir() + '/rfds-') + '/s' : ['127.0.0.1', 0]);
       listener.listen(0);
       const address = listener.getsockname();
       const fill = S.socket(family);
       fill.connect(address);
       const worker = await start(${code(
         `parentPort.postMessage('ready');
          const sock = S.socket(workerData.family);
          sock.connect(workerData.address);
          parentPort.postMessage(String(sock.getpeername()) === String(workerData.address));`,
       )}, { family, address });
       const done = said(worker);
       setTimeout(() => { for (let i = 0; i < 2; i++) listener.accept(); }, 350);
       print(String(await done));`,
      );
      expect(stdout).toBe('true\n');
    },
  );
});

test("a terminated worker's sockets are closed with it; detached ones, closed ones and the main thread's are not", async () => {
  const { stdout } = await run(
    `${workers}
     import { fcntl, F_GETFD } from ${module('syscalls')};
     const [mine] = socketpair();
     const isOpen = (fd) => fcntl(fd, F_GETFD, 0) >= 0;
     const worker = await start(${code(
       `const detached = S.socket().detach();
        const e = L.epoll?.();
        const closed = S.socket();
        closed.close();
        const again = S.socket().detach();
        parentPort.postMessage({ kept: [detached, again], ended: [near.fileno(), far.fileno(), listener.fileno()] });
        near.recv(1);`,
     )});
     const { kept, ended } = worker.said;
     print(JSON.stringify([...kept, ...ended].map(isOpen)));
     await worker.terminate();
     print(JSON.stringify([kept.map(isOpen), ended.map(isOpen), isOpen(mine.fileno())]));`,
  );
  expect(stdout).toBe('[true,true,true,true,true]\n[[true,true],[false,false,false],true]\n');
});

test.skipIf(!isLinux)(
  'workers with SO_REUSEPORT listeners, terminated and replaced, leave no descriptor and take no client (Linux)',
  async () => {
    const { stdout, status } = await runFor(
      deadline,
      {},
      `${workers}
       import * as S from ${module('socket')};
       import { readdirSync } from 'node:fs';
       const descriptors = () => readdirSync('/proc/self/fd').length;
       const probe = S.socket();
       probe.setsockopt(S.SOL_SOCKET, S.SO_REUSEPORT, 1);
       probe.bind(['127.0.0.1', 0]);
       const [, port] = probe.getsockname();
       const code = ${code(
         `const l = S.socket();
          l.setsockopt(S.SOL_SOCKET, S.SO_REUSEPORT, 1);
          l.bind(['127.0.0.1', workerData]);
          l.listen();
          const e = L.epoll();
          e.register(l, 1);
          parentPort.postMessage('listens');
          for (;;) if (e.poll(0.02).length > 0) { const [c] = l.accept(); c.sendall(Buffer.from('x')); c.close(); }`,
       )};
       let list = await Promise.all(Array.from({ length: ${servers} }, () => start(code, port)));
       const before = descriptors();
       for (let i = 0; i < ${rounds}; i++) {
         await Promise.all(list.map((worker) => worker.terminate()));
         list = await Promise.all(list.map(() => start(code, port)));
       }
       print(String(descriptors() - before));
       let answered = 0;
       for (let i = 0; i < 64; i++) {
         const client = S.create_connection(['127.0.0.1', port], 5);
         if (client.recv(1).length === 1) answered++;
         client.close();
       }
       print(String(answered));
       process.exit();`,
    );
    expect([stdout, status]).toEqual(['0\n64\n', 0]);
  },
  deadline,
);
