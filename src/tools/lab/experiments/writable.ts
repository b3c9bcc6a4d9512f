// A socket with nothing to send is ready to send, always.
import { select } from '../../../select.ts';
import { tcpPair } from '../connections.ts';
import { both, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H5'],
  title: 'A loop that watches an idle client for writing',
  kernels: both,
  numbers: (random) => ({ turns: random.int(5, 500) }),
  question: ({ turns }) =>
    `Nothing comes, and the server has nothing to say. Its loop calls select([client], [client], []) ${turns} times. ` +
    'How many of the calls find something ready?',
  asks: 'number',
  key: ({ turns }) => turns,
  run({ turns }) {
    const [client, server] = tcpPair();
    let ready = 0;
    for (let i = 0; i < turns; i++) {
      const [readable, writable] = select([server], [server], [], 0);
      ready += readable.length + writable.length;
    }
    client.close();
    server.close();
    return { answer: ready };
  },
  explain: ({ turns }, { answer }) =>
    `${answer} of ${turns}. "Writable" means that the send buffer has space, and that of an idle client is empty. A ` +
    'loop that watches for it never sleeps: it uses a whole processor to find out that there is nothing to do.',
  cure: {
    change: 'Watch a client for writing only while there is something unsent for it.',
    key: () => 0,
    run({ turns }) {
      const [client, server] = tcpPair();
      const unsent = Buffer.alloc(0);
      let ready = 0;
      for (let i = 0; i < turns; i++) {
        const [readable, writable] = select([server], unsent.length > 0 ? [server] : [], [], 0);
        ready += readable.length + writable.length;
      }
      client.close();
      server.close();
      return { answer: ready };
    },
    tell: ({ turns }, { answer }) =>
      `${answer} of ${turns}: with no timeout, it would sleep in the first one.`,
  },
  read: ['select(2)', 'poll(2)'],
});
