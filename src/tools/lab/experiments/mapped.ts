// A client of IPv4, at a server of IPv6.
import { AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, SOCK_STREAM, socket } from '../../../socket.ts';
import { experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H38'],
  title: "The address of a dual-stack server's client",
  kernels: ['real'],
  onlyBecause: 'the simulated kernel has no sockets for both protocols.',
  numbers: (random) => ({ last: random.int(1, 250) }),
  question: ({ last }) =>
    `A server listens on :: for both IPv6 and IPv4 (IPV6_V6ONLY is 0). A client at 127.0.0.${last} connects by IPv4. ` +
    'Which host does accept() name?',
  asks: ['127.0.0.N', '::1', '::ffff:127.0.0.N', 'none'],
  key: () => '::ffff:127.0.0.N',
  run({ last }) {
    using listener = socket(AF_INET6, SOCK_STREAM);
    listener.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0);
    listener.bind(['::', 0]);
    listener.listen();
    using client = socket();
    client.bind([`127.0.0.${last}`, 0]);
    client.connect(['127.0.0.1', listener.getsockname()[1]]);
    const [server, [host]] = listener.accept();
    server.close();
    return { answer: host.replace(new RegExp(`\\b127\\.0\\.0\\.${last}$`), '127.0.0.N'), host };
  },
  explain: (_, { host }) =>
    `'${host}'. The socket is one of IPv6, so its addresses are, too: that of IPv4 stands in the last four of the sixteen ` +
    "bytes, behind ::ffff. A list of allowed addresses that has '127.0.0.1' in it lets nobody in.",
  cure: {
    change: 'Listen with two sockets, one for each protocol; or take the ::ffff: off before comparing.',
    key: ({ last }) => `127.0.0.${last}`,
    run({ last }) {
      using listener = socket();
      listener.bind(['0.0.0.0', 0]);
      listener.listen();
      using client = socket();
      client.bind([`127.0.0.${last}`, 0]);
      client.connect(['127.0.0.1', listener.getsockname()[1]]);
      const [server, [host]] = listener.accept();
      server.close();
      return { answer: host };
    },
    tell: (_, { answer }) => `A listener of IPv4 names '${answer}'.`,
  },
  read: ['ipv6(7)', 'RFC 4291, 2.5.5.2'],
});
