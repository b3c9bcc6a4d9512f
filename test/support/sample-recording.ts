// A recording as `rfds trace` makes it, without a run: the documented server and client, a connection,
// any number of messages, a goodbye. The same every time.

import { readFileSync } from 'node:fs';
import {
  type Argument,
  type CallLine,
  type FrameLine,
  type ProcessLine,
  type Recording,
  type SocketState,
  VERSION,
} from '../../src/interpose/recorder/recording.ts';
import { callOf, cNamesOf } from '../../src/kernel/calls.ts';
import { SampleWire } from './sample-packet.ts';

const START = 5_000_000_000;
export const SERVER = 4711;
export const CLIENT = 4712;
/** The id of a frame that is no program's. */
const INNER = 0;
const µs = 1000;
const ms = 1000 * µs;

const files = { [SERVER]: 'src/programs/select-server.ts', [CLIENT]: 'src/programs/client.ts' };
const textOf = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

/** The calls' own source lines, by what is in them. */
const places: Record<number, Record<string, string>> = {
  [SERVER]: {
    socket: 'socket(AF_INET',
    setsockopt: 'setsockopt(',
    bind: '.bind(',
    listen: '.listen()',
    select: 'select(rfds',
    accept4: 'acceptor.accept(',
    recv: '.recv(1024)',
    getpeername: 'const client_port',
    write: 'print(f`',
    send: 'sendallWithin(client_socket',
    close: 'client_socket.close()',
  },
  [CLIENT]: {
    socket: 'socket(AF_INET',
    connect: '.connect(',
    write: "input('> ')",
    read: "input('> ')",
    send: 'exchange(server_socket',
    recv: '.recv(65536)',
    close: 'server_socket.close()',
  },
};

export interface SampleOptions {
  /** How many messages the client sends, 14 events each; 1 if not said. */
  messages?: number;
  /** What it sends each time. */
  message?: string;
}

/** The recording. */
export function sampleRecording(options: SampleOptions = {}): Recording {
  return new Sample().conversation(options.messages ?? 1, options.message ?? 'Hello');
}

type Shown = Omit<Argument, 'name'>;

interface CallOptions {
  fd?: number;
  data?: string;
  ready?: number[];
  sockets?: SocketState[];
  cpu?: number;
}

class Sample {
  readonly #calls: CallLine[] = [];
  readonly #frames: FrameLine[] = [];
  readonly #wire = new SampleWire();
  #now = START;

