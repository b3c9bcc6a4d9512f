// Conversations with the documented server, as data: what its clients do, in order. They are played by real clients
// (../programs/conversations.test.ts) and by simulated ones (simulated-conversations.ts).

/** A client is named by a number. */
export type ConversationStep =
  | readonly [does: 'visit', client: number]
  /** Hands bytes to the kernel in one send; ask: and waits until they have been answered. */
  | readonly [does: 'send' | 'ask', client: number, data: string | Uint8Array]
  /** Waits until so many bytes have been answered since the beginning. */
  | readonly [does: 'answered', client: number, bytes: number]
  /** Sends FIN; leave: and waits for the server's. */
  | readonly [does: 'end' | 'leave', client: number]
  /** Waits for the server to end it, then leaves. */
  | readonly [does: 'dismissed', client: number]
  /** Sends RST. */
  | readonly [does: 'reset', client: number]
  /** SIGSTOP and SIGCONT for the server: what is sent in between has come before it looks again. */
  | readonly [does: 'stop' | 'continue'];

export type Conversation = readonly ConversationStep[];

export interface ConversationOutcome {
  /** What each client received, and how its connection ended. */
  clients: string[];
  /** What the server printed, in order but for the clients' ports. */
  lines: string[];
}

/** The last line: what one more client says is printed behind everything else. */
export const LAST_MESSAGE = 'that is all';

const crowd = Array.from({ length: 50 }, (_, i) => i);

export const conversations: Readonly<Record<string, Conversation>> = {
  'plain text': [
    ['visit', 0],
    ['ask', 0, 'Hello'],
    ['ask', 0, "it's 5 o'clock\t\r\n"],
    ['leave', 0],
  ],
  'an empty message': [
    ['visit', 0],
    ['ask', 0, '1700000000x123456:'],
    ['leave', 0],
  ],
  'nothing at all': [
    ['visit', 0],
    ['leave', 0],
  ],
  '0xFF first': [
    ['visit', 0],
    ['send', 0, Uint8Array.of(0xff)],
    ['dismissed', 0],
  ],
  '0xFF after a message': [
    ['visit', 0],
    ['ask', 0, 'Hello'],
    ['send', 0, Uint8Array.of(0xff, 0xf4, 0xff, 0xfd, 0x06)],
    ['dismissed', 0],
  ],
  '0xFF where the second recv begins': [
    ['visit', 0],
    ['send', 0, Buffer.concat([Buffer.alloc(1024, 'a'), Uint8Array.of(0xff)])],
    ['dismissed', 0],
  ],
  'UTF-8 cut by recv(1024)': [
    ['visit', 0],
    ['ask', 0, Buffer.from(`${'a'.repeat(1023)}é`)],
    ['leave', 0],
  ],
  'bytes that are not UTF-8': [
    ['visit', 0],
    ['ask', 0, Uint8Array.of(0x80, 0xc3, 0x28, 0xfe, 0x00, 0x22, 0x27)],
    ['leave', 0],
  ],
  '5,000 bytes in one send': [
    ['visit', 0],
    ['ask', 0, Buffer.from(Array.from({ length: 5000 }, (_, i) => 0x61 + (i % 26)))],
    ['leave', 0],
  ],
  'two sends at once': [
    ['visit', 0],
    ['ask', 0, 'first'],
    ['stop'],
    ['send', 0, 'one'],
    ['send', 0, 'two'],
    ['continue'],
    ['answered', 0, 'firstonetwo'.length],
    ['ask', 0, 'last'],
    ['leave', 0],
  ],
  'half-close after sending': [
    ['visit', 0],
    ['send', 0, 'Hello'],
    ['leave', 0],
  ],
  'a half-close behind a long message': [
    ['visit', 0],
    ['stop'],
    ['send', 0, Buffer.alloc(4000, 'x')],
    ['end', 0],
    ['continue'],
    ['leave', 0],
  ],
  'RST in the middle': [
    ['visit', 0],
    ['visit', 1],
    ['ask', 1, 'Hello'],
    ['reset', 1],
    ['ask', 0, 'still here?'],
    ['leave', 0],
  ],
  '50 clients interleaved': [
    ...crowd.map((i) => ['visit', i] as const),
    ...[0, 1, 2].flatMap((round) => crowd.map((i) => ['ask', i, `client ${i} round ${round}`] as const)),
    ...crowd.map((i) => ['leave', i] as const),
  ],
};

/** The server's lines without times, and with the clients' names for their ports. */
export function linesOf(timelessText: string, ports: readonly number[]): string[] {
  const names = new Map(ports.map((port, i) => [String(port), `client-${i}`]));
  return timelessText.replace(/\d{4,5}/g, (port) => names.get(port) ?? port).split('\n');
}
