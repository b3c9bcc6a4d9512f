// Always the first one of the list.
import { EPOLLIN, epoll, POLLIN, poll } from '../../../select.ts';
import type { Socket } from '../../../socket.ts';
import { tcpPair } from '../connections.ts';
import { both, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H9'],
  title: 'One event a turn, and clients that always have something to say',
  kernels: both,
  numbers: (random) => ({ clients: random.int(3, 12), turns: random.int(20, 60) }),
  question: ({ clients, turns }) =>
    `${clients} clients have sent more than the server reads in a turn. In each of ${turns} turns it serves the first one ` +
    'that poll() reports, and no other. How many of the clients are served at all?',
  asks: 'number',
  key: () => 1,
  run({ clients, turns }) {
    const pairs = Array.from({ length: clients }, tcpPair);
    const watched = poll();
    for (const [client, server] of pairs) {
      client.sendall(Buffer.alloc(turns + 1));
      watched.register(server, POLLIN);
    }
    const served = new Set<Socket | undefined>();
    for (let i = 0; i < turns; i++) {
      const [[first]] = watched.poll(0);
      const server = pairs.map(([, server]) => server).find((server) => server.fileno() === first);
      server?.recv(1);
      served.add(server);
    }
    for (const sock of pairs.flat()) sock.close();
    return { answer: served.size };
  },
  explain: ({ clients }, { answer }) =>
    `${answer} of ${clients}. poll() reports in the order of its list, each time from the beginning: whoever takes only ` +
    'the first leaves the others waiting for as long as the first has something.',
  cure: {
    change: 'Serve all that are reported. Or let epoll report one at a time: it continues where it stopped.',
    key: ({ clients }) => clients,
    run({ clients, turns }) {
      const pairs = Array.from({ length: clients }, tcpPair);
      using ep = epoll();
      for (const [client, server] of pairs) {
        client.sendall(Buffer.alloc(turns + 1));
        ep.register(server, EPOLLIN);
      }
      const served = new Set<number>();
      for (let i = 0; i < turns; i++) for (const [fd] of ep.poll(0, 1)) served.add(fd);
      for (const sock of pairs.flat()) sock.close();
      return { answer: served.size };
    },
    tell: ({ clients }, { answer }) =>
      `${answer} of ${clients}: epoll moves whom it reported to the end of its list.`,
  },
  read: ['poll(2)', 'epoll_wait(2)'],
});