  #frame(pid: number, name: string): number {
    const file = files[pid as keyof typeof files];
    const lines = textOf(file).split('\n');
    const line = lines.findIndex((text) => text.includes(places[pid][name])) + 1;
    if (line === 0) throw new Error(`${file} has no ${places[pid][name]}`);
    const known = this.#frames.find((frame) => frame.pid === pid && frame.line === line);
    if (known) return known.id;
    const id = INNER + 1 + this.#frames.length;
    const text = lines[line - 1].trim();
    this.#frames.push({ type: 'frame', pid, id, file, line, column: 9, function: 'serve', text });
    return id;
  }

  /** A call that began at start and ends now. */
  #call(
    pid: number,
    name: string,
    args: Shown[],
    result: number,
    start: number,
    options: CallOptions = {},
  ): void {
    const { data, sockets, cpu = Math.min(9 * µs, this.#now - start), ...others } = options;
    const at = this.#frame(pid, name);
    this.#calls.push({
      type: 'call',
      pid,
      thread: 0,
      n: this.#n(pid),
      name,
      args: args.map((argument, i) => ({ name: cNamesOf(callOf(name)!)[i], ...argument })),
      result,
      ...(result < 0 && { errno: 'EAGAIN' }),
      start,
      end: this.#now,
      cpu,
      ...others,
      ...(data !== undefined && { data: Buffer.from(data).toString('base64') }),
      ...(sockets && { sockets, observed: ['getsockname', 'getsockopt', 'ioctl'] }),
      stack: [INNER, at],
      at,
    });
  }

  /** A call that waits for nothing. */
  #quick(pid: number, name: string, args: Shown[], result: number, options: CallOptions = {}): void {
    const start = this.#pass(6 * µs);
    this.#pass(7 * µs);
    this.#call(pid, name, args, result, start, options);
  }

  #pass(ns: number): number {
    this.#now += ns;
    return this.#now;
  }

  #n = (pid: number) => this.#calls.filter((call) => call.pid === pid).length;

  conversation(messages: number, message: string): Recording {
    this.#quick(
      SERVER,
      'socket',
      [text('AF_INET'), text('SOCK_STREAM|SOCK_CLOEXEC'), text('IPPROTO_IP')],
      3,
      { fd: 3 },
    );
    this.#quick(
      SERVER,
      'setsockopt',
      [number(3), text('SOL_SOCKET'), text('SO_REUSEADDR'), option(1), number(4)],
      0,
      { fd: 3 },
    );
    this.#quick(SERVER, 'bind', [number(3), inet('0.0.0.0', 12345), number(16)], 0, { fd: 3 });
    this.#quick(SERVER, 'listen', [number(3), number(128)], 0, { fd: 3, sockets: [listener(0)] });
    const selectStart = this.#pass(9 * µs);
    this.#pass(31 * ms);
    this.#quick(
      CLIENT,
      'socket',
      [text('AF_INET'), text('SOCK_STREAM|SOCK_CLOEXEC'), text('IPPROTO_IP')],
      3,
      { fd: 3 },
    );
    this.#connect();
    this.#call(SERVER, 'select', selectArgs(3), 1, selectStart, { ready: [3], sockets: [listener(1)] });
    this.#quick(
      SERVER,
      'accept4',
      [number(3), inet('10.0.0.2', 54321), text('[16]'), names('SOCK_CLOEXEC')],
      5,
      {
        fd: 5,
        sockets: [listener(0), conversation(SERVER, 0, '')],
      },
    );
    let waiting = this.#pass(20 * µs);
    for (let i = 0; i < messages; i++) waiting = this.#exchange(waiting, `${message}`, i);
    this.#goodbye(waiting);
    return {
      processes: [process('server', SERVER, START), process('client', CLIENT, START + 30 * ms)],
      frames: [...[SERVER, CLIENT].map(innerFrame), ...this.#frames],
      sources: Object.values(files).map((file) => ({ type: 'source', file, text: textOf(file) })),
      calls: this.#calls.sort((a, b) => a.end - b.end || a.n - b.n),
      packets: this.#wire.packets,
      notes: [],
    };
  }

  #connect(): void {
    const start = this.#pass(8 * µs);
    const cause = { pid: CLIENT, n: this.#n(CLIENT) };
    const none = Buffer.alloc(0);
    this.#wire.packet('client', ['SYN'], this.#pass(18 * µs), 'connect() asks for a connection', none, cause);
    this.#wire.packet(
      'server',
      ['SYN', 'ACK'],
      this.#pass(14 * µs),
      'the kernel answers for the listener: accept() has no part in it',
    );
    this.#wire.packet('client', ['ACK'], this.#pass(11 * µs), 'the kernel ends the handshake');
    this.#pass(16 * µs);
    this.#call(CLIENT, 'connect', [number(3), inet('10.0.0.1', 12345), number(16)], 0, start, {
      fd: 3,
      cpu: 58 * µs,
      sockets: [conversation(CLIENT, 0, '')],
    });
    this.#pass(4 * µs);
  }

  /** A message and its answer; returns since when the server waits again. */
  #exchange(waiting: number, input: string, i: number): number {
    const message = `1700000000.${String(123456 + i).padStart(6, '0')}:${input}`;
    const response = `1700000000.${String(123999 + i).padStart(6, '0')}:${message}`;
    const size = Buffer.byteLength(message);
    this.#quick(CLIENT, 'write', [number(1), quoted('> '), number(2)], 2, { fd: 1, data: '> ' });
    const reading = this.#pass(7 * µs);
    this.#pass(i === 0 ? 45 * ms : 300 * µs);
    this.#call(
      CLIENT,
      'read',
      [number(0), quoted(`${input}\n`), number(65536)],
      Buffer.byteLength(input) + 1,
      reading,
      {
        fd: 0,
        data: `${input}\n`,
      },
    );
    this.#send(CLIENT, 3, message);
    const receiving = this.#pass(6 * µs);
    this.#call(SERVER, 'select', selectArgs(3, 5), 1, waiting, {
      ready: [5],
      sockets: [listener(0), conversation(SERVER, i, message)],
    });
    this.#quick(SERVER, 'recv', [number(5), quoted(message), number(1024), names()], size, {
      fd: 5,
      data: message,
      sockets: [conversation(SERVER, i + 1, '')],
    });
    for (let twice = 0; twice < 2; twice++) {
      this.#quick(SERVER, 'getpeername', [number(5), inet('10.0.0.2', 54321), text('[16]')], 0, { fd: 5 });
    }
    const line = `[10.0.0.2:54321] 1700000000.123999:b'${message}'\n`;
    this.#quick(SERVER, 'write', [number(1), quoted(line), number(line.length)], line.length, {
      fd: 1,
      data: line,
    });
    this.#send(SERVER, 5, response);
    this.#call(
      CLIENT,
      'recv',
      [number(3), quoted(response), number(65536), names()],
      Buffer.byteLength(response),
      receiving,
      {
        fd: 3,
        data: response,
        sockets: [conversation(CLIENT, i + 1, '')],
      },
    );
    const again = this.#pass(12 * µs);
    const answered = Buffer.byteLength(response);
    this.#quick(CLIENT, 'write', [number(1), quoted(response), number(answered)], answered, {
      fd: 1,
      data: response,
    });
    return again;
  }

  #send(pid: number, fd: number, data: string): void {
    const start = this.#pass(9 * µs);
    const payload = Buffer.from(data);
    const [from, to] = pid === CLIENT ? (['client', 'server'] as const) : (['server', 'client'] as const);
    const size = payload.length;
    const why = `send() put ${size} bytes into it`;
    this.#wire.packet(from, ['PSH', 'ACK'], this.#pass(13 * µs), why, payload, { pid, n: this.#n(pid) });
    this.#wire.packet(to, ['ACK'], this.#pass(9 * µs), `the kernel acknowledges ${size} bytes`);
    this.#pass(11 * µs);
    this.#call(pid, 'send', [number(fd), quoted(data), number(size), names('MSG_NOSIGNAL')], size, start, {
      fd,
      data,
      cpu: 31 * µs,
      sockets: [conversation(pid, 1, '')],
    });
  }

  #goodbye(waiting: number): void {
    this.#quick(CLIENT, 'read', [number(0), quoted(''), number(65536)], 0, { fd: 0 });
    const start = this.#pass(9 * µs);
    const none = Buffer.alloc(0);
    const cause = { pid: CLIENT, n: this.#n(CLIENT) };
    this.#wire.packet(
      'client',
      ['FIN', 'ACK'],
      this.#pass(12 * µs),
      'close() ends its direction',
      none,
      cause,
    );
    this.#pass(12 * µs);
    this.#call(CLIENT, 'close', [number(3)], 0, start, { fd: 3 });
    this.#wire.packet('server', ['ACK'], this.#pass(30 * µs), 'the kernel acknowledges the FIN');
    this.#pass(5 * µs);
    this.#call(SERVER, 'select', selectArgs(3, 5), 1, waiting, { ready: [5] });
    this.#quick(SERVER, 'recv', [number(5), quoted(''), number(1024), names()], 0, { fd: 5 });
    const closing = this.#pass(6 * µs);
    const own = { pid: SERVER, n: this.#n(SERVER) };
    this.#wire.packet(
      'server',
      ['FIN', 'ACK'],
      this.#pass(8 * µs),
      'close() ends the other direction',
      none,
      own,
    );
    this.#wire.packet('client', ['ACK'], this.#pass(9 * µs), 'the kernel acknowledges the FIN');
    this.#pass(7 * µs);
    this.#call(SERVER, 'close', [number(5)], 0, closing, { fd: 5 });
  }
}

