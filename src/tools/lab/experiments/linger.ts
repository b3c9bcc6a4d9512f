// Two ways to close.
import { packLinger, SO_LINGER_SECONDS, SOL_SOCKET } from '../../../socket.ts';
import { tcpPair } from '../connections.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H34'],
  title: 'close(), with SO_LINGER and without',
  kernels: both,
  numbers: (random) => ({ onoff: random.int(0, 1) }),
  question: ({ onoff }) =>
    `The server sets SO_LINGER to {l_onoff: ${onoff}, l_linger: 0}, and closes its socket. What does the client's recv() ` +
    'give?',
  asks: ['no bytes: the end of the stream', 'ECONNRESET'],
  key: ({ onoff }) => (onoff === 1 ? 'ECONNRESET' : 'no bytes: the end of the stream'),
  run({ onoff }) {
    const [client, server] = tcpPair();
    server.setsockopt(SOL_SOCKET, SO_LINGER_SECONDS, packLinger(onoff === 1, 0));
    server.close();
    const error = errorOf(() => client.recv(1024));
    client.close();
    return { answer: error === 'no error' ? 'no bytes: the end of the stream' : error };
  },
  explain: ({ onoff }, { answer }) =>
    `${answer}, with l_onoff = ${onoff}. An ordinary close() sends a FIN, behind all that is still to be sent. Lingering ` +
    'for 0 seconds throws that away, and sends a RST: the connection is gone at once, at both ends. Some do it to have ' +
    'no TIME_WAIT, and lose data so. (macOS counts hundredths of a second in SO_LINGER.)',
  cure: {
    change: 'Leave SO_LINGER alone, and close.',
    key: () => 'no bytes: the end of the stream',
    run() {
      const [client, server] = tcpPair();
      server.close();
      const error = errorOf(() => client.recv(1024));
      client.close();
      return { answer: error === 'no error' ? 'no bytes: the end of the stream' : error };
    },
    tell: (_, { answer }) => `${answer}.`,
  },
  read: ['socket(7), SO_LINGER', 'RFC 9293, 3.5.3'],
});
