// Where in the program a call came from: the stack as frames, each resolved once, and which of them is the
// program's own line. For the recorder a stack is ids of frames, which are written once; for the ledger text.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFolder } from '../kernel/package-folder.ts';
import type { FrameLine, SourceLine } from './recorder/recording.ts';
import { originalPlace, type Place, sourceOf } from './source-map.ts';

/** How many frames a stack has at most. */
const DEPTH = 12;

const startFolder = workingFolder();

type Callable = (...args: never[]) => unknown;

// What a frame is to the search for the program's own line: that is the innermost frame outside of
// rfds' library, whose servers and client are programs ('foreign': what is not ours). Where neither is
// there, it is the loop that the servers share; else the command, whose own callers are its parser.
type Part = 'library' | 'program' | 'loop' | 'command' | 'foreign';

interface Frame {
  /** The recorder's number for it; -1: none yet. */
  id: number;
  part: Part;
  place: Place;
  function: string | null;
  /** Whether a call is the program's own there: its source is wanted. */
  isAt: boolean;
}

type InPart = Pick<Frame, 'part'>;

/** A stack, and which of its frames is the program's own line. */
export interface Stack {
  stack: number[];
  at: number | null;
}

// By script, then by position in it; null for the runtime's own frames.
const frames = new Map<string | null, Map<number, Frame | null>>();
const unwritten: Frame[] = [];
const sources = new Set<string>();

/** A line of the program, "server.ts:12", and the stack that led from it to the call. */
export interface Origin {
  readonly call: string;
  readonly at: string;
  readonly stack: string;
}

/** How many frames an origin has at most. */
const ORIGIN_DEPTH = 30;

/**
 * Where the call that is under way came from: what is above the function below. By the text of its stack, in which
 * test runners and --enable-source-maps have put the places right; it is only made, and source maps are only read,
 * when they are asked for.
 */
export function originOf(call: string, below: Callable): Origin {
  const holder = textAbove(below);
  return {
    call,
    get at() {
      const at = ownFrame(framesIn(holder.stack ?? ''));
      return at ? lineOf(at.place) : 'somewhere';
    },
    get stack() {
      return holder.stack?.replace(/^.*\n/, '') ?? '';
    },
  };
}

// The stack above a function; its text is made when it is read.
function textAbove(below: Callable): { stack?: string } {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = ORIGIN_DEPTH;
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, below);
  Error.stackTraceLimit = stackTraceLimit;
  return holder;
}

/** A line of the program, as recordings have it. */
export type OwnLine = Pick<FrameLine, 'file' | 'line' | 'column' | 'function' | 'text'> & {
  /** The whole file; null if it cannot be read. */
  source: string | null;
};

/** The program's own line from which what is under way above the function below was called, as originOf() finds it. */
export function ownLine(below: Callable): OwnLine | null {
  const frame = ownFrame(framesIn(textAbove(below).stack ?? ''));
  if (frame === undefined) return null;
  const { file, line, column } = frame.place;
  const source = sourceOf(file);
  const text = source?.split('\n', line)[line - 1]?.trim() ?? '';
  return { file: nameOf(file), line, column, function: frame.function, text, source };
}

function framesIn(stack: string): Pick<Frame, 'part' | 'place' | 'function'>[] {
  const lines = stack.matchAll(
    /^\s+at (?:(?:async |new )?([\w$.<>]+)(?: \[as \w+\])? \()?.*?((?:file:\/\/)?\/[^()\n]*):(\d+):(\d+)\)?$/gm,
  );
  return [...lines].flatMap(([, name, script, line, column]) => {
    const file = script.startsWith('file:') ? fileURLToPath(script) : script;
    const place = originalPlace({ file, line: Number(line), column: Number(column) });
    // null: what the compiler added.
    return place === null ? [] : [{ part: partOf(file), place, function: name ?? null }];
  });
}

function lineOf({ file, line }: Place): string {
  const near = path.relative(process.cwd(), file);
  return `${near.startsWith('..') ? file : near}:${line}`;
}

const callSites = (_: Error, sites: NodeJS.CallSite[]) => sites;

/** How deep the program's own line was in the stacks of one call; V8 takes half a microsecond a frame. */
export class Depth {
  /** How many frames are captured. */
  frames = 4;
  #deepest = 1;
  #stacks = 0;

