// What select() does to its timeout.

import { both, experiment } from '../experiment.ts';
import { select, timeval } from '../raw-select.ts';

export default experiment({
  hazards: ['H11'],
  title: 'One struct timeval for two calls of select()',
  kernels: both,
  numbers: (random) => ({ ms: random.int(2, 40) }),
  question: ({ ms }) =>
    `A program fills a timeval with ${ms} ms once, and calls select(0, NULL, NULL, NULL, &timeout) in a loop. Nothing ` +
    'becomes ready, and the first call returns 0. How many microseconds are in the timeval then?',
  asks: 'number',
  key: ({ ms }) => (process.platform === 'linux' ? 0 : ms * 1000),
  run({ ms }) {
    const timeout = timeval(ms);
    const result = select(timeout);
    return { answer: Number(timeout[1]), result };
  },
  explain: ({ ms }, { answer, result }) =>
    `select() returned ${result}, and left ${answer} µs of ${ms * 1000}. Linux writes what is left of the time into the ` +
    'struct, which is 0 after it is over: the next call returns at once, and the loop spins. macOS and the BSDs leave ' +
    'the struct alone, and POSIX allows both.',
  cure: {
    change: 'Fill the struct before each call. (select() of rfds/select does.)',
    key: ({ ms }) => 2 * ms,
    run({ ms }) {
      let waited = 0;
      for (let i = 0; i < 2; i++) {
        const timeout = timeval(ms);
        if (Number(timeout[1]) === ms * 1000 && select(timeout) === 0) waited += ms;
      }
      return { answer: waited };
    },
    tell: (_, { answer }) => `Both calls were given the whole time, ${answer} ms together, and returned 0.`,
  },
  read: ['select(2)', 'POSIX.1-2024, select()'],
});
