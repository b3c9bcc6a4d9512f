// The documented conversation in a recording: which call of which process is which step of it. What
// was not recorded is undefined, for a recording may end anywhere, and a run may go wrong.

import {
  type AddressText,
  type AddressValue,
  argumentValue,
  type CallLine,
  type ProcessLine,
  type Recording,
} from '../../../interpose/recorder/recording.ts';
import { waitsForEvents } from '../../../kernel/calls.ts';
import { addressText } from '../words.ts';
import { acknowledgement, carriers, type TcpPacket, type Wire, wireOf } from './packets.ts';
import {
  dataOf,
  type Flow,
  flows,
  isReceive,
  isSend,
  peerOf,
  portOf,
  type SocketLife,
  socketLives,
} from './sockets.ts';

/** A message and its answer. */
export interface Exchange {
  /** The client's: its input, if this message's line did not come with an earlier one's. */
  input?: CallLine;
  sends: CallLine[];
  receives: CallLine[];
  /** What it printed. */
  shown?: CallLine;
  message: Buffer;
  response: Buffer;
  /** How many bytes they were, of which the recording may keep fewer. */
  messageLength: number;
  responseLength: number;
  /** The server's: the wait that woke it, what it read and said, and the wait after that. */
  woken?: CallLine;
  reads: CallLine[];
  printed?: CallLine;
  answers: CallLine[];
  waitsAgain?: CallLine;
  messagePackets: TcpPacket[];
  responsePackets: TcpPacket[];
  messageAck?: TcpPacket;
  responseAck?: TcpPacket;
}

export interface Conversation {
  recording: Recording;
  server: ProcessLine;
  client: ProcessLine;
  /** Each process's calls, in order. */
  serverCalls: CallLine[];
  clientCalls: CallLine[];
  /** The sockets: the listener, the client's end and the server's end. */
  listener?: SocketLife;
  clientEnd?: SocketLife;
  serverEnd?: SocketLife;
  connect?: CallLine;
  accept?: CallLine;
  /** The wait that reported the listener for this client, and the one after accept. */
  wokenToAccept?: CallLine;
  waitsForBoth?: CallLine;
  wire: Wire;
  exchanges: Exchange[];
  /** When T+0 is: the client's first call on a socket. */
  zero: number;
}

export const isWait = (call: CallLine) => waitsForEvents(call.name);
export const isPrint = (call: CallLine) => call.name === 'write' && call.fd === 1;
export const isInput = (call: CallLine) => call.name === 'read' && call.fd === 0;
const total = (calls: CallLine[]) => calls.reduce((sum, { result }) => sum + result, 0);
const joined = (calls: CallLine[]) => Buffer.concat(calls.map(dataOf));

/** The conversation of the documented server and client; null if they were not both recorded. */
export function conversationOf(recording: Recording): Conversation | null {
  const server = recording.processes.find(({ role }) => role === 'server');
  const client = recording.processes.find(({ role }) => role === 'client');
  if (server === undefined || client === undefined) return null;
  const callsOf = (pid: number) => recording.calls.filter((call) => call.pid === pid);
  const [serverCalls, clientCalls] = [callsOf(server.pid), callsOf(client.pid)];

  const lives = socketLives(recording);
  const connect = clientCalls.find(({ name }) => name === 'connect');
  const clientEnd = lives.find(({ pid, calls }) => pid === client.pid && connect && calls.includes(connect));
  const serverEnd =
    (clientEnd && peerOf(clientEnd, lives)) ??
    lives.find(({ pid, calls }) => pid === server.pid && calls[0].name.startsWith('accept'));
  const accept = serverEnd?.calls[0];
  const listener = lives.find(
    ({ pid, calls }) => pid === server.pid && calls.some(({ name }) => name === 'listen'),
  );
  const wire = wireOf(recording.packets, ...addresses(clientEnd, serverEnd, connect));
  const first = clientEnd?.calls[0] ?? clientCalls[0] ?? recording.calls[0];

  return {
    recording,
    server,
    client,
    serverCalls,
    clientCalls,
    ...given({ listener, clientEnd, serverEnd, connect, accept }),
    ...given({
      wokenToAccept: accept && serverCalls.findLast((call) => isWait(call) && call.end <= accept.start),
      waitsForBoth: accept && serverCalls.find((call) => isWait(call) && call.start >= accept.end),
    }),
    wire,
    exchanges: exchangesOf(serverCalls, clientCalls, clientEnd, serverEnd, flows(lives), wire),
    zero: first?.start ?? client.start,
  };
}

