// Writes docs/syscalls.md: which entry of the kernel each raw call is, from src/kernel/calls.ts (as built). With
// --check it only says whether the page is as it should be. npm run syscalls-doc.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const { calls, entryOf } = await import(new URL('../dist/kernel/calls.js', import.meta.url));

const platforms = [
  ['Linux x64', 'linux', 'x64'],
  ['Linux arm64', 'linux', 'arm64'],
  ['macOS', 'darwin', 'arm64'],
];
const code = (text) => `\`${text}\``;

function cell(name, platform, arch) {
  const entry = entryOf(name, platform, arch);
  if (entry === null) return '-ENOSYS';
  const [own, ...added] = entry;
  return `${code(own)}${added.length > 0 && platform === 'linux' ? ` … ${code(added.join(', '))}` : ''}`;
}

const libc = (name) => (calls[name].libc === null ? 'none' : code(calls[name].libc ?? name));
const row = (cells) => `| ${cells.join(' | ')} |`;
const rows = Object.entries(calls).filter(([, { own }]) => !own);

const page = `# The raw calls and the kernel

Written by scripts/syscalls-doc.mjs.

One call of \`rfds/syscalls\` is one call of libc's function of the same name, and that is one entry of the
kernel, in places under another name. \`test/kernel/one-entry.test.ts\` shows it of every call under strace, on Linux
x64 with glibc 2.36; another libc may choose another entry. The columns for arm64 and macOS were not run.
Behind \`…\` stands what libc gives the kernel in addition. A call that the platform lacks enters nothing
and returns \`-ENOSYS\`.

${row(['rfds/syscalls', 'libc', ...platforms.map(([title]) => title)])}
${row(Array(2 + platforms.length).fill('---'))}
${rows
  .filter(([, { entries }]) => entries === undefined)
  .map(([name]) => row([code(name), libc(name), ...platforms.map(([, ...where]) => cell(name, ...where))]))
  .join('\n')}

\`dup2\` of a descriptor to itself is \`fcntl(fd, F_GETFL)\` on arm64, where \`dup3\` would refuse it.

## No entry, or several

${row(['rfds/syscalls', 'libc', 'kernel'])}
${row(['---', '---', '---'])}
${rows
  .filter(([, { entries }]) => entries !== undefined)
  .map(([name, { entries }]) => row([code(name), libc(name), entries]))
  .join('\n')}

## Memory and addresses

The kernel gets the caller's own memory, or a copy of it, and never writes behind it. Where only the kernel knows
how much a request writes (\`ioctl\`, \`getsockopt\`) the copy ends at a page without access: the answer is
\`-EFAULT\`.

A struct that itself holds an address is not for JavaScript, which has none. Those that the kernel is known to _write_
through are answered \`-EFAULT\` without asking it: getsockopt's TCP_ZEROCOPY_RECEIVE, MPTCP_FULL_INFO and
EBT_SO_GET_ENTRIES; setsockopt's IPT_SO_SET_REPLACE and its kin; ioctl's SIOCETHTOOL, SIOCGHWTSTAMP, SIOCSHWTSTAMP,
SIOCWANDEV, SIOCGIFBR, SIOCSIFBR, the SIOCBOND…QUERY, SIOCDEVPRIVATE to SIOCDEVPRIVATE + 15 and the wireless ones (0x8B00
to 0x8BFF); SIOCGIFCONF on macOS, while on Linux it only says how much there is. Where the kernel only reads through one, an
address that is none is \`-EFAULT\`, by the kernel. SO_ATTACH_FILTER and SO_ATTACH_REUSEPORT_CBPF take the program itself,
\`sock_filter[]\`, and no struct sock_fprog. Devices have requests of their own that write through addresses, which are not
known here: do not make them.

An int is passed on only to the commands of \`fcntl\` and the requests of \`ioctl\` that are known to take one. Others
are \`-EINVAL\` and \`-EFAULT\`; none is replaced by another.

## Errors

A call that fails returns the negative errno. Where two names are one number \`errorcode\` has the first: EAGAIN for
EWOULDBLOCK, and on Linux EOPNOTSUPP for ENOTSUP. What fcntl's F_GETOWN returns for a process group is negative, too, and no
errno. A raw call that blocks runs no signal's handler: while a signal is pending that nothing takes, it ends with \`-EINTR\`
([signals](signals.md)).

## Not in \`rfds/syscalls\`

The addon's own calls, for signal handlers in JavaScript. They pass the choke point as the others do.

${row(['call', 'libc', 'kernel (Linux)'])}
${row(['---', '---', '---'])}
${Object.entries(calls)
  .filter(([, { own }]) => own)
  .map(([name, { entries }]) => row([code(name), libc(name), entries ?? cell(name, 'linux', 'x64')]))
  .join('\n')}
`;

const file = fileURLToPath(new URL('../docs/syscalls.md', import.meta.url));
if (!process.argv.includes('--check')) {
  writeFileSync(file, page);
} else if (readFileSync(file, 'utf8') !== page) {
  console.error('docs/syscalls.md is stale: npm run syscalls-doc');
  process.exitCode = 1;
}
