// The walkthrough, claim by claim: what it says, in our words, and what a run shows of it.
// The other files of this folder have the claims, one file for each part of the walkthrough.

import { isSimulated, type Recording } from '../../../../interpose/recorder/recording.ts';
import { type Conversation, conversationOf } from '../../analyse/dialogue.ts';
import { visible } from '../terminal/style.ts';
import { accepting } from './accept.ts';
import { anchors } from './anchors.ts';
import { answering } from './answer.ts';
import { type Claim, type Finding, NotVisible, type Verdict } from './claim.ts';
import { connecting } from './connect.ts';
import { memory } from './memory.ts';
import { message } from './message.ts';
import { receiving } from './receive.ts';
import { responding } from './respond.ts';
import { segment } from './segment.ts';
import { setup } from './setup.ts';
import { summary } from './summary.ts';
import { timeline } from './timeline.ts';

export type { Claim, Finding, Verdict } from './claim.ts';
export { anchors };

/** All claims, in the order in which the walkthrough makes them. */
export const claims: Claim[] = [
  ...setup,
  ...connecting,
  ...accepting,
  ...message,
  ...segment,
  ...receiving,
  ...responding,
  ...answering,
  ...timeline,
  ...memory,
  ...summary,
];

export type Checked = Claim & Finding & { where: string };

/** Checks every claim against a recording. */
export function checkClaims(recording: Recording): Checked[] {
  const run = conversationOf(recording);
  return claims.map((claim) => ({ ...claim, where: anchors[claim.at], ...check(claim, run) }));
}

function check(claim: Claim, run: Conversation | null): Finding {
  if (run === null) return { verdict: 'not visible', measured: 'no server and client were recorded' };
  try {
    return claim.check(run);
  } catch (error) {
    if (error instanceof NotVisible) return { verdict: 'not visible', measured: error.message };
    throw error;
  }
}

export const countOf = (checked: Finding[], wanted: Verdict): number =>
  checked.filter(({ verdict }) => verdict === wanted).length;

/** '86 claims: 51 seen, 32 contradicted, 3 not visible' */
export function tally(checked: Finding[]): string {
  const counts = (['seen', 'contradicted', 'not visible'] as const).map(
    (verdict) => `${countOf(checked, verdict)} ${verdict}`,
  );
  return `${checked.length} claims: ${counts.join(', ')}`;
}

/** The claims as a Markdown document. */
export function renderClaims(recording: Recording): string {
  if (isSimulated(recording)) throw new Error('the recording is simulated: nothing in it was measured');
  const checked = checkClaims(recording);
  const [first] = recording.processes;
  const machine =
    first === undefined
      ? 'no process was recorded'
      : `${first.platform} ${first.kernel} ${first.arch}, ${first.runtime}, rfds ${first.rfds}, on ${dateOf(first)}`;
  const captured = recording.packets.filter(({ inferred }) => !inferred);
  const places = [...new Set(captured.map((packet) => packet.interface))];
  return [
    '# The walkthrough, claim by claim',
    '',
    'The walkthrough traces by hand what happens when "Hello" goes out and comes back. Here each of its',
    'claims, in our words, stands beside what one run showed: **seen**, **contradicted**, or not visible',
    'in a recording. Numbers that the walkthrough gives as examples (1000 for the first sequence number)',
    'count as claims: a reader takes them for what happens.',
    '',
    'Made by `rfds trace --claims FILE`; not edited by hand.',
    '',
    `- Run: ${machine}`,
    `- Packets: ${places.length > 0 ? `captured on ${places.join(', ')}` : 'not captured'}`,
    `- ${tally(checked)}`,
    '',
    '| # | Where | The walkthrough says | Verdict | Measured |',
    '|---|---|---|---|---|',
    ...checked.map(({ where, says, verdict, measured }, i) =>
      row([String(i + 1), where, says, verdict === 'contradicted' ? '**contradicted**' : verdict, measured]),
    ),
    '',
  ]
    .map(visible)
    .join('\n');
}

function dateOf({ start, realtimeOffset }: { start: number; realtimeOffset: string }): string {
  const millis = Number((BigInt(Math.trunc(start)) + BigInt(realtimeOffset)) / 1_000_000n);
  return new Date(millis).toISOString().slice(0, 10);
}

// What would be Markdown in a cell stands as itself.
const row = (cells: string[]) =>
  `| ${cells.map((cell) => cell.replace(/[\\|`*_<>[\]]/g, (sign) => (cell === '**contradicted**' ? sign : `\\${sign}`))).join(' | ')} |`;
