// More entries in the list of poll() than the process may have descriptors.

import { PollFds } from '../../../structs.ts';
import { errorcode, poll } from '../../../syscalls.ts';
import { both, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H44'],
  title: 'A long list for poll()',
  kernels: both,
  numbers: (random) => ({ limit: random.int(600, 900), more: random.int(-10, 10) }),
  maxDescriptors: ({ limit }) => limit,
  question: ({ limit, more }) =>
    `A process may have ${limit} descriptors (ulimit -n). It calls poll() with a list of ${limit + more} entries, none of ` +
    'which has a descriptor (they are -1, which poll() skips), and a timeout of 0. What does poll() return?',
  asks: ['0', '-EINVAL'],
  key: ({ more }) => (more > 0 ? '-EINVAL' : '0'),
  run({ limit, more }) {
    const list = new PollFds(limit + more);
    for (let i = 0; i < list.length; i++) list.set(i, -1, 0);
    const result = poll(list.memory, list.length, 0);
    return { answer: result < 0 ? `-${errorcode(result)}` : String(result) };
  },
  explain: ({ limit, more }, { answer }) =>
    `${answer}: ${limit + more} entries, where ${limit} descriptors are allowed. The limit is on entries, even if they ` +
    'repeat or are empty: a list from which nothing is ever taken out reaches it.',
  cure: {
    change: 'Take entries out, and keep the list as long as there are descriptors.',
    key: () => '0',
    run({ limit, more }) {
      const list = new PollFds(limit + more);
      for (let i = 0; i < list.length; i++) list.set(i, -1, 0);
      const used = Math.min(list.length, limit);
      return { answer: String(poll(list.memory, used, 0)), used };
    },
    tell: (_, { answer, used }) => `${used} entries: ${answer}.`,
  },
  read: ['poll(2), EINVAL', 'setrlimit(2), RLIMIT_NOFILE'],
});
