// A closed descriptor in the list of poll().
import { POLLIN, POLLNVAL, poll } from '../../../select.ts';
import { tcpPair } from '../connections.ts';
import { both, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H16'],
  title: 'One closed descriptor in the list of poll()',
  kernels: both,
  numbers: (random) => ({ turns: random.int(2, 99) }),
  question: ({ turns }) =>
    'A server on poll() has closed the descriptor of a client, and forgotten to unregister it. Nobody else is there. ' +
    `How many of the next ${turns} calls of poll(), with a timeout of 0, report something?`,
  asks: 'number',
  key: ({ turns }) => turns,
  run({ turns }) {
    const [client, server] = tcpPair();
    const watched = poll();
    watched.register(server, POLLIN);
    server.close();
    let reported = 0;
    let invalid = 0;
    for (let i = 0; i < turns; i++) {
      for (const [, revents] of watched.poll(0)) {
        reported++;
        if (revents === POLLNVAL) invalid++;
      }
    }
    client.close();
    return { answer: reported, invalid };
  },
  explain: ({ turns }, { answer, invalid }) =>
    `${answer} of ${turns}, each time POLLNVAL (${invalid} times). Unlike select(), poll() says which descriptor is wrong, ` +
    'and goes on with the others; but until somebody takes it out, the loop never sleeps.',
  cure: {
    change: 'Unregister it before it is closed; and take out whatever is reported with POLLNVAL.',
    key: () => 1,
    run({ turns }) {
      const [client, server] = tcpPair();
      const watched = poll();
      watched.register(server, POLLIN);
      server.close();
      let reported = 0;
      for (let i = 0; i < turns; i++) {
        for (const [fd, revents] of watched.poll(0)) {
          reported++;
          if (revents & POLLNVAL) watched.unregister(fd);
        }
      }
      client.close();
      return { answer: reported };
    },
    tell: (_, { answer }) => `It is reported ${answer === 1 ? 'once' : `${answer} times`}, and taken out.`,
  },
  read: ['poll(2), POLLNVAL'],
});
