// Where the package lies: dist/, src/, and what is beside them.

import path from 'node:path';
import { fileURLToPath } from 'node:url';

let folder: string | undefined;

/** The package's folder. Asked for when it is needed: what a bundler makes of this module may not know its place. */
export function packageFolder(): string {
  folder ??= path.resolve(path.dirname(fileURLToPath(import.meta.url ?? 'file:///')), '../..');
  return folder;
}
