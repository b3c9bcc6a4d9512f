// The walkthrough before any message: the server's steps 1 to 6 and the client's first.

import { type AddressValue, argumentValue } from '../../../../interpose/recorder/recording.ts';
import { watched } from '../../analyse/memory.ts';
import { madeBy, portOf } from '../../analyse/sockets.ts';
import { addressText, duration } from '../../words.ts';
import { type Claim, callText, finding, lasted, list, need, slept, spent } from './claim.ts';
import { callOf } from './parts.ts';

export const setup: Claim[] = [
  {
    id: 'server-fd-3',
    at: 'server-1',
    says: "The server's socket gets descriptor 3",
    check: ({ listener }) => {
      const { fd } = need(listener, 'the server did not listen');
      return finding(fd === 3, `descriptor ${fd}`);
    },
  },
  {
    id: 'reuseaddr',
    at: 'server-2',
    says: 'SO_REUSEADDR is set to 1 on it',
    check: ({ serverCalls }) => {
      const call = callOf(serverCalls, 'setsockopt', 'server');
      return finding(
        call.result === 0 && call.args[2]?.text === 'SO_REUSEADDR' && argumentValue(call, 'optval') === 1,
        `${callText(call)} = ${call.result}`,
      );
    },
  },
  {
    id: 'bind-port',
    at: 'server-3',
    says: 'bind() gives the port that was asked for to this socket',
    check: ({ serverCalls, listener }) => {
      const call = callOf(serverCalls, 'bind', 'server');
      const local = need(listener?.local, "the listener's address was not looked at");
      const asked = argumentValue<AddressValue>(call, 'addr')?.port;
      const got = asked === 0 ? portOf(local) > 0 : portOf(local) === asked;
      return finding(call.result === 0 && got, `asked for port ${asked}, is ${addressText(local)}`);
    },
  },
  {
    id: 'listen-passive',
    at: 'server-4',
    says: 'listen() makes the socket passive',
    check: ({ serverCalls }) => {
      const call = callOf(serverCalls, 'listen', 'server');
      const state = need(call.sockets?.[0]?.tcp?.state, "the listener's state was not looked at");
      return finding(state === 'LISTEN', `its state after listen() is ${state}`);
    },
  },
  {
    id: 'listen-queue',
    at: 'server-4',
    says: 'listen() makes a queue for connections',
    check: ({ serverCalls }) => {
      const call = callOf(serverCalls, 'listen', 'server');
      const queue = need(call.sockets?.[0]?.acceptQueue, 'the accept queue was not looked at');
      return finding(queue.backlog > 0, `${queue.length} connections in it, room for ${queue.backlog}`);
    },
  },
  {
    id: 'rfds-listener',
    at: 'server-5',
    says: 'The list rfds begins with the listening socket alone',
    check: ({ serverCalls, listener }) => {
      const fds = need(watched(callOf(serverCalls, 'select', 'server')), 'no set was recorded');
      return finding(fds.length === 1 && fds[0] === listener?.fd, `the first select() watches ${list(fds)}`);
    },
  },
  {
    id: 'select-blocks',
    at: 'server-6',
    says: 'select() blocks until something happens',
    check: ({ recording, serverCalls }) => {
      const call = callOf(serverCalls, 'select', 'server');
      return finding(slept(recording, call), spent(call));
    },
  },
  {
    id: 'select-no-cpu',
    at: 'server-state',
    says: 'While it waits, the server uses 0 % of the CPU',
    check: ({ serverCalls }) => {
      const call = callOf(serverCalls, 'select', 'server');
      const share = (100 * call.cpu) / Math.max(lasted(call), 1);
      // The calls into and out of the sleep take their microseconds, however short it is.
      return finding(share < 1 || call.cpu < 100_000, `${share.toPrecision(2)} %: ${spent(call)}`);
    },
  },
  {
    id: 'client-fd-4',
    at: 'client-1',
    says: "The client's socket gets descriptor 4",
    check: ({ clientCalls }) => {
      const fd = madeBy(callOf(clientCalls, 'socket', 'client'));
      return finding(fd === 4, `descriptor ${fd}: its process has a table of its own`);
    },
  },
  {
    id: 'client-name',
    at: 'client-1',
    says: "The client's variable is called server_socket, too",
    check: ({ recording, connect }) => {
      const call = need(connect, 'the client did not connect');
      const frame = recording.frames.find(({ pid, id }) => pid === call.pid && id === call.at);
      const { text, file, line } = need(frame, 'the line of connect() was not recorded');
      return finding(/\bserver_socket\b/.test(text), `${file}:${line}: ${text}`);
    },
  },
  {
    id: 'connect-address',
    at: 'client-2',
    says: 'The client connects to the address of the server',
    check: ({ connect, clientEnd, listener }) => {
      const call = need(connect, 'the client did not connect');
      const remote = need(clientEnd?.remote, "the client's socket was not looked at");
      const local = need(listener?.local, 'the listener was not looked at');
      return finding(
        call.result === 0 && portOf(remote) === portOf(local),
        `connect() to ${addressText(remote)} = ${call.result}; the listener is ${addressText(local)}`,
      );
    },
  },
  {
    id: 'no-lookup',
    at: 'connect-1',
    says: 'No name is looked up: the address is a number already',
    check: ({ clientCalls, connect }) => {
      const call = need(connect, 'the client did not connect');
      const made = clientCalls.findIndex(({ name }) => name === 'socket');
      const between = clientCalls.slice(made + 1, clientCalls.indexOf(call));
      const names = between.map(({ name }) => `${name}()`).join(', ') || 'no call';
      return finding(between.length === 0, `${names} between socket() and connect()`);
    },
  },
  {
    id: 'two-machines',
    at: 'connect-2',
    says: 'Client and server are two machines, 10.0.0.2 and 10.0.0.1',
    check: ({ clientEnd }) => {
      const { local, remote } = need(clientEnd, 'the client made no socket');
      const text = `${addressText(need(local, 'no address was looked at'))} and ${addressText(remote)}`;
      return finding(/^10\.0\.0\.2:\d+ and 10\.0\.0\.1:\d+$/.test(text), text);
    },
  },
  {
    id: 'source-port',
    at: 'connect-2',
    says: "The kernel picks the client's port, one like 54321",
    check: ({ clientEnd, connect, clientCalls }) => {
      const port = portOf(need(clientEnd?.local, "the client's socket was not looked at"));
      const bound = clientCalls.some(({ name }) => name === 'bind');
      return finding(!bound && port >= 1024, `port ${port}, from connect() in ${duration(lasted(connect!))}`);
    },
  },
];
