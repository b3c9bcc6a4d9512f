// What a reader of the playground does, as a list: it is the whole of a run, which is made again from the start for each
// new action. So a step back, undo and a link that shares it cost nothing.

/** The programs that can be run. */
export const PROGRAMS = ['documented', 'select', 'poll', 'epoll', 'epoll-edge', 'selectors'] as const;
export type ProgramName = (typeof PROGRAMS)[number];

/** A client by its number, from 1 on. */
export type ClientNumber = number;

/**
 * Something that the reader has a client, the network or the machine do.
 *  - send: text, in which \xHH stands for a byte; cut: the first byte, or the first half, arrives before the rest.
 *  - descriptors: the server may open so many more; null: as many as it likes (RLIMIT_NOFILE).
 *  - early: it does not wait until the server does, but comes before that call of the server, by its number from 1 on.
 */
export type Action = { early?: number } & (
  | { do: 'connect'; client: ClientNumber }
  | { do: 'send'; client: ClientNumber; text: string; cut?: Cut }
  | { do: 'shutdown' | 'close' | 'reset' | 'stop' | 'read'; client: ClientNumber }
  | { do: 'lose' }
  | { do: 'descriptors'; left: number | null }
  | { do: 'signal'; name: 'SIGINT' | 'SIGTERM' }
  | { do: 'wait'; seconds: number }
);

/** Where what is sent is cut. */
export type Cut = 'byte' | 'half';

/** What the machine is like. */
export interface Settings {
  /** One way between a client and the server, in milliseconds; 0: they are on one machine. */
  latency: number;
  /** Bytes in the buffers of a socket. 0: as many as Linux has. */
  buffer: number;
  /** net.core.somaxconn, which bounds the backlog of listen(2). */
  somaxconn: number;
}

export interface Script {
  program: ProgramName;
  settings: Settings;
  actions: Action[];
}

export const ordinary: Settings = { latency: 0, buffer: 0, somaxconn: 4096 };
export const MOST_CLIENTS = 64;
export const MOST_ACTIONS = 400;

/** Text as bytes: UTF-8, with \xHH, \n, \r, \t and \\ as in Python. */
export function bytesOf(text: string): Uint8Array {
  const parts: number[] = [];
  const encoder = new TextEncoder();
  for (const [whole, hex, letter] of text.matchAll(/\\x([0-9a-fA-F]{2})|\\([nrt\\])|[^\\]+|\\/g)) {
    if (hex !== undefined) parts.push(Number.parseInt(hex, 16));
    else if (letter !== undefined) parts.push({ n: 10, r: 13, t: 9, '\\': 92 }[letter]!);
    else parts.push(...encoder.encode(whole));
  }
  return Uint8Array.from(parts);
}

/** An action in words: 'client 1 sends "Hello"'. */
export function sentence(action: Action): string {
  const when = action.early === undefined ? '' : `, before call ${action.early} of the server`;
  return `${plain(action)}${when}`;
}

function plain(action: Action): string {
  switch (action.do) {
    case 'connect':
      return `client ${action.client} connects`;
    case 'send': {
      const cut = action.cut === undefined ? '' : `, the first ${action.cut} of it alone`;
      return `client ${action.client} sends "${action.text}"${cut}`;
    }
    case 'shutdown':
      return `client ${action.client} sends no more (half-close)`;
    case 'close':
      return `client ${action.client} closes`;
    case 'reset':
      return `client ${action.client} resets`;
    case 'stop':
      return `client ${action.client} stops reading`;
    case 'read':
      return `client ${action.client} reads again`;
    case 'lose':
      return 'the network loses the next segment';
    case 'descriptors':
      return action.left === null
        ? 'the server has descriptors again'
        : `the server may open ${action.left} more descriptors`;
    case 'signal':
      return `the server gets ${action.name}`;
    case 'wait':
      return `${action.seconds} s pass`;
  }
}

// ---- A script as text, for the part of an address behind #

