// A program that writes to a pipe which nobody reads from any more.
import { spawnSync } from 'node:child_process';
import { socketpair } from '../../../socket.ts';
import { close, pipe } from '../../../syscalls.ts';
import { errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H17'],
  title: 'Writing to whom nobody listens to',
  kernels: ['real'],
  onlyBecause: 'the simulated kernel has no other programs.',
  numbers: (random) => ({ text: random.letters(6) }),
  question: ({ text }) =>
    `yes(1) writes '${text}' again and again, to a pipe whose reading end was closed before it began. How does it end?`,
  asks: ['with status 0', 'with status 1, and a message', 'it is killed by a signal', 'never: it was ended'],
  key: () => 'it is killed by a signal',
  run({ text }) {
    const ends = new Int32Array(2);
    pipe(ends);
    close(ends[0]);
    const { status, signal } = spawnSync('yes', [text], {
      stdio: ['ignore', ends[1], 'ignore'],
      timeout: 5000,
      killSignal: 'SIGKILL',
    });
    close(ends[1]);
    if (signal === 'SIGKILL') return { answer: 'never: it was ended', signal };
    if (signal !== null) return { answer: 'it is killed by a signal', signal };
    return { answer: status === 0 ? 'with status 0' : 'with status 1, and a message', signal: 'none' };
  },
  explain: (_, { answer, signal }) =>
    `${answer}: ${signal}. Its default action ends the process, without a message. A server in C that sends to a client ` +
    'which has gone dies so. Python and Node ignore the signal; the call fails with EPIPE then.',
  cure: {
    change: 'Ignore SIGPIPE, or send with MSG_NOSIGNAL, as rfds does: then it is an error like any other.',
    key: () => 'EPIPE',
    run({ text }) {
      const [near, far] = socketpair();
      far.close();
      const error = errorOf(() => near.send(Buffer.from(text)));
      near.close();
      return { answer: error };
    },
    tell: (_, { answer }) => `send() failed with ${answer}, and the process lives.`,
  },
  read: ['signal(7), SIGPIPE', 'send(2), MSG_NOSIGNAL'],
});
