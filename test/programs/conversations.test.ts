// Every loop, and the documented server in Python, answer the same conversations with the
// same bytes and print the same lines, times and ports aside.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ConversationOutcome, conversations } from '../support/conversation-scripts.ts';
import { loops, Server } from '../support/programs.ts';
import { converse, pythonConversations } from '../support/real-conversations.ts';

let reference: Map<string, ConversationOutcome>;

beforeAll(async () => {
  reference = await pythonConversations();
});

test('the reference is the documented conversation', () => {
  expect(reference.get('plain text')).toEqual({
    clients: ["TIME:HelloTIME:it's 5 o'clock\t\r\n · end"],
    lines: [
      "Accepted connection from ('127.0.0.1', client-0)",
      "[127.0.0.1:client-0] TIME:b'Hello'",
      `[127.0.0.1:client-0] TIME:b"it's 5 o'clock\\t\\r\\n"`,
      "Accepted connection from ('127.0.0.1', client-1)",
      "[127.0.0.1:client-1] TIME:b'that is all'",
      '',
    ],
  });
  expect(reference.get('two sends at once')?.clients).toEqual(['TIME:firstTIME:onetwoTIME:last · end']);
  expect(reference.get('0xFF after a message')?.clients).toEqual(['TIME:Hello · end']);
});

describe.each(loops)('the %s loop answers as Python does:', (loop) => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start(loop);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test.each(Object.keys(conversations))('%s', async (name) => {
    expect(await converse(server, conversations[name])).toEqual(reference.get(name));
  });
});
