// A client that is gone before it is accepted.
import { select } from '../../../select.ts';
import { create_server, socket } from '../../../socket.ts';
import { reset } from '../connections.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H1'],
  title: 'A client resets its connection before accept()',
  kernels: both,
  numbers: (random) => ({ length: random.int(0, 1) * random.int(1, 900) }),
  question: ({ length }) =>
    `A client connects, sends ${length} bytes, and resets the connection. Then the server calls accept() and, if that ` +
    'gives a socket, recv(1024). What comes of it?',
  asks: ['accept() fails with ECONNABORTED', 'recv() fails with ECONNRESET', 'recv() returns the bytes'],
  key: ({ length }) => (length === 0 ? 'recv() fails with ECONNRESET' : 'recv() returns the bytes'),
  run({ length }) {
    using listener = create_server(['127.0.0.1', 0]);
    const client = socket();
    client.connect(listener.getsockname());
    client.sendall(Buffer.alloc(length));
    reset(client);

    let call = 'accept';
    let received = 0;
    const error = errorOf(() => {
      using server = listener.accept()[0];
      call = 'recv';
      received = server.recv(1024).length;
    });
    const failed = `${call}() fails with ${error}`;
    return { answer: error === 'no error' ? 'recv() returns the bytes' : failed, received };
  },
  explain: (_, { answer, received }) =>
    `${answer} (${received}). Linux keeps a connection in the queue though it is dead: accept() gives it out, with what ` +
    'had come before the RST, and the recv() that finds no more fails. Another kernel may take it out of the queue, so ' +
    'that a blocking accept() behind select() waits for the next client.',
  cure: {
    change: 'Take the error for the end of that client, and go on to the next one.',
    key: ({ length }) => length + 1,
    run({ length }) {
      using listener = create_server(['127.0.0.1', 0]);
      const [gone, next] = [socket(), socket()];
      for (const client of [gone, next]) client.connect(listener.getsockname());
      next.sendall(Buffer.alloc(length + 1));
      reset(gone);
      let received = 0;
      while (select([listener], [], [], 0)[0].length > 0) {
        errorOf(() => {
          using server = listener.accept()[0];
          received += server.recv(1024).length;
        });
      }
      next.close();
      return { answer: received };
    },
    tell: (_, { answer }) => `The ${answer} bytes of the next client came.`,
  },
  read: ['accept(2)', 'socket(7), SO_LINGER', 'RFC 9293, 3.10.7'],
});
