// Which calls go on after a signal, with SA_RESTART?
import { monotonic } from '../../../builtins.ts';
import { select } from '../../../select.ts';
import { ITIMER_REAL, SIGALRM, setitimer, siginterrupt, signal } from '../../../signal.ts';
import { errorcode } from '../../../syscalls.ts';
import { both, experiment } from '../experiment.ts';
import { select as rawSelect, timeval } from '../raw-select.ts';

export default experiment({
  hazards: ['H25'],
  title: 'select(), a signal, and SA_RESTART',
  kernels: both,
  numbers: (random) => ({ restarts: random.pick(['with', 'without']), ms: random.int(3, 20) }),
  question: ({ restarts, ms }) =>
    `A signal handler is installed ${restarts} SA_RESTART, which asks that calls go on after it. select() waits for ` +
    `3 seconds, and the signal comes after ${ms} ms. How does select() end?`,
  asks: ['with 0, after 3 seconds', 'with EINTR, at once'],
  key: () => 'with EINTR, at once',
  run({ restarts, ms }) {
    const before = signal(SIGALRM, () => {});
    siginterrupt(SIGALRM, restarts === 'without');
    setitimer(ITIMER_REAL, ms / 1000);
    const result = rawSelect(timeval(3000));
    signal(SIGALRM, before);
    const name = result < 0 ? errorcode(result) : String(result);
    return { answer: result < 0 ? `with ${name}, at once` : `with ${name}, after 3 seconds`, name };
  },
  explain: ({ restarts }, { name }) =>
    `${name}, ${restarts} SA_RESTART. With it, recv(), accept() and read() go on inside the kernel; select(), poll() and ` +
    'epoll_wait() never do, nor do calls on a socket with SO_RCVTIMEO. So a server must expect EINTR.',
  cure: {
    change:
      'Call it again, with what is left of the time: PEP 475. select() of rfds/select does; the handler runs in between.',
    key: () => 'the handler ran once, and select() waited to its end',
    run({ ms }) {
      let runs = 0;
      const before = signal(SIGALRM, () => {
        runs++;
      });
      setitimer(ITIMER_REAL, ms / 1000);
      const begin = Number(monotonic());
      const [readable] = select([], [], [], 0.05);
      const waited = Number(monotonic()) - begin;
      signal(SIGALRM, before);
      const times = runs === 1 ? 'once' : `${runs} times`;
      const end = readable.length === 0 && waited >= 0.05 ? 'waited to its end' : 'ended early';
      return { answer: `the handler ran ${times}, and select() ${end}` };
    },
    tell: () => 'The signal cost none of the time.',
  },
  read: ['signal(7), Interruption of system calls', 'sigaction(2)', 'PEP 475'],
});
