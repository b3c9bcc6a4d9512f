// `rfds playground`: the page, written to a file.

import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { checkWritable, put, STANDARD } from '../outputs.ts';
import { bundled, embedded, filled } from '../page.ts';

export function register(program: Command): void {
  program
    .command('playground')
    .description(
      'Write a page in which you are the clients and the network of a server: its real code on a simulated kernel, step by step. ' +
        'It opens from a file, and needs no network.',
    )
    .option('-o, --out <file>', 'where to (-: stdout)', 'playground.html')
    .action(playground);
}

async function playground({ out }: { out: string }): Promise<void> {
  checkWritable([out]);
  const text = page();
  if (out === STANDARD) {
    await put(process.stdout, text);
    return;
  }
  writeFileSync(out, text);
  await put(process.stdout, `${out} is written: open it in a browser.\n`);
}

/** The whole page. */
export function page(): string {
  return filled(new URL('assets/', import.meta.url), {
    data: embedded(JSON.parse(bundled('tools/playground/assets/data.json'))),
    script: bundled('tools/playground/assets/page.js').replaceAll('</script', '<\\/script'),
  });
}
