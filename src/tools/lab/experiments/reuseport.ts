// Two servers on one port.
import { select } from '../../../select.ts';
import { create_server, SO_REUSEADDR, SOL_SOCKET, socket } from '../../../socket.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H36'],
  title: 'Two listeners on one port',
  kernels: both,
  numbers: (random) => ({ clients: random.int(3, 12) }),
  question: () =>
    'A server listens. A second one, with SO_REUSEADDR as the first, is to listen on the same port, to share the work. ' +
    'Which errno?',
  asks: 'errno',
  key: () => 'EADDRINUSE',
  run() {
    using first = create_server(['127.0.0.1', 0]);
    using second = socket();
    second.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    const error = errorOf(() => {
      second.bind(first.getsockname());
      second.listen();
    });
    return { answer: error };
  },
  explain: (_, { answer }) =>
    `${answer}. SO_REUSEADDR lets a listener be beside connections of the same port, and not beside another listener.`,
  cure: {
    change: 'Set SO_REUSEPORT on both, before bind(). Linux then gives each connection to one of them.',
    key: ({ clients }) => clients,
    run({ clients }) {
      using first = create_server(['127.0.0.1', 0], { reuse_port: true });
      using second = create_server(first.getsockname(), { reuse_port: true });
      const connected = Array.from({ length: clients }, () => {
        const client = socket();
        client.connect(first.getsockname());
        return client;
      });
      const accepted = [first, second].map((listener) => {
        let n = 0;
        for (; select([listener], [], [], 0)[0].length > 0; n++) listener.accept()[0].close();
        return n;
      });
      for (const client of connected) client.close();
      return { answer: accepted[0] + accepted[1], first: accepted[0], second: accepted[1] };
    },
    tell: (_, { answer, first, second }) =>
      `${first} and ${second} connections: ${answer}, each with one of the two.`,
  },
  read: ['socket(7), SO_REUSEPORT', 'lwn.net/Articles/542629'],
});
