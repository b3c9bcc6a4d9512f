// A closed descriptor in the list of select().
import { select } from '../../../select.ts';
import { tcpPair } from '../connections.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H16'],
  title: 'One closed descriptor in the list of select()',
  kernels: both,
  numbers: (random) => ({ clients: random.int(2, 15) }),
  question: ({ clients }) =>
    `${clients} clients have sent something. The server has closed the descriptor of one more, and forgotten to take it ` +
    'out of rfds. Which errno does select() give?',
  asks: 'errno',
  key: () => 'EBADF',
  run({ clients }) {
    const pairs = Array.from({ length: clients + 1 }, tcpPair);
    for (const [client] of pairs) client.sendall(Buffer.from('Hello'));
    const rfds = pairs.map(([, server]) => server.fileno());
    pairs[clients][1].close();
    const error = errorOf(() => select(rfds, [], [], 0));
    for (const sock of pairs.flat()) sock.close();
    return { answer: error };
  },
  explain: ({ clients }, { answer }) =>
    `${answer}, and nothing is said of the ${clients} that are ready: one wrong descriptor spoils the call for all. A loop ` +
    'that tries again fails again, for ever.',
  cure: {
    change: 'Take a descriptor out of the list before closing it.',
    key: ({ clients }) => clients,
    run({ clients }) {
      const pairs = Array.from({ length: clients + 1 }, tcpPair);
      for (const [client] of pairs) client.sendall(Buffer.from('Hello'));
      const rfds = pairs.map(([, server]) => server);
      rfds.pop()?.close();
      const ready = select(rfds, [], [], 0)[0].length;
      for (const sock of pairs.flat()) sock.close();
      return { answer: ready };
    },
    tell: (_, { answer }) => `${answer} are ready.`,
  },
  read: ['select(2), ERRORS'],
});
