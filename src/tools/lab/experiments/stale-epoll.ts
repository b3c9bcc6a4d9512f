// epoll, and a descriptor that was closed while a duplicate of it is open.
import { EPOLLIN, epoll } from '../../../select.ts';
import { tcpPair } from '../connections.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H14'],
  title: 'epoll and a closed descriptor',
  kernels: both,
  numbers: (random) => ({ turns: random.int(2, 50) }),
  question: ({ turns }) =>
    'A socket is watched by epoll and was given to a child process: here, dup() stands for that. The server closes its ' +
    `descriptor. Then bytes come. In how many of the next ${turns} waits is the closed descriptor reported?`,
  asks: 'number',
  key: ({ turns }) => turns,
  run({ turns }) {
    const [client, server] = tcpPair();
    using duplicate = server.dup();
    using ep = epoll();
    const fd = server.fileno();
    ep.register(fd, EPOLLIN);
    server.close();
    client.sendall(Buffer.from('Hello'));
    let reported = 0;
    for (let i = 0; i < turns; i++) for (const [ready] of ep.poll(0)) if (ready === fd) reported++;
    const error = errorOf(() => ep.unregister(fd));
    client.close();
    duplicate.close();
    return { answer: reported, error };
  },
  explain: ({ turns }, { answer, error }) =>
    `${answer} of ${turns}, and removing it fails with ${error}. epoll watches the open file, which lives as long as any ` +
    'descriptor of it, and reports it under the number that it was registered with. The number may be another ' +
    "client's by then.",
  cure: {
    change: 'Remove a descriptor from epoll before closing it.',
    key: () => 0,
    run({ turns }) {
      const [client, server] = tcpPair();
      using duplicate = server.dup();
      using ep = epoll();
      ep.register(server, EPOLLIN);
      ep.unregister(server);
      server.close();
      client.sendall(Buffer.from('Hello'));
      let reported = 0;
      for (let i = 0; i < turns; i++) reported += ep.poll(0).length;
      client.close();
      duplicate.close();
      return { answer: reported };
    },
    tell: ({ turns }, { answer }) => `${answer} of ${turns}.`,
  },
  read: ['epoll(7), Questions and answers'],
});
