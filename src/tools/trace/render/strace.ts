// A recording as strace's own text, that of `strace -f -tt -o`: what strace's readers read. A call
// during which another thread made one is written in two parts, as strace does.

import {
  type Argument,
  type CallLine,
  isSimulated,
  type ProcessLine,
  type Recording,
  SIMULATED,
  type TimeValue,
} from '../../../interpose/recorder/recording.ts';
import { callOf, entryOf } from '../../../kernel/calls.ts';
import { errnoText } from '../../../python/strerror.ts';
import { visible } from './terminal/style.ts';

// strace's -a: where the '=' stands.
const COLUMN = 40;

/**
 * The text, a line for every call (or two), by the times at which they began. It may go to a terminal: a control
 * character, which no recording of ours has in an argument, is escaped.
 */
export function renderStrace(recording: Recording): string {
  return [...straceLines(recording)].map((line) => `${visible(line)}\n`).join('');
}

/** The same line by line. */
export function* straceLines({ processes, calls }: Recording): Generator<string> {
  const of = new Map(processes.map((process) => [process.pid, process]));
  // As strace tells what is no call: "+++ exited with 0 +++".
  if (isSimulated({ processes })) {
    const [{ pid, start }] = processes;
    yield `${String(pid).padEnd(5)} ${timeOfDay(start, of.get(pid))} +++ ${SIMULATED} +++`;
  }
  const events = calls.flatMap((call) => [
    { at: call.start, call, begins: true },
    { at: call.end, call, begins: false },
  ]);
  // A call that takes no time begins before it ends: the sort keeps the order of equals.
  events.sort((a, b) => a.at - b.at);
  for (let i = 0; i < events.length; i++) {
    const { at, call, begins } = events[i];
    const line = (text: string) =>
      `${String(threadId(call)).padEnd(5)} ${timeOfDay(at, of.get(call.pid))} ${text}`;
    const { name, before, after, result } = straced(call, of.get(call.pid));
    const isWhole = begins && events[i + 1]?.call === call;
    if (isWhole) {
      yield `${line(`${name}(${[...before, ...after].join(', ')})`).padEnd(COLUMN - 1)} = ${result}`;
      i++;
    } else if (begins) {
      const comma = before.length > 0 && after.length > 0 ? ', ' : '';
      yield line(`${name}(${before.join(', ')}${comma} <unfinished ...>`);
    } else {
      yield `${line(`<... ${name} resumed>${after.join(', ')})`).padEnd(COLUMN - 1)} = ${result}`;
    }
  }
}

// strace has a thread's id, a recording its number: the main thread's id is the process's.
const threadId = ({ pid, thread }: CallLine) => pid + thread;

function timeOfDay(at: number, process: ProcessLine | undefined): string {
  const micros = (BigInt(Math.round(at)) + BigInt(process?.realtimeOffset ?? 0)) / 1000n;
  const date = new Date(Number(micros / 1000n));
  const two = (n: number) => String(n).padStart(2, '0');
  const seconds = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${seconds}.${String(micros % 1_000_000n).padStart(6, '0')}`;
}

// How many of a call's arguments strace can write before the kernel has answered; the rest is answer.
function givenOf(name: string): number {
  if (name === 'ioctl') return 2;
  const kinds: string[] = Object.values(callOf(name)?.args ?? {});
  const answer = kinds.findIndex((kind) => kind.startsWith('out '));
  return answer === -1 ? Infinity : answer;
}

interface Straced {
  name: string;
  before: string[];
  after: string[];
  result: string;
}

/** A call as the kernel has it: its name there, the arguments that libc adds, the result in strace's words. */
export function straced(call: CallLine, process?: Pick<ProcessLine, 'platform' | 'arch'>): Straced {
  const { name: own, args } = call;
  const [name, ...added] = entryOf(own, process?.platform ?? 'linux', process?.arch ?? 'x64') ?? [own];
  const ours = args.map(({ text }) => text);
  const texts = [...(rewritten[`${own} ${name}`]?.(ours) ?? ours), ...added];
  // select's timeval and poll's milliseconds are a timespec to the kernel.
  if (own !== name && (name === 'pselect6' || name === 'ppoll')) {
    const at = args.findIndex((argument) => argument.name === 'timeout');
    if (at >= 0) texts[at] = timespec(args[at]);
  }
  const split = givenOf(own);
  return { name, before: texts.slice(0, split), after: texts.slice(split), result: resultText(call, name) };
}

// What libc makes of the arguments, by our name and the kernel's.
const rewritten: Partial<Record<string, (texts: string[]) => string[]>> = {
  'pselect pselect6': (texts) => texts.with(5, `{sigmask=${texts[5]}, sigsetsize=8}`),
  'signalfd signalfd4': ([fd, mask, flag]) => [fd, mask, '8', flag],
  'epoll_create epoll_create1': () => ['0'],
};

function timespec({ text, value }: Argument): string {
  if (typeof value === 'number')
    return value < 0 ? 'NULL' : `{tv_sec=${Math.floor(value / 1000)}, tv_nsec=${(value % 1000) * 1e6}}`;
  const time = value as TimeValue | null | undefined;
  return time ? `{tv_sec=${time.seconds}, tv_nsec=${time.nanoseconds}}` : text;
}

// How the Linux kernel says EINTR to strace, which sees it before it becomes that; undefined: as it is.
function restartOf(own: string, name: string): string | undefined {
  if (name === 'pselect6' || name === 'ppoll') return 'ERESTARTNOHAND (To be restarted if no handler)';
  if (name === 'poll') return 'ERESTART_RESTARTBLOCK (Interrupted by signal)';
  const { blocks } = callOf(own) ?? {};
  return blocks && blocks.until !== 'event'
    ? 'ERESTARTSYS (To be restarted if SA_RESTART is set)'
    : undefined;
}

function resultText({ name: own, result, errno, detail }: CallLine, name: string): string {
  if (errno !== undefined) {
    const restart = errno === 'EINTR' ? restartOf(own, name) : undefined;
    if (restart !== undefined) return `? ${restart}`;
    // One number on Linux, and strace has this name for it.
    const code = errno === 'ENOTSUP' ? 'EOPNOTSUPP' : errno;
    return `-1 ${code} (${errnoText(code) ?? 'Unknown error'})`;
  }
  if (!detail) return String(result);
  const number = detail.startsWith('flags ') ? `0x${result.toString(16)}` : String(result);
  // What is left of select's timeval, too, is a timespec to the kernel.
  const inNanoseconds = detail.replace(/tv_usec=(\d+)/, (_, micros) => `tv_nsec=${Number(micros) * 1000}`);
  return `${number} (${inNanoseconds})`;
}
