// A client that sends nothing and reads nothing: where do the bytes for it go?
import { select } from '../../../select.ts';
import { SO_RCVBUF, SO_SNDBUF, SOL_SOCKET } from '../../../socket.ts';
import { tcpPair } from '../connections.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H52'],
  title: 'Sending to a client that does not read',
  kernels: both,
  numbers: (random) => ({ piece: random.int(1000, 60_000) }),
  question: ({ piece }) =>
    `The server sends ${piece} bytes, again and again, on a non-blocking socket, to a client that never reads. At last ` +
    'send() fails. With which errno?',
  asks: 'errno',
  key: () => 'EAGAIN',
  run({ piece }) {
    const [client, server] = tcpPair();
    server.setblocking(false);
    let sent = 0;
    const error = errorOf(() => {
      for (;;) sent += server.send(Buffer.alloc(piece));
    });
    client.close();
    server.close();
    return { answer: error, sent };
  },
  explain: (_, { answer, sent }) =>
    `${answer}, after ${sent} bytes. They lie in the kernel: in the client's receive buffer, and when that is full (the ` +
    "client's window is 0), in the server's send buffer. Here a blocking send() would sleep, and with it a server that " +
    'has one loop for all.',
  cure: {
    change:
      'Keep what the kernel did not take, watch that client for writing, and go on with the others meanwhile. ' +
      'Then the client reads, slowly.',
    key: ({ piece }) => piece * 10,
    run({ piece }) {
      const [client, server] = tcpPair();
      for (const buffer of [SO_SNDBUF, SO_RCVBUF]) server.setsockopt(SOL_SOCKET, buffer, 8192);
      server.setblocking(false);
      let unsent = Buffer.alloc(piece * 10);
      let received = 0;
      while (received < piece * 10) {
        const [readable, writable] = select([client], unsent.length > 0 ? [server] : [], []);
        for (const sock of writable) unsent = unsent.subarray(sock.send(unsent));
        for (const sock of readable) received += sock.recv(20_000).length;
      }
      client.close();
      server.close();
      return { answer: received };
    },
    tell: (_, { answer }) => `The client has all ${answer} bytes, and no call slept for it.`,
  },
  read: ['send(2)', 'tcp(7)', 'RFC 9293, 3.8.6'],
});
