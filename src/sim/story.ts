// A run as a short text: who did what, in which order, with a star at each choice that is not what happens by itself.

import type { CallRecord, ChoiceRecord, OpenCall, RunRecord } from './run-record.ts';

/** How the calls of a run are told. */
export interface CallTexts {
  /** Whether it is one of a kernel's, and not the addon's own. */
  isTold(call: CallRecord | OpenCall): boolean;
  /** 'recv(4, "Hello", 1024, 0) = 5' */
  whole(call: CallRecord): string;
  /** Before it has returned: 'select(4, [3], NULL, NULL, NULL)'. */
  begun(call: CallRecord | OpenCall): string;
  /** 'select() = 1 (in [3])' */
  returned(call: CallRecord): string;
  /** The line of the program that made it: 'server.ts:12'; '' where it is not known. */
  place(call: CallRecord): string;
}

interface Line {
  readonly order: number;
  readonly ns: number;
  readonly who: string;
  readonly text: string;
  readonly place: string;
  isChosen: boolean;
}

/** Of the columns: who, and what it did; beyond that the place follows at once. */
const MOST_NAME = 16;
const CALL_WIDTH = 56;

/** The lines of a run, with a number each, and the virtual time wherever it has gone on. */
export function storyLines(record: RunRecord, texts: CallTexts): string[] {
  const lines = linesOf(record, texts);
  const width = Math.min(Math.max(7, ...lines.map(({ who }) => who.length)), MOST_NAME);
  const told: string[] = [];
  let ns = 0;
  for (const [i, line] of lines.entries()) {
    if (line.ns > ns) told.push(`     ${`${line.ns / 1e9} s`.padStart(width)}`);
    ns = line.ns;
    const number = String(i + 1).padStart(3);
    const what = line.place === '' ? line.text : `${line.text.padEnd(CALL_WIDTH)}  ${line.place}`;
    told.push(`${number} ${line.isChosen ? '*' : ' '} ${line.who.padEnd(width)}  ${what}`);
  }
  return told;
}

function linesOf({ entries, open }: RunRecord, texts: CallTexts): Line[] {
  const lines: Line[] = [];
  const orders = entries.map((entry) => (entry.kind === 'call' ? entry.start : entry.at).order);
  const calls = entries.filter((entry) => entry.kind === 'call' && texts.isTold(entry)) as CallRecord[];
  // Whether anything else began while a call was under way.
  const isParted = ({ process, start, end }: CallRecord) =>
    entries.some((entry, i) => {
      const isOther =
        entry.kind === 'call' ? entry.process !== process : !entry.isWithin && entry.what !== 'time passes';
      return isOther && orders[i] > start.order && orders[i] < end.order;
    });
  for (const call of calls) {
    const { start, end, process } = call;
    const place = texts.place(call);
    const line = { who: process.name, isChosen: false };
    if (isParted(call)) {
      lines.push({ ...line, order: start.order, ns: start.ns, text: `${texts.begun(call)} waits`, place });
      lines.push({ ...line, order: end.order, ns: end.ns, text: texts.returned(call), place: '' });
    } else {
      lines.push({ ...line, order: start.order, ns: end.ns, text: texts.whole(call), place });
    }
  }
  for (const call of open) {
    const { order, ns } = call.start;
    const text = `${texts.begun(call)} never returns`;
    lines.push({ order, ns, who: call.process.name, text, place: '', isChosen: false });
  }
  lines.sort((a, b) => a.order - b.order);
  for (const entry of entries) if (entry.kind === 'choice') addChoice(lines, entry);
  return lines.sort((a, b) => a.order - b.order);
}

// A process that goes on is told by what it does next; everything else is an event of its own.
function addChoice(lines: Line[], { choice, what, process, at }: ChoiceRecord): void {
  const isChosen = choice > 0;
  if (process !== null) {
    const next = lines.find(({ order, who }) => order > at.order && who === process.name);
    if (next !== undefined && next.order <= at.order + 2) {
      next.isChosen ||= isChosen;
      return;
    }
    // It only waited, or ends.
    if (!isChosen) return;
  }
  const who = process?.name ?? 'world';
  lines.push({ order: at.order, ns: at.ns, who, text: what, place: '', isChosen });
}

/** How many choices of a run are not what happens by itself. */
export const chosenIn = ({ entries }: RunRecord): number =>
  entries.filter((entry) => entry.kind === 'choice' && entry.choice > 0).length;
