// The programs of the page, each as it stands in the package.

import { serve as documented } from 'documented-server';
import { serve as edge } from '../../../programs/epoll-edge-server.ts';
import { serve as epoll } from '../../../programs/epoll-server.ts';
import { serve as poll } from '../../../programs/poll-server.ts';
import { serve as select } from '../../../programs/select-server.ts';
import { serve as selectors } from '../../../programs/selectors-server.ts';
import type { Program } from '../engine.ts';
import type { ProgramName } from '../script.ts';

export const programs: Record<ProgramName, Program> = {
  documented,
  select,
  poll,
  epoll,
  'epoll-edge': edge,
  selectors,
};
