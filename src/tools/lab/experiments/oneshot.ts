// EPOLLONESHOT: an event, and then no more.
import { EPOLLIN, EPOLLONESHOT, epoll } from '../../../select.ts';
import { tcpPair } from '../connections.ts';
import { both, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H7'],
  title: 'Messages to a socket that is watched with EPOLLONESHOT',
  kernels: both,
  numbers: (random) => ({ messages: random.int(2, 20) }),
  question: ({ messages }) =>
    `${messages} times a message comes, epoll is asked, and if it reports the socket the message is read. ` +
    'How many of them are read?',
  asks: 'number',
  key: () => 1,
  run({ messages }) {
    const [client, server] = tcpPair();
    using ep = epoll();
    ep.register(server, EPOLLIN | EPOLLONESHOT);
    let read = 0;
    for (let i = 0; i < messages; i++) {
      client.sendall(Buffer.from('Hello'));
      for (const [,] of ep.poll(0)) {
        server.recv(1024);
        read++;
      }
    }
    client.close();
    server.close();
    return { answer: read };
  },
  explain: ({ messages }, { answer }) =>
    `${answer} of ${messages}. After its one event the socket stays registered, with no events to be reported, not even ` +
    'an error or a hang-up. That is meant for several threads that wait on one epoll: only one of them gets the socket.',
  cure: {
    change: 'Arm it again with modify(), which is EPOLL_CTL_MOD, when the event was handled.',
    key: ({ messages }) => messages,
    run({ messages }) {
      const [client, server] = tcpPair();
      using ep = epoll();
      ep.register(server, EPOLLIN | EPOLLONESHOT);
      let read = 0;
      for (let i = 0; i < messages; i++) {
        client.sendall(Buffer.from('Hello'));
        for (const [,] of ep.poll(0)) {
          server.recv(1024);
          read++;
          ep.modify(server, EPOLLIN | EPOLLONESHOT);
        }
      }
      client.close();
      server.close();
      return { answer: read };
    },
    tell: ({ messages }, { answer }) => `${answer} of ${messages} are read.`,
  },
  read: ['epoll_ctl(2)'],
});
