// Two readers of one socket.
import { select } from '../../../select.ts';
import { MSG_DONTWAIT } from '../../../socket.ts';
import { tcpPair } from '../connections.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H10'],
  title: 'Ready, says select(): for how long?',
  kernels: both,
  numbers: (random) => ({ length: random.int(1, 1024) }),
  question: ({ length }) =>
    `Two descriptors are duplicates of one socket, as in two processes after fork(). ${length} bytes come, and select() ` +
    'reports both. The first reader calls recv(1024), then the second, with MSG_DONTWAIT. Which errno does it get?',
  asks: 'errno',
  key: () => 'EAGAIN',
  run({ length }) {
    const [client, server] = tcpPair();
    using duplicate = server.dup();
    client.sendall(Buffer.alloc(length));
    const ready = select([server, duplicate], [], [])[0];
    const received = server.recv(1024).length;
    const error = errorOf(() => duplicate.recv(1024, MSG_DONTWAIT));
    client.close();
    server.close();
    return { answer: error, ready: ready.length, received };
  },
  explain: (_, { answer, ready, received }) =>
    `${ready} were reported, the first reader got ${received} bytes, the second ${answer}. select() says what was so when ` +
    'it looked. Another reader may have been quicker; a datagram may turn out to be damaged. Without MSG_DONTWAIT, on ' +
    'a blocking socket, the second reader would wait.',
  cure: {
    change: 'Make sockets non-blocking, and take EAGAIN for "nothing, after all": wait again.',
    key: ({ length }) => length,
    run({ length }) {
      const [client, server] = tcpPair();
      using duplicate = server.dup();
      client.sendall(Buffer.alloc(length));
      let received = 0;
      for (const sock of select([server, duplicate], [], [])[0]) {
        errorOf(() => {
          received += sock.recv(1024, MSG_DONTWAIT).length;
        });
      }
      client.close();
      server.close();
      return { answer: received };
    },
    tell: (_, { answer }) => `${answer} bytes, once, and nobody waits.`,
  },
  read: ['select(2), BUGS', 'recv(2)'],
});
