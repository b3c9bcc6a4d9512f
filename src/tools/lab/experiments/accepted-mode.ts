// What an accepted socket has of its listener.
import { create_server, socket } from '../../../socket.ts';
import {
  accept4,
  close,
  F_GETFL,
  fcntl,
  O_NONBLOCK,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
} from '../../../syscalls.ts';
import { both, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H4'],
  title: 'Is it non-blocking, as its listener is?',
  kernels: both,
  numbers: (random) => ({ mode: random.pick(['blocking', 'non-blocking']) }),
  question: ({ mode }) =>
    `A listener is ${mode}. A client connects, and accept4(), without SOCK_NONBLOCK, gives its socket. That is:`,
  asks: ['blocking', 'non-blocking'],
  key: ({ mode }) => (process.platform === 'linux' ? 'blocking' : mode),
  run({ mode }) {
    using listener = create_server(['127.0.0.1', 0]);
    listener.setblocking(mode === 'blocking');
    using client = socket();
    client.connect(listener.getsockname());
    const fd = accept4(listener.fileno(), null, null, SOCK_CLOEXEC);
    const flags = fcntl(fd, F_GETFL, 0);
    close(fd);
    return { answer: flags & O_NONBLOCK ? 'non-blocking' : 'blocking', flags: flags.toString(8) };
  },
  explain: ({ mode }, { answer, flags }) =>
    `${answer} (its flags are 0${flags}, in octal), from a ${mode} listener. On Linux a new socket has nothing of its ` +
    'listener; on macOS and the BSDs it has O_NONBLOCK from it. A server that was written on a Mac blocks on Linux, in ' +
    'the first recv() that finds nothing.',
  cure: {
    change: 'Say what you want: SOCK_NONBLOCK of accept4(), or setblocking() afterwards.',
    key: () => 'non-blocking',
    run({ mode }) {
      using listener = create_server(['127.0.0.1', 0]);
      listener.setblocking(mode === 'blocking');
      using client = socket();
      client.connect(listener.getsockname());
      const fd = accept4(listener.fileno(), null, null, SOCK_CLOEXEC | SOCK_NONBLOCK);
      const flags = fcntl(fd, F_GETFL, 0);
      close(fd);
      return { answer: flags & O_NONBLOCK ? 'non-blocking' : 'blocking' };
    },
    tell: (_, { answer }) => `It is ${answer}.`,
  },
  read: ['accept(2), NOTES'],
});
