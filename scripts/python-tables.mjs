// The tables of docs/python.md: a row for each function, class, method and exception, one for each family of
// constants, and the gaps with their reasons. python-doc.mjs makes the entries.

export const onLinux = ['linux', 'linux, macos', 'linux, other builds'];
export const onMacos = ['macos', 'linux, macos'];

export const code = (name) => `\`${name}\``;
const codes = (names) => names.map(code).join(', ');
const row = (cells) => `| ${cells.join(' | ')} |`;
export const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
/** Where Python has a name: as python-names.json says it, and as the page does. */
export const platforms = {
  linux: 'Linux',
  macos: 'macOS',
  'linux, macos': 'Linux, macOS',
  'linux, other builds': 'Linux, some builds',
  others: 'others only',
};
const columns = ['Name', 'Python 3.13', 'rfds on Linux', 'rfds on macOS', 'Why it is missing'];
const line = ({ name, where, linux, macos, reason }) => [
  code(name),
  platforms[where],
  linux,
  macos,
  reason ?? '',
];

/** AF_INET → AF_*; SIGINT → SIG*; what stands alone keeps its name. */
function family(name) {
  const [head] = /^(KQ_[A-Z]+_|SIG_|SIG|EPOLL|POLL|[A-Z0-9]+_)/.exec(name) ?? [];
  return head === undefined ? name : `${head}*`;
}

function share(list, platform) {
  const have = list.filter((one) => one[platform] !== 'no').length;
  if (list.length === 0) return '';
  return have === list.length ? 'all' : `${have} of ${list.length}`;
}

/** A row for each family: how many of it there are, and the missing ones by name. */
function constantRows(constants) {
  const families = new Map();
  for (const one of constants.filter(({ where }) => where !== 'others')) {
    const title = family(one.name);
    families.set(title, [...(families.get(title) ?? []), one]);
  }
  return [...families].map(([title, list]) => {
    const cells = [list.length === 1 ? code(list[0].name) : code(title)];
    const own = [onLinux, onMacos].map((places) => list.filter(({ where }) => places.includes(where)));
    cells.push(...own.map(({ length }) => length || ''));
    cells.push(share(own[0], 'linux'), share(own[1], 'macos'));
    cells.push(gapNames(list.filter(({ gaps }) => gaps.length > 0)));
    return cells;
  });
}

/** The name, and the platform that lacks it where Python has it on both. */
const gapName = ({ name, gaps, where }) =>
  gaps.length === 1 && where === 'linux, macos' ? `${code(name)} (${gaps[0]})` : code(name);

const gapNames = (list) => list.map(gapName).join(', ');

/** Each reason once, with the names that it is for. */
function gapTable(list) {
  const groups = new Map();
  for (const one of list.filter(({ reason }) => reason !== undefined)) {
    groups.set(one.reason, [...(groups.get(one.reason) ?? []), one]);
  }
  return table(
    ['Missing', 'Why'],
    [...groups].map(([reason, names]) => [gapNames(names), reason]),
  );
}

/** All of a module. */
export function section({ module, functions, exceptions, constants, classes, beyond }) {
  const parts = [`## ${module}`];
  if (functions.length > 0) parts.push('### Functions', table(columns, functions.map(line)));
  const rows = classes.flatMap((one) => [line(one), ...one.members.map(line)]);
  if (rows.length > 0) parts.push('### Classes, their methods and attributes', table(columns, rows));
  if (exceptions.length > 0) parts.push('### Exceptions', table(columns, exceptions.map(line)));
  if (constants.length > 0) {
    const head = ['Constants', 'Python on Linux', 'on macOS', 'rfds on Linux', 'on macOS', 'Missing'];
    parts.push('### Constants', table(head, constantRows(constants)));
    if (constants.some(({ reason }) => reason !== undefined)) parts.push(gapTable(constants));
  }
  if (beyond.length > 0) parts.push('### Beyond Python', codes(beyond));
  return parts.join('\n\n');
}
