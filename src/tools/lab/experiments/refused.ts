// A connect() that fails after it has returned.
import { select } from '../../../select.ts';
import { socket } from '../../../socket.ts';
import { errorcode, SO_ERROR, SOL_SOCKET } from '../../../syscalls.ts';
import { both, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H27'],
  title: 'How a failed connection looks to select()',
  kernels: both,
  numbers: (random) => ({ host: `127.${random.int(0, 254)}.${random.int(1, 254)}.${random.int(1, 254)}` }),
  question: ({ host }) =>
    `A non-blocking socket connects to ${host}, where nobody listens at that port: connect_ex() gives EINPROGRESS. Then ` +
    'it stands in all three lists of select(). In which is it reported?',
  asks: ['none', 'writable', 'exceptional', 'readable and writable', 'all three'],
  key: () => 'readable and writable',
  run({ host }) {
    using taken = socket(); // A port that nobody else gets, and where nobody listens.
    taken.bind([host, 0]);
    using client = socket();
    client.setblocking(false);
    const result = client.connect_ex(taken.getsockname());
    const lists = select([client], [client], [client], 5).map((list) => list.length > 0);
    const names = ['readable', 'writable', 'exceptional'].filter((_, i) => lists[i]);
    const all = names.length === 3 ? 'all three' : names.join(' and ') || 'none';
    const error = client.getsockopt(SOL_SOCKET, SO_ERROR);
    return { answer: all, result: errorcode(result), error: errorcode(error) };
  },
  explain: (_, { answer, result, error }) =>
    `connect() gave ${result}; then the socket was ${answer}. So is one that is connected and has something to read. ` +
    `The reason is in SO_ERROR: ${error}.`,
  cure: {
    change:
      'When a socket that is connecting becomes writable, ask for SO_ERROR: 0 means connected. It says so once.',
    key: () => 'ECONNREFUSED, then 0',
    run({ host }) {
      using taken = socket();
      taken.bind([host, 0]);
      using client = socket();
      client.setblocking(false);
      client.connect_ex(taken.getsockname());
      select([], [client], [], 5);
      const [error, again] = [1, 2].map(() => client.getsockopt(SOL_SOCKET, SO_ERROR));
      return { answer: `${errorcode(error)}, then ${again}` };
    },
    tell: (_, { answer }) => `SO_ERROR was ${answer}.`,
  },
  read: ['connect(2), EINPROGRESS', 'socket(7), SO_ERROR'],
});
