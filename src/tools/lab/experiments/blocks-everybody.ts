// One client that sends and does not read, and another one that waits for its answer.
import { select } from '../../../select.ts';
import { create_server, MSG_DONTWAIT, type Socket } from '../../../socket.ts';
import { errorOf, experiment, FOR_EVER } from '../experiment.ts';

const state = { hasAnswer: false };

/** A select() loop, until B has its answer. */
function serve(answer: (client: Socket, data: Buffer) => void) {
  const rfds: Socket[] = [create_server(['127.0.0.1', 12345])];
  while (!state.hasAnswer) {
    for (const sock of select(rfds, [], [])[0]) {
      if (sock === rfds[0]) rfds.push(rfds[0].accept()[0]);
      else answer(sock, sock.recv(1024));
    }
  }
  for (const sock of rfds) sock.close();
  return { answer: 'B has its answer' };
}

export default experiment({
  hazards: ['H52'],
  title: 'One client that does not read, and another one',
  kernels: ['simulated'],
  onlyBecause:
    'that something never comes can be known there alone, where all that could still happen is known.',
  numbers: (random) => ({ size: random.int(20_000, 90_000), delay: random.int(1, 90) }),
  world: () => ({ sendBuffer: 4096, receiveBuffer: 4096 }),
  populate(world, { size, delay }) {
    state.hasAnswer = false;
    world.addProcess('A', [{ connect: ['127.0.0.1', 12345] }, { send: Buffer.alloc(size) }, 'stopReading']);
    world.addProcess('B', function* (client) {
      yield* client.sleep(delay / 1000);
      const sock = yield* client.connect(['127.0.0.1', 12345]);
      yield* sock.send('Hello');
      yield* sock.expect('Hello');
      state.hasAnswer = true;
    });
  },
  question: ({ size, delay }) =>
    `Buffers have 4096 bytes. Client A sends ${size} bytes and never reads. ${delay} ms later client B sends Hello. ` +
    'serve() is a select() loop, and answers with the function that it is given: here with sendall(). Then?',
  asks: ['B has its answer', FOR_EVER],
  key: () => FOR_EVER,
  run() {
    return serve((client, data) => client.sendall(data));
  },
  explain: (_, { answer }) =>
    `${answer}. The buffers of A's connection are full, sendall() waits until A reads, and while it waits nobody calls ` +
    'select(). The select server of rfds drops such a client after 5 seconds.',
  cure: {
    change: 'Never wait for one client: what the kernel does not take at once is kept (here: dropped).',
    key: () => 'B has its answer',
    run() {
      return serve((client, data) => void errorOf(() => client.send(data, MSG_DONTWAIT)));
    },
    tell: (_, { answer }) => `${answer}, while A still does not read.`,
  },
  read: ['send(2)', 'docs/sim.md'],
});