/** What every call comes through before the program's own line. */
const innerFrame = (pid: number): FrameLine => ({
  type: 'frame',
  pid,
  id: INNER,
  file: 'src/python/socket/socket.ts',
  line: 126,
  column: 5,
  function: 'call',
  text: 'sys.call(...)',
});

const text = (text: string): Shown => ({ text });
const number = (value: number): Shown => ({ text: String(value), value });
const inet = (host: string, port: number): Shown => ({
  text: `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("${host}")}`,
  value: { family: 'AF_INET', host, port },
});
const set = (...fds: number[]): Shown => ({ text: `[${fds.join(' ')}]`, value: fds });
const selectArgs = (...fds: number[]) => [
  number(6),
  set(...fds),
  set(),
  set(),
  { text: 'NULL', value: null },
];
const quoted = (string: string) => text(JSON.stringify(string));
const names = (...flags: string[]): Shown => ({ text: flags.join('|') || '0', value: flags });
const option = (value: number): Shown => ({ text: `[${value}]`, value });

const process = (role: 'server' | 'client', pid: number, start: number): ProcessLine => ({
  type: 'process',
  version: VERSION,
  pid,
  role,
  argv: ['node', 'dist/cli.js', role],
  platform: 'linux',
  arch: 'x64',
  kernel: '6.18.0',
  runtime: 'Node 20.20.2',
  rfds: '0.1.0',
  start,
  realtimeOffset: '1699999995000000000',
});

const socketState = {
  family: 'AF_INET',
  kind: 'SOCK_STREAM',
  receiveQueue: 0,
  sendQueue: 0,
  descriptorFlags: ['FD_CLOEXEC'],
  statusFlags: ['O_RDWR'],
};

const listener = (length: number): SocketState => ({
  ...socketState,
  fd: 3,
  local: ['0.0.0.0', 12345],
  remote: null,
  acceptQueue: { length, backlog: 128 },
  tcp: { state: 'LISTEN' },
});

/** The conversation's socket after some messages, with what waits to be received. */
function conversation(pid: number, messages: number, waiting: string): SocketState {
  const [server, client]: [string, number][] = [
    ['10.0.0.1', 12345],
    ['10.0.0.2', 54321],
  ];
  return {
    ...socketState,
    fd: pid === SERVER ? 5 : 3,
    local: pid === SERVER ? server : client,
    remote: pid === SERVER ? client : server,
    receiveQueue: Buffer.byteLength(waiting),
    ...(waiting && { receiveQueueData: Buffer.from(waiting).toString('base64') }),
    tcp: {
      state: 'ESTABLISHED',
      rttMicros: 41 - Math.min(messages, 20),
      rttVarMicros: 20,
      cwnd: 10,
      mss: 1448,
      retransmits: 0,
      unacked: 0,
      bytesAcked: 41 * messages + 1,
      bytesReceived: 23 * messages,
      segmentsOut: 2 + 2 * messages,
      segmentsIn: 2 + 2 * messages,
    },
  };
}
