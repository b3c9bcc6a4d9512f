// The limits of the server loops in virtual time, as if on macOS.

import { serve as serveKqueue } from '../../../src/programs/kqueue-server.ts';
import { serve as servePoll } from '../../../src/programs/poll-server.ts';
import { serve as serveSelect } from '../../../src/programs/select-server.ts';
import { serve as serveSelectors } from '../../../src/programs/selectors-server.ts';
import { limitCases } from '../../support/limit-cases.ts';

limitCases([
  ['select', serveSelect],
  ['poll', servePoll],
  ['kqueue', serveKqueue],
  ['selectors', serveSelectors],
]);
