// Every loop, and the documented server in Python, answer the same conversations with the
// same bytes and print the same lines, times and ports aside.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loops, Server } from '../support/programs.ts';
import { timeless, Visitor } from '../support/visitor.ts';

interface Outcome {
  /** What each client received, and how its connection ended. */
  clients: string[];
  /** What the server printed, in order but for the clients' ports. */
  lines: string[];
}

type Script = (server: Server, visit: () => Promise<Visitor>) => Promise<void>;

const scripts: Record<string, Script> = {
  'plain text': async (_, visit) => {
    const visitor = await visit();
    await visitor.ask('Hello');
    await visitor.ask("it's 5 o'clock\t\r\n");
    await visitor.leave();
  },
  'an empty message': async (_, visit) => {
    const visitor = await visit();
    await visitor.ask('1700000000x123456:');
    await visitor.leave();
  },
  'nothing at all': async (_, visit) => {
    await (await visit()).leave();
  },
  '0xFF first': async (_, visit) => {
    const visitor = await visit();
    await visitor.send(Uint8Array.of(0xff));
    await visitor.dismissed();
  },
  '0xFF after a message': async (_, visit) => {
    const visitor = await visit();
    await visitor.ask('Hello');
    await visitor.send(Uint8Array.of(0xff, 0xf4, 0xff, 0xfd, 0x06));
    await visitor.dismissed();
  },
  '0xFF where the second recv begins': async (_, visit) => {
    const visitor = await visit();
    await visitor.send(Buffer.concat([Buffer.alloc(1024, 'a'), Uint8Array.of(0xff)]));
    await visitor.dismissed();
  },
  'UTF-8 cut by recv(1024)': async (_, visit) => {
    const visitor = await visit();
    await visitor.ask(Buffer.from(`${'a'.repeat(1023)}é`));
    await visitor.leave();
  },
  'bytes that are not UTF-8': async (_, visit) => {
    const visitor = await visit();
    await visitor.ask(Uint8Array.of(0x80, 0xc3, 0x28, 0xfe, 0x00, 0x22, 0x27));
    await visitor.leave();
  },
  '5,000 bytes in one send': async (_, visit) => {
    const visitor = await visit();
    await visitor.ask(Buffer.from(Array.from({ length: 5000 }, (_, i) => 0x61 + (i % 26))));
    await visitor.leave();
  },
  'two sends at once': async (server, visit) => {
    const visitor = await visit();
    await visitor.ask('first');
    server.kill('SIGSTOP'); // Both are in its receive queue before it looks again.
    await visitor.send('one');
    await visitor.send('two');
    server.kill('SIGCONT');
    await visitor.answered('firstonetwo'.length);
    await visitor.ask('last');
    await visitor.leave();
  },
  'half-close after sending': async (_, visit) => {
    const visitor = await visit();
    await visitor.send('Hello');
    await visitor.leave();
  },
  'a half-close behind a long message': async (server, visit) => {
    const visitor = await visit();
    server.kill('SIGSTOP');
    await visitor.send(Buffer.alloc(4000, 'x'));
    visitor.socket.end();
    server.kill('SIGCONT');
    await visitor.leave();
  },
  'RST in the middle': async (_, visit) => {
    const [bystander, visitor] = [await visit(), await visit()];
    await visitor.ask('Hello');
    await visitor.reset();
    await bystander.ask('still here?');
    await bystander.leave();
  },
  '50 clients interleaved': async (_, visit) => {
    const visitors: Visitor[] = [];
    for (let i = 0; i < 50; i++) visitors.push(await visit());
    for (let round = 0; round < 3; round++) {
      for (const [i, visitor] of visitors.entries()) await visitor.ask(`client ${i} round ${round}`);
    }
    await Promise.all(visitors.map((visitor) => visitor.leave()));
  },
};

async function run(server: Server, script: Script): Promise<Outcome> {
  const visitors: Visitor[] = [];
  const before = server.stdout.length;
  const visit = async () => {
    const visitor = await Visitor.connect(server.port);
    visitors.push(visitor);
    // connect returns before accept does: wait, so that what is printed has one order.
    await server.has(new RegExp(`Accepted .*, ${visitor.localPort}\\)`), 'stdout', before);
    return visitor;
  };
  await script(server, visit);
  // What one more client says is printed behind everything else.
  const last = await Visitor.connect(server.port);
  await last.ask('that is all');
  await server.has(new RegExp(`:${last.localPort}\\].*that is all`), 'stdout', before);
  await last.leave();

  const names = new Map([...visitors, last].map(({ localPort }, i) => [String(localPort), `client-${i}`]));
  const printed = timeless(server.stdout.slice(before)).replace(
    /\d{4,5}/g,
    (port) => names.get(port) ?? port,
  );
  return {
    clients: visitors.map(({ received, ending }) => `${timeless(received)} · ${ending}`),
    lines: printed.split('\n'),
  };
}

const reference = new Map<string, Outcome>();

beforeAll(async () => {
  await using server = await Server.start('python');
  for (const [name, script] of Object.entries(scripts)) reference.set(name, await run(server, script));
});

test('the reference is the documented conversation', () => {
  expect(reference.get('plain text')).toEqual({
    clients: ["TIME:HelloTIME:it's 5 o'clock\t\r\n · end"],
    lines: [
      "Accepted connection from ('127.0.0.1', client-0)",
      "[127.0.0.1:client-0] TIME:b'Hello'",
      `[127.0.0.1:client-0] TIME:b"it's 5 o'clock\\t\\r\\n"`,
      "Accepted connection from ('127.0.0.1', client-1)",
      "[127.0.0.1:client-1] TIME:b'that is all'",
      '',
    ],
  });
  expect(reference.get('two sends at once')?.clients).toEqual(['TIME:firstTIME:onetwoTIME:last · end']);
  expect(reference.get('0xFF after a message')?.clients).toEqual(['TIME:Hello · end']);
});

describe.each(loops)('the %s loop answers as Python does:', (loop) => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start(loop);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test.each(Object.keys(scripts))('%s', async (name) => {
    expect(await run(server, scripts[name])).toEqual(reference.get(name));
  });
});
