// Clients that nobody accepts: the kernel connects them all the same, as many as the queue takes.
import { AF_INET, SOCK_STREAM, type Socket, socket } from '../../../socket.ts';
import { both, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H37'],
  title: 'How many clients are connected before anybody calls accept()?',
  kernels: both,
  numbers: (random) => ({ backlog: random.int(1, 9) }),
  question: ({ backlog }) =>
    `The server calls listen(${backlog}), and never accept(). Clients come, one after another, each for a twentieth of ` +
    'a second. How many of them are connected?',
  asks: 'number',
  key: ({ backlog }) => (process.platform === 'darwin' ? backlog : backlog + 1),
  run({ backlog }) {
    using server_socket = socket(AF_INET, SOCK_STREAM);
    server_socket.bind(['127.0.0.1', 0]);
    server_socket.listen(backlog);

    const clients: Socket[] = [];
    let connected = 0;
    for (let i = 0; i < backlog + 2; i++) {
      const client = socket(AF_INET, SOCK_STREAM);
      clients.push(client);
      client.settimeout(0.05);
      try {
        client.connect(server_socket.getsockname());
        connected++;
      } catch {
        // TimeoutError: it is not connected.
      }
    }
    for (const client of clients) client.close();
    return { answer: connected, tried: clients.length };
  },
  explain: ({ backlog }, { answer, tried }) =>
    `${tried} clients tried, and connect() returned for ${answer}. The kernel shakes hands alone: a connection is ` +
    `finished, and waits in the queue, before the program knows of it. Linux lets one more wait than the ${backlog} ` +
    'that listen() asked for; for the others it drops the SYN, so that they are not refused but wait and try again.',
  cure: {
    change: 'Ask for a queue as long as the crowd that may come at once; SOMAXCONN is the most.',
    key: ({ backlog }) => backlog + 2,
    run({ backlog }) {
      using server_socket = socket(AF_INET, SOCK_STREAM);
      server_socket.bind(['127.0.0.1', 0]);
      server_socket.listen(backlog + 2);

      const clients = Array.from({ length: backlog + 2 }, () => socket(AF_INET, SOCK_STREAM));
      for (const client of clients) client.connect(server_socket.getsockname());
      for (const client of clients) client.close();
      return { answer: clients.length };
    },
    tell: (_, { answer }) => `All ${answer} clients are connected.`,
  },
  read: ['listen(2)', 'tcp(7)'],
});
