// A datagram with nothing in it.
import { AF_INET, SOCK_DGRAM, socket } from '../../../socket.ts';
import { both, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H39'],
  title: 'recv() of no bytes, from UDP',
  kernels: both,
  numbers: (random) => ({ datagrams: random.int(4, 12), empty: random.int(1, 3) }),
  question: ({ datagrams, empty }) =>
    `${datagrams} datagrams come, of which number ${empty + 1} is empty. A loop that was written for TCP ends when recv() ` +
    'returns no bytes. How many has it handled until then?',
  asks: 'number',
  key: ({ empty }) => empty,
  run({ datagrams, empty }) {
    using server = socket(AF_INET, SOCK_DGRAM);
    server.bind(['127.0.0.1', 0]);
    using client = socket(AF_INET, SOCK_DGRAM);
    for (let i = 0; i < datagrams; i++) {
      client.sendto(Buffer.alloc(i === empty ? 0 : 5), server.getsockname());
    }
    let handled = 0;
    while (server.recv(1024).length > 0) handled++;
    return { answer: handled };
  },
  explain: ({ datagrams }, { answer }) =>
    `${answer} of ${datagrams}. A datagram may be empty, and anybody can send one. UDP has no connection, so it has no end ` +
    'either: only of a stream does "no bytes" mean that.',
  cure: {
    change: 'Handle it as a datagram like any other.',
    key: ({ datagrams }) => datagrams,
    run({ datagrams, empty }) {
      using server = socket(AF_INET, SOCK_DGRAM);
      server.bind(['127.0.0.1', 0]);
      using client = socket(AF_INET, SOCK_DGRAM);
      for (let i = 0; i < datagrams; i++) {
        client.sendto(Buffer.alloc(i === empty ? 0 : 5), server.getsockname());
      }
      let handled = 0;
      for (; handled < datagrams; handled++) server.recv(1024);
      return { answer: handled };
    },
    tell: ({ datagrams }, { answer }) => `${answer} of ${datagrams}.`,
  },
  read: ['udp(7)', 'recv(2), RETURN VALUE'],
});
