// A byte beside the stream.
import { MSG_DONTWAIT, MSG_OOB, SO_OOBINLINE, SOL_SOCKET } from '../../../socket.ts';
import { tcpPair } from '../connections.ts';
import { errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H41'],
  title: 'A byte that was sent with MSG_OOB',
  kernels: ['real'],
  onlyBecause: 'urgent data is not modelled.',
  numbers: (random) => ({ before: random.int(2, 50), after: random.int(2, 50) }),
  question: ({ before, after }) =>
    `A client sends ${before} bytes, then one byte with MSG_OOB, then ${after} bytes. All of it has come. How many bytes ` +
    'does the first recv(1024) of the server return?',
  asks: 'number',
  key: ({ before }) => before,
  run({ before, after }) {
    const [client, server] = tcpPair();
    client.sendall(Buffer.alloc(before));
    client.send(Buffer.from('!'), MSG_OOB);
    client.sendall(Buffer.alloc(after));
    const first = server.recv(1024).length;
    const second = server.recv(1024).length;
    client.close();
    server.close();
    return { answer: first, second };
  },
  explain: ({ before, after }, { answer, second }) =>
    `${answer}, and the next one ${second}, of ${before} + 1 + ${after}. The stream stops at the mark where the urgent byte ` +
    'was, and goes on behind it; the byte itself is to be had with MSG_OOB alone. telnet sends one with Ctrl+C.',
  cure: {
    change: 'SO_OOBINLINE leaves the byte in the stream. (Better: do not use it. RFC 6093 says so.)',
    key: ({ before, after }) => before + 1 + after,
    run({ before, after }) {
      const [client, server] = tcpPair();
      server.setsockopt(SOL_SOCKET, SO_OOBINLINE, 1);
      client.sendall(Buffer.alloc(before));
      client.send(Buffer.from('!'), MSG_OOB);
      client.sendall(Buffer.alloc(after));
      let received = 0;
      errorOf(() => {
        for (;;) received += server.recv(1024, MSG_DONTWAIT).length;
      });
      client.close();
      server.close();
      return { answer: received };
    },
    tell: (_, { answer }) => `${answer} bytes, in order.`,
  },
  read: ['tcp(7), Sockets API', 'RFC 6093'],
});
