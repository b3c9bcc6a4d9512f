// Source maps: the line and column in a TypeScript source that a place in compiled JavaScript comes from, and
// the text of that source. Read directly, as --enable-source-maps slows the program's own errors down.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Lines and columns from 0; generatedLine is that of the last entry before the place asked for. */
interface Entry {
  generatedLine: number;
  originalSource?: string;
  originalLine: number;
  originalColumn: number;
}
interface Map_ {
  findEntry(line: number, column: number): Entry;
  readonly payload: { sources: string[]; sourcesContent?: (string | null)[] };
}

export interface Place {
  /** An absolute path. */
  file: string;
  line: number;
  column: number;
}

const maps = new Map<string, { map: Map_; base: string } | null>();
const sources = new Map<string, string | null>();

/**
 * Where the source of a place in a script is: the place itself where there is no map, null for what the
 * compiler added. (It puts the end of a `using` in front of the block's, and a helper before all.)
 */
export function originalPlace(place: Place): Place | null {
  const found = mapOf(place.file);
  if (found === null) return place;
  const exact = found.map.findEntry(place.line - 1, place.column - 1);
  const entry =
    exact.generatedLine === place.line - 1
      ? exact
      : [0, 1]
          .map((more) => found.map.findEntry(place.line + more, Number.MAX_SAFE_INTEGER))
          .find(({ generatedLine }) => generatedLine >= place.line);
  if (entry?.originalSource === undefined) return null;
  const { originalSource, originalLine, originalColumn } = entry;
  const url = new URL(originalSource, found.base);
  const file = url.protocol === 'file:' ? fileURLToPath(url) : originalSource;
  const i = found.map.payload.sources.indexOf(originalSource);
  const text = i < 0 ? undefined : found.map.payload.sourcesContent?.[i];
  if (typeof text === 'string') sources.set(file, text);
  return { file, line: originalLine + 1, column: originalColumn + 1 };
}

/** A file's text, or null if it cannot be read. */
export function sourceOf(file: string): string | null {
  let text = sources.get(file);
  if (text === undefined) {
    text = readable(file);
    sources.set(file, text);
  }
  return text;
}

function readable(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function mapOf(file: string) {
  let found = maps.get(file);
  if (found === undefined) {
    try {
      found = load(file);
    } catch {
      found = null; // No map, or none that can be read: the script's own lines are reported.
    }
    maps.set(file, found);
  }
  return found;
}

function load(file: string): { map: Map_; base: string } | null {
  const text = readFileSync(file, 'utf8');
  const at = text.lastIndexOf('//# sourceMappingURL=');
  if (at < 0) return null;
  const url = text.slice(at + '//# sourceMappingURL='.length).match(/^\S+/)?.[0] ?? '';
  const inline = url.match(/^data:[^,]*;base64,(.*)$/);
  const from = inline ? path.resolve(file) : path.resolve(path.dirname(file), decodeURIComponent(url));
  const json = inline ? Buffer.from(inline[1], 'base64').toString() : readFileSync(from, 'utf8');
  // Not an import: a runtime that lacks the class still has the rest.
  const { SourceMap } = createRequire(import.meta.url)('node:module') as {
    SourceMap?: new (payload: unknown) => Map_;
  };
  if (SourceMap === undefined) return null;
  const payload = JSON.parse(json) as { sourceRoot?: string };
  const base = new URL(payload.sourceRoot ? `${payload.sourceRoot}/` : '', pathToFileURL(from));
  return { map: new SourceMap(payload), base: base.href };
}
