// rfds/builtins, the door: what a program takes from Python itself, each beside Python's own.

import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Runs a program with a stdin; what it wrote to stdout. */
function run(command: string, args: string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(command, args, { input, encoding: 'latin1', timeout: 30_000 });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

const rfds = (code: string, input?: string) =>
  run(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { bytes, f, input, print, remove, repr, time } from 'rfds/builtins';\n${code}`,
    ],
    input,
  );
const python = (code: string, input?: string) => run('python3', ['-c', `import sys, time\n${code}`], input);

test.each<[string, string, string]>([
  [
    'print a text and a line end',
    "print('Hello'); print(); print('ünï');",
    "print('Hello'); print(); print('ünï')",
  ],
  [
    'print an f-string with bytes in it',
    `print(f\`[\${'10.0.0.2'}:\${54321}] \${Buffer.from("it's \\xff", 'latin1')}\`);`,
    "ip, port, data = '10.0.0.2', 54321, b\"it's \\xff\"; print(f'[{ip}:{port}] {data}')",
  ],
  [
    'repr an address',
    "print(repr(['10.0.0.2', 54321])); print(repr(null)); print(repr('it\\'s'));",
    "print(repr(('10.0.0.2', 54321))); print(repr(None)); print(repr('it\\'s'))",
  ],
  [
    'put text before bytes',
    `print(repr(bytes\`\${'é'}\${7}:\${Buffer.from([0xff])}\`));`,
    "print(repr(f'é{7}:'.encode() + b'\\xff'))",
  ],
  [
    'remove the first of two',
    'const list = [1, 2, 1, 3]; remove(list, 1); print(repr(list));',
    'list = [1, 2, 1, 3]; list.remove(1); print(repr(tuple(list)))',
  ],
])('rfds/builtins and Python %s alike', (_, ours, theirs) => {
  expect(rfds(ours)).toBe(python(theirs));
});

test('rfds/builtins and Python ask for lines alike: prompt, line, the last one without an end', () => {
  const ours = `for (let line = input('> '); line !== null; line = input('> ')) print(f\`\${line}\`);`;
  const theirs = `
try:
    while True: print(input('> ').encode())
except EOFError: pass`;
  const lines = 'one\n\ntwo and\tthree\nlast';
  expect(rfds(ours, lines)).toBe(python(theirs, lines));
});

test('rfds/builtins and Python give the same time in the same form', () => {
  const form = /^(\d+)\.(\d{1,6})\n$/;
  const [before] = python('print(time.time())').split('.');
  const ours = rfds('print(String(time()));');
  const [after] = python('print(time.time())').split('.');
  expect(ours).toMatch(form);
  expect(Number(ours)).toBeGreaterThanOrEqual(Number(before));
  expect(Number(ours)).toBeLessThan(Number(after) + 1);
});

test('remove throws as list.remove does for what is not in the list, and leaves the list alone', () => {
  const ours = `
const list = [1, 2];
try { remove(list, 3); } catch (error) { print(error.constructor.name, ': ', error.message); }
print(repr(list));`;
  const theirs = `
items = [1, 2]
try: items.remove(3)
except ValueError as error: print(f'RangeError: {error}')
print(repr(tuple(items)))`;
  expect(rfds(ours)).toBe(python(theirs));
});
