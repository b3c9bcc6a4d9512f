// A descriptor that came in a message.
import { MSG_CMSG_CLOEXEC, recv_fds, send_fds, socketpair } from '../../../socket.ts';
import { CMSG_SPACE } from '../../../structs.ts';
import { close, F_GETFD, FD_CLOEXEC, fcntl } from '../../../syscalls.ts';
import { both, experiment } from '../experiment.ts';

export default experiment({
  hazards: ['H43'],
  title: 'Is a descriptor that came with SCM_RIGHTS inherited?',
  kernels: both,
  numbers: (random) => ({ cloexec: random.pick(['with', 'without']), text: random.letters(5) }),
  question: ({ cloexec, text }) =>
    `A process is sent '${text}' and a descriptor, over a UNIX socket, and receives them with recvmsg(), ${cloexec} ` +
    'MSG_CMSG_CLOEXEC. Then it starts another program. Does that inherit the descriptor?',
  asks: ['yes', 'no'],
  key: ({ cloexec }) => (cloexec === 'with' ? 'no' : 'yes'),
  run({ cloexec, text }) {
    const [near, far] = socketpair();
    send_fds(near, [Buffer.from(text)], [near.fileno()]);
    const flags = cloexec === 'with' ? MSG_CMSG_CLOEXEC : 0;
    const [, [[, , data]]] = far.recvmsg(1024, CMSG_SPACE(4), flags);
    const fd = data.readInt32LE();
    const isInherited = (fcntl(fd, F_GETFD, 0) & FD_CLOEXEC) === 0;
    close(fd);
    near.close();
    far.close();
    return { answer: isInherited ? 'yes' : 'no', FD_CLOEXEC: isInherited ? 'not set' : 'set' };
  },
  explain: ({ cloexec }, { answer, FD_CLOEXEC }) =>
    `${answer}: FD_CLOEXEC is ${FD_CLOEXEC}, ${cloexec} the flag. Every call that makes a descriptor makes an inheritable ` +
    'one unless it is asked for another: so connections leak into child processes, and stay open there.',
  cure: {
    change: 'Ask for MSG_CMSG_CLOEXEC, SOCK_CLOEXEC, O_CLOEXEC … always. recv_fds() does.',
    key: () => 'no',
    run({ text }) {
      const [near, far] = socketpair();
      send_fds(near, [Buffer.from(text)], [near.fileno()]);
      const [, [fd]] = recv_fds(far, 1024, 1);
      const isInherited = (fcntl(fd, F_GETFD, 0) & FD_CLOEXEC) === 0;
      close(fd);
      near.close();
      far.close();
      return { answer: isInherited ? 'yes' : 'no' };
    },
    tell: (_, { answer }) => `Inherited: ${answer}.`,
  },
  read: ['unix(7), SCM_RIGHTS', 'recvmsg(2), MSG_CMSG_CLOEXEC', 'fcntl(2), FD_CLOEXEC'],
});
