// `rfds inspect`: a process's descriptors as the kernel has them.

import { type Command, InvalidArgumentError } from 'commander';
import { platform } from '../../kernel/platform.ts';
import { put } from '../outputs.ts';

export function register(program: Command): void {
  program
    .command('inspect')
    .description(
      "Show what the kernel has of a process's descriptors: the states, addresses, queues and options of its sockets, " +
        'and what its epoll instances watch. Nothing of it changes, and it is not stopped. Linux.',
    )
    .argument('<pid>', 'the process', pidOf)
    .option('--json', 'as JSON, with every option')
    .action(inspect);
}

function pidOf(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('expected the number of a process');
  return Number(text);
}

async function inspect(pid: number, { json }: { json?: true }): Promise<void> {
  if (platform !== 'linux') throw new Error('reads /proc and takes pidfd_getfd(2), which only Linux has');
  const [{ inspect: read }, { tableOf }] = await Promise.all([import('./read.ts'), import('./table.ts')]);
  const inspected = read(pid);
  await put(process.stdout, json ? `${JSON.stringify(inspected, null, 2)}\n` : tableOf(inspected));
}
