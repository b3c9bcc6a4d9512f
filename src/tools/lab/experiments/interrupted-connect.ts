// A signal while connect() waits for the other side.

import { select } from '../../../select.ts';
import { ITIMER_REAL, SIGALRM, setitimer, signal } from '../../../signal.ts';
import { SO_ERROR, SOL_SOCKET, socket } from '../../../socket.ts';
import { errorcode } from '../../../syscalls.ts';
import { experiment, type Numbers } from '../experiment.ts';
import { connectOnce } from '../raw-connect.ts';

const server: [string, number] = ['10.0.0.2', 80];

/** What the first connect() returns, which a signal interrupts. */
function interrupted(fd: number, { after }: Numbers): number {
  const before = signal(SIGALRM, () => {});
  setitimer(ITIMER_REAL, Number(after) / 1000);
  const result = connectOnce(fd, server);
  signal(SIGALRM, before);
  return result;
}

export default experiment({
  hazards: ['H24'],
  title: 'connect() is interrupted, and called again',
  kernels: ['simulated'],
  numbers: (random) => ({ after: random.int(5, 150) }),
  onlyBecause:
    'on one machine a connection is made at once; there the way to the server takes a tenth of a second.',
  world: () => ({ addresses: ['10.0.0.1'] }),
  populate(world) {
    const far = world.addHost('far', server[0]);
    world.link(world.localhost, far, { latency: 0.1 });
    world.addProcess('server', [{ listen: server }, 'accept', 'receiveAll'], { host: far });
  },
  question: ({ after }) =>
    `A server is 100 ms away, one way. A blocking connect() is interrupted by a signal after ${after} ms: EINTR. The ` +
    'program calls connect() again, at once, on the same socket. What does that give?',
  asks: 'errno',
  key: () => 'EALREADY',
  run(numbers) {
    using client = socket();
    const first = interrupted(client.fileno(), numbers);
    const again = connectOnce(client.fileno(), server, { waits: false });
    return { answer: again === 0 ? 'connected' : errorcode(again), first: errorcode(first) };
  },
  explain: (_, { answer, first }) =>
    `${first}, then ${answer}. The signal ends the call, and not the connecting: the SYN is on its way. It is the one ` +
    'call that is not simply made again.',
  cure: {
    change: 'Wait until the socket is writable, and ask SO_ERROR how it went. connect() of rfds/socket does.',
    key: () => 'connected',
    run(numbers) {
      using client = socket();
      interrupted(client.fileno(), numbers);
      select([], [client], []);
      return { answer: client.getsockopt(SOL_SOCKET, SO_ERROR) === 0 ? 'connected' : 'failed' };
    },
    tell: (_, { answer }) => `SO_ERROR was 0: ${answer}.`,
  },
  read: ['connect(2), EINTR', 'signal(7)'],
});
