// sendall() with a timeout, to a client that reads too late.
import { SO_RCVBUF, SO_SNDBUF, SOL_SOCKET } from '../../../socket.ts';
import { tcpPair } from '../connections.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H46'],
  title: 'How much has a sendall() sent that fails?',
  kernels: both,
  numbers: (random) => ({ size: random.int(400, 900) * 1000 }),
  question: ({ size }) =>
    `sendall() of ${size} bytes, on a socket with a timeout of 0.05 seconds, to a client that does not read, fails with ` +
    'TimeoutError. The server closes the socket. How much can the client read then?',
  asks: ['nothing', 'a part', 'all of it'],
  key: () => 'a part',
  run({ size }) {
    const [client, server] = tcpPair();
    client.setsockopt(SOL_SOCKET, SO_RCVBUF, 8192);
    server.setsockopt(SOL_SOCKET, SO_SNDBUF, 8192);
    server.settimeout(0.05);
    const error = errorOf(() => server.sendall(Buffer.alloc(size)));
    server.close();
    let received = 0;
    for (let n = 1; n > 0; received += n) n = client.recv(100_000).length;
    client.close();
    const answer = received === 0 ? 'nothing' : received < size ? 'a part' : 'all of it';
    return { answer, error, received };
  },
  explain: ({ size }, { error, received }) =>
    `${error}, and the client read ${received} of ${size} bytes. sendall() is many calls of send(); those that ` +
    'succeeded cannot be taken back, and the error does not say how many there were. Sending all of it again would ' +
    'give the client the beginning twice.',
  cure: {
    change:
      'Call send() yourself, and count; after a timeout, go on where you were, or close the connection.',
    key: ({ size }) => size,
    run({ size }) {
      const [client, server] = tcpPair();
      client.settimeout(0);
      server.settimeout(0);
      let [sent, received] = [0, 0];
      while (received < size) {
        const rest = Buffer.alloc(Math.min(size - sent, 50_000));
        errorOf(() => {
          if (rest.length > 0) sent += server.send(rest);
        });
        errorOf(() => {
          for (;;) received += client.recv(100_000).length;
        });
      }
      client.close();
      server.close();
      return { answer: received };
    },
    tell: (_, { answer }) => `The client has ${answer} bytes: each of them once.`,
  },
  read: ['send(2)', 'docs.python.org, socket.sendall'],
});
