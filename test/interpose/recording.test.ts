// The format of recordings: parsed, refused, and as schema and types have it.

import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { linesOf, parseRecording, VERSION } from '../../src/interpose/recorder/recording.ts';
import { hello, helloText } from '../support/hello-recording.ts';

const schemaFile = new URL('../../src/interpose/recorder/recording.schema.json', import.meta.url);
const schema = JSON.parse(readFileSync(schemaFile, 'utf8'));
const lines = helloText.trim().split('\n');

describe('parseRecording', () => {
  test('puts calls in the order of their ends and packets in that of their times', () => {
    const { calls, packets, processes } = parseRecording(lines.toReversed().join('\n'));
    const ascending = (times: number[]) => times.every((time, i) => i === 0 || times[i - 1] <= time);
    expect(calls.length).toBeGreaterThan(30);
    expect(ascending(calls.map(({ end }) => end))).toBe(true);
    expect(ascending(packets.map(({ at }) => at))).toBe(true);
    expect(processes.map(({ role }) => role)).toEqual(['server', 'client']);
  });

  test('keeps every line, and its lines make the same recording again', () => {
    const recording = hello();
    expect(linesOf(recording)).toHaveLength(lines.length);
    const again = linesOf(recording).map((line) => JSON.stringify(line));
    expect(parseRecording(again.join('\n'))).toEqual(recording);
  });

  test('takes empty lines for nothing, and nothing for an empty recording', () => {
    expect(parseRecording(`\n${lines.join('\n\n')}\n \n`)).toEqual(hello());
    expect(linesOf(parseRecording(''))).toEqual([]);
  });

  test('says which line is not JSON', () => {
    const cut = [...lines.slice(0, 4), lines[4].slice(0, -3), lines[5]].join('\n');
    expect(() => parseRecording(cut)).toThrow(SyntaxError);
    expect(() => parseRecording(cut)).toThrow(/^line 5 is not JSON: /);
    expect(() => parseRecording('no recording')).toThrow(/^line 1 is not JSON: /);
  });

  test('leaves out a last line that a writer did not live to end', () => {
    const cut = [...lines.slice(0, -1), lines.at(-1)!.slice(0, -3)].join('\n');
    expect(linesOf(parseRecording(cut))).toHaveLength(lines.length - 1);
  });

  test.each(['null', '7', '"process"', '[]', '{}', '{"type":"movie"}'])('refuses %s as a line', (line) => {
    expect(() => parseRecording(`${lines[0]}\n${line}`)).toThrow(
      new SyntaxError('line 2 is no line of a recording'),
    );
  });

  test('refuses another version, and says which one it knows', () => {
    for (const other of [VERSION - 1, VERSION + 1]) {
      const line = lines[0].replace(`"version":${VERSION}`, `"version":${other}`);
      expect(() => parseRecording(line)).toThrow(
        new RangeError(
          `line 1: the recording has version ${other} of the format, this rfds reads version ${VERSION}`,
        ),
      );
    }
  });
});

