// The page: what the reader does becomes a script, the script is run from its beginning, and the steps of that run are
// shown. Everything is drawn anew from three things: the script, its run, and which step is looked at.

import { byId, element } from '../../trace/render/html/browser/elements.ts';
import { type Run, run, type State, type Step, wrongWith } from '../engine.ts';
import { type Scene, scenes } from '../scenes.ts';
import {
  type Action,
  bounds,
  type Cut,
  formatScript,
  MOST_ACTIONS,
  MOST_CLIENTS,
  PROGRAMS,
  type ProgramName,
  parseScript,
  type Script,
  type Settings,
  sentence,
} from '../script.ts';
import { type LineTable, lineFinder } from './lines.ts';
import { programs } from './programs.ts';
import { drawKernel, drawPackets } from './state.ts';

interface Data {
  lines: LineTable;
  /** The sources of the programs, by their names. */
  sources: Record<string, string>;
}

const data: Data = JSON.parse(byId('data').textContent ?? '');
const lineAbove = lineFinder(data.lines);

/** Of how many steps around the one that is shown the state is kept. */
const KEPT = 64;

let script: Script = parseScript(scenes[0].script);
let scene: Scene | null = scenes[0];
let played: Run = { steps: [], packets: [], stdout: '', isOver: false, problem: '', recording: null };
let kept: readonly [number, number] = [0, 0];
let shown = 0;
let timer = 0;

// ---- Running

const play = (first: number): Run => {
  kept = [Math.max(first - KEPT, 0), first + KEPT];
  return run(script, programs[script.program], { lineAbove, states: kept });
};

/** Runs the script anew. at: the step to show; without it the last. */
function again(at = Number.POSITIVE_INFINITY): void {
  byId('wrong').textContent = '';
  try {
    played = play(Number.isFinite(at) ? at : Math.max(played.steps.length, KEPT));
  } catch (error) {
    byId('wrong').textContent = (error as Error).message;
    return;
  }
  shown = Math.max(Math.min(at, played.steps.length - 1), 0);
  history.replaceState(null, '', `#${formatScript(script)}`);
  drawScript();
  drawSteps();
  show(shown);
}

/** The state behind a step: of what the last run kept, or else of another one. */
function stateAt(i: number): State {
  if (played.steps[i].state === null || i < kept[0] || i >= kept[1]) played = play(i);
  return played.steps[i].state!;
}

function act(action: Action): void {
  const actions = [...script.actions, action];
  const wrong =
    actions.length > MOST_ACTIONS
      ? `more than ${MOST_ACTIONS} actions: start again`
      : wrongWith(actions, actions.length - 1, script.settings.latency);
  byId('wrong').textContent = wrong;
  if (wrong !== '') return;
  change({ actions });
}

function change(part: Partial<Script>, at?: number): void {
  scene = null;
  script = { ...script, ...part };
  again(at);
}

// ---- What the reader does

const clientNumbers = () =>
  [...new Set(script.actions.flatMap((action) => ('client' in action ? [action.client] : [])))].sort();

function connect(): void {
  const free = Array.from({ length: MOST_CLIENTS }, (_, i) => i + 1).find(
    (n) => !clientNumbers().includes(n),
  );
  if (free === undefined) byId('wrong').textContent = `${MOST_CLIENTS} clients are all there are`;
  else act({ do: 'connect', client: free });
}

const texts = new Map<number, string>();

function drawClients(): void {
  const place = byId('clients');
  const focused = document.activeElement?.id ?? '';
  place.replaceChildren(...clientNumbers().map(clientRow));
  if (focused !== '') document.getElementById(focused)?.focus();
}

