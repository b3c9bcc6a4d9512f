// Timers of Node's, while a call blocks.
import { readable } from '../../../async.ts';
import { tcpPair } from '../connections.ts';
import { errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H47'],
  title: "Node's timers during a blocking recv()",
  kernels: ['real'],
  onlyBecause: "Node's timers know nothing of the simulated clock.",
  numbers: (random) => ({ timers: random.int(2, 30), ms: random.int(20, 80) }),
  question: ({ timers, ms }) =>
    `${timers} timers are set, for 1 ms each. Then recv() waits for ${ms} ms, and gives up. How many of the timers have ` +
    'fired, in the line behind it?',
  asks: 'number',
  key: () => 0,
  run({ timers, ms }) {
    const [client, server] = tcpPair();
    let fired = 0;
    const set = Array.from({ length: timers }, () => setTimeout(() => fired++, 1));
    server.settimeout(ms / 1000);
    const error = errorOf(() => server.recv(1024));
    const sofar = fired;
    for (const timer of set) clearTimeout(timer);
    client.close();
    server.close();
    return { answer: sofar, error };
  },
  explain: ({ timers }, { answer, error }) =>
    `${answer} of ${timers}; recv() ended with ${error}. Node runs timers, promises and listeners on the one thread that ` +
    'is waiting in the kernel. A loop of blocking calls has the thread to itself.',
  cure: {
    change: "Wait beside Node's loop: await readable(sock), of rfds/async. Or use a worker.",
    key: ({ timers }) => timers,
    async run({ timers, ms }) {
      const [client, server] = tcpPair();
      let fired = 0;
      for (let i = 0; i < timers; i++) setTimeout(() => fired++, 1);
      setTimeout(() => client.sendall(Buffer.from('Hello')), ms);
      await readable(server);
      const data = server.recv(1024);
      client.close();
      server.close();
      return { answer: fired, data: data.toString() };
    },
    tell: ({ timers }, { answer, data }) => `${answer} of ${timers} had fired when '${data}' came.`,
  },
  read: ['nodejs.org: Blocking vs non-blocking', 'docs/async.md'],
});
