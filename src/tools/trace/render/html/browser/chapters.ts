// The parts of the documented conversation, as buttons: who listens, who connects, what is sent.

import { shortened } from '../../../words.ts';
import { byId, element } from './elements.ts';
import { type Call, calls } from './model.ts';

const nav = byId('chapters');

interface Chapter {
  title: string;
  /** The step with which it begins. */
  i: number;
}

/** Of more messages than that the last ones are not chapters, but for the very last. */
const MOST_MESSAGES = 5;

/** The parts of the documented conversation; of any other program, none. */
function chaptersOf(): Chapter[] {
  const first = (role: string, name: string) =>
    calls.find((call) => call.lane.role === role && call.name === name);
  const sent = calls.filter((call) => call.lane.role === 'client' && call.message && /^send/.test(call.name));
  const messages = sent.length <= MOST_MESSAGES ? sent : [...sent.slice(0, MOST_MESSAGES - 1), sent.at(-1)!];
  const all: [string, Call | undefined][] = [
    ['The server listens', first('server', 'listen')],
    ['The client connects', first('client', 'connect')],
    ...messages.map((call): [string, Call] => [shortened(call.message, 24), call]),
    ['Goodbye', calls.findLast((call) => call.lane.role === 'client' && call.name === 'close')],
  ];
  return all.flatMap(([title, call]) => (call === undefined ? [] : [{ title, i: call.from }]));
}

export const chapters = chaptersOf();
nav.hidden = chapters.length === 0;

/** Makes the buttons. */
export const showChapters = (go: (i: number) => void) =>
  nav.append(
    ...chapters.map(({ title, i }) => {
      const button = element('button', '', title);
      button.type = 'button';
      button.addEventListener('click', () => go(i));
      return button;
    }),
  );

/** Marks the chapter of a step. */
export function markChapter(current: number): void {
  const now = chapters.findLastIndex(({ i }) => i <= current);
  const button = nav.children[now] as HTMLElement | undefined;
  if (button?.hasAttribute('aria-current')) return;
  for (const one of nav.children) one.removeAttribute('aria-current');
  button?.setAttribute('aria-current', 'step');
  if (button) nav.scrollLeft = button.offsetLeft - nav.offsetLeft - 40;
}
