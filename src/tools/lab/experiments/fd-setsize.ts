// A descriptor that an fd_set may not have a place for.
import { POLLIN, poll, select } from '../../../select.ts';
import { F_DUPFD_CLOEXEC, fcntl, close as sys_close } from '../../../syscalls.ts';
import { tcpPair } from '../connections.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H12'],
  title: 'Large descriptors and select()',
  kernels: both,
  numbers: (random) => ({ fd: random.int(1004, 1043) }),
  world: () => ({ maxDescriptors: 4096 }),
  question: ({ fd }) => `A server with many clients passes descriptor ${fd} to select(). What does that do?`,
  asks: ['it works', 'it throws RangeError'],
  key: ({ fd }) => (fd < 1024 ? 'it works' : 'it throws RangeError'),
  run({ fd }) {
    const [client, server] = tcpPair();
    const large = fcntl(server.fileno(), F_DUPFD_CLOEXEC, fd);
    const error = errorOf(() => select([large], [], [], 0));
    sys_close(large);
    client.close();
    server.close();
    return { answer: error === 'no error' ? 'it works' : `it throws ${error}`, large };
  },
  explain: (_, { answer, large }) =>
    `Descriptor ${large}: ${answer}. A set of select() is FD_SETSIZE bits, 1024, one for each descriptor from 0 on. In C, ` +
    'FD_SET of a larger one writes into the memory behind the set, without a word. It is the number that counts, not ' +
    'how many descriptors are watched.',
  cure: {
    change: 'poll(), epoll and kqueue take any descriptor.',
    key: () => 1,
    run({ fd }) {
      const [client, server] = tcpPair();
      const large = fcntl(server.fileno(), F_DUPFD_CLOEXEC, fd);
      client.sendall(Buffer.from('Hello'));
      const watched = poll();
      watched.register(large, POLLIN);
      const ready = watched.poll(0).length;
      sys_close(large);
      client.close();
      server.close();
      return { answer: ready };
    },
    tell: (_, { answer }) => `poll() reports ${answer} descriptor.`,
  },
  read: ['select(2), BUGS', 'poll(2)'],
});
