// A client comes, and there is no descriptor left for it.
import { select } from '../../../select.ts';
import { create_server, dup, type Socket, socket } from '../../../socket.ts';
import { close } from '../../../syscalls.ts';
import { both, errorOf, experiment } from '../experiment.ts';

/** Turns of a loop without a free descriptor: in how many the listener is ready, and the last error. */
function serve(turns: number, accept: (listener: Socket) => void) {
  using listener = create_server(['127.0.0.1', 0]);
  using client = socket();
  const taken: number[] = [];
  errorOf(() => {
    for (;;) taken.push(dup(0));
  });
  client.connect(listener.getsockname());
  let [reported, error] = [0, ''];
  for (let i = 0; i < turns; i++) {
    if (select([listener], [], [], 0)[0].length === 0) continue;
    reported++;
    error = errorOf(() => accept(listener));
  }
  for (const fd of taken) close(fd);
  return { answer: reported, error };
}

export default experiment({
  hazards: ['H22'],
  title: 'accept(), without a free descriptor',
  kernels: both,
  numbers: (random) => ({ turns: random.int(5, 200) }),
  maxDescriptors: () => 600,
  question: ({ turns }) =>
    'All descriptors are in use (ulimit -n), and a client connects. accept() fails with EMFILE; the server goes on. In ' +
    `how many of the next ${turns} turns of its loop does select() report the listener?`,
  asks: 'number',
  key: ({ turns }) => turns,
  run({ turns }) {
    return serve(turns, (listener) => listener.accept()[0].close());
  },
  explain: ({ turns }, { answer, error }) =>
    `${answer} of ${turns}, the last time with ${error}. The client stays in the queue, so the listener stays ready: the ` +
    'loop spins, at the worst moment, and fills the disk with its log.',
  cure: {
    change: 'Hold one descriptor in reserve. Give it up, accept the client, close it, take the reserve back.',
    key: () => 1,
    run({ turns }) {
      let reserve = dup(0);
      const seen = serve(turns, (listener) => {
        close(reserve);
        listener.accept()[0].close();
        reserve = dup(0);
      });
      close(reserve);
      return seen;
    },
    tell: ({ turns }, { answer }) =>
      `${answer} of ${turns}: the client was told, by a close, and the queue is empty.`,
  },
  read: ['accept(2), EMFILE', 'getrlimit(2)'],
});
