// accept() reports what happened to a client.
import { select } from '../../../select.ts';
import { create_server, type Socket, socket } from '../../../socket.ts';
import { errorOf, experiment } from '../experiment.ts';

/** Connects some clients, and accepts until onError says that it is enough. Returns how many. */
function serve(clients: number, onError: (error: string) => 'go on' | 'stop'): number {
  using listener = create_server(['127.0.0.1', 0]);
  const connected: Socket[] = Array.from({ length: clients }, () => socket());
  for (const client of connected) client.connect(listener.getsockname());
  let served = 0;
  while (select([listener], [], [], 0)[0].length > 0) {
    const error = errorOf(() => {
      listener.accept()[0].close();
      served++;
    });
    if (error !== 'no error' && onError(error) === 'stop') break;
  }
  for (const client of connected) client.close();
  return served;
}

export default experiment({
  hazards: ['H2', 'H23'],
  title: 'accept() fails, once',
  kernels: ['simulated'],
  numbers: (random) => ({
    errno: random.pick(['ECONNABORTED', 'EPROTO', 'ENETDOWN', 'EHOSTUNREACH']),
    clients: random.int(4, 12),
    at: random.int(0, 3),
  }),
  onlyBecause: 'a network that fails between SYN and accept() is not to be had for certain.',
  world({ errno, at }) {
    let accepts = 0;
    const choose = (_n: number, _w: unknown, _what: string, kind: string) =>
      kind === 'fault' && accepts++ === at ? 1 : 0;
    return { faults: 1, faultsOf: { accept4: [errno] }, chooser: { choose } };
  },
  question: ({ errno, clients, at }) =>
    `${clients} clients are connected. The accept() after ${at} others fails with ${errno}, and serve() is told to stop ` +
    'at an error. How many clients were served?',
  asks: 'number',
  key: ({ at }) => at,
  run({ clients }) {
    return { answer: serve(clients, () => 'stop') };
  },
  explain: ({ errno, clients }, { answer }) =>
    `${answer} of ${clients}. Linux reports with accept() what happened to the connection that is taken out: ${errno} is ` +
    'about that client, and the listener is as good as before. A server that ends for it can be ended from outside.',
  cure: {
    change: 'Take these errors for EAGAIN: go on to the next client.',
    key: ({ clients }) => clients,
    run({ clients }) {
      return { answer: serve(clients, () => 'go on') };
    },
    tell: (_, { answer }) =>
      `${answer} were served. (The model leaves the connection in the queue; Linux takes it out.)`,
  },
  read: ['accept(2), Error handling'],
});
