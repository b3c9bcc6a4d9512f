// Writes docs/python.md: Python 3.13's names against the modules as built, on Linux. With --check it only says
// whether the page is as it should be. Either way it fails for a name that is missing without a reason in
// python-gaps.json, and for a reason that no missing name needs. npm run python-doc
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Rfds } from './python-rfds.mjs';
import { code, onLinux, onMacos, platforms, section, table } from './python-tables.mjs';
import { differences } from './python-unlike.mjs';

const text = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const { about: _, ...python } = JSON.parse(text('python-names.json'));
// Another file of reasons, for the test of what happens without one.
const { values } = parseArgs({
  options: { check: { type: 'boolean' }, gaps: { type: 'string', default: 'python-gaps.json' } },
});
const { missing: reasons, within } = JSON.parse(text(values.gaps));
const problems = [];

// ---- Python's names and ours, one by one

const used = new Set(); // patterns
const matches = (pattern, name) =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '\\w*')}$`).test(name);

/** Why the name is missing: from the list, or undefined. */
function reasonFor(full) {
  for (const { names, reason } of reasons) {
    const pattern = names.find((name) => matches(name, full));
    if (pattern === undefined) continue;
    used.add(pattern);
    return reason;
  }
}

function entry(full, where, here) {
  const gaps = [];
  if (onLinux.includes(where) && here.linux === 'no') gaps.push('Linux');
  if (onMacos.includes(where) && here.macos === 'no') gaps.push('macOS');
  const nowhere = where === 'others' && here.linux === 'no' && here.macos === 'no';
  const reason = nowhere ? 'neither platform has it' : gaps.length > 0 ? reasonFor(full) : undefined;
  if (gaps.length > 0 && reason === undefined) {
    problems.push(`${full} is missing on ${gaps.join(' and ')}: give its reason in scripts/python-gaps.json`);
  }
  return { name: full.slice(full.indexOf('.') + 1), full, where, ...here, gaps, reason };
}

const flat = (lists) => Object.entries(lists).flatMap(([where, names]) => names.map((name) => [name, where]));
const byName = (list) => list.sort((a, b) => (a.name < b.name ? -1 : 1));

const modules = [];
for (const [module, kinds] of Object.entries(python)) {
  const rfds = await Rfds.of(module);
  const plain = (kind) =>
    byName(
      flat(kinds[kind] ?? {}).map(([name, where]) => entry(`${module}.${name}`, where, rfds.places(name))),
    );
  const classes = Object.entries(kinds.classes ?? {}).map(([name, { on, members = {} }]) => {
    const here = rfds.places(name);
    const lacks = here.linux === 'no' && here.macos === 'no';
    return {
      ...entry(`${module}.${name}`, on, here),
      // Of a class that is not there, its members are not gaps of their own.
      members: byName(
        (lacks ? [] : flat(members)).map(([member, where]) =>
          entry(`${module}.${name}.${member}`, where, rfds.memberPlaces(name, member)),
        ),
      ),
    };
  });
  const [functions, exceptions, constants] = ['functions', 'exceptions', 'constants'].map(plain);
  const known = new Set([functions, exceptions, constants, classes].flat().map(({ name }) => name));
  const beyond = rfds.names().filter((name) => !known.has(name));
  modules.push({ module, functions, exceptions, constants, classes, beyond });
}

const all = modules.flatMap(({ functions, exceptions, constants, classes }) =>
  [functions, exceptions, constants, classes, ...classes.map(({ members }) => members)].flat(),
);
for (const { names, reason } of reasons) {
  if (!reason) problems.push(`no reason is given for ${names.join(', ')}`);
  for (const pattern of names) {
    // There, wherever Python has it: a reason would be a lie.
    const there = all.filter(({ full, reason: why }) => why === undefined && matches(pattern, full));
    for (const { full } of there)
      problems.push(`${full} is there, but python-gaps.json says why it is missing`);
    if (there.length === 0 && !used.has(pattern)) {
      problems.push(`${pattern}: in python-gaps.json, but no missing name needs it`);
    }
  }
}

// ---- The page

const isConstant = new Set(modules.flatMap(({ constants }) => constants));
/** How many of the names are missing, of all that Python has on the platform. */
function tally(places, platform) {
  const [rest, constants] = [false, true].map((wanted) =>
    all.filter((one) => places.includes(one.where) && isConstant.has(one) === wanted),
  );
  const lost = (list) => list.filter((one) => one[platform] === 'no').length;
  return [platforms[platform], rest.length, lost(rest), constants.length, lost(constants)].map(String);
}
const tallies = [tally(onLinux, 'linux'), tally(onMacos, 'macos')];

const page = `# Python's modules in rfds, name by name

Written by scripts/python-doc.mjs.

Python's side: what the modules of 3.13 have on Linux (\`dir()\`), and what typeshed's stubs say of macOS and of
the others (Windows, the BSDs, Solaris). Our side on Linux: the built modules, asked at run time. Our side on macOS
was not run: a constant is there by the header (zig's copy of Apple's), all else unless it stands on a call
that [the raw calls](syscalls.md) lack there.

- \`yes\`: there. A protocol is JavaScript's: \`__enter__\` and \`__exit__\` are \`using\`, \`__iter__\` is \`for … of\`.
- \`no\`: not there, for a reason that is told. The script fails for a name that is missing without one, and for
  a reason given for a name that is there.
- \`ENOSYS\`: there, so that a program can import it on either platform; the platform lacks the call, and it
  throws OSError ENOSYS.
- "Linux, some builds": the Python asked was built without the headers.

${table(
  ['Python has on', 'Functions, classes, methods, …', 'missing here', 'Constants', 'missing here'],
  tallies,
)}

${modules.map(section).join('\n\n')}

## Missing within a name

By hand, where the name is there but not all of it.

${table(
  ['Name', 'What is missing, and why'],
  within.map(({ name, reason }) => [code(name), reason]),
)}

## Where a name behaves otherwise

From the comments in \`src/\` that begin with Unlike.

${table(
  ['File', 'Of', 'Difference'],
  differences().map(([file, of, what]) => [code(file), of ? code(of) : '', what]),
)}
`;

const file = fileURLToPath(new URL('../docs/python.md', import.meta.url));
if (!values.check) {
  writeFileSync(file, page);
} else if (readFileSync(file, 'utf8') !== page) {
  problems.push('docs/python.md is stale: npm run python-doc');
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
