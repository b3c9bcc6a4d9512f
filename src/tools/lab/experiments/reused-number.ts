// A list of events, and a descriptor's number that changes hands within it.
import { POLLIN, poll } from '../../../select.ts';
import { AF_INET, create_server, fromfd, SOCK_STREAM, socket } from '../../../socket.ts';
import { tcpPair } from '../connections.ts';
import { both, experiment } from '../experiment.ts';

/** Two clients have sent, and poll() says so; another one waits to be accepted. */
function serve(old: string, fresh: string, closesAtOnce: boolean): string {
  using listener = create_server(['127.0.0.1', 0]);
  const [first, second, waiting] = [tcpPair(), tcpPair(), socket()];
  waiting.connect(listener.getsockname());
  first[0].sendall(Buffer.from('Hello'));
  second[0].sendall(Buffer.from(old));
  waiting.sendall(Buffer.from(fresh));
  const watched = poll();
  for (const [, server] of [first, second]) watched.register(server, POLLIN);
  const events = watched.poll(0);

  if (closesAtOnce) second[1].close(); // While it handles events[0]: too slow, say.
  const [accepted] = listener.accept();
  using named = fromfd(events[1][0], AF_INET, SOCK_STREAM); // Now it handles events[1].
  const text = named.recv(1024).toString();
  for (const sock of [...first, ...second, waiting, accepted]) sock.close();
  return text;
}

const whose = (got: string, old: string) => (got === old ? "the second client's" : "the new client's");

export default experiment({
  hazards: ['H15'],
  title: 'Whose event is it?',
  kernels: both,
  numbers: (random) => ({ old: random.letters(5), fresh: random.letters(6) }),
  question: ({ old, fresh }) =>
    `poll() reports two clients; the second has sent '${old}'. While it handles the first event, the server closes the ` +
    `second client, and accepts a new one, who sent '${fresh}'. Then it handles the second event: it receives from the ` +
    'descriptor that the event names. Whose bytes does it get?',
  asks: ["the second client's", "the new client's"],
  key: () => "the new client's",
  run({ old, fresh }) {
    const text = serve(old, fresh, true);
    return { answer: whose(text, old), text };
  },
  explain: (_, { answer, text }) =>
    `'${text}': ${answer}. A new descriptor gets the lowest number that is free, which is the one that was just closed. ` +
    'The event is of the old one, and says a number only.',
  cure: {
    change: 'Close when the list of events is done; or only the client whose own event is being handled.',
    key: () => "the second client's",
    run({ old, fresh }) {
      const text = serve(old, fresh, false);
      return { answer: whose(text, old), text };
    },
    tell: (_, { text }) => `'${text}', as it should be.`,
  },
  read: ['open(2): the lowest number', 'epoll(7), If using an event cache'],
});
