// Plays the conversations with a loop of this process on the simulated kernel, and simulated clients.

import { CallError, type Calling, type PeerSocket, World } from '../../src/sim.ts';
import {
  type Conversation,
  type ConversationOutcome,
  LAST_MESSAGE,
  linesOf,
} from './conversation-scripts.ts';
import { timeless } from './visitor.ts';

const HOST = '127.0.0.1';
const PORT = 12345;

type Serve = (host: string, port: number) => unknown;

/** A client: what came, and how it ended. */
class SimulatedVisitor {
  readonly socket: PeerSocket;
  readonly localPort: number;
  received = '';
  ending = '';

  constructor(socket: PeerSocket, localPort: number) {
    this.socket = socket;
    this.localPort = localPort;
  }

  get answered(): number {
    return timeless(this.received).replaceAll('TIME:', '').length;
  }

  *receive(): Calling<void> {
    try {
      const data = yield* this.socket.recv(65536);
      this.received += data.toString('latin1');
      if (data.length === 0) this.ending = 'end';
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.ending = error.code;
    }
  }

  *untilAnswered(bytes: number): Calling<void> {
    while (this.answered < bytes && this.ending === '') yield* this.receive();
  }

  *untilEnded(): Calling<void> {
    while (this.ending === '') yield* this.receive();
  }
}

/** Serves until nothing can happen any more; the kernel is that of the process's platform. */
export function simulate(serve: Serve, conversation: Conversation): ConversationOutcome {
  let isStopped = false;
  // Where the server could go on and another process, too, the latter does, while the server is stopped.
  const chooser = { choose: (count: number) => (isStopped ? count - 1 : 0) };
  const world = new World({ keepsOutput: true, chooser, maxPassedOver: Number.POSITIVE_INFINITY });
  const visitors: SimulatedVisitor[] = [];
  const { stdout } = world.program;

  world.addProcess('clients', function* (clients) {
    const visit = function* (): Calling<SimulatedVisitor> {
      const socket = yield* clients.connect([HOST, PORT]);
      const [, port] = (yield* socket.getsockname()) as [string, number];
      const visitor = new SimulatedVisitor(socket, port);
      yield* clients.until(() => stdout.text.includes(`, ${port})`));
      return visitor;
    };
    const leave = function* (visitor: SimulatedVisitor): Calling<void> {
      // It may be over already.
      yield* clients.tryCall('shutdown', visitor.socket.fd, 1);
      yield* visitor.untilEnded();
      yield* visitor.socket.close();
    };
    for (const step of conversation) {
      const visitor = step.length > 1 ? visitors[step[1]!] : visitors[0];
      switch (step[0]) {
        case 'visit':
          visitors.push(yield* visit());
          break;
        case 'send':
          yield* visitor.socket.send(step[2]);
          break;
        case 'ask': {
          const before = visitor.answered;
          yield* visitor.socket.send(step[2]);
          yield* visitor.untilAnswered(before + step[2].length);
          break;
        }
        case 'answered':
          yield* visitor.untilAnswered(step[2]);
          break;
        case 'end':
          yield* visitor.socket.shutdown();
          break;
        case 'leave':
          yield* leave(visitor);
          break;
        case 'dismissed':
          yield* visitor.untilEnded();
          yield* leave(visitor);
          break;
        case 'reset':
          yield* visitor.socket.reset();
          break;
        case 'stop':
          isStopped = true;
          break;
        case 'continue':
          isStopped = false;
          break;
      }
    }
    const last = yield* visit();
    yield* last.socket.send(LAST_MESSAGE);
    yield* last.untilAnswered(LAST_MESSAGE.length);
    yield* leave(last);
    visitors.push(last);
  });

  const { reason, violation } = world.run(() => serve(HOST, PORT));
  if (violation !== null) throw violation;
  if (reason !== 'quiet') throw new Error(`the run ended: ${reason}`);
  const ports = visitors.map(({ localPort }) => localPort);
  return {
    clients: visitors.slice(0, -1).map(({ received, ending }) => `${timeless(received)} · ${ending}`),
    lines: linesOf(timeless(stdout.text), ports),
  };
}