describe('the schema', () => {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictTuples: false, allowUnionTypes: true });
  const isLine = ajv.compile(schema);

  test('has the version of the reader in its name', () => {
    expect(schema.$id).toBe(`urn:rfds:recording:${VERSION}`);
    expect(schema.$defs.ProcessLine.properties.version.const).toBe(VERSION);
  });

  test('accepts every line of a real recording', () => {
    const refused = lines.filter((line) => !isLine(JSON.parse(line)));
    expect(refused).toEqual([]);
    expect(new Set(lines.map((line) => JSON.parse(line).type))).toEqual(
      new Set(['process', 'frame', 'source', 'call', 'packet']),
    );
  });

  test('accepts what a recording has on other machines: IPv6, a UNIX path, a note, an inferred packet', () => {
    const { calls, packets } = hello();
    const call = calls.find(({ sockets }) => sockets?.length)!;
    const { bytes, link, ...packet } = packets[0];
    const others = [
      { ...call, sockets: [{ ...call.sockets![0], local: ['::1', 80, 0, 0], remote: '/tmp/socket' }] },
      {
        ...packet,
        bytes: '',
        link: null,
        inferred: true,
        cause: { pid: 1, n: 2 },
        why: 'send() put 23 bytes into it',
      },
      { type: 'note', at: 1, text: 'no right to capture' },
    ];
    for (const line of others) expect([isLine(line), isLine.errors]).toEqual([true, null]);
  });

  test('refuses a line with a property too many, one too few, or one of another kind', () => {
    for (const line of new Map(lines.map((line) => [JSON.parse(line).type, line])).values()) {
      const good = JSON.parse(line);
      expect(isLine({ ...good, more: 1 })).toBe(false);
      for (const name of schema.$defs[`${good.type[0].toUpperCase()}${good.type.slice(1)}Line`].required) {
        const { [name]: _, ...rest } = good;
        expect([name, isLine(rest)]).toEqual([name, false]);
        expect([name, isLine({ ...good, [name]: { nonsense: true } })]).toEqual([name, false]);
      }
    }
  });
});

describe('the schema and the types', () => {
  const source = readFileSync(new URL('../../src/interpose/recorder/recording.ts', import.meta.url), 'utf8');
  const interfaces = [...source.matchAll(/^export interface (\w+) \{\n(.*?)^\}/gms)]
    .map(([, name, body]) => ({ name, fields: [...body.matchAll(/^ {2}(\w+)(\?)?: (.*);$/gm)] }))
    .filter(({ name }) => name !== 'Recording');

  test('schema and types name the same objects', () => {
    const objects = Object.keys(schema.$defs).filter((name) => schema.$defs[name].type === 'object');
    expect(objects.toSorted()).toEqual(interfaces.map(({ name }) => name).toSorted());
    expect(source).toContain(`export type Line = ${schema.oneOf.map(nameOf).join(' | ')};`);
  });

  test.each(interfaces)('schema and types have the same fields of $name', ({ name, fields }) => {
    const { properties, required, additionalProperties } = schema.$defs[name];
    expect(fields.length).toBeGreaterThan(0);
    expect(Object.keys(properties).toSorted()).toEqual(fields.map(([, field]) => field).toSorted());
    expect(required.toSorted()).toEqual(
      fields
        .filter(([, , optional]) => !optional)
        .map(([, field]) => field)
        .toSorted(),
    );
    expect(additionalProperties).toBe(false);
    for (const [, field, , type] of fields)
      expect([field, kindOf(properties[field])]).toEqual([field, kindOfType(type)]);
  });

  test('every property is described', () => {
    for (const { properties = {} } of Object.values<{
      properties?: Record<string, { description?: string }>;
    }>(schema.$defs)) {
      for (const [name, { description }] of Object.entries(properties)) {
        expect([name, description]).toEqual([name, expect.stringMatching(/[.…]$/)]);
      }
    }
  });
});

const nameOf = ({ $ref }: { $ref: string }) => $ref.split('/').at(-1)!;

// A property's kind by the schema and by the type, as far as both tell: 'string', 'string[]', 'TcpHeader?'.
interface Property {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  items?: Property;
  oneOf?: Property[];
}

function kindOf(property: Property): string {
  const { $ref, type, items, oneOf, const: constant } = property;
  if ($ref !== undefined) return nameOf({ $ref });
  if (constant !== undefined) return JSON.stringify(constant);
  if (property.enum) return property.enum.map((value) => JSON.stringify(value)).join('|');
  if (oneOf) return oneOf.map(kindOf).join('|');
  if (Array.isArray(type)) return type.map((one) => kindOf({ type: one })).join('|');
  if (type === 'array') return `${items!.enum ? 'string' : kindOf(items!)}[]`;
  return type === 'integer' ? 'number' : type!;
}

function kindOfType(type: string): string {
  if (type === 'typeof VERSION') return String(VERSION);
  if (type.startsWith('{')) return 'object';
  return type.replaceAll("'", '"').replaceAll(' | ', '|');
}
