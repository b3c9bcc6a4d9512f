// A socket whose connect() failed, used again.
import { socket } from '../../../socket.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H28'],
  title: 'Trying again with the same socket',
  kernels: both,
  numbers: (random) => ({ tries: random.int(1, 9) }),
  question: ({ tries }) =>
    `connect() is refused ${tries} ${tries === 1 ? 'time' : 'times'}, because the server is not up yet. Then it is, and ` +
    'the client calls connect() once more, on the same socket. Then?',
  asks: ['it is connected', 'connect() fails'],
  key: () => (process.platform === 'linux' ? 'it is connected' : 'connect() fails'),
  run({ tries }) {
    using listener = socket();
    listener.bind(['127.0.0.1', 0]);
    using client = socket();
    const connect = () => errorOf(() => client.connect(listener.getsockname()));
    let refused = 0;
    for (let i = 0; i < tries; i++) if (connect() === 'ECONNREFUSED') refused++;
    listener.listen();
    const last = connect();
    return { answer: last === 'no error' ? 'it is connected' : 'connect() fails', refused };
  },
  explain: (_, { answer, refused }) =>
    `Refused ${refused} times, then ${answer}. POSIX leaves the state of a socket open whose connect() failed: Linux makes ` +
    'it as new, macOS and the BSDs do not, so that a client which was tried on Linux alone never connects there.',
  cure: {
    change: 'Make a new socket for each try. It works everywhere.',
    key: () => 'it is connected',
    run({ tries }) {
      using listener = socket();
      listener.bind(['127.0.0.1', 0]);
      for (let i = 0; i <= tries; i++) {
        if (i === tries) listener.listen();
        using client = socket();
        if (errorOf(() => client.connect(listener.getsockname())) === 'no error')
          return { answer: 'it is connected' };
      }
      return { answer: 'connect() fails' };
    },
    tell: (_, { answer }) => `With the last of the sockets ${answer}.`,
  },
  read: ['connect(2)', 'POSIX.1-2024, connect()'],
});
