// connect() before accept().
import { create_server, socket } from '../../../socket.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H51'],
  title: 'A server that listens, and does nothing else',
  kernels: both,
  numbers: (random) => ({ length: random.int(10, 5000) }),
  question: ({ length }) =>
    `The server has called listen(), and never calls accept(). A client connects and sends ${length} bytes, with ` +
    'timeouts of a tenth of a second. How far does it come?',
  asks: ['connect() fails', 'connect() returns, send() fails', 'both return'],
  key: () => 'both return',
  run({ length }) {
    using listener = create_server(['127.0.0.1', 0]);
    using client = socket();
    client.settimeout(0.1);
    let sent = 0;
    const connecting = errorOf(() => client.connect(listener.getsockname()));
    const sending = errorOf(() => {
      sent = client.send(Buffer.alloc(length));
    });
    const answer =
      connecting !== 'no error'
        ? 'connect() fails'
        : sending !== 'no error'
          ? 'connect() returns, send() fails'
          : 'both return';
    return { answer, sent };
  },
  explain: (_, { answer, sent }) =>
    `${answer}: ${sent} bytes were taken. The walkthrough has the server answer the SYN in accept(); but the kernel does, ` +
    'alone, as soon as the socket listens. The bytes wait in a receive buffer that no program has a descriptor for yet. ' +
    'That connect() returned says nothing of the program.',
  cure: {
    change: 'Only an answer shows that the program is there. Wait for one, with a timeout.',
    key: () => 'TimeoutError',
    run({ length }) {
      using listener = create_server(['127.0.0.1', 0]);
      using client = socket();
      client.settimeout(0.1);
      client.connect(listener.getsockname());
      client.sendall(Buffer.alloc(length));
      return { answer: errorOf(() => client.recv(1024)).replace('ETIMEDOUT', 'TimeoutError') };
    },
    tell: (_, { answer }) => `recv() ended with ${answer}: the client knows.`,
  },
  read: ['listen(2)', 'accept(2)', 'tcp(7)', 'RFC 9293, 3.5'],
});
