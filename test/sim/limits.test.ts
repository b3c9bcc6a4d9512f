// The limits of the server loops in virtual time, where an idle minute takes none: Linux's loops.

import { serve as serveEpollEdge } from '../../src/programs/epoll-edge-server.ts';
import { serve as serveEpoll } from '../../src/programs/epoll-server.ts';
import { serve as servePoll } from '../../src/programs/poll-server.ts';
import { serve as serveSelect } from '../../src/programs/select-server.ts';
import { serve as serveSelectors } from '../../src/programs/selectors-server.ts';
import { limitCases } from '../support/limit-cases.ts';

limitCases([
  ['select', serveSelect],
  ['poll', servePoll],
  ['epoll', serveEpoll],
  ['epoll-edge', serveEpollEdge],
  ['selectors', serveSelectors],
]);