  found(frames: number): void {
    if (frames > this.frames) this.frames = frames;
    if (frames > this.#deepest) this.#deepest = frames;
    if (++this.#stacks < 64) return;
    this.frames = this.#deepest;
    this.#deepest = 1;
    this.#stacks = 0;
  }
}

/**
 * The stack above a function, as far as the program's own line; nextId gives numbers to frames that
 * were not met before. Where the line is deeper than the last times, it is captured again, whole.
 */
export function stackAbove(below: Callable, nextId: () => number, depth: Depth): Stack {
  const sites = capture(below, depth.frames);
  let stack = stackOf(sites, nextId, depth, sites.length < depth.frames);
  stack ??= stackOf(capture(below, DEPTH), nextId, depth, true);
  return stack!;
}

function capture(below: Callable, limit: number): NodeJS.CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const holder: { stack?: NodeJS.CallSite[] } = {};
  try {
    Error.stackTraceLimit = limit;
    Error.prepareStackTrace = callSites;
    Error.captureStackTrace(holder, below);
    return holder.stack ?? [];
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

// null where the program's own line may be further out, unless the stack is whole.
function stackOf(
  sites: NodeJS.CallSite[],
  nextId: () => number,
  depth: Depth,
  isWhole: boolean,
): Stack | null {
  const stack: number[] = [];
  const found: Frame[] = [];
  for (const site of sites) {
    const frame = frameOf(site);
    if (frame === null) continue;
    if (frame.id === -1) {
      frame.id = nextId();
      unwritten.push(frame);
    }
    stack.push(frame.id);
    found.push(frame);
    if (!isProgram(frame, found)) continue;
    frame.isAt = true;
    depth.found(sites.indexOf(site) + 1);
    return { stack, at: frame.id };
  }
  if (!isWhole) return null;
  const at = aroundProgram(found);
  if (at !== undefined) at.isAt = true;
  return { stack, at: at?.id ?? null };
}

/** The program's own line of a whole stack. */
const ownFrame = <F extends InPart>(stack: F[]): F | undefined =>
  stack.find((frame, i) => isProgram(frame, stack.slice(0, i))) ?? aroundProgram(stack);

// Whether a frame is the program's own line, given those further in: behind the command is its parser.
const isProgram = ({ part }: InPart, further: InPart[]) =>
  part === 'program' || (part === 'foreign' && !further.some(isCommand));
const aroundProgram = <F extends InPart>(stack: F[]) =>
  stack.find(({ part }) => part === 'loop') ?? stack.find(isCommand);
const isCommand = ({ part }: InPart) => part === 'command';

function frameOf(site: NodeJS.CallSite): Frame | null {
  const script = site.getFileName() ?? null;
  let places = frames.get(script);
  if (places === undefined) {
    places = new Map();
    frames.set(script, places);
  }
  const position = positionOf(site);
  let frame = places.get(position);
  if (frame === undefined) {
    frame = script === null || /^(node:|internal\/|native$)/.test(script) ? null : newFrame(script, site);
    places.set(position, frame);
  }
  return frame;
}

// A number that is another for every place of a script.
function positionOf(site: NodeJS.CallSite & { getPosition?(): number }): number {
  return site.getPosition?.() ?? (site.getLineNumber() ?? 0) * 65536 + (site.getColumnNumber() ?? 0);
}

function newFrame(script: string, site: NodeJS.CallSite): Frame {
  const file = script.startsWith('file:') ? fileURLToPath(script) : script;
  const place = { file, line: site.getLineNumber() ?? 1, column: site.getColumnNumber() ?? 1 };
  const name = site.getFunctionName() ?? null;
  const part = isAdded(name, place) ? 'library' : partOf(file);
  return { id: -1, part, place, function: name, isAt: false };
}

// What the compiler adds for `using` has no source line. The source map is read only where it may be that.
const isAdded = (name: string | null, place: Place) =>
  (name === null || /^(next|__disposeResources)$/.test(name)) && originalPlace(place) === null;

// The compiled files lie as their sources do, dist/ for src/.
function partOf(file: string): Part {
  const ours = path.relative(packageFolder(), file).replaceAll('\\', '/');
  if (!/^(src|dist)\//.test(ours)) return 'foreign';
  if (/^\w+\/programs\/([\w-]+-server|client)\.[jt]s$/.test(ours)) return 'program';
  if (/^\w+\/programs\/serving\/connections\.[jt]s$/.test(ours)) return 'loop';
  return /^\w+\/(cli|programs\/command)\.[jt]s$/.test(ours) ? 'command' : 'library';
}

/**
 * The lines to be written before calls that came through frames not written yet. Only now are the
 * source maps read, for that takes its time.
 */
export function takeFrameLines(): (Omit<FrameLine, 'pid'> | SourceLine)[] {
  return unwritten.splice(0).flatMap((frame) => {
    const { file, line, column } = originalPlace(frame.place) ?? frame.place;
    const name = nameOf(file);
    const source = sourceOf(file);
    const text = source?.split('\n', line)[line - 1]?.trim() ?? '';
    const lines: (Omit<FrameLine, 'pid'> | SourceLine)[] = [];
    if (frame.isAt && source !== null && !sources.has(name)) {
      sources.add(name);
      lines.push({ type: 'source', file: name, text: source });
    }
    lines.push({ type: 'frame', id: frame.id, file: name, line, column, function: frame.function, text });
    return lines;
  });
}

// Ours relative to the package, others' to where the program began if they are below it.
function nameOf(file: string): string {
  const ours = path.relative(packageFolder(), file);
  if (/^(src|dist)[\\/]/.test(ours)) return ours;
  const near = startFolder === null ? file : path.relative(startFolder, file);
  return near.startsWith('..') ? file : near;
}

// Asked once: a program may go elsewhere, and its folder may be removed.
function workingFolder(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}
