// The capture of packets on loopback: what it sees, when it ends, and why it may be refused.

import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import type { PacketLine } from '../../../src/interpose/recorder/recording.ts';
import * as rfds from '../../../src/socket.ts';
import { Capture, type Refusal } from '../../../src/tools/trace/run/packet-capture.ts';
import { mayCapture, which } from '../../support/platform.ts';
import { existing, Program, within } from '../../support/programs.ts';

const program = fileURLToPath(
  new URL('../../../dist/tools/trace/run/packet-capture-main.js', import.meta.url),
);
const compiled = fileURLToPath(new URL('../../../dist/tools/trace/run/packet-capture.js', import.meta.url));

let servers: Server[] = [];
afterEach(() => {
  for (const server of servers) server.close();
  servers = [];
});

/** An echo server on a free port. */
async function echo(host = '127.0.0.1'): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket));
  servers.push(server);
  await once(server.listen(0, host), 'listening');
  return (server.address() as { port: number }).port;
}

/** A conversation of one message, over when both sides have closed. Returns the client's port. */
async function converse(
  port: number,
  message: string | Buffer = 'Hello',
  host = '127.0.0.1',
): Promise<number> {
  const socket = connect(port, host);
  await once(socket, 'connect');
  const { localPort } = socket;
  socket.end(message);
  socket.resume();
  await once(socket, 'close');
  return localPort!;
}

async function capturing(port: number, signal?: AbortSignal): Promise<Capture> {
  const capture = await Capture.start({ interface: 'lo', port, ...(signal && { signal }) });
  if (!(capture instanceof Capture)) throw new Error(capture.text);
  return capture;
}

const story = (packets: PacketLine[], port: number) =>
  packets.map(({ tcp }) => `${tcp!.sourcePort === port ? 'server' : 'client'} ${tcp!.flags.join(' ')}`);

