// The loops that macOS has, on the simulated kernel of macOS, answer the conversations as the documented server in
// Python does on this machine's.

import { beforeAll, describe, expect, test } from 'vitest';
import { serve as serveKqueue } from '../../../src/programs/kqueue-server.ts';
import { serve as servePoll } from '../../../src/programs/poll-server.ts';
import { serve as serveSelect } from '../../../src/programs/select-server.ts';
import { serve as serveSelectors } from '../../../src/programs/selectors-server.ts';
import { type ConversationOutcome, conversations } from '../../support/conversation-scripts.ts';
import { pythonConversations } from '../../support/real-conversations.ts';
import { simulate } from '../../support/simulated-conversations.ts';

let reference: Map<string, ConversationOutcome>;
beforeAll(async () => {
  reference = await pythonConversations();
});

describe.each([
  ['kqueue', serveKqueue],
  ['selectors', serveSelectors],
  ['poll', servePoll],
  ['select', serveSelect],
])('the %s loop on XNU answers as Python does:', (_, serve) => {
  test.each(Object.keys(conversations))('%s', (name) => {
    expect(simulate(serve, conversations[name])).toEqual(reference.get(name));
  });
});
