// EPOLLEXCLUSIVE, added afterwards.
import { EPOLLEXCLUSIVE, EPOLLIN, epoll } from '../../../select.ts';
import { create_server } from '../../../socket.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H8'],
  title: 'A listener is to be watched with EPOLLEXCLUSIVE from now on',
  kernels: both,
  numbers: (random) => ({ backlog: random.int(1, 50) }),
  question: ({ backlog }) =>
    `A listener (with a backlog of ${backlog}) is registered with EPOLLIN. Then modify() is to add EPOLLEXCLUSIVE. ` +
    'Which errno?',
  asks: 'errno',
  key: () => 'EINVAL',
  run({ backlog }) {
    using listener = create_server(['127.0.0.1', 0], { backlog });
    using ep = epoll();
    ep.register(listener, EPOLLIN);
    return { answer: errorOf(() => ep.modify(listener, EPOLLIN | EPOLLEXCLUSIVE)) };
  },
  explain: (_, { answer }) =>
    `${answer}. EPOLLEXCLUSIVE asks that a connection wakes few of the processes that wait for it, and not all of them; ` +
    'it can be given only when a descriptor is added, together with few other flags, and not to another epoll.',
  cure: {
    change:
      'Remove the listener, and add it with the flag. (A connection that comes in between is reported then.)',
    key: () => 1,
    run({ backlog }) {
      using listener = create_server(['127.0.0.1', 0], { backlog });
      using ep = epoll();
      ep.register(listener, EPOLLIN);
      ep.unregister(listener);
      using client = listener.dup();
      client.close();
      ep.register(listener, EPOLLIN | EPOLLEXCLUSIVE);
      return { answer: errorOf(() => ep.unregister(listener)) === 'no error' ? 1 : 0 };
    },
    tell: (_, { answer }) => `${answer} listener is watched with the flag.`,
  },
  read: ['epoll_ctl(2)'],
});
