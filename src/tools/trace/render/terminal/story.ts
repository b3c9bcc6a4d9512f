// A recording as a story for the terminal: numbered steps with their source lines, what the kernel did
// meanwhile, bytes, delays, timeline, memory, summary, and what the walkthrough has otherwise. A recording of
// any other program is a plain list of its steps.

import {
  type CallLine,
  isSimulated,
  type ProcessLine,
  type Recording,
  SIMULATED,
} from '../../../../interpose/recorder/recording.ts';
import { clock, earliest } from '../../analyse/delays.ts';
import type { Conversation } from '../../analyse/dialogue.ts';
import { checkClaims, tally } from '../claims/claims.ts';
import { type Scene, sceneOf } from '../sentences.ts';
import { bytesLines, delayLines } from './bytes.ts';
import { type Event, eventsOf, packetLines, type StoryContext, stepLines } from './steps.ts';
import { hanging, heading, type Look, paint, type Style, safe } from './style.ts';
import { callCounts, memoryTable, summaryLines, timelineLines } from './tables.ts';

export type { Look } from './style.ts';

/** The whole story as text, its last line ended. */
export function renderStory(recording: Recording, look: Look): string {
  const scene = sceneOf(recording);
  const { run } = scene;
  const lines = run === null ? plainStory(scene, look) : conversationStory(scene, run, look);
  // Never two empty lines: every part ends with one, and a heading begins with one.
  const shown = lines.filter((line, i) => line !== '' || lines[i - 1] !== '');
  return `${shown.map((line) => safe(look, line)).join('\n')}\n`;
}

function contextOf(scene: Scene, look: Look): StoryContext {
  const { recording, run } = scene;
  const processes = new Map(recording.processes.map((process) => [process.pid, process]));
  return {
    look,
    scene,
    zero: run?.zero ?? earliest(recording.calls.map(({ start }) => start)),
    frames: new Map(recording.frames.map((frame) => [`${frame.pid} ${frame.id}`, frame])),
    shown: new Map(),
    lane(pid) {
      const { role = null, simulated, argv } = processes.get(pid) ?? {};
      const style: Style = role ?? 'title';
      // A simulated process has a name, and nobody's pid.
      return { name: role?.toUpperCase() ?? (simulated ? argv![0] : `pid ${pid}`), style };
    },
  };
}

// A part of the story, which begins with what happens at a time.
interface Chapter {
  title: string;
  from: number;
  after?: () => string[];
}

function chaptersOf(run: Conversation, look: Look, events: Event[]): Chapter[] {
  // The time of a call's last event: its return, or its start if it did not sleep.
  const times = new Map(events.flatMap((event) => ('call' in event ? [[event.call, event.at]] : [])));
  const lastEventAt = (call: CallLine | undefined) => call && times.get(call);
  const chapters: (Omit<Chapter, 'from'> & { from: number | undefined })[] = [
    { title: 'Before any message: the server', from: -Infinity },
    { title: 'The client connects', from: run.zero },
    { title: 'The server accepts', from: lastEventAt(run.wokenToAccept) },
  ];
  run.exchanges.forEach((exchange, i) => {
    const which = run.exchanges.length > 1 ? ` ${i + 1}` : '';
    const bytes =
      (what: string, bytes: Buffer, length: number, packets: Parameters<typeof bytesLines>[4]) => () =>
        bytesLines(look, `${what}${which}`, bytes, length, packets);
    const { message, messageLength, messagePackets, response, responseLength, responsePackets } = exchange;
    chapters.push(
      {
        title: `Message${which}: the client sends`,
        from: lastEventAt(exchange.input) ?? exchange.sends[0].start,
        after: bytes('Message', message, messageLength, messagePackets),
      },
      {
        title: `Message${which}: the server receives and answers`,
        from: lastEventAt(exchange.woken) ?? exchange.reads[0]?.start,
        after: bytes('Response', response, responseLength, responsePackets),
      },
      {
        title: `Message${which}: the client has its answer`,
        from: lastEventAt(exchange.receives[0]),
        after: () => delayLines(look, exchange),
      },
    );
  });
  const last = run.exchanges.at(-1)?.shown?.end ?? run.connect?.end;
  const leaves = run.clientCalls.find(
    ({ start, name, result }) =>
      start >= (last ?? Infinity) && (name === 'close' || (name === 'read' && result <= 0)),
  );
  chapters.push({ title: 'Goodbye', from: lastEventAt(leaves) });
  return chapters
    .filter((chapter): chapter is Chapter => chapter.from !== undefined)
    .sort((a, b) => a.from - b.from);
}

