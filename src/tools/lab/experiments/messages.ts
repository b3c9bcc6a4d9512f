// Several messages, one after another: TCP is a stream of bytes, and has no messages.
import { MSG_DONTWAIT } from '../../../socket.ts';
import { tcpPair } from '../connections.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H49'],
  title: 'How many recv() calls do some messages take?',
  kernels: both,
  numbers: (random) => ({ messages: random.int(2, 9), length: random.int(20, 600) }),
  question: ({ messages, length }) =>
    `A client sends ${messages} messages of ${length} bytes, each with a send() of its own, before the server reads. ` +
    'How many times does recv(1024) return bytes?',
  asks: 'number',
  key: ({ messages, length }) => Math.ceil((messages * length) / 1024),
  run({ messages, length }) {
    const [client, server] = tcpPair();
    for (let i = 0; i < messages; i++) client.sendall(Buffer.alloc(length, 'm'));

    let calls = 0;
    let bytes = 0;
    const why = errorOf(() => {
      for (;;) {
        bytes += server.recv(1024, MSG_DONTWAIT).length;
        calls++;
      }
    });
    client.close();
    server.close();
    return { answer: calls, bytes, why };
  },
  explain: ({ messages }, { answer, bytes, why }) =>
    `${messages} messages went in, ${answer} ${answer === 1 ? 'piece' : 'pieces'} came out, ${bytes} bytes in all; then ` +
    `${why}. The kernel keeps the bytes that have come, and not where one send() ended: recv() takes as many as there ` +
    'are and as it has space for. The documented server takes each piece for a message.',
  cure: {
    change: 'Say in the stream where a message ends: here each has its length before it.',
    key: ({ messages }) => messages,
    run({ messages, length }) {
      const [client, server] = tcpPair();
      for (let i = 0; i < messages; i++) {
        client.sendall(Buffer.concat([Uint8Array.of(length >> 8, length & 255), Buffer.alloc(length, 'm')]));
      }
      client.close();

      let received = Buffer.alloc(0);
      for (let data = server.recv(1024); data.length > 0; data = server.recv(1024)) {
        received = Buffer.concat([received, data]);
      }
      let found = 0;
      for (; received.length > 0; found++) received = received.subarray(2 + received.readUInt16BE());
      server.close();
      return { answer: found };
    },
    tell: (_, { answer }) => `The server finds ${answer} messages, however they were cut.`,
  },
  read: ['tcp(7)', 'recv(2)', 'RFC 9293, 3.8'],
});
