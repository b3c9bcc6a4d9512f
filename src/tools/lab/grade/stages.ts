// The stages, in order: each asks a little more of the documented server (docs/server.md), as a client sees it.

import { callStage } from './call-stage.ts';
import { Client, Failure } from './client.ts';
import type { Stage, Trial } from './stage.ts';

/** Processor time in a second that an idle server may use, and one that has no descriptors left. */
const IDLE_CPU = 0.05;
const SHORT_CPU = 0.2;

/** A client that sends one message, and gets it back. */
async function conversation(trial: Trial, message = trial.text(1, 40)): Promise<void> {
  const client = await trial.connect();
  client.send(message);
  await client.answered();
  client.drop();
}

export const stages: readonly Stage[] = [
  {
    name: 'listens',
    asks: 'The server listens on the port that it is given, and stays up.',
    hint: 'The port is the last argument, and PORT in the environment; or {port} in the command.',
    async run(trial) {
      await trial.start();
      for (let i = trial.random.int(1, 4); i > 0; i--) (await trial.connect()).drop();
      await trial.pause(100);
    },
  },
  {
    name: 'echoes with the time',
    asks: 'A message comes back with the time in front, as {time}:{message}; time.time() as Python prints it.',
    hint: 'The time is in seconds since 1970, with a fraction or without: 1700000001.234567:Hello',
    async run(trial) {
      await trial.start();
      const client = await trial.connect();
      for (let i = trial.random.int(2, 5); i > 0; i--) {
        const begin = Date.now() / 1000;
        const from = client.received.length;
        client.send(trial.text(1, 40));
        await client.answered();
        const answer = client.received.slice(from);
        const time = /^(\d+(?:\.\d+)?):/.exec(answer)?.[1];
        if (time === undefined)
          throw new Failure(`the answer '${answer}' does not begin with a time and a colon`);
        const off = Number(time) - begin;
        if (!(off > -2 && off < 2 + trial.patienceMs / 1000))
          throw new Failure(
            `the time ${time} is ${Math.abs(off).toFixed(3)} s ${off < 0 ? 'in the past' : 'ahead'}`,
          );
      }
    },
  },
  {
    name: 'two clients at once',
    asks: 'Clients are served at the same time, each with its own answers; one that says nothing holds up nobody.',
    hint: 'After accept() go on waiting for the listener and for every client. rfds lab handshake',
    async run(trial) {
      await trial.start();
      const silent = await trial.connect();
      const others = [await trial.connect(), await trial.connect()];
      for (let i = trial.random.int(3, 8); i > 0; i--) {
        const client = trial.random.pick(others);
        client.send(trial.text(1, 40));
        await client.answered();
      }
      for (const client of trial.random.shuffle([silent, ...others])) client.send(trial.text(1, 40));
      for (const client of [silent, ...others]) await client.answered();
    },
  },
  {
    name: 'split and joined messages',
    asks: 'Every byte comes back, in order, however the stream is cut: TCP has no messages.',
    hint: 'A recv() may return a part of a message, or two; more than its buffer takes comes with the next. rfds lab messages',
    async run(trial) {
      await trial.start();
      const client = await trial.connect();
      const acts = [
        async () => {
          for (const part of [trial.text(1, 20), trial.text(1, 20), trial.text(1, 20)]) {
            client.send(part);
            await trial.pause(trial.random.int(5, 60));
          }
        },
        async () =>
          client.send(Array.from({ length: trial.random.int(2, 6) }, () => trial.text(1, 40)).join('')),
        async () => client.send(trial.text(3000, 9000)),
      ];
      for (const act of trial.random.shuffle(acts)) {
        await act();
        await client.answered();
      }
    },
  },
  {
    name: 'half-close',
    asks: 'A client that has ended what it sends gets its answer still; then the server closes the connection.',
    hint: 'recv() of no bytes is the end of one direction: send what is unsent, then close(). rfds lab half-close',
    async run(trial) {
      await trial.start();
      for (const length of trial.random.shuffle([trial.random.int(1, 60), trial.random.int(100, 1000), 0])) {
        const client = await trial.connect();
        if (length > 0) client.send(trial.random.letters(length));
        client.halfClose();
        await client.answered();
        await client.closed();
      }
    },
  },
  {
    name: 'reset',
    asks: 'A client that resets its connection ends nothing but that.',
    hint: 'recv() and send() may fail with ECONNRESET or EPIPE: close that client, go on. rfds lab accept-after-reset',
    async run(trial) {
      await trial.start();
      for (let i = trial.random.int(4, 8); i > 0; i--) {
        const client = await trial.connect();
        const how = trial.random.int(0, 2);
        if (how > 0) client.send(trial.text(1, 1000));
        if (how > 1) await client.answered();
        client.reset();
      }
      // One that the server surely knows before it is reset: its next recv() fails.
      const known = await trial.connect();
      known.send(trial.text(1, 40));
      await known.answered();
      known.reset();
      await trial.pause(50);
      await conversation(trial);
    },
  },
  {
    name: 'any bytes',
    asks: 'Bytes that are not UTF-8, and NUL, come back as they are. 0xFF at the beginning of a message is a goodbye.',
    hint: 'Answer with bytes, not with decoded text; a length is not the place of a NUL. rfds lab half-character',
    async run(trial) {
      await trial.start();
      const odd = [
        'caf\xe9',
        '\xc3',
        '\xa9',
        'a\x00b',
        '\x80\xfe\xff',
        '\xed\xa0\x80',
        '\x00',
        '\xf0\x9f\x98',
      ];
      for (const bytes of trial.random.shuffle(odd).slice(0, 6)) await conversation(trial, bytes);
      const client = await trial.connect();
      client.send('\xff\xf4\xff\xfd\x06'); // What telnet sends for Ctrl+C.
      await client.closed();
      await conversation(trial);
    },
  },
  {
    name: 'slow reader',
    asks: 'A client that sends and does not read holds up nobody; when it reads, nothing is lost (or it was dropped).',
    hint: 'Never wait for one client in send(): keep what is unsent, watch it for writing. rfds lab blocks-everybody',
    async run(trial) {
      await trial.start();
      const slow = await trial.connect({ reads: false });
      await slow.flood(trial.random.letters(65_536), 65_536 * trial.random.int(350, 380));
      await conversation(trial);
      trial.note(`${slow.name} begins to read`);
      slow.read();
      const outcome = await slow.answeredOrDropped(trial.patienceMs);
      trial.note(`${slow.name} was ${outcome}`);
      await conversation(trial);
    },
  },
  {
    name: 'many clients',
    asks: 'A hundred clients at once, each with its own answer; and one more when they have gone.',
    hint: 'No array with a fixed number of places; take what is closed out of your list. rfds lab fd-setsize',
    async run(trial) {
      await trial.start();
      const clients = await Promise.all(
        Array.from({ length: trial.random.int(80, 120) }, () => trial.connect()),
      );
      for (const client of trial.random.shuffle(clients)) client.send(trial.text(1, 60));
      for (const client of clients) await client.answered();
      for (const client of clients) client.drop();
      await conversation(trial);
    },
  },
  {
    name: 'out of descriptors',
    asks: 'With no descriptor left (EMFILE) it serves those that it has, does not spin, and accepts again later.',
    hint: 'accept() fails and the listener stays ready: hold a descriptor in reserve. rfds lab no-descriptors',
    async run(trial) {
      const limit = trial.random.int(100, 128);
      await trial.start({ maxDescriptors: limit });
      const first = await trial.connect();
      first.send(trial.text(1, 40));
      await first.answered();
      trial.note(`${limit + 20} more clients connect, as far as they can`);
      const silent = { port: trial.port, patienceMs: 1000, note: () => {} };
      const crowd = await crowdOf(limit + 20, silent);
      await trial.pause(200);
      trial.checkAlive();
      first.send(trial.text(1, 40));
      await first.answered();
      const cpu = await trial.cpuInASecond();
      if (cpu > SHORT_CPU)
        throw new Failure(`it used ${cpu.toFixed(2)} s of processor time in a second, and did nothing`);
      first.send(trial.text(1, 40));
      await first.answered();
      for (const client of [first, ...crowd]) client.drop();
      trial.note('all of them leave');
      await trial.pause(200);
      await conversation(trial);
    },
  },
  {
    name: 'idle',
    asks: 'A server with nothing to do uses no processor time, whoever is connected.',
    hint: 'Wait without a timeout of 0, and for writing only while something is unsent. rfds lab writable',
    async run(trial) {
      await trial.start();
      const first = await trial.connect();
      first.send(trial.text(1, 60));
      await first.answered();
      const silent = trial.random.int(1, 6);
      for (let i = 0; i < silent; i++) await trial.connect();
      (await trial.connect()).drop();
      await trial.pause(300);
      let cpu = await trial.cpuInASecond();
      // Once more, for what a runtime does behind its start.
      if (cpu > IDLE_CPU) cpu = await trial.cpuInASecond();
      if (cpu > IDLE_CPU)
        throw new Failure(
          `with ${silent + 1} idle clients it used ${cpu.toFixed(2)} s of processor time in a second`,
        );
    },
  },
  callStage,
];

/** Clients that connect at once, without a word in the report: those that could. */
async function crowdOf(size: number, setting: Parameters<typeof Client.connect>[1]): Promise<Client[]> {
  const tries = Array.from({ length: size }, () => Client.connect('one of them', setting).catch(() => null));
  return (await Promise.all(tries)).filter((client) => client !== null);
}