function clientRow(client: number): HTMLElement {
  const isPossible = (what: Action) =>
    wrongWith([...script.actions, what], script.actions.length, script.settings.latency) === '';
  const named = (name: string) => `${name} of client ${client}`;
  const button = (text: string, action: () => Action) => {
    const one = element('button', '', text);
    one.type = 'button';
    one.id = `c${client}-${text.replaceAll(' ', '-')}`;
    one.disabled = !isPossible(action());
    one.setAttribute('aria-label', `client ${client}: ${text}`);
    one.addEventListener('click', () => act(action()));
    return one;
  };
  const text = element('input');
  text.id = `c${client}-text`;
  text.value = texts.get(client) ?? 'Hello';
  text.size = 12;
  text.setAttribute('aria-label', named('Message'));
  text.title = 'Text; \\xHH is a byte, \\n a line end';
  const cut = element('select');
  cut.id = `c${client}-cut`;
  cut.setAttribute('aria-label', named('Pieces'));
  for (const [value, name] of [
    ['', 'whole'],
    ['byte', 'first byte alone'],
    ['half', 'in halves'],
  ])
    cut.append(new Option(name, value));
  const send = (): Action => ({
    do: 'send',
    client,
    text: text.value,
    ...(cut.value !== '' && { cut: cut.value as Cut }),
  });
  text.addEventListener('input', () => texts.set(client, text.value));
  text.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') act(send());
  });
  const isReading =
    script.actions.findLast(
      (action) => 'client' in action && action.client === client && /^(stop|read)$/.test(action.do),
    )?.do !== 'stop';
  return element(
    'div',
    'row one',
    element('strong', 'client', `client ${client}`),
    text,
    cut,
    button('send', send),
    button('half-close', () => ({ do: 'shutdown', client })),
    button('close', () => ({ do: 'close', client })),
    button('reset', () => ({ do: 'reset', client })),
    isReading
      ? button('stop reading', () => ({ do: 'stop', client }))
      : button('read again', () => ({ do: 'read', client })),
  );
}

function drawScript(): void {
  byId<HTMLSelectElement>('program').value = script.program;
  byId<HTMLSelectElement>('scene').value = scene === null ? '' : scene.name;
  byId('about').textContent = scene?.about ?? '';
  for (const name of Object.keys(bounds) as (keyof Settings)[])
    byId<HTMLInputElement>(name).value = String(script.settings[name]);
  byId<HTMLButtonElement>('lose').disabled = script.settings.latency === 0;
  byId<HTMLButtonElement>('undo').disabled = script.actions.length === 0;
  byId<HTMLButtonElement>('clear').disabled = script.actions.length === 0;
  drawClients();
  byId('script').replaceChildren(
    ...script.actions.map((action, i) => {
      const remove = element('button', '', '×');
      remove.type = 'button';
      remove.setAttribute('aria-label', `Take away: ${sentence(action)}`);
      remove.addEventListener('click', () => change({ actions: script.actions.toSpliced(i, 1) }));
      const line = element('li', '', `${sentence(action)} `, remove);
      if (action.early !== undefined) {
        const later = element('button', '', 'in its turn');
        later.type = 'button';
        later.setAttribute('aria-label', `In its turn: ${sentence(action)}`);
        later.addEventListener('click', () => {
          const { early: _, ...rest } = action;
          change({ actions: script.actions.with(i, rest as Action) });
        });
        line.append(' ', later);
      }
      return line;
    }),
  );
}

// ---- What happened

function drawSteps(): void {
  const list = byId('steps');
  list.replaceChildren(
    ...played.steps.map(({ who, text }, i) => {
      const kind = who === 'server' ? 'server' : 'client';
      const line = element(
        'li',
        '',
        element('span', '', String(i + 1)),
        element('span', kind, who),
        element('span', '', text),
      );
      line.id = `step${i}`;
      line.setAttribute('role', 'option');
      line.setAttribute('aria-selected', 'false');
      line.addEventListener('click', () => show(i));
      return line;
    }),
  );
  const slider = byId<HTMLInputElement>('slider');
  slider.max = String(Math.max(played.steps.length - 1, 0));
  slider.setAttribute('aria-valuetext', '');
}

