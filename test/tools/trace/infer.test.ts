// What the kernel dropped before the capture had it: inferred from the calls, and marked.

import { describe, expect, test } from 'vitest';
import type { PacketLine } from '../../../src/interpose/recorder/recording.ts';
import { withMissing } from '../../../src/tools/trace/analyse/infer.ts';
import { pageData } from '../../../src/tools/trace/render/html/steps.ts';
import { renderStory } from '../../../src/tools/trace/render/terminal/story.ts';
import { hello } from '../../support/hello-recording.ts';

const kind = ({ tcp }: PacketLine) =>
  `${tcp!.sourcePort === 12345 ? 'server' : 'client'} ${tcp!.flags.filter((flag) => flag !== 'ACK')} ${tcp!.payloadLength}`;

/** The packets of the conversation without some, and what is put in their place. */
function replaced(isLost: (packet: PacketLine) => boolean): { lost: PacketLine[]; put: PacketLine[] } {
  const recording = hello();
  const kept = recording.packets.filter((packet) => !isLost(packet));
  const all = withMissing(recording, kept);
  expect(all.filter(({ inferred }) => !inferred).map(({ bytes }) => bytes)).toEqual(
    kept.map(({ bytes }) => bytes),
  );
  expect(all.map(({ n }) => n)).toEqual(all.map((_, i) => i));
  return { lost: recording.packets.filter(isLost), put: all.filter(({ inferred }) => inferred) };
}

describe('packets that were dropped', () => {
  test.each<[string, (packet: PacketLine) => boolean]>([
    ['the SYN', ({ tcp }) => tcp!.flags.join() === 'SYN'],
    ['the SYN-ACK', ({ tcp }) => tcp!.flags.includes('SYN') && tcp!.flags.includes('ACK')],
    ['the data', ({ tcp }) => tcp!.payloadLength > 0],
    ['both FINs', ({ tcp }) => tcp!.flags.includes('FIN')],
  ])('are there again, as inferred: %s', (_, isLost) => {
    const { lost, put } = replaced(isLost);
    expect(lost.length).toBeGreaterThan(0);
    expect(put.map(kind)).toEqual(lost.map(kind));
    for (const packet of put) expect(packet).toMatchObject({ bytes: '', link: null, interface: '' });
  });

  test('are none where every one was captured', () => {
    expect(replaced(() => false)).toEqual({ lost: [], put: [] });
  });

  test('are all of them where none was captured', () => {
    const { lost, put } = replaced(() => true);
    expect(put.map(kind).filter((text) => !text.endsWith('  0'))).toEqual(
      lost.map(kind).filter((text) => !text.endsWith('  0')),
    );
  });
});

describe('of inferred packets', () => {
  const recording = hello();
  recording.packets = withMissing(recording, []);
  const told = renderStory(recording, { color: false, width: 100 });

  test('no time is told as measured, and no size', () => {
    expect(told).not.toMatch(/\d [mµn]?s later/);
    expect(told).not.toMatch(/on the wire [\d.]+ [mµn]?s before/);
    expect(told).not.toMatch(/TTL|\d bytes on /);
    expect(told).toMatch(/KERNEL {2}≈T\+/);
    for (const line of told.split('\n')) if (/─► *$|^.{0,16}◄─/.test(line)) expect(line).toMatch(/^≈T\+/);
    const connect = pageData(recording).steps.filter(({ sentence }) => /connect/.test(sentence));
    expect(connect.length).toBeGreaterThan(0);
    for (const { more = '' } of connect) expect(more).not.toMatch(/later/);
  });

  test('among captured ones the story says how many there are', () => {
    const mixed = hello();
    mixed.packets = withMissing(
      mixed,
      mixed.packets.filter(({ tcp }) => tcp!.payloadLength === 0),
    );
    const text = renderStory(mixed, { color: false, width: 100 });
    expect(text).toContain('Of them 2 inferred from what the calls show, and not captured.');
    expect(text).not.toContain('Put headers in front');
    expect(text).toContain('Shook hands: 3 packets');
  });
});
