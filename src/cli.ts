#!/usr/bin/env node
// The `rfds` command: arguments in, exit status out. 0 is success, 1 a failure in the run, reported in
// one line on stderr, 2 wrong usage; 128 + n after signal n. An action sets any other status than 0 itself.

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import * as programs from './programs/command.ts';
import * as compare from './tools/compare/command.ts';
import * as trace from './tools/trace/command.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const program = new Command('rfds')
  .description('The documented select() server and its siblings, on syscalls of our own.')
  .version(version)
  .exitOverride()
  .showHelpAfterError('(--help says more)');
for (const { register } of [programs, compare, trace]) register(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has said what is wrong; asked for, help and version are a success.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    console.error(`rfds ${process.argv[2]}: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
process.exit();
