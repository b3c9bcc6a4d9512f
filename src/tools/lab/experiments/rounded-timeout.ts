// A deadline that is no whole number of milliseconds away.
import { monotonic } from '../../../builtins.ts';
import { poll } from '../../../select.ts';
import { experiment } from '../experiment.ts';

const microseconds = () => Math.round(Number(monotonic()) * 1e6);

export default experiment({
  hazards: ['H45'],
  title: 'Waiting for a deadline with poll()',
  kernels: ['simulated'],
  onlyBecause: 'a real machine adds what it takes to wake a process, which is another time each time.',
  numbers: (random) => ({ us: random.int(1, 9) * 1000 + random.int(1, 999) }),
  question: ({ us }) =>
    `A deadline is ${us} µs away. The program waits with poll(), whose timeout is in milliseconds, and rounds down. How ` +
    'many microseconds before the deadline does it wake?',
  asks: 'number',
  key: ({ us }) => us % 1000,
  run({ us }) {
    const deadline = microseconds() + us;
    poll().poll(Math.floor(us / 1000));
    return { answer: deadline - microseconds() };
  },
  explain: (_, { answer }) =>
    `${answer} µs too early, by virtual clocks. A loop that then finds that its deadline has not come rounds that rest ` +
    'down to 0, and calls poll() with a timeout of 0 again and again until it has: it spins, at each deadline.',
  cure: {
    change: 'Round up: a little late is right, early is not.',
    key: ({ us }) => (us % 1000) - 1000,
    run({ us }) {
      const deadline = microseconds() + us;
      poll().poll(Math.ceil(us / 1000));
      return { answer: deadline - microseconds() };
    },
    tell: (_, { answer }) => `${-Number(answer)} µs late, in one call.`,
  },
  read: ['poll(2)', 'epoll_wait(2)'],
});