const letters: Record<Action['do'], string> = {
  connect: 'c',
  send: 's',
  shutdown: 'h',
  close: 'x',
  reset: 'r',
  stop: 'q',
  read: 'g',
  lose: 'l',
  descriptors: 'd',
  signal: 'k',
  wait: 'w',
};
const kinds = Object.fromEntries(Object.entries(letters).map(([kind, letter]) => [letter, kind]));

/** 'p=select&a=c1,s1:Hello,x1': parseScript() reads it again. */
export function formatScript({ program, settings, actions }: Script): string {
  const parts = new URLSearchParams({ p: program });
  for (const name of Object.keys(ordinary) as (keyof Settings)[])
    if (settings[name] !== ordinary[name]) parts.set(name, String(settings[name]));
  if (actions.length > 0) parts.set('a', actions.map(formatAction).join(','));
  return parts.toString();
}

function formatAction(action: Action): string {
  const early = action.early === undefined ? '' : `@${action.early}`;
  const of = 'client' in action ? String(action.client) : '';
  return `${letters[action.do]}${of}${early}${argumentOf(action)}`;
}

function argumentOf(action: Action): string {
  switch (action.do) {
    case 'send':
      return `${action.cut === undefined ? '' : `~${action.cut}`}:${encodeURIComponent(action.text)}`;
    case 'descriptors':
      return `:${action.left ?? ''}`;
    case 'signal':
      return `:${action.name}`;
    case 'wait':
      return `:${action.seconds}`;
    default:
      return '';
  }
}

/** The script of such a text. Throws RangeError, with what is wrong in it, for one that is none. */
export function parseScript(text: string): Script {
  const parts = new URLSearchParams(text);
  const program = (parts.get('p') ?? 'select') as ProgramName;
  if (!PROGRAMS.includes(program)) throw new RangeError(`there is no program '${program}'`);
  const settings = { ...ordinary };
  for (const name of Object.keys(ordinary) as (keyof Settings)[]) {
    const given = parts.get(name);
    if (given !== null) settings[name] = numberOf(given, name, bounds[name]);
  }
  const listed = parts.get('a') ?? '';
  const actions = listed === '' ? [] : listed.split(',').map(parseAction);
  if (actions.length > MOST_ACTIONS) throw new RangeError(`more than ${MOST_ACTIONS} actions`);
  return { program, settings, actions };
}

/** The least and the greatest value of each setting. */
export const bounds: Record<keyof Settings, readonly [number, number]> = {
  latency: [0, 5000],
  buffer: [0, 1 << 20],
  somaxconn: [0, 65535],
};

function numberOf(text: string, what: string, [low, high]: readonly [number, number]): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= low && value <= high))
    throw new RangeError(`${what}: '${text}' is no number from ${low} to ${high}`);
  return value;
}

function parseAction(text: string): Action {
  const found = /^([a-z])(\d+)?(?:@(\d+))?(?:~(byte|half))?(?::(.*))?$/s.exec(text);
  const kind = found === null ? undefined : (kinds[found[1]] as Action['do'] | undefined);
  if (found === null || kind === undefined) throw new RangeError(`'${text}' is no action`);
  const [, , of, before, cut, argument = ''] = found;
  const early = before === undefined ? {} : { early: numberOf(before, 'a call', [1, 1e6]) };
  const client = () => numberOf(of ?? '', 'a client', [1, MOST_CLIENTS]);
  switch (kind) {
    case 'send': {
      const part = cut === undefined ? {} : { cut: cut as Cut };
      return { do: kind, client: client(), text: decodeURIComponent(argument), ...part, ...early };
    }
    case 'descriptors':
      return {
        do: kind,
        left: argument === '' ? null : numberOf(argument, 'descriptors', [0, 1024]),
        ...early,
      };
    case 'signal':
      if (argument !== 'SIGINT' && argument !== 'SIGTERM') throw new RangeError(`'${argument}' is no signal`);
      return { do: kind, name: argument, ...early };
    case 'wait':
      return { do: kind, seconds: numberOf(argument, 'a time', [0.001, 3600]), ...early };
    case 'lose':
      return { do: kind, ...early };
    default:
      return { do: kind, client: client(), ...early };
  }
}
