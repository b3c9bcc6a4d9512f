// NetSem's rules of the Sockets calls (rems-project/netsem, a formal specification of TCP/IP): each that is in scope on
// this machine's kernel and in the model. docs/netsem.md is their table.

import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AF_INET, SOCK_STREAM } from '../../src/kernel/constants/socket.ts';
import { World } from '../../src/sim/world.ts';
import * as sys from '../../src/syscalls.ts';
import { isLinux } from '../support/platform.ts';
import { unprivileged } from '../support/unprivileged.ts';
import { at, must, observeInModel, RealKernel, received } from './netsem-kernels.ts';
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
