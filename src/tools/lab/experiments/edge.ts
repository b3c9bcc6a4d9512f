// A reader that does not read all: level-triggered and edge-triggered epoll.
import { EPOLLET, EPOLLIN, epoll } from '../../../select.ts';
import { MSG_DONTWAIT } from '../../../socket.ts';
import { tcpPair } from '../connections.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H6'],
  title: 'epoll, after a recv() that left something behind',
  kernels: both,
  numbers: (random) => ({
    trigger: random.pick(['level', 'edge']),
    length: random.int(200, 900),
    taken: random.int(20, 150),
  }),
  question: ({ trigger, length, taken }) =>
    `${length} bytes have come, and epoll, ${trigger}-triggered, reports them. The server calls recv(${taken}) once, and ` +
    'waits again, without a timeout. How many events does that second wait report?',
  asks: 'number',
  key: ({ trigger }) => (trigger === 'edge' ? 0 : 1),
  run({ trigger, length, taken }) {
    const [client, server] = tcpPair();
    using ep = epoll();
    ep.register(server, trigger === 'edge' ? EPOLLIN | EPOLLET : EPOLLIN);
    client.sendall(Buffer.alloc(length));
    const first = ep.poll(0).length;
    const received = server.recv(taken).length;
    const second = ep.poll(0).length;
    client.close();
    server.close();
    return { answer: second, first, left: length - received };
  },
  explain: ({ trigger }, { answer, first, left }) =>
    `${first} event, then ${answer}, with ${left} bytes left to read. Level-triggered, epoll reports what is so: there are ` +
    `bytes. Edge-triggered, it reports what has happened: bytes have come. This was ${trigger}-triggered` +
    `${answer === 0 ? ', and a server that waits now waits for bytes that it has' : ''}.`,
  cure: {
    change: 'Read until EAGAIN. Then there is nothing left to be told of, in either mode.',
    key: ({ length }) => length,
    run({ trigger, length, taken }) {
      const [client, server] = tcpPair();
      using ep = epoll();
      ep.register(server, trigger === 'edge' ? EPOLLIN | EPOLLET : EPOLLIN);
      client.sendall(Buffer.alloc(length));
      ep.poll(0);
      let received = 0;
      const error = errorOf(() => {
        for (;;) received += server.recv(taken, MSG_DONTWAIT).length;
      });
      client.close();
      server.close();
      return { answer: received, error };
    },
    tell: (_, { answer, error }) => `All ${answer} bytes; then ${error}.`,
  },
  read: ['epoll(7)'],
});
