// The page as a whole: one step is the current one, and everything shows it. Keys, buttons, the
// pointer, zoom and chapters. scripts/bundle.mjs bundles it, html.ts puts it into the page.
import { count, duration } from '../../../words.ts';
import { measure, scroller } from './across.ts';
import { axis, between, MARGIN, total } from './axis.ts';
import { chapters, markChapter, showChapters } from './chapters.ts';
import { canvasArea, draw, isAtEnd, redraw, resize } from './diagram.ts';
import { byId, element } from './elements.ts';
import { calls, clock, isSimulated, packets, recording, steps } from './model.ts';
import { showPacket } from './packet.ts';
import { side } from './panes.ts';
import { list } from './rows.ts';

const button = (id: string) => byId<HTMLButtonElement>(id);
let current = 0;
/** The step is in the address, once it stays for a moment: a reload or a link leads back to it. */
let remembering: number | undefined;
const sides = [side('left'), side('right')];

function go(i: number): void {
  if (steps.length === 0) return;
  current = between(i, 0, steps.length - 1);
  bringIntoView();
  draw(current);
  for (const show of sides) show(current);
  showPacket(current);
  byId('number').textContent = String(current + 1);
  const { sentence, more, packet } = steps[current];
  byId('sentence').replaceChildren(sentence, ...(more ? [element('span', 'more', ` ${more}`)] : []));
  byId('moment').textContent = `${packet?.inferred ? '≈ ' : ''}T + ${clock(steps[current].at)} ms`;
  button('first').disabled = button('previous').disabled = current === 0;
  button('last').disabled = button('next').disabled = current === steps.length - 1;
  markChapter(current);
  clearTimeout(remembering);
  remembering = setTimeout(() => history.replaceState(null, '', `#${current + 1}`), 500);
}

function bringIntoView(): void {
  const [y, height] = [axis.y(current), scroller.clientHeight];
  resize();
  const margin = Math.min(90, height / 4);
  const isIn = y - margin >= scroller.scrollTop && y + margin <= scroller.scrollTop + height;
  if (!isIn) scroller.scrollTop = y - height * 0.4;
}

/** The height in the view of the current step, or of the middle if the step is not in view. */
function anchor(): number {
  const y = axis.y(current) - scroller.scrollTop;
  return y >= 0 && y <= scroller.clientHeight ? y : scroller.clientHeight / 2;
}

/** Changes the axis, and keeps what was at that height of the view where it was. */
function changeAxis(change: () => void, height = anchor()): void {
  const y = scroller.scrollTop + height;
  const i = axis.nearest(y);
  const before = axis.y(i);
  const part = (y - MARGIN) / Math.max(1, axis.height() - 2 * MARGIN);
  const { mode } = axis;
  change();
  resize();
  const kept =
    axis.mode === 'true' && mode === 'true'
      ? MARGIN + part * (axis.height() - 2 * MARGIN)
      : axis.y(i) + y - before;
  scroller.scrollTop = kept - height;
  byId('even').ariaPressed = String(axis.mode === 'even');
  byId('true').ariaPressed = String(axis.mode === 'true');
  draw(current);
}

const zoom = (factor: number, height?: number) =>
  changeAxis(() => axis.zoom(factor, scroller.clientHeight), height);
const fit = () => changeAxis(() => axis.fit(scroller.clientHeight));
const showEven = () =>
  changeAxis(() => {
    axis.mode = 'even';
  });
const showTrue = () => changeAxis(() => axis.showTrueAround(current, scroller.clientHeight));

let playing: number | undefined;
function play(on: boolean): void {
  clearInterval(playing);
  playing = on
    ? setInterval(() => (current < steps.length - 1 ? go(current + 1) : play(false)), 900)
    : undefined;
  byId('play').ariaPressed = String(on);
  byId('play').title = on ? 'Stop' : 'Play';
}

