// Checks lines of a recording that came from elsewhere against recording.schema.json, and says what is wrong with
// one. As much of JSON Schema (2020-12) as that file uses; a test holds the answers to ajv's, and the file to these
// keywords.

import { readFileSync } from 'node:fs';

/** What a value must be. Other keywords describe. */
interface Schema {
  $ref?: string;
  oneOf?: Schema[];
  anyOf?: Schema[];
  const?: unknown;
  enum?: unknown[];
  type?: string | string[];
  minimum?: number;
  maximum?: number;
  pattern?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: false;
  items?: Schema;
  prefixItems?: Schema[];
  minItems?: number;
  maxItems?: number;
}

interface Document extends Schema {
  $defs: Record<string, Schema>;
}

const file = new URL('../../../interpose/recorder/recording.schema.json', import.meta.url);
let loaded: Document | undefined;
const patterns = new Map<string, RegExp>();

/** What is wrong with a line, an object of any kind: 'args[0].text must be a string, and is 7'; null: nothing. */
export function problemIn(line: unknown): string | null {
  loaded ??= JSON.parse(readFileSync(file, 'utf8')) as Document;
  return problemOf(line, loaded, '');
}

function problemOf(value: unknown, schema: Schema, at: string): string | null {
  const { $ref, oneOf, anyOf = oneOf } = schema;
  if ($ref !== undefined) return problemOf(value, loaded!.$defs[$ref.split('/').at(-1)!], at);
  if (anyOf !== undefined) return problemOfAny(value, anyOf.map(resolved), at);
  const not = (what: string) => `${at || 'it'} must be ${what}, and is ${shown(value)}`;
  if ('const' in schema && value !== schema.const) return not(JSON.stringify(schema.const));
  if (schema.enum && !schema.enum.includes(value))
    return not(`one of ${schema.enum.map((one) => JSON.stringify(one)).join(', ')}`);
  const types = [schema.type ?? []].flat();
  if (types.length > 0 && !types.some((type) => isOf(type, value)))
    return not(types.map((type) => named[type]).join(' or '));
  if (typeof value === 'number') {
    const { minimum = -Infinity, maximum = Infinity } = schema;
    if (value < minimum) return not(`at least ${minimum}`);
    if (value > maximum) return not(`at most ${maximum}`);
  }
  if (typeof value === 'string' && schema.pattern !== undefined && !patternOf(schema.pattern).test(value))
    return not(`of the form ${schema.pattern}`);
  if (Array.isArray(value)) return problemOfArray(value, schema, at);
  return typeof value === 'object' && value !== null ? problemOfObject(value, schema, at) : null;
}

const resolved = (schema: Schema): Schema =>
  schema.$ref === undefined ? schema : loaded!.$defs[schema.$ref.split('/').at(-1)!];

// Of several that it may be: what is wrong by the one that it is meant to be, if that is plain.
function problemOfAny(value: unknown, schemas: Schema[], at: string): string | null {
  const problems = schemas.map((schema) => problemOf(value, schema, at));
  if (problems.includes(null)) return null;
  const type = (value as { type?: unknown } | null)?.type;
  const isMeant = ({ properties, type: types }: Schema) =>
    properties?.type?.const === undefined
      ? [types ?? []].flat().some((one) => isOf(one, value))
      : properties.type.const === type;
  const meant = schemas.flatMap((schema, i) => (isMeant(schema) ? [problems[i]] : []));
  return meant.length === 1 ? meant[0] : `${at || 'it'} is nothing that it may be: ${shown(value)}`;
}

function problemOfArray(value: unknown[], schema: Schema, at: string): string | null {
  const { minItems = 0, maxItems = Infinity, prefixItems = [], items } = schema;
  if (value.length < minItems || value.length > maxItems)
    return `${at} must have ${maxItems === Infinity ? `at least ${minItems}` : `${minItems} to ${maxItems}`} elements, and has ${value.length}`;
  for (const [i, element] of value.entries()) {
    const schema = prefixItems[i] ?? items;
    const problem = schema && problemOf(element, schema, `${at}[${i}]`);
    if (problem) return problem;
  }
  return null;
}

function problemOfObject(value: object, schema: Schema, at: string): string | null {
  const { properties = {}, required = [], additionalProperties } = schema;
  const within = (name: string) => (at ? `${at}.${name}` : name);
  const missing = required.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return `${within(missing)} is missing`;
  for (const [name, one] of Object.entries(value)) {
    if (Object.hasOwn(properties, name)) {
      const problem = problemOf(one, properties[name], within(name));
      if (problem) return problem;
    } else if (additionalProperties === false) return `there is no ${within(name)}`;
  }
  return null;
}

const named: Record<string, string> = {
  object: 'an object',
  array: 'an array',
  string: 'a string',
  number: 'a number',
  integer: 'an integer',
  boolean: 'a boolean',
  null: 'null',
};

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return Number.isFinite(value); // JSON's 1e999 is none.
    default:
      return typeof value === type;
  }
}

function patternOf(text: string): RegExp {
  const pattern = patterns.get(text) ?? new RegExp(text, 'u');
  patterns.set(text, pattern);
  return pattern;
}

// Something of it, in one line.
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
