// process.on(), and a call that blocks.
import { select } from '../../../select.ts';
import { ITIMER_REAL, SIGALRM, setitimer, signal } from '../../../signal.ts';
import { errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H26'],
  title: "A signal for one of Node's listeners, while select() waits",
  kernels: ['real'],
  onlyBecause: "the simulated kernel sends no signals to Node's own listeners.",
  numbers: (random) => ({ ms: random.int(5, 40) }),
  question: ({ ms }) =>
    `process.on('SIGALRM', …) is set. select() waits for 5 seconds, and the signal comes after ${ms} ms. The call ends ` +
    'with EINTR. How often has the listener run, in the line behind the call?',
  asks: 'number',
  key: () => 0,
  run({ ms }) {
    let runs = 0;
    const listener = () => {
      runs++;
    };
    process.on('SIGALRM', listener);
    setitimer(ITIMER_REAL, ms / 1000);
    const error = errorOf(() => select([], [], [], 5));
    const sofar = runs;
    process.removeListener('SIGALRM', listener);
    return { answer: sofar, error };
  },
  explain: (_, { answer, error }) =>
    `${answer} times; the call ended with ${error}. Node's C handler only writes a byte to a pipe, and Node's event loop ` +
    'runs the listener when it reads that byte: after this code has returned to it. Making the call again would leave ' +
    'Ctrl+C without effect, so rfds throws.',
  cure: {
    change: "Install the handler with signal() of rfds/signal, which is Python's: it runs inside the call.",
    key: () => 1,
    run({ ms }) {
      let runs = 0;
      const before = signal(SIGALRM, () => {
        runs++;
        throw new Error('enough');
      });
      setitimer(ITIMER_REAL, ms / 1000);
      const error = errorOf(() => select([], [], [], 5));
      const sofar = runs;
      signal(SIGALRM, before);
      return { answer: sofar, error };
    },
    tell: (_, { answer }) =>
      `It has run ${answer === 1 ? 'once' : `${answer} times`}, and what it threw ended select().`,
  },
  read: ['nodejs.org/api/process.html, Signal events', 'docs/signals.md'],
});
