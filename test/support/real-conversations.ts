// Plays the conversations with a server program and real clients.

import {
  type Conversation,
  type ConversationOutcome,
  conversations,
  LAST_MESSAGE,
  linesOf,
} from './conversation-scripts.ts';
import { Server } from './programs.ts';
import { timeless, Visitor } from './visitor.ts';

export async function converse(server: Server, conversation: Conversation): Promise<ConversationOutcome> {
  const visitors: Visitor[] = [];
  const before = server.stdout.length;
  const visit = async () => {
    const visitor = await Visitor.connect(server.port);
    visitors.push(visitor);
    // connect returns before accept does: wait, so that what is printed has one order.
    await server.has(new RegExp(`Accepted .*, ${visitor.localPort}\\)`), 'stdout', before);
  };
  for (const step of conversation) {
    switch (step[0]) {
      case 'visit':
        await visit();
        break;
      case 'send':
      case 'ask':
        await visitors[step[1]][step[0]](step[2]);
        break;
      case 'answered':
        await visitors[step[1]].answered(step[2]);
        break;
      case 'end':
        visitors[step[1]].socket.end();
        break;
      case 'leave':
      case 'dismissed':
      case 'reset':
        await visitors[step[1]][step[0]]();
        break;
      case 'stop':
        server.kill('SIGSTOP');
        break;
      case 'continue':
        server.kill('SIGCONT');
        break;
    }
  }
  // What one more client says is printed behind everything else.
  const last = await Visitor.connect(server.port);
  await last.ask(LAST_MESSAGE);
  await server.has(new RegExp(`:${last.localPort}\\].*${LAST_MESSAGE}`), 'stdout', before);
  await last.leave();
  const ports = [...visitors, last].map(({ localPort }) => localPort);
  return {
    clients: visitors.map(({ received, ending }) => `${timeless(received)} · ${ending}`),
    lines: linesOf(timeless(server.stdout.slice(before)), ports),
  };
}

/** What the documented server in Python makes of each conversation. */
export async function pythonConversations(): Promise<Map<string, ConversationOutcome>> {
  const reference = new Map<string, ConversationOutcome>();
  await using server = await Server.start('python');
  for (const [name, conversation] of Object.entries(conversations))
    reference.set(name, await converse(server, conversation));
  return reference;
}
