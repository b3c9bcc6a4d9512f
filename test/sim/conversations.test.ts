// The loops that Linux has, on the simulated Linux, answer the conversations as the documented server in Python does
// on this machine's kernel. darwin/conversations.test.ts has those of macOS.

import { beforeAll, describe, expect, test } from 'vitest';
import { serve as serveEpollEdge } from '../../src/programs/epoll-edge-server.ts';
import { serve as serveEpoll } from '../../src/programs/epoll-server.ts';
import { serve as servePoll } from '../../src/programs/poll-server.ts';
import { serve as serveSelect } from '../../src/programs/select-server.ts';
import { serve as serveSelectors } from '../../src/programs/selectors-server.ts';
import { type ConversationOutcome, conversations } from '../support/conversation-scripts.ts';
import { isLinux } from '../support/platform.ts';
import { pythonConversations } from '../support/real-conversations.ts';
import { simulate } from '../support/simulated-conversations.ts';

let reference: Map<string, ConversationOutcome>;
beforeAll(async () => {
  reference = await pythonConversations();
});

describe.skipIf(!isLinux).each([
  ['epoll', serveEpoll],
  ['epoll-edge', serveEpollEdge],
  ['selectors', serveSelectors],
  ['poll', servePoll],
  ['select', serveSelect],
])('the %s loop on the simulated Linux answers as Python does:', (_, serve) => {
  test.each(Object.keys(conversations))('%s', (name) => {
    expect(simulate(serve, conversations[name])).toEqual(reference.get(name));
  });
});
