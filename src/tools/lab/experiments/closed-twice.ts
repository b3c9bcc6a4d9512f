// close() failed, one thinks, and calls it again.

import { close } from '../../../syscalls.ts';
import { tcpPair } from '../connections.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H20'],
  title: 'A descriptor that is closed twice',
  kernels: both,
  numbers: (random) => ({ text: random.letters(8) }),
  question: ({ text }) =>
    "The server closes a client's descriptor. A new client comes. An error handler closes the descriptor of the first " +
    `once more, to be sure. The new client sends '${text}'. What does recv() on its socket give?`,
  asks: 'errno',
  key: () => 'EBADF',
  run({ text }) {
    const old = tcpPair();
    const fd = old[1].detach();
    close(fd);
    const [server, client] = tcpPair(); // The first of them gets the lowest free number.
    const isReused = [server, client].some((sock) => sock.fileno() === fd);
    const again = close(fd);

    const victim = server.fileno() === fd ? server : client;
    const other = victim === server ? client : server;
    const error = errorOf(() => {
      other.sendall(Buffer.from(text));
      victim.recv(1024);
    });
    victim.detach();
    other.close();
    old[0].close();
    return { answer: error, again, reused: isReused ? 'was' : 'was not' };
  },
  explain: (_, { answer, again, reused }) =>
    `${answer}. The number ${reused} given to the new client, and the second close() returned ${again}: it closed somebody ` +
    "else's connection. The same happens where close() is made again because a signal interrupted it: Linux has freed " +
    'the number when it returns EINTR.',
  cure: {
    change: 'Close once, whatever it returns, and forget the number with it: a Socket does.',
    key: ({ text }) => text,
    run({ text }) {
      const old = tcpPair();
      old[1].close();
      const [client, server] = tcpPair();
      old[1].close(); // Does nothing: it has no descriptor any more.
      client.sendall(Buffer.from(text));
      const received = server.recv(1024).toString();
      for (const sock of [old[0], client, server]) sock.close();
      return { answer: received };
    },
    tell: (_, { answer }) => `The server received '${answer}'.`,
  },
  read: ['close(2), Dealing with error returns'],
});