const actions = {
  first: () => go(0),
  previous: () => go(current - 1),
  next: () => go(current + 1),
  last: () => go(steps.length - 1),
  play: () => play(playing === undefined),
  even: showEven,
  true: showTrue,
  in: () => zoom(1.5),
  out: () => zoom(1 / 1.5),
  fit,
};
for (const [id, act] of Object.entries(actions)) {
  byId(id).addEventListener('click', () => {
    if (['first', 'previous', 'next', 'last'].includes(id)) play(false);
    act();
  });
}

const keys: Record<string, () => void> = {
  ArrowRight: actions.next,
  ArrowDown: actions.next,
  ArrowLeft: actions.previous,
  ArrowUp: actions.previous,
  Home: actions.first,
  End: actions.last,
  PageDown: () => go(current + 10),
  PageUp: () => go(current - 10),
};
/** Single characters belong to the list, where nothing else has the focus that may want them. */
const listKeys: Record<string, () => void> = {
  '+': actions.in,
  '=': actions.in,
  '-': actions.out,
  0: fit,
  t: () => (axis.mode === 'even' ? showTrue() : showEven()),
  ' ': actions.play,
};
/** How the focus came to where it is. */
let byPointer = false;
addEventListener('pointerdown', () => {
  byPointer = true;
});
addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Tab') byPointer = false;
  // In a pane that was reached by the keyboard the keys scroll; in one that was clicked they walk.
  const isInPane = event.target instanceof Element && event.target.closest('.code, .facts, .body') !== null;
  if (!byPointer && isInPane) return;
  const isForList = event.target === list || event.target === document.body;
  const act = keys[event.key] ?? (isForList ? listKeys[event.key] : undefined);
  if (act === undefined) return;
  event.preventDefault();
  if (event.key !== ' ') play(false);
  act();
});

list.addEventListener('click', (event) => {
  play(false);
  const row = event.target instanceof Element ? event.target.closest('[role=option]') : null;
  const y = event.clientY - canvasArea.getBoundingClientRect().top;
  go(row === null ? axis.nearest(y) : Number(row.id.slice(5)));
});

let awaited = false;
scroller.addEventListener('scroll', () => {
  if (awaited || !isAtEnd()) return;
  awaited = true;
  requestAnimationFrame(() => {
    awaited = false;
    draw(current);
  });
});
scroller.addEventListener(
  'wheel',
  (event) => {
    if (!event.ctrlKey) return; // a pinch on a touchpad comes as a wheel with Ctrl
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 200), event.clientY - scroller.getBoundingClientRect().top);
  },
  { passive: false },
);
let fingers: number | undefined;
scroller.addEventListener(
  'touchmove',
  ({ touches }) => {
    if (touches.length !== 2) return;
    const apart = Math.hypot(
      touches[0].clientX - touches[1].clientX,
      touches[0].clientY - touches[1].clientY,
    );
    const middle = (touches[0].clientY + touches[1].clientY) / 2 - scroller.getBoundingClientRect().top;
    if (fingers) zoom(apart / fingers, middle);
    fingers = apart;
  },
  { passive: true },
);
scroller.addEventListener('touchend', () => {
  fingers = undefined;
});

byId('total').textContent = String(steps.length);
byId('facts').textContent = [
  ...(isSimulated ? ['simulated: nothing was measured'] : []),
  ...recording.processes
    .slice(0, 1)
    .map(
      ({ rfds, runtime, platform, kernel, arch }) =>
        `rfds ${rfds}, ${runtime}, ${platform} ${kernel} ${arch}`,
    ),
  count(calls.length, 'call'),
  count(packets.length, 'packet'),
  duration(total),
].join(' · ');
byId('facts').append(element('span', 'hint', ' · ← → walk the steps'));
byId('notes').append(...recording.notes.map(({ text }) => element('li', '', text)));
byId('notes').hidden = recording.notes.length === 0;
showChapters(go);
measure();
const again = () => redraw(current);
new ResizeObserver(again).observe(scroller);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
const asked = () => Number(location.hash.slice(1)) - 1;
addEventListener('hashchange', () => asked() >= 0 && go(asked()));
// It begins where the message goes out.
go(asked() >= 0 ? asked() : (chapters.find(({ title }) => title.startsWith('“'))?.i ?? 0));
