// --replay's check of each line: it says what ajv says of the same schema, and says it in words.

import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { problemIn } from '../../../src/tools/trace/run/line-check.ts';
import { hello, helloText } from '../../support/hello-recording.ts';

const file = new URL('../../../src/interpose/recorder/recording.schema.json', import.meta.url);
const schema = JSON.parse(readFileSync(file, 'utf8'));
const ajv = new Ajv2020({ strict: true, strictTuples: false, allowUnionTypes: true });
const isLine = ajv.compile(schema);

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Every way in which one place of a value is missing, too much, or something else. */
function* mutants(value: Json): Generator<Json> {
  for (const other of [null, true, -1, 0, 1.5, 'x', '', [], [1, 'x'], { type: 'x' }, {}]) yield other;
  if (Array.isArray(value)) {
    for (const [i, element] of value.entries()) {
      yield value.toSpliced(i, 1);
      for (const mutant of mutants(element)) yield value.with(i, mutant);
    }
    yield [...value, 'more'];
  } else if (typeof value === 'object' && value !== null) {
    yield { ...value, more: 1 };
    for (const [name, one] of Object.entries(value)) {
      const { [name]: _, ...rest } = value;
      yield rest;
      for (const mutant of mutants(one)) yield { ...value, [name]: mutant };
    }
  }
}

/** A line of every kind, with arguments, states and options of every kind. */
function samples(): Json[] {
  const { calls, packets } = hello();
  const named = (name: string) => calls.filter((call) => call.name === name);
  const kinds = [
    ...new Map(
      helloText
        .trim()
        .split('\n')
        .map((line) => [JSON.parse(line).type, line]),
    ).values(),
  ];
  const others = [
    ...['connect', 'select', 'setsockopt', 'send', 'accept4'].flatMap((name) => named(name).slice(0, 1)),
    packets.find(({ tcp }) => tcp!.payloadLength > 0),
    { ...packets[0], bytes: '', link: null, inferred: true, why: 'x', cause: { pid: 1, n: 2 } },
    { type: 'note', at: 1, text: 'x' },
    {
      ...calls[0],
      args: [
        { name: 'timeout', text: 'x', value: { seconds: 1, nanoseconds: 2 } },
        { name: 'msgvec', text: 'x', value: [{ name: { family: 'AF_UNIX', path: 'x' }, rights: [1] }] },
        { name: 'fds', text: 'x', value: [{ fd: 1, events: ['POLLIN'], revents: [] }] },
      ],
    },
  ];
  return kinds.map((line) => JSON.parse(line)).concat(JSON.parse(JSON.stringify(others)));
}

describe('a line of a recording', () => {
  test('is taken and refused as ajv does it, whatever is wrong with it', () => {
    let taken = 0;
    let refused = 0;
    for (const line of samples()) {
      expect(problemIn(line as object)).toBe(null);
      for (const mutant of mutants(line)) {
        if (typeof mutant !== 'object' || mutant === null) continue; // No line at all: the parser says so.
        const problem = problemIn(mutant);
        if ((problem === null) !== isLine(mutant)) expect([problem, mutant]).toBe(isLine.errors);
        if (problem === null) taken++;
        else refused++;
      }
    }
    expect(taken).toBeGreaterThan(500);
    expect(refused).toBeGreaterThan(5000);
  });

  const call = hello().calls.find(({ sockets }) => sockets?.length)!;
  test.each<[string, object, string]>([
    ['a property is missing', { type: 'note', at: 1 }, 'text is missing'],
    ['there is one too many', { type: 'note', at: 1, text: 'x', why: 'x' }, 'there is no why'],
    ['one is of another kind', { ...call, result: '7' }, 'result must be an integer, and is "7"'],
    ['it is within', { ...call, args: [{ name: 'fd', text: 7 }] }, 'args[0].text must be a string, and is 7'],
    [
      'a host is a number',
      { ...call, args: [{ name: 'addr', text: '', value: { family: 'AF_INET', host: 7 } }] },
      'args[0].value is nothing that it may be: {"family":"AF_INET","host":7}',
    ],
    ['a number is too small', { ...call, pid: -1 }, 'pid must be at least 0, and is -1'],
    ['bytes are not base64', { ...call, data: 'a' }, expect.stringMatching(/^data must be of the form \^/)],
    ['a number is none', { ...call, start: Number.POSITIVE_INFINITY }, 'start must be a number, and is null'],
  ])('has its problem in words: %s', (_, line, problem) => {
    expect(problemIn(line)).toEqual(problem);
  });

  test('is described by no more than the check knows', () => {
    const words = new Set<string>();
    const walk = (value: unknown) => {
      if (typeof value !== 'object' || value === null) return;
      for (const [word, one] of Object.entries(value)) {
        words.add(word);
        if (word === 'properties' || word === '$defs') for (const each of Object.values(one)) walk(each);
        else if (!['enum', 'const', 'required'].includes(word)) [one].flat().forEach(walk);
      }
    };
    walk(schema);
    const known =
      '$ref oneOf anyOf const enum type minimum maximum pattern properties required additionalProperties items prefixItems minItems maxItems';
    const telling = '$schema $id $defs title description contentEncoding';
    expect([...words].filter((word) => !`${known} ${telling}`.split(' ').includes(word))).toEqual([]);
  });
});
