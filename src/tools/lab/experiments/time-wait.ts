// A server that is started again, a moment after it has ended.
import { AF_INET, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket } from '../../../socket.ts';
import { errorOf, experiment } from '../experiment.ts';

/** A server that closes its connections first, and ends. Returns where it was. */
function serveOnce(clients: number): [string, number] {
  using listener = socket(AF_INET, SOCK_STREAM);
  listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  listener.bind(['127.0.0.1', 0]);
  listener.listen();
  const address = listener.getsockname();
  for (let i = 0; i < clients; i++) {
    using client = socket(AF_INET, SOCK_STREAM);
    client.connect(address);
    const [server] = listener.accept();
    server.close();
    client.recv(1024); // The end; then it closes, too.
  }
  return address as [string, number];
}

export default experiment({
  hazards: ['H35'],
  title: 'Starting a server again',
  kernels: ['real'],
  onlyBecause: 'TIME_WAIT is not modelled.',
  numbers: (random) => ({ clients: random.int(1, 5) }),
  question: ({ clients }) =>
    `A server had ${clients} connections, closed each before its client did, and ended. Nobody is there any more. It is ` +
    'started again, without SO_REUSEADDR. Which errno does bind() give?',
  asks: 'errno',
  key: () => 'EADDRINUSE',
  run({ clients }) {
    const address = serveOnce(clients);
    using listener = socket(AF_INET, SOCK_STREAM);
    return { answer: errorOf(() => listener.bind(address)) };
  },
  explain: (_, { answer }) =>
    `${answer}. The side that closes first keeps the connection for a minute, in TIME_WAIT, in case its last ACK is lost ` +
    'or old segments still come. It belongs to no process, and ends by itself.',
  cure: {
    change:
      'Set SO_REUSEADDR before bind(), as the documented server does: a listener may be there beside TIME_WAIT.',
    key: () => 'it listens',
    run({ clients }) {
      const address = serveOnce(clients);
      using listener = socket(AF_INET, SOCK_STREAM);
      listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
      const error = errorOf(() => {
        listener.bind(address);
        listener.listen();
      });
      return { answer: error === 'no error' ? 'it listens' : error };
    },
    tell: (_, { answer }) => `On the same port ${answer}.`,
  },
  read: ['socket(7), SO_REUSEADDR', 'RFC 9293, 3.3.2'],
});
