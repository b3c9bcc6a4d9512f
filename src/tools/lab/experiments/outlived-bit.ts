// select() of C, and a descriptor that is closed.
import { select } from '../../../select.ts';
import { FdSet } from '../../../structs.ts';
import * as sys from '../../../syscalls.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H13'],
  title: 'A large descriptor that is closed, and select() of C',
  kernels: both,
  numbers: (random) => ({ fd: random.int(600, 1000) }),
  world: () => ({ maxDescriptors: 4096 }),
  question: ({ fd }) =>
    `Descriptor ${fd} is closed; the process never had one as large. It stands in the set for reading, and select() is ` +
    'called as C does, with a timeout of 0. A program that looks only at the set finds the descriptor:',
  asks: ['ready', 'not ready', 'select() fails with EBADF'],
  key: () => (process.platform === 'linux' ? 'ready' : 'select() fails with EBADF'),
  run({ fd }) {
    const set = new FdSet();
    set.add(fd);
    const result = sys.select(fd + 1, set.memory, null, null, BigInt64Array.of(0n, 0n));
    if (result < 0) return { answer: `select() fails with ${sys.errorcode(result)}`, result };
    return { answer: set.has(fd) ? 'ready' : 'not ready', result };
  },
  explain: (_, { answer, result }) =>
    `select() returned ${result}, and the descriptor is found ${answer}. Linux looks at no descriptor beyond the largest ` +
    'that the process ever had (as it has memory for), and leaves the bits beyond alone. Python reads the set, and ' +
    'reports a descriptor that does not exist.',
  cure: {
    change:
      'Look at the result first; and have no closed descriptor in the list. select() of rfds/select checks for it.',
    key: () => 'EBADF',
    run({ fd }) {
      return { answer: errorOf(() => select([fd], [], [], 0)) };
    },
    tell: (_, { answer }) => `It says ${answer}.`,
  },
  read: ['select(2), BUGS'],
});
