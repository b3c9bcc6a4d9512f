// The process that cleans up after another that was killed: it reads orders (cleanup.ts) from stdin, and at its end
// ends and removes what is on the list still. After an ordinary end there is nothing left on it.

import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Order, type Owned, startOf } from './cleanup.ts';

// It ends with its stdin alone.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {});

const list = new Map<number, Owned>();

function end({ pid, start, group }: Extract<Owned, { kind: 'process' }>): void {
  if (startOf(pid) !== start) return;
  try {
    process.kill(group ? -pid : pid, 'SIGKILL');
  } catch {
    // ESRCH: it has ended.
  }
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const order: Order = JSON.parse(line);
    if ('add' in order) list.set(order.id, order.add);
    else list.delete(order.id);
  })
  .on('close', async () => {
    const owned = [...list.values()];
    for (const one of owned) if (one.kind === 'process') end(one);
    for (const one of owned) {
      if (one.kind !== 'hosts') continue;
      const { removeHosts } = await import('./trace/run/hosts.ts');
      await removeHosts(one.mark).catch(() => {});
    }
    for (const one of owned) if (one.kind === 'folder') rmSync(one.path, { recursive: true, force: true });
    process.exit(0);
  });
