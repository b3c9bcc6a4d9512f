#!/usr/bin/env node
// The `rfds` command: arguments in, exit status out. 0 is success, 1 a failure in the run, reported in
// one line on stderr, 2 wrong usage; 128 + n after signal n. An action sets any other status than 0 itself.
// The addon is loaded before everything else, because a machine that has none is told so, whatever was asked.

import { readFileSync } from 'node:fs';

const buildAddon = () => import(new URL('../scripts/build-addon.mjs', import.meta.url).href);

async function main(): Promise<void> {
  const { Command, CommanderError } = await import('commander');
  const subcommands = await Promise.all([
    import('./programs/command.ts'),
    import('./tools/compare/command.ts'),
    import('./tools/lab/command.ts'),
    import('./tools/trace/command.ts'),
    import('./tools/playground/command.ts'),
    import('./tools/inspect/command.ts'),
  ]);
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const program = new Command('rfds')
    .description(
      "Sockets on the kernel's own calls. The documented server is the select() loop that a walkthrough takes apart, " +
        'call by call (docs/walkthrough-claims.md); examples/documented-server.ts is that program, line for line.',
    )
    .version(version)
    .exitOverride()
    .showHelpAfterError('(--help says more)');
  for (const { register } of subcommands) register(program);
  program
    .command('build-addon')
    .description('Compile the addon on this machine, where no prebuilt one fits. Takes a C++17 compiler.')
    .action(buildAddon);

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
}

try {
  await import('./kernel/addon.cjs');
  await main();
} catch (error) {
  // What it says is a sentence.
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_RFDS_ADDON' && process.argv[2] === 'build-addon') await buildAddon();
  else {
    console.error(`rfds: ${message}`);
    process.exitCode = 1;
  }
}
process.exit();
