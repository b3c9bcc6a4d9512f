// A character of two bytes, and a piece of the stream that ends within it.
import { decode } from '../../../builtins.ts';
import { tcpPair } from '../connections.ts';
import { both, errorOf, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H50'],
  title: 'Decoding what recv() returned',
  kernels: both,
  numbers: (random) => ({ size: random.int(3, 40) }),
  question: ({ size }) =>
    `The client sends 'é' 40 times, two bytes each in UTF-8, and all of it has come. The server calls recv(${size}) and ` +
    'decodes that piece, as the documented server does. What does decode() do?',
  asks: ['it returns characters', 'it throws'],
  key: ({ size }) => (size % 2 === 0 ? 'it returns characters' : 'it throws'),
  run({ size }) {
    const [client, server] = tcpPair();
    client.sendall(Buffer.from('é'.repeat(40)));
    const piece = server.recv(size);
    const error = errorOf(() => decode(piece));
    client.close();
    server.close();
    const answer = error === 'no error' ? 'it returns characters' : 'it throws';
    return { answer, bytes: piece.length, last: piece[piece.length - 1].toString(16) };
  },
  explain: (_, { answer, bytes, last }) =>
    `The piece has ${bytes} bytes, of which the last is 0x${last}, so ${answer}. 0xc3 begins a character and 0xa9 ends ` +
    'it: a stream may be cut anywhere, also between the two. In Python that is a UnicodeDecodeError, and where nobody catches it, it ends the server.',
  cure: {
    change:
      'Answer with the bytes as they are; or decode with a decoder that keeps the beginning of a character.',
    key: () => 'é'.repeat(40),
    run({ size }) {
      const [client, server] = tcpPair();
      client.sendall(Buffer.from('é'.repeat(40)));
      client.close();

      const decoder = new TextDecoder();
      let text = '';
      for (let piece = server.recv(size); piece.length > 0; piece = server.recv(size)) {
        text += decoder.decode(piece, { stream: true });
      }
      server.close();
      return { answer: text, characters: text.length };
    },
    tell: (_, { characters }) => `${characters} characters, whole.`,
  },
  read: ['utf-8(7)', 'RFC 3629'],
});
