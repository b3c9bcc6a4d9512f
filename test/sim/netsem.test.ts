// NetSem's rules of the Sockets calls (rems-project/netsem, a formal specification of TCP/IP): each that is in scope on
// this machine's kernel and in the model. docs/netsem.md is their table.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isLinux } from '../support/platform.ts';
import { unprivileged } from '../support/unprivileged.ts';
import { connectionCases } from './netsem-connection-cases.ts';
import { datagramCases } from './netsem-datagram-cases.ts';
import { descriptorCases } from './netsem-descriptor-cases.ts';
import { observeInModel, RealKernel } from './netsem-kernels.ts';
import type { Case } from './netsem-rule.ts';
import { transferCases } from './netsem-transfer-cases.ts';

const cases: readonly Case[] = [...connectionCases, ...transferCases, ...descriptorCases, ...datagramCases];
const title = ({ rules }: Case) => Object.keys(rules).join(', ');

describe.skipIf(!isLinux)('on this kernel', () => {
  let kernel: RealKernel;
  unprivileged();
  beforeAll(async () => {
    kernel = await RealKernel.start();
  });
  afterAll(() => kernel?.stop());
  test.each(cases.map((one) => [title(one), one] as const))(
    '%s: the case shows what the table says',
    (_, { run, expected }) => {
      expect(kernel.observe(run)).toEqual(expected);
    },
  );
});

describe.skipIf(!isLinux)('in the model', () => {
  test.each(cases.map((one) => [title(one), one] as const))(
    '%s: the case shows what the table says',
    (_, { run, expected }) => {
      expect(observeInModel(run)).toEqual(expected);
    },
  );
});
