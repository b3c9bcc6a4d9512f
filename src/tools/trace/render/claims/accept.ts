// The walkthrough's accept(), and both sides back to waiting.

import { isInput, isPrint, mirrored } from '../../analyse/dialogue.ts';
import { dataOf } from '../../analyse/sockets.ts';
import { addressText } from '../../words.ts';
import { type Claim, finding, list, need, quoted, slept, spent } from './claim.ts';
import { acceptOf, connectOf, watchedBy } from './parts.ts';

export const accepting: Claim[] = [
  {
    id: 'accept-new-socket',
    at: 'accepts',
    says: 'accept() returns a new socket for this client',
    check: (run) => {
      const { result } = acceptOf(run);
      return finding(
        result >= 0 && result !== run.listener?.fd,
        `descriptor ${result}, beside the listener's ${run.listener?.fd}`,
      );
    },
  },
  {
    id: 'accept-address',
    at: 'accepts',
    says: "accept() returns the client's address",
    check: (run) => {
      acceptOf(run);
      const [client, server] = [need(run.clientEnd, 'no client'), need(run.serverEnd, 'no connection')];
      need(server.remote, 'no address was looked at');
      return finding(
        mirrored(client, server),
        `${addressText(server.remote)}; the client's is ${addressText(client.local)}`,
      );
    },
  },
  {
    id: 'accept-printed',
    at: 'accepts',
    says: 'The server prints "Accepted connection from" and the address',
    check: (run) => {
      const accept = acceptOf(run);
      const line = need(
        run.serverCalls.find((call) => isPrint(call) && call.start >= accept.end),
        'nothing was printed',
      );
      const [host, port] = (run.serverEnd?.remote ?? []) as [string, number];
      return finding(
        dataOf(line).toString() === `Accepted connection from ('${host}', ${port})\n`,
        quoted(dataOf(line)),
      );
    },
  },
  {
    id: 'rfds-both',
    at: 'accepts',
    says: 'Then rfds has the listening socket and the new one',
    check: (run) => {
      const wait = need(run.waitsForBoth, 'the server waited no more');
      const fds = watchedBy(run, wait);
      const wanted = [run.listener?.fd, run.serverEnd?.fd];
      return finding(
        fds.length === 2 && wanted.every((fd) => fds.includes(fd!)),
        `${wait.name}() watches ${list(fds)}`,
      );
    },
  },
  {
    id: 'nothing-to-read',
    at: 'accepts',
    says: 'The listening socket is taken out of rlist, and nothing is read: back to select()',
    check: (run) => {
      const wait = need(run.waitsForBoth, 'the server waited no more');
      const between = run.serverCalls.filter(
        ({ start, end }) => start >= acceptOf(run).end && end <= wait.start,
      );
      const names = between.map(({ name }) => `${name}()`).join(', ') || 'no call';
      return finding(
        !between.some(({ name }) => name === 'recv'),
        `${names} between accept() and ${wait.name}()`,
      );
    },
  },
  {
    id: 'client-prompts',
    at: 'prompts',
    says: 'The client prints what to do: type, press Enter, leave with Ctrl+C or Ctrl+D',
    check: (run) => {
      const connect = connectOf(run);
      const printed = run.clientCalls.filter((call) => isPrint(call) && call.start >= connect.end);
      const text = Buffer.concat(printed.slice(0, 2).map(dataOf)).toString();
      need(printed[0], 'nothing was printed');
      return finding(/^Type .*Enter\nTo quit: Ctrl\+C or Ctrl\+D\n$/.test(text), quoted(Buffer.from(text)));
    },
  },
  {
    id: 'input-blocks',
    at: 'prompts',
    says: 'input() blocks until the user has typed a line',
    check: (run) => {
      const call = need(run.clientCalls.find(isInput), 'the client read no input');
      return finding(slept(run.recording, call), spent(call));
    },
  },
  {
    id: 'server-sleeps-again',
    at: 'current-state',
    says: 'The server sleeps in select() meanwhile',
    check: (run) => {
      const wait = need(run.waitsForBoth, 'the server waited no more');
      return finding(slept(run.recording, wait), spent(wait));
    },
  },
];
