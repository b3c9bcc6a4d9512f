// A client that has said everything, and wants to hear the answer.

import { SHUT_WR } from '../../../socket.ts';
import { tcpPair } from '../connections.ts';
import { both, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H29'],
  title: 'recv() returns no bytes. Is the client gone?',
  kernels: both,
  numbers: (random) => ({ asked: random.int(1, 60), answered: random.int(100, 5000) }),
  question: ({ asked, answered }) =>
    `The client sends ${asked} bytes and calls shutdown(SHUT_WR). The server reads them, then recv() returns no bytes, and ` +
    `only now it sends its answer of ${answered} bytes, and closes. How many of them does the client get?`,
  asks: 'number',
  key: ({ answered }) => answered,
  run({ asked, answered }) {
    const [client, server] = tcpPair();
    client.sendall(Buffer.alloc(asked));
    client.shutdown(SHUT_WR);
    const received = server.recv(1024).length;
    const end = server.recv(1024).length;
    server.sendall(Buffer.alloc(answered));
    server.close();
    let bytes = 0;
    for (let n = 1; n > 0; bytes += n) n = client.recv(1024).length;
    client.close();
    return { answer: bytes, received, end };
  },
  explain: (_, { answer, received, end }) =>
    `The server read ${received} bytes, then ${end}, and the client got ${answer}. The end of a stream is the end of one ` +
    'direction: a FIN says "I send no more", and not "I read no more". printf Hello | nc does this. A server that closes ' +
    'at once when it reads the end loses what it had not sent yet.',
  cure: {
    change:
      'At the end of the stream send what is unsent, and close then. Here the answer goes out in pieces.',
    key: ({ answered }) => answered,
    run({ asked, answered }) {
      const [client, server] = tcpPair();
      client.sendall(Buffer.alloc(asked));
      client.shutdown(SHUT_WR);
      let unsent = Buffer.alloc(0);
      let hasEnded = false;
      while (!hasEnded || unsent.length > 0) {
        if (unsent.length > 0) unsent = unsent.subarray(server.send(unsent.subarray(0, 100)));
        else if (server.recv(1024).length > 0) unsent = Buffer.alloc(answered);
        else hasEnded = true;
      }
      server.close();
      let bytes = 0;
      for (let n = 1; n > 0; bytes += n) n = client.recv(1024).length;
      client.close();
      return { answer: bytes };
    },
    tell: (_, { answer }) => `${answer} bytes, all of them.`,
  },
  read: ['shutdown(2)', 'RFC 9293, 3.6'],
});