function show(i: number): void {
  if (played.steps.length === 0) return;
  const state = stateAt(i);
  const step = played.steps[i];
  const list = byId('steps');
  list.querySelector('[aria-selected="true"]')?.setAttribute('aria-selected', 'false');
  shown = i;
  const line = byId(`step${i}`);
  line.setAttribute('aria-selected', 'true');
  list.setAttribute('aria-activedescendant', line.id);
  scrollInto(list, line);
  const slider = byId<HTMLInputElement>('slider');
  slider.value = String(i);
  slider.setAttribute('aria-valuetext', `step ${i + 1} of ${played.steps.length}`);
  byId('number').textContent = `${i + 1} of ${played.steps.length}`;
  byId('sentence').textContent = `${step.who}: ${step.text}`;
  const isLast = i === played.steps.length - 1;
  byId('problem').textContent = isLast && played.problem !== '' ? `As it stands: ${played.problem}.` : '';
  drawSource(step);
  drawKernel(state, played.stdout.slice(0, state.printed));
  drawPackets(played.packets.slice(0, state.packets), i === 0 ? 0 : packetsBefore(i));
  drawEarly(step);
}

const packetsBefore = (i: number) => played.steps[i - 1].state?.packets ?? 0;

// What comes next by itself could come before the server's next call.
function drawEarly(step: Step): void {
  const button = byId<HTMLButtonElement>('early');
  const next = script.actions[step.actions];
  const isServer = step.who === 'server' && !/ waits$/.test(step.text);
  button.hidden = !(isServer && next !== undefined && next.early === undefined);
  if (button.hidden) return;
  button.textContent = `What if ${sentence(next)} now, before the server’s next call?`;
  button.onclick = () => {
    const early = { ...next, early: step.calls + 1 } as Action;
    change({ actions: script.actions.with(step.actions, early) }, shown);
  };
}

let sourceShown = '';

function drawSource({ line }: Step): void {
  const place = byId('source');
  place.querySelector('.now')?.classList.remove('now');
  if (line === null) return;
  if (sourceShown !== line.file) {
    sourceShown = line.file;
    byId('code-title').textContent = `The server: ${line.file}`;
    const lines = (data.sources[line.file] ?? '').split('\n');
    place.replaceChildren(
      ...lines.map((text, i) =>
        element('div', '', element('span', '', String(i + 1)), element('span', '', text)),
      ),
    );
  }
  const now = place.children[line.line - 1];
  if (now === undefined) return;
  now.classList.add('now');
  scrollInto(place, now as HTMLElement);
}

/** Scrolls within a list alone, and not the page. */
function scrollInto(list: HTMLElement, line: HTMLElement): void {
  const [outer, inner] = [list.getBoundingClientRect(), line.getBoundingClientRect()];
  if (inner.top >= outer.top + 24 && inner.bottom <= outer.bottom - 24) return;
  list.scrollTop += inner.top - outer.top - (outer.height - inner.height) / 2;
}

// ---- Moving in time

const clamped = (i: number) => Math.min(Math.max(i, 0), played.steps.length - 1);

function go(i: number): void {
  pause();
  show(clamped(i));
}

/** The first step of the next action, or of the one before. */
function goAction(by: 1 | -1): void {
  const { steps } = played;
  const now = steps[shown].actions;
  if (by === 1) {
    const next = steps.findIndex(({ actions }) => actions > now);
    go(next < 0 ? steps.length - 1 : next);
    return;
  }
  const own = steps.findIndex(({ actions }) => actions === now);
  if (own < shown || own === 0) go(own);
  else go(steps.findIndex(({ actions }) => actions === steps[own - 1].actions));
}

function pause(): void {
  clearInterval(timer);
  timer = 0;
  byId('play').textContent = 'Play';
}

function playOrPause(): void {
  if (timer !== 0) {
    pause();
    return;
  }
  if (shown === played.steps.length - 1) show(0);
  byId('play').textContent = 'Pause';
  timer = window.setInterval(() => {
    if (shown >= played.steps.length - 1) pause();
    else show(shown + 1);
  }, 500);
}

// ---- The page itself

