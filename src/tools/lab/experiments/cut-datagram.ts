// A datagram that is longer than the buffer.
import {
  AF_INET,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_TRUNC,
  SOCK_DGRAM,
  type Socket,
  socket,
} from '../../../socket.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H39'],
  title: 'A datagram that is longer than the buffer',
  kernels: both,
  numbers: (random) => ({ length: random.int(1100, 5000), size: random.int(100, 1000) }),
  question: ({ length, size }) =>
    `A datagram of ${length} bytes comes. The server calls recv(${size}) until there is nothing more (MSG_DONTWAIT). How ` +
    'many bytes has it got?',
  asks: 'number',
  key: ({ size }) => size,
  run({ length, size }) {
    using server = socket(AF_INET, SOCK_DGRAM);
    server.bind(['127.0.0.1', 0]);
    using client = socket(AF_INET, SOCK_DGRAM);
    client.sendto(Buffer.alloc(length), server.getsockname());
    let received = 0;
    const error = errorOf(() => {
      for (;;) received += server.recv(size, MSG_DONTWAIT).length;
    });
    return { answer: received, error };
  },
  explain: ({ length }, { answer, error }) =>
    `${answer} of ${length}, then ${error}. A recv() takes one datagram, and what does not fit is gone, without an error. ` +
    '(Of a stream the rest stays where it is.)',
  cure: {
    change:
      'Pass a buffer for the largest, 65,507 bytes; or ask first: MSG_PEEK | MSG_TRUNC gives the real length.',
    key: ({ length }) => length,
    run({ length }) {
      using server: Socket = socket(AF_INET, SOCK_DGRAM);
      server.bind(['127.0.0.1', 0]);
      using client = socket(AF_INET, SOCK_DGRAM);
      client.sendto(Buffer.alloc(length), server.getsockname());
      const real = server.recv_into(Buffer.alloc(1), 1, MSG_PEEK | MSG_TRUNC);
      return { answer: server.recv(real).length, real };
    },
    tell: (_, { answer, real }) => `The length is ${real}, and recv() got ${answer}.`,
  },
  read: ['recv(2), MSG_TRUNC', 'udp(7)', 'RFC 768'],
});