describe.skipIf(!mayCapture)(mayCapture ? 'a capture' : 'capturing packets needs Linux and root:', () => {
  test('on loopback has each packet once, from the first SYN on, and none of other ports', async () => {
    const [port, other] = [await echo(), await echo()];
    await using capture = await capturing(port);
    await converse(other);
    await converse(port);
    await converse(other);
    const { packets, notes } = await capture.stop();
    expect(notes).toEqual([]);
    expect(packets.map(({ n }) => n)).toEqual(packets.map((_, i) => i));
    expect(new Set(packets.map((packet) => packet.interface))).toEqual(new Set(['lo']));
    expect(new Set(packets.map(({ direction }) => direction))).toEqual(new Set(['in']));
    const lines = story(packets, port);
    expect(lines.slice(0, 3)).toEqual(['client SYN', 'server SYN ACK', 'client ACK']);
    for (const end of ['client', 'server']) {
      expect(lines.some((line) => line.startsWith(end) && line.includes('FIN'))).toBe(true);
    }
    // Were one sent again, it would have another id.
    const seen = packets.map(({ ip, tcp }) => [tcp!.sourcePort, ip!.id, tcp!.seq, tcp!.flags].join(' '));
    expect(new Set(seen).size).toBe(seen.length);
    const sent = packets.filter(({ tcp }) => tcp!.sourcePort !== port && tcp!.payloadLength > 0);
    const places = sent.map(({ tcp }) => `${tcp!.relativeSeq}, ${tcp!.payloadLength} bytes`);
    expect(new Set(places)).toEqual(new Set(['1, 5 bytes']));
    for (const { bytes, length } of packets) expect(Buffer.from(bytes, 'base64').length).toBe(length);
  });

  test('has IPv6 and packets as long as loopback takes them', async (context) => {
    const port = await echo('::1').catch(() => context.skip('there is no ::1'));
    await using capture = await capturing(port);
    await converse(port, Buffer.alloc(400_000, 'x'), '::1');
    const { packets } = await capture.stop();
    expect(new Set(packets.map(({ ip }) => [ip!.version, ip!.source, ip!.destination].join()))).toEqual(
      new Set(['6,::1,::1']),
    );
    // All of it is before the FIN; a part may have been sent twice.
    const toServer = packets.filter(({ tcp }) => tcp!.destinationPort === port);
    const end = toServer.find(({ tcp }) => tcp!.flags.includes('FIN'))!.tcp!;
    expect(end.relativeSeq + end.payloadLength).toBe(400_001);
    expect(Math.max(...packets.map(({ length }) => length))).toBeGreaterThan(32_768);
    for (const { tcp } of packets) expect(tcp!.checksumStatus).toBe('offloaded');
  });

  test('waits for what the kernel sends late: an ACK that no data takes along', async () => {
    const { AF_INET, SOCK_STREAM } = rfds;
    using listener = rfds.socket(AF_INET, SOCK_STREAM);
    listener.bind(['127.0.0.1', 0]);
    listener.listen();
    const address = listener.getsockname() as rfds.InetAddress;
    await using capture = await capturing(address[1]);
    using client = rfds.socket(AF_INET, SOCK_STREAM);
    client.connect(address);
    const [server] = listener.accept();
    using _ = server;
    server.setsockopt(rfds.IPPROTO_TCP, rfds.TCP_QUICKACK, 0);
    client.send(Buffer.from('Hello'));
    const { packets } = await capture.stop();
    const lines = story(packets, address[1]);
    expect(lines.slice(0, 4)).toEqual(['client SYN', 'server SYN ACK', 'client ACK', 'client ACK PSH']);
    expect(lines.at(-1)).toBe('server ACK');
    expect(packets.at(-1)!.tcp!.relativeAck).toBe(6);
  });

  test('has times on the clock of the recording, between the calls that made the packets', async () => {
    const port = await echo();
    await using capture = await capturing(port);
    const before = Number(process.hrtime.bigint());
    await converse(port);
    const after = Number(process.hrtime.bigint());
    const { packets } = await capture.stop();
    expect(packets[0].at).toBeGreaterThan(before);
    // All but what the kernel acknowledges late came before the conversation was over.
    const message = packets.find(({ tcp }) => tcp!.payloadLength > 0)!;
    expect(message.at).toBeLessThan(after);
  });

  test('ends when SIGTERM comes, not with Ctrl+C, and has what came before', async () => {
    const port = await echo();
    await using capture = new Program(process.execPath, [program, 'lo', String(port)]);
    await capture.has(/^\{"type":"ready"\}\n/);
    capture.kill('SIGINT');
    await converse(port);
    capture.kill('SIGTERM');
    expect(await within(capture.exited, 'exit')).toBe(0);
    expect(capture.stderr).toBe('');
    const [, ...lines] = capture.stdout.trim().split('\n');
    expect(
      story(
        lines.map((line) => JSON.parse(line)),
        port,
      )[0],
    ).toBe('client SYN');
    expect(lines.length).toBeGreaterThan(6);
  });

  test('ends when its parent does, however that ends', async () => {
    const text = `
      import { Capture } from ${JSON.stringify(compiled)};
      const capture = await Capture.start({ interface: 'lo', port: 1 });
      console.log('captures: ' + capture.pid);`;
    await using parent = new Program(process.execPath, ['--input-type=module', '-e', text]);
    const [, pid] = await parent.has(/captures: (\d+)/);
    expect(existing(pid)).toBe(true);
    parent.kill('SIGKILL');
    const gone = async () => {
      while (existing(pid)) await pause(5);
    };
    await within(gone(), 'the end of the capture');
  });

  test('ends quietly when nobody reads it any more', async () => {
    const port = await echo();
    const pipe = '"$0" "$@" | { read -r line; echo "$line"; }';
    const command = ['-c', pipe, process.execPath, program, 'lo', String(port)];
    await using capture = new Program('/bin/sh', command);
    await capture.has(/ready/);
    let over = false;
    capture.exited.then(() => {
      over = true;
    });
    while (!over) await converse(port);
    expect(capture.stderr).toBe('');
  });

  test('can be called off, before it is ready and after', async () => {
    const stop = new AbortController();
    await using capture = await capturing(await echo(), stop.signal);
    stop.abort();
    await expect(capture.stop()).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
    await expect(capturing(1, stop.signal)).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
    const soon = new AbortController();
    const starting = capturing(1, soon.signal);
    soon.abort();
    await expect(starting).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  });

  /** While the capture does not run, more traffic of a port than twice what the kernel keeps for it. */
  async function flooded(capture: Capture, port: number, meanwhile = async () => {}): Promise<void> {
    process.kill(capture.pid, 'SIGSTOP');
    try {
      for (let i = 0; i < 4; i++) await converse(port, Buffer.alloc(16 << 20));
      await meanwhile();
    } finally {
      process.kill(capture.pid, 'SIGCONT');
    }
  }

  test('loses nothing to what else is on the interface, however much that is', async () => {
    const [port, other] = [await echo(), await echo()];
    await using capture = await capturing(port);
    await flooded(capture, other, async () => {
      await converse(port);
    });
    const { packets, dropped, notes } = await capture.stop();
    expect({ dropped, notes }).toEqual({ dropped: 0, notes: [] });
    expect(story(packets, port).slice(0, 4)).toEqual([
      'client SYN',
      'server SYN ACK',
      'client ACK',
      expect.stringMatching(/^client/),
    ]);
    expect(story(packets, port).filter((line) => line.includes('FIN'))).toHaveLength(2);
  });

  test('says so if packets came faster than it took them', async () => {
    const port = await echo();
    await using capture = await capturing(port);
    await flooded(capture, port);
    const { notes, dropped } = await capture.stop();
    expect(dropped).toBeGreaterThan(0);
    expect(notes).toMatchObject([{ type: 'note', at: expect.any(Number) }]);
    expect(notes[0].text).toMatch(
      /^\d+ packets on lo came faster than they were taken, and are missing here$/,
    );
  });

  test('is refused where there is no such interface', async () => {
    const refusal: Refusal = {
      type: 'refused',
      code: 'ENODEV',
      text: 'there is no interface nope0 to capture packets on',
    };
    expect(await Capture.start({ interface: 'nope0', port: 1 })).toEqual(refusal);
    expect(await Capture.start({ interface: '../lo', port: 1 })).toMatchObject({ code: 'ENODEV' });
  });

  test('fails with one line where there is no such namespace', async () => {
    const options = { interface: 'lo', port: 1, namespace: 'rfds-nobody' };
    const started = which('ip') ? Capture.start(options) : Promise.reject(new Error('Cannot open: no ip'));
    await expect(started).rejects.toThrow(/^[^\n]*Cannot open[^\n]*$/);
  });

  test.each([
    ['the right', ['--bounding-set', '-net_raw', '--inh-caps', '-net_raw']],
    ['root', ['--reuid', '65534', '--clear-groups']],
  ])('is refused without %s, in one line', async (_, without) => {
    await using capture = new Program('setpriv', [...without, process.execPath, program, 'lo', '1']);
    expect(await within(capture.exited, 'exit')).toBe(1);
    expect(capture.stderr).toBe('');
    expect(capture.stdout).toMatch(/^[^\n]+\n$/);
    expect(JSON.parse(capture.stdout)).toEqual({
      type: 'refused',
      code: 'EPERM',
      text: 'capturing packets on lo needs the right CAP_NET_RAW, which root has',
    });
  });
});

test('a capture is refused where it takes BPF, which is not there yet', async () => {
  const pretence = 'data:text/javascript,Object.defineProperty(process, "platform", { value: "darwin" })';
  await using capture = new Program(process.execPath, ['--import', pretence, program, 'lo0', '1']);
  expect(await within(capture.exited, 'exit')).toBe(1);
  expect(JSON.parse(capture.stdout)).toEqual({
    type: 'refused',
    code: 'ENOSYS',
    text: 'capturing packets on darwin takes BPF, which rfds cannot do yet',
  });
});