function fill(): void {
  const program = byId<HTMLSelectElement>('program');
  for (const name of PROGRAMS)
    program.append(new Option(name === 'documented' ? 'documented-server.ts' : `${name}-server.ts`, name));
  program.addEventListener('change', () => change({ program: program.value as ProgramName }));
  const choice = byId<HTMLSelectElement>('scene');
  choice.append(new Option('(your own)', ''));
  for (const { name } of scenes) choice.append(new Option(name, name));
  choice.addEventListener('change', () => {
    const chosen = scenes.find(({ name }) => name === choice.value);
    if (chosen === undefined) return;
    script = parseScript(chosen.script);
    scene = chosen;
    again(0);
  });
  for (const name of Object.keys(bounds) as (keyof Settings)[]) {
    const input = byId<HTMLInputElement>(name);
    input.addEventListener('change', () => {
      const [low, high] = bounds[name];
      const value = Math.round(Math.min(Math.max(Number(input.value) || 0, low), high));
      change({ settings: { ...script.settings, [name]: value } });
    });
  }
  const buttons: Record<string, () => void> = {
    connect,
    lose: () => act({ do: 'lose' }),
    exhaust: () => act({ do: 'descriptors', left: 0 }),
    restore: () => act({ do: 'descriptors', left: null }),
    interrupt: () => act({ do: 'signal', name: 'SIGINT' }),
    pass: () => act({ do: 'wait', seconds: 1 }),
    undo,
    clear: () => change({ actions: [] }),
    first: () => go(0),
    back: () => go(shown - 1),
    on: () => go(shown + 1),
    last: () => go(played.steps.length - 1),
    play: playOrPause,
    share: () => void share(),
    save,
    help: () => byId<HTMLDialogElement>('keys').showModal(),
  };
  for (const [id, press] of Object.entries(buttons)) byId(id).addEventListener('click', press);
  const slider = byId<HTMLInputElement>('slider');
  slider.addEventListener('input', () => go(Number(slider.value)));
  document.addEventListener('keydown', onKey);
  window.addEventListener('hashchange', () => fromAddress(location.hash.slice(1)));
}

function undo(): void {
  if (script.actions.length > 0) change({ actions: script.actions.slice(0, -1) });
}

async function share(): Promise<void> {
  const button = byId('share');
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = 'Copied';
  } catch {
    // A page from a file may not: the address bar has it.
    button.textContent = 'It is in the address bar';
  }
  setTimeout(() => {
    button.textContent = 'Copy link';
  }, 2000);
}

function save(): void {
  const { recording } = run(script, programs[script.program], { lineAbove, states: [0, 0], records: true });
  const link = element('a');
  link.href = URL.createObjectURL(new Blob([recording ?? ''], { type: 'application/x-ndjson' }));
  link.download = 'playground.ndjson';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function onKey(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey || byId<HTMLDialogElement>('keys').open) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return;
  const keys: Record<string, () => void> = {
    ArrowLeft: () => go(shown - 1),
    ArrowUp: () => go(shown - 1),
    ArrowRight: () => go(shown + 1),
    ArrowDown: () => go(shown + 1),
    PageUp: () => goAction(-1),
    PageDown: () => goAction(1),
    Home: () => go(0),
    End: () => go(played.steps.length - 1),
    n: connect,
    u: undo,
    '?': () => byId<HTMLDialogElement>('keys').showModal(),
  };
  if (event.key === ' ') {
    // A button takes it for itself.
    if (target.tagName === 'BUTTON') return;
    playOrPause();
  } else if (keys[event.key] !== undefined) {
    keys[event.key]();
  } else {
    return;
  }
  event.preventDefault();
}

function fromAddress(text: string): void {
  if (text === '' || text === formatScript(script)) return;
  try {
    script = parseScript(text);
    scene = scenes.find((one) => formatScript(parseScript(one.script)) === text) ?? null;
    again(0);
  } catch (error) {
    byId('wrong').textContent = `The address says nothing that can be run: ${(error as Error).message}`;
  }
}

// For tests, and for who likes to look: a script run as the page runs it, with the states of some of its steps.
Object.assign(globalThis, {
  rfdsPlayground: {
    run: (text: string, first = 0, end = Number.POSITIVE_INFINITY) => {
      const asked = parseScript(text);
      return run(asked, programs[asked.program], { lineAbove, states: [first, end] });
    },
    shownState: () =>
      JSON.stringify(stateAt(shown), (_, value) => (value instanceof Map ? [...value] : value)),
    scenes,
  },
});

const asked = location.hash;
fill();
again(0);
if (asked.length > 1) fromAddress(asked.slice(1));
