// NetSem's rules of the Sockets calls (rems-project/netsem, a formal specification of TCP/IP): each that is in scope on
// this machine's kernel and in the model. docs/netsem.md is their table.

import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AF_INET, SOCK_STREAM } from '../../src/kernel/constants/socket.ts';
import { World } from '../../src/sim/world.ts';
import * as sys from '../../src/syscalls.ts';
import { isLinux } from '../support/platform.ts';
import { unprivileged } from '../support/unprivileged.ts';
import {
  address,
  at,
  MAX_DESCRIPTORS,
  must,
  nameOf,
  observeInModel,
  peerOf,
  RealKernel,
  received,
} from './netsem-kernels.ts';
import { allRules, cases, page } from './netsem-page.ts';

const named = cases.map((one) => [Object.keys(one.rules).join(', '), one] as const);

/** How many rules the Sockets calls have in NetSem's TCP1_ruleids, return_1 to resourcefail_2, without connect_1a. */
const RULES = 148;

/** IP_LOCAL_PORT_RANGE, by which the cases leave a socket without a free port, came with 6.3. */
const [major, minor] = release().split('.').map(Number);
const hasPortRange = isLinux && (major > 6 || (major === 6 && minor >= 3));

describe.skipIf(!hasPortRange)('on this kernel', () => {
  let kernel: RealKernel;
  unprivileged();
  beforeAll(async () => {
    kernel = await RealKernel.start();
  });
  afterAll(() => kernel?.stop());
  test.each(named)('%s: the case shows what the table says', (_, { run, expected }) => {
    expect(kernel.observe(run)).toEqual(expected);
  });

  test('accept_4: accept() that waits keeps a listener that another thread closes', () => {
    const observed = kernel.observe(() => {
      const listener = kernel.listener();
      const [to, client] = [address(listener), kernel.tcp()];
      kernel.later(0.03, 'close', listener);
      kernel.later(0.06, 'connect', client, to);
      const [conn, waited] = kernel.waited(0.06, () => kernel.opened(sys.accept(listener, null, null)));
      return [peerOf(Number(conn)) === nameOf(client), waited];
    });
    expect(observed).toEqual([true, true]);
  });

  test('accept_6: accept() that waits has reserved the last descriptor, which no other thread gets', () => {
    const observed = kernel.observe(() => {
      const listener = kernel.listener();
      const [to, client] = [address(listener), kernel.tcp()];
      let [conn, waited]: [string | number, boolean] = ['', false];
      const more = kernel.atLimit(() => {
        sys.close(MAX_DESCRIPTORS - 1); // One is free.
        kernel.later(0.03, 'dup', 0);
        kernel.later(0.06, 'connect', client, to);
        [conn, waited] = kernel.waited(0.06, () => sys.accept(listener, null, null));
        return sys.dup(0);
      });
      return [conn, waited, more];
    });
    expect(observed).toEqual([MAX_DESCRIPTORS - 1, true, 'EMFILE']);
  });
});

describe.skipIf(!isLinux)('in the model', () => {
  test.each(named)('%s: the case shows what the table says', (_, { run, expected }) => {
    expect(observeInModel(run)).toEqual(expected);
  });
});

test('what was sent on a connection that connect() to AF_UNSPEC has ended does not reach the next one', () => {
  const world = new World({ addresses: ['10.0.0.1'] });
  const far = world.addHost('far', '10.0.0.2');
  world.link(world.localhost, far, { latency: 0.05 });
  for (const [port, data] of [
    [1001, 'stale'],
    [1002, 'fresh'],
  ] as const)
    world.addProcess(`server ${port}`, [{ listen: ['10.0.0.2', port] }, 'accept', { send: data }], {
      host: far,
    });
  let got: string | number = '';
  const outcome = world.run(() => {
    const fd = sys.socket(AF_INET, SOCK_STREAM, 0);
    must(sys.connect(fd, at('10.0.0.2', 1001)));
    // The bytes leave when the last ACK of the handshake has arrived, and are under way now.
    sys.poll(new Uint8Array(0), 0, 75);
    must(sys.connect(fd, new Uint8Array(16)));
    must(sys.connect(fd, at('10.0.0.2', 1002)));
    got = received(fd);
    must(sys.close(fd));
  });
  expect([outcome.reason, got]).toEqual(['returned', 'fresh']);
});

test('each rule is in scope, with one case, or out of scope', () => {
  expect(allRules.filter((rule, i) => allRules.indexOf(rule) !== i)).toEqual([]);
  expect(allRules.length).toBe(RULES);
});

test('docs/netsem.md is the table of the cases', async () => {
  await expect(page()).toMatchFileSnapshot('../../docs/netsem.md');
});