// Without what is undefined, as optional properties have it.
function given<T extends object>(all: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as never;
}

function addresses(
  clientEnd: SocketLife | undefined,
  serverEnd: SocketLife | undefined,
  connect: CallLine | undefined,
): [AddressText | null, AddressText | null] {
  const { host, port } = (connect && argumentValue<AddressValue>(connect, 'addr')) ?? {};
  const asked: AddressText | null = host !== undefined && port !== undefined ? [host, port] : null;
  return [clientEnd?.local ?? serverEnd?.remote ?? null, serverEnd?.local ?? clientEnd?.remote ?? asked];
}

function exchangesOf(
  serverCalls: CallLine[],
  clientCalls: CallLine[],
  clientEnd: SocketLife | undefined,
  serverEnd: SocketLife | undefined,
  flowing: Flow[],
  wire: Wire,
): Exchange[] {
  const parts = clientParts(clientCalls, clientEnd);
  let [sent, answered] = [0, 0];
  return parts.map((part, i) => {
    const next = parts[i + 1];
    const readsOf = (sends: CallLine[]) => [
      ...new Set(flowing.filter(({ from }) => sends.includes(from)).map(({ to }) => to)),
    ];
    const reads = readsOf(part.sends);
    const nextRead = next && readsOf(next.sends)[0];
    const [begin, end] = [reads[0]?.start ?? Infinity, nextRead?.start ?? Infinity];
    const within = serverCalls.filter((call) => call.start >= begin && call.start < end);
    const answers = within.filter((call) => isSend(call) && serverEnd?.calls.includes(call));
    const [messageLength, responseLength] = [total(part.sends), total(part.receives)];
    const [messageEnd, responseEnd] = [sent + messageLength, answered + responseLength];
    const [clientPort, serverPort] = [portOf(clientEnd?.local), portOf(clientEnd?.remote)];
    const exchange: Exchange = {
      ...part,
      message: joined(part.sends),
      response: joined(part.receives),
      messageLength,
      responseLength,
      reads,
      answers,
      ...given({
        woken: reads[0] && serverCalls.findLast((call) => isWait(call) && call.end <= begin),
        printed: within.find(isPrint),
        waitsAgain: within.find((call) => isWait(call) && call.start >= (answers.at(-1)?.end ?? begin)),
        messageAck: acknowledgement(wire, clientPort, messageEnd),
        responseAck: acknowledgement(wire, serverPort, responseEnd),
      }),
      messagePackets: carriers(wire, clientPort, sent, messageEnd),
      responsePackets: carriers(wire, serverPort, answered, responseEnd),
    };
    [sent, answered] = [messageEnd, responseEnd];
    return exchange;
  });
}

type ClientPart = Pick<Exchange, 'input' | 'sends' | 'receives' | 'shown'>;

// The client sends, receives until the answer is whole, and prints: then the next message may begin.
function clientParts(calls: CallLine[], clientEnd: SocketLife | undefined): ClientPart[] {
  const parts: ClientPart[] = [];
  const begin = (): ClientPart => ({ sends: [], receives: [] });
  let part = begin();
  const end = () => {
    if (part.sends.length > 0) parts.push(part);
    part = begin();
  };
  for (const call of calls) {
    const isOurs = clientEnd?.calls.includes(call);
    if (isInput(call) && call.result > 0) part.input = call;
    else if (isOurs && isSend(call)) part.sends.push(call);
    else if (isOurs && isReceive(call)) part.receives.push(call);
    else if (isPrint(call) && part.receives.length > 0) {
      part.shown = call;
      end();
    }
  }
  end();
  return parts;
}

/** Whether two ends name each other. */
export const mirrored = (one: SocketLife, other: SocketLife) =>
  addressText(one.local) === addressText(other.remote) &&
  addressText(one.remote) === addressText(other.local);
