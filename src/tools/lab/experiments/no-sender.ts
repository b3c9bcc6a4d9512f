// recvfrom(), on a connection.
import { repr } from '../../../builtins.ts';
import { tcpPair } from '../connections.ts';
import { both, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H40'],
  title: 'Who sent it? recvfrom() on a TCP connection',
  kernels: both,
  numbers: (random) => ({ text: random.letters(6) }),
  question: ({ text }) =>
    `A client sends '${text}' over TCP, and the server calls recvfrom(1024). Which address does it get?`,
  asks: ["the client's", "the server's own", 'none'],
  key: () => 'none',
  run({ text }) {
    const [client, server] = tcpPair();
    client.sendall(Buffer.from(text));
    const [data, address] = server.recvfrom(1024);
    const [mine, its] = [server.getsockname(), client.getsockname()].map(repr);
    client.close();
    server.close();
    const whose = { [its]: "the client's", [mine]: "the server's own", null: 'none', None: 'none' }[
      repr(address)
    ];
    return { answer: whose ?? repr(address), data: data.toString() };
  },
  explain: (_, { answer, data }) =>
    `'${data}', and as address: ${answer}. A connection has one peer, and the kernel does not say it again with each piece; ` +
    'it leaves the memory for the address as it was. In C it has whatever stood there.',
  cure: {
    change: 'getpeername() says who is at the other end.',
    key: () => "the client's",
    run({ text }) {
      const [client, server] = tcpPair();
      client.sendall(Buffer.from(text));
      server.recv(1024);
      const isClients = repr(server.getpeername()) === repr(client.getsockname());
      client.close();
      server.close();
      return { answer: isClients ? "the client's" : 'another' };
    },
    tell: (_, { answer }) => `It is ${answer}.`,
  },
  read: ['recvfrom(2)', 'getpeername(2)'],
});
