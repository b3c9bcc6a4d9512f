// The documented conversation between two hosts, captured by us and by tshark at once, is
// decoded by both into the same fields; and all of it is there.

import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PacketLine } from '../../../src/interpose/recorder/recording.ts';
import { renderPcapng } from '../../../src/tools/trace/render/pcapng.ts';
import { Hosts } from '../../../src/tools/trace/run/hosts.ts';
import { Capture } from '../../../src/tools/trace/run/packet-capture.ts';
import { hasHosts, which } from '../../support/platform.ts';
import { cli, Program, within } from '../../support/programs.ts';
import { comparable, type Dissected, dissect, hasTshark, Tshark } from '../../support/tshark.ts';

// The hosts are ours alone: the documented port is free on them.
const PORT = 12345;
const SERVER = '10.0.0.1';

const isHere = hasHosts && hasTshark;

interface Run {
  checksums: string;
  clientPort: number;
  /** What we captured of the conversation, and notes. */
  ours: PacketLine[];
  notes: unknown[];
  /** tshark's reading of our pcapng, and of what it captured itself. */
  read: Dissected[];
  captured: Dissected[];
}

describe.skipIf(!isHere)(isHere ? 'a conversation' : 'hosts and tshark are needed:', () => {
  let folder: string;
  let path0: string | undefined;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'rfds-'));
    path0 = process.env.PATH;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  describe.each([
    ['left for a card', 'offloaded'],
    ['computed', 'computed'],
  ])('whose checksums are %s', (_, checksums) => {
    let run: Run;
    beforeAll(async () => {
      if (checksums === 'computed' && which('ethtool') === null) return;
      run = await converse(checksums === 'computed');
    }, 60_000);

    const there = (context: { skip(why: string): void }) => {
      if (run === undefined) context.skip('ethtool is missing');
      return run;
    };

    test('is decoded by us as by tshark from our pcapng, field by field', (context) => {
      const { ours, read } = there(context);
      expect(read.map(comparable)).toEqual(ours.map(comparable));
      expect(read.map(({ direction }) => direction)).toEqual(ours.map(({ direction }) => direction));
    });

    test('is decoded by us as by tshark from its own capture, field by field', (context) => {
      const { ours, captured } = there(context);
      expect(captured.map(comparable)).toEqual(ours.map(comparable));
    });

    test('has the times that tshark has', (context) => {
      const { ours, captured } = there(context);
      const nanoseconds = captured.map(({ time }) => BigInt(time.replace('.', '')));
      // The same timestamps of the kernel; ours were put on another clock, whose offset was read in between.
      for (const [i, { at }] of ours.entries()) {
        const apart = at - ours[0].at - Number(nanoseconds[i] - nanoseconds[0]);
        expect(Math.abs(apart)).toBeLessThan(100_000);
      }
    });

    test('is there from the handshake to the last ACK, nothing missing and nothing twice', (context) => {
      const { ours, clientPort, notes } = there(context);
      expect(notes).toEqual([]);
      const told = ours.map(({ tcp }) => {
        const from = tcp!.sourcePort === PORT ? 'server' : 'client';
        return `${from} ${tcp!.flags.join(' ')} ${tcp!.relativeSeq} ${tcp!.payloadLength}`;
      });
      // Were one sent again, it would have another id.
      const ids = ours.map(({ ip }, i) => `${ip!.id} ${told[i]}`);
      expect(new Set(ids).size).toBe(ids.length);
      expect(told.slice(0, 3)).toEqual(['client SYN 0 0', 'server SYN ACK 0 0', 'client ACK 1 0']);
      const [message, response] = [clientPort, PORT].map(
        (from) => ours.find(({ tcp }) => tcp!.sourcePort === from && tcp!.payloadLength > 0)!,
      );
      expect([message, response].map(({ tcp }) => tcp!.flags)).toEqual([
        ['ACK', 'PSH'],
        ['ACK', 'PSH'],
      ]);
      const sent = Buffer.from(message.bytes, 'base64')
        .subarray(-message.tcp!.payloadLength)
        .toString('latin1');
      const answered = Buffer.from(response.bytes, 'base64').subarray(-response.tcp!.payloadLength);
      expect(sent).toMatch(/^\d+\.\d+:Hello$/);
      expect(answered.toString('latin1')).toMatch(/^\d+\.\d+:\d+\.\d+:Hello$/);
      expect(answered.toString('latin1').endsWith(sent)).toBe(true);
      // Each side's data and FIN are acknowledged.
      const ends = ours.filter(({ tcp }) => tcp!.flags.includes('FIN'));
      expect(new Set(ends.map(({ tcp }) => tcp!.sourcePort))).toEqual(new Set([PORT, clientPort]));
      for (const { tcp } of [message, response, ...ends]) {
        const next = tcp!.relativeSeq + tcp!.payloadLength + (tcp!.flags.includes('FIN') ? 1 : 0);
        const acks = ours.filter((other) => other.tcp!.sourcePort === tcp!.destinationPort);
        expect(acks.some((ack) => ack.tcp!.relativeAck >= next)).toBe(true);
      }
    });

    test('is numbered in the order of its times, and goes both ways', (context) => {
      const { ours } = there(context);
      expect(ours.map(({ at }) => at)).toEqual(ours.map(({ at }) => at).toSorted((a, b) => a - b));
      const fromServer = ours.map(({ tcp }) => (tcp!.sourcePort === PORT ? 'out' : 'in'));
      expect(ours.map(({ direction }) => direction)).toEqual(fromServer);
    });

    test('has good checksums, or names those that are left for a card', (context) => {
      const { ours, captured, checksums: hosts } = there(context);
      expect(hosts).toBe(checksums);
      const expected = checksums === 'computed' ? 'good' : 'offloaded';
      expect(new Set(ours.map(({ tcp }) => tcp!.checksumStatus))).toEqual(new Set([expected]));
      expect(new Set(ours.map(({ ip }) => ip!.checksumStatus))).toEqual(new Set(['good']));
      const isGood = captured.map(({ tcp }) => tcp!.checksumStatus === 'good');
      expect(new Set(isGood)).toEqual(new Set([checksums === 'computed']));
    });
  });

  async function converse(computed: boolean): Promise<Run> {
    if (!computed) {
      // Without ethtool nobody tells the interfaces to compute anything.
      symlinkSync(which('ip')!, path.join(folder, 'ip'));
      process.env.PATH = folder;
    }
    const making = Hosts.make();
    await making.catch(() => {});
    process.env.PATH = path0;
    await using hosts = await making;

    const start = (host: 'server' | 'client', ...command: string[]) => {
      const [program, ...args] = hosts.command(host, command);
      return new Program(program, args);
    };
    const probe = async () => {
      const text = `require('net').connect(${PORT}, '${SERVER}').on('error', () => {})`;
      await using one = start('client', process.execPath, '-e', text);
      await one.exited;
    };
    const file = path.join(folder, `${computed}.pcapng`);
    const on = (command: string[]) => hosts.command('server', command);
    await using tshark = await Tshark.start(hosts.interface, PORT, file, on, probe);
    const namespace = hosts.namespace('server');
    const capture = await Capture.start({ interface: hosts.interface, port: PORT, namespace });
    if (!(capture instanceof Capture)) throw new Error(capture.text);
    await using _ = capture;

    await using server = start('server', process.execPath, cli, 'server', '--host', SERVER);
    // Sockets of TCP in the server's namespace, by their states: 0A is LISTEN.
    const states = () =>
      readFileSync(`/proc/${server.pid}/net/tcp`, 'utf8').match(/(?<=:3039 \w+:\w+ )\w\w/g) ?? [];
    const until = async (holds: (states: string[]) => boolean, what: string) => {
      const waiting = async () => {
        while (!holds(states())) await pause(5);
      };
      await within(waiting(), what);
    };
    await until((all) => all.includes('0A'), 'listen');
    await using client = start('client', process.execPath, cli, 'client', SERVER, String(PORT));
    client.type('Hello\n');
    await client.has(/Hello\n/);
    client.type('', 'last');
    expect(await within(client.exited, 'the end of the client')).toBe(0);
    const [, clientPort] = await server.has(/Accepted connection from \('10\.0\.0\.2', (\d+)\)/);
    await until((all) => all.length === 1, 'the end of the connection');

    const { packets, notes } = await capture.stop();
    const ours = packets.filter(({ tcp }) => [tcp!.sourcePort, tcp!.destinationPort].includes(+clientPort));
    expect(ours.length).toBe(packets.length);
    const captured = await tshark.captured(+clientPort, ours.length);
    const pcapng = path.join(folder, 'ours.pcapng');
    const empty = { processes: [], frames: [], sources: [], calls: [], notes: [] };
    writeFileSync(pcapng, renderPcapng({ ...empty, packets: ours }));
    const { checksums } = hosts;
    return {
      checksums,
      clientPort: +clientPort,
      ours,
      notes,
      read: dissect(pcapng),
      captured,
    };
  }
});
