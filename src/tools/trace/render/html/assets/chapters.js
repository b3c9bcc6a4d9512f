// The parts of the documented conversation, as buttons: who listens, who connects, what is sent.
// Below: hex.js (element), words.js, model.js.

import { element } from './hex.js';
import { calls } from './model.js';
import { carried, shortened } from './words.js';

const nav = document.getElementById('chapters');

/** Of more messages than that the last ones are not chapters, but for the very last. */
const MOST_MESSAGES = 5;

/** The parts of the documented conversation; of any other program, none. */
function chaptersOf() {
  const first = (role, name) => calls.find((call) => call.lane.role === role && call.name === name);
  const sent = calls.filter(
    (call) => call.lane.role === 'client' && carried(call) && /^send/.test(call.name),
  );
  const messages = sent.length <= MOST_MESSAGES ? sent : [...sent.slice(0, MOST_MESSAGES - 1), sent.at(-1)];
  const told = [
    ['The server listens', first('server', 'listen')],
    ['The client connects', first('client', 'connect')],
    ...messages.map((call) => [shortened(carried(call), 24), call]),
    ['Goodbye', calls.findLast((call) => call.lane.role === 'client' && call.name === 'close')],
  ];
  return told.filter(([, call]) => call !== undefined).map(([title, call]) => ({ title, i: call.from }));
}

export const chapters = chaptersOf();
nav.hidden = chapters.length === 0;

/** Makes the buttons. */
export const showChapters = (go) =>
  nav.append(
    ...chapters.map(({ title, i }) => {
      const button = element('button', '', title);
      button.type = 'button';
      button.addEventListener('click', () => go(i));
      return button;
    }),
  );

/** Marks the chapter of a step. */
export function markChapter(current) {
  const now = chapters.findLastIndex(({ i }) => i <= current);
  const button = nav.children[now];
  if (button?.hasAttribute('aria-current')) return;
  for (const one of nav.children) one.removeAttribute('aria-current');
  button?.setAttribute('aria-current', 'step');
  if (button) nav.scrollLeft = button.offsetLeft - nav.offsetLeft - 40;
}