function conversationStory(scene: Scene, run: Conversation, look: Look): string[] {
  const { recording } = scene;
  const context = contextOf(scene, look);
  // The runtime's preparations are not the story's: it begins with the first socket.
  const from = new Map([run.server, run.client].map(({ pid }) => [pid, firstSocket(recording.calls, pid)]));
  const calls = recording.calls.filter(({ pid, start }) => start >= (from.get(pid) ?? Infinity));
  const events = eventsOf(scene, calls, run.wire.packets);
  const chapters = chaptersOf(run, look, events);
  return [
    ...introduction(run, look),
    ...chapters.flatMap(({ title, from: begin, after }, i) => {
      const end = chapters[i + 1]?.from ?? Infinity;
      const within = events.filter(({ at }) => at >= begin && at < end);
      return [
        ...heading(look, `${i + 1}. ${title}`),
        ...within.flatMap((event) => eventLines(context, event)),
        ...(after?.() ?? []),
      ];
    }),
    ...heading(look, 'Timeline'),
    ...timelineLines(look, run, events),
    ...heading(look, 'Memory state at each step'),
    ...memoryTable(look, run, events, scene.memory),
    ...heading(look, 'Summary of operations'),
    ...summaryLines(look, run),
    ...contradictions(recording, look),
  ];
}

const eventLines = (context: StoryContext, event: Event) =>
  'packet' in event ? packetLines(context, event.packet) : stepLines(context, event);

function firstSocket(calls: CallLine[], pid: number): number {
  const ours = calls.filter((call) => call.pid === pid);
  return (ours.find(({ name }) => name === 'socket') ?? ours[0])?.start ?? Infinity;
}

const processText = ({ argv, pid }: ProcessLine) =>
  `pid ${pid}, ${argv.map((word, i) => (i < 2 ? word.split('/').at(-1) : word)).join(' ')}`;

function machineLines(recording: Recording, look: Look): string[] {
  const [first] = recording.processes;
  if (first === undefined) return [];
  return [
    ...(isSimulated(recording) ? hanging(look, '', SIMULATED, 'bad') : []),
    ...machineLine(first, look),
  ];
}

function machineLine(first: ProcessLine, look: Look): string[] {
  return hanging(
    look,
    '',
    `${first.platform} ${first.kernel} ${first.arch} · ${first.runtime} · rfds ${first.rfds}`,
  );
}

function introduction(run: Conversation, look: Look): string[] {
  const { recording, server, client } = run;
  return [
    paint(look, 'title', 'What happened, from socket() to close()'),
    ...machineLines(recording, look),
    ...hanging(look, paint(look, 'server', 'SERVER  '), processText(server)),
    ...hanging(look, paint(look, 'client', 'CLIENT  '), processText(client)),
    ...hanging(
      look,
      '',
      "T+ is in seconds, from the client's first call on a socket. One clock for both processes and the wire.",
      'faint',
    ),
    ...recording.notes.flatMap(({ text }) => hanging(look, 'Note: ', text)),
  ];
}

function contradictions(recording: Recording, look: Look): string[] {
  const checked = checkClaims(recording);
  const wrong = checked.filter(({ verdict }) => verdict === 'contradicted');
  return [
    ...heading(look, 'What the walkthrough says, and what was seen'),
    ...hanging(look, '', `${tally(checked)}. The contradicted ones:`),
    '',
    ...wrong.flatMap(({ where, says, measured }) => [
      ...hanging(look, `  ${paint(look, 'bad', '✗')} `, `${says}.`),
      ...hanging(look, '    seen: ', measured, 'good'),
      ...hanging(look, '    ', where, 'faint'),
    ]),
  ];
}

function plainStory(scene: Scene, look: Look): string[] {
  const { recording } = scene;
  if (recording.calls.length === 0)
    return ['The recording has no calls.', ...recording.notes.map(({ text }) => `Note: ${text}`)];
  const context = contextOf(scene, look);
  return [
    ...machineLines(recording, look),
    ...recording.notes.flatMap(({ text, at }) => hanging(look, `Note, ${clock(at, context.zero)}: `, text)),
    ...(isSimulated(recording) ? simulatedStory(context) : separateStories(context)),
  ];
}

// One order of everything: that is what a simulated run is about.
function simulatedStory(context: StoryContext): string[] {
  const { scene, look } = context;
  const { calls, packets, processes } = scene.recording;
  const names = processes.map(({ argv }) => argv[0]).join(', ');
  return [
    ...heading(look, `The run: ${names}`),
    ...eventsOf(scene, calls, packets).flatMap((event) => eventLines(context, event)),
  ];
}

function separateStories(context: StoryContext): string[] {
  const { scene, look } = context;
  const { recording } = scene;
  return [
    ...recording.processes.flatMap((process) => {
      const calls = recording.calls.filter(({ pid }) => pid === process.pid);
      return [
        ...heading(look, processText(process)),
        ...eventsOf(scene, calls, []).flatMap((event) => eventLines(context, event)),
        ...callCounts(look, calls),
      ];
    }),
  ];
}
