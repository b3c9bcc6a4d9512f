// NetSem's rules of the Sockets calls (rems-project/netsem, a formal specification of TCP/IP): each that is in scope on
// this machine's kernel and in the model. docs/netsem.md is their table.

import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isLinux } from '../support/platform.ts';
import { unprivileged } from '../support/unprivileged.ts';
import { observeInModel, RealKernel } from './netsem-kernels.ts';
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

test('each rule is in scope, with one case, or out of scope', () => {
  expect(allRules.filter((rule, i) => allRules.indexOf(rule) !== i)).toEqual([]);
  expect(allRules.length).toBe(RULES);
});

test('docs/netsem.md is the table of the cases', async () => {
  await expect(page()).toMatchFileSnapshot('../../docs/netsem.md');
});
