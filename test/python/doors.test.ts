// Which constants the doors of Python's modules have: Python's, and of C's those that the first version had.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as select from '../../src/select.ts';
import * as socket from '../../src/socket.ts';
import * as syscalls from '../../src/syscalls.ts';

const python = JSON.parse(
  readFileSync(new URL('../../scripts/python-names.json', import.meta.url), 'utf8'),
) as Record<string, { constants: Record<string, string[]> }>;

test.each<[string, Record<string, unknown>, string[]]>([
  ['socket', socket, ['SOL_NETLINK', 'ETH_P_ARP', 'TCP_NOPUSH', 'PACKET_STATISTICS', 'IP_MTU']],
  ['select', select, ['FD_SETSIZE', 'EPOLL_CTL_ADD', 'EVFILT_USER', 'EV_DISPATCH', 'NOTE_TRIGGER']],
])('rfds/%s has the constants of Python’s module, and few besides', (module, door, besides) => {
  const ofPython = new Set(Object.values(python[module].constants).flat());
  const constants = Object.keys(door).filter((name) => /^[A-Z][A-Z0-9_]+$/.test(name) && name in syscalls);
  expect(constants).toEqual(expect.arrayContaining(besides));
  expect(constants.filter((name) => !ofPython.has(name)).length).toBeLessThanOrEqual(57);
  // Python's own that rfds knows at all are in its module's door.
  const known = [...ofPython].filter((name) => name in syscalls && !/^E[A-Z]+$/.test(name));
  expect(known.filter((name) => !(name in door))).toEqual([]);
});

test('what Python’s modules lack is in rfds/syscalls alone', () => {
  for (const name of ['SO_ATTACH_FILTER', 'UDP_SEGMENT', 'IP_ORIGDSTADDR', 'NETLINK_AUDIT', 'ETH_P_LLDP']) {
    expect(name in syscalls, name).toBe(true);
    expect(name in socket, name).toBe(false);
  }
});
