// docs/netsem.md: the table of NetSem's rules, from the cases; and which rules are out of scope.

import { connectionCases } from './netsem-connection-cases.ts';
import { datagramCases } from './netsem-datagram-cases.ts';
import { descriptorCases } from './netsem-descriptor-cases.ts';
import type { Case } from './netsem-rule.ts';
import { transferCases } from './netsem-transfer-cases.ts';

const files: readonly (readonly [title: string, name: string, cases: readonly Case[]])[] = [
  ['Connections of TCP', 'netsem-connection-cases.ts', connectionCases],
  ['Transfers of TCP', 'netsem-transfer-cases.ts', transferCases],
  ['UDP', 'netsem-datagram-cases.ts', datagramCases],
  [
    'Descriptors, names, options, pselect(), and what all calls share',
    'netsem-descriptor-cases.ts',
    descriptorCases,
  ],
];

export const cases: readonly Case[] = files.flatMap(([, , some]) => some);

/** Rules of the Sockets calls that are out of scope, by the reason. */
const outOfScope: readonly (readonly [reason: string, ...rules: string[]])[] = [
  [
    'Of FreeBSD or Windows only: NetSem says that they do not apply to Linux.',
    ...['connect_6', 'connect_9', 'connect_10', 'disconnect_4', 'getsockbopt_2', 'getsocklistening_3'],
    ...[
      'getsockname_2',
      'getsockname_3',
      'getsocknopt_4',
      'getsocktopt_4',
      'listen_1c',
      'listen_2',
      'listen_5',
    ],
    ...[
      'recv_9',
      'recv_16',
      'recv_20',
      'recv_21',
      'recv_22',
      'recv_23',
      'send_19',
      'send_21',
      'setsockbopt_2',
    ],
    ...['setsocknopt_2', 'setsocktopt_4'],
  ],
  ['Urgent data, which the model does not have: its one byte is read.', 'recv_5'],
  [
    'Errors that a router sends while a handshake lasts: none comes on the loopback interface, and the model has no routers.',
    'connect_4',
  ],
  [
    "A datagram waits for the interface's queue, which the loopback interface does not have.",
    ...['send_10', 'send_11', 'send_15', 'send_16', 'send_17'],
  ],
  [
    'Want of memory in the kernel, which cannot be brought about on purpose. Calls that fail so: docs/faults.md.',
    ...['resourcefail_1', 'resourcefail_2'],
  ],
  ['Not a call of `rfds/syscalls`.', 'getifaddrs_1'],
  ["How the specification itself returns a call's result.", 'return_1'],
];

const LICENSED = 'https://github.com/rems-project/netsem';
const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

function table(some: readonly Case[]): string {
  const rows = some.flatMap(({ rules }) =>
    Object.entries(rules).map(([name, { says, linux }]) =>
      row([`\`${name}\``, says, linux === undefined ? 'agrees' : `differs. ${linux}`, 'as the kernel']),
    ),
  );
  return [row(['rule', 'what it says', 'Linux 6.18', 'the model']), row(Array(4).fill('---')), ...rows].join(
    '\n',
  );
}

const rulesOf = (some: readonly Case[]) => some.flatMap(({ rules }) => Object.entries(rules));

/** Every rule of NetSem's Sockets calls, in scope or out of it. */
export const allRules: readonly string[] = [
  ...rulesOf(cases).map(([name]) => name),
  ...outOfScope.flatMap(([, ...rules]) => rules),
];

/** The text of docs/netsem.md. */
export function page(): string {
  const inScope = rulesOf(cases);
  const differing = inScope.filter(([, { linux }]) => linux !== undefined).length;
  return `# NetSem's rules, on this kernel and in the model

Written by \`test/sim/netsem.test.ts\` (\`npx vitest run test/sim/netsem.test.ts -u\`).

[NetSem](${LICENSED}) is the formal specification of TCP/IP and the Sockets API in
higher-order logic, made from measurements of FreeBSD 4.6, Linux 2.4.20 and Windows XP, and under a BSD licence. Its rules
say when a call may be made, what it returns and how the host changes (\`specification/TCP1_hostLTSScript.sml\`). Here are
the rules of its Sockets calls, in our words. Each that is in scope has a case of our own, which makes the raw calls on
the kernel that runs the tests and in a \`World\` of [\`rfds/sim\`](sim.md), and both must observe the same: what stands
under "Linux 6.18" was measured on 6.18.44, and the model does as the kernel does. Where a rule differs between systems,
it is what NetSem says of Linux.

${inScope.length} rules are in scope: of ${inScope.length - differing} Linux 6.18 does what NetSem says, and in ${differing} it differs in some respect. A rule's case stands in the
file that is named, under the rule's name. What a call does that waits is shown with another thread (in the model: a
timer) that makes a call meanwhile, and by the time that passed.

${files.map(([title, name, some]) => `## ${title}\n\n[\`test/sim/${name}\`](../test/sim/${name})\n\n${table(some)}`).join('\n\n')}

## Out of scope

${[row(['rules', 'why']), row(['---', '---']), ...outOfScope.map(([reason, ...rules]) => row([rules.map((rule) => `\`${rule}\``).join(' '), reason]))].join('\n')}

So are the rules that are no calls: how segments, datagrams and ICMP messages are received and sent
(\`deliver_…\`), the timers (\`timer_…\`), \`trace_…\`, \`interface_1\` and \`epsilon_…\`. \`bind_8\` is commented out in NetSem.
`;
}
