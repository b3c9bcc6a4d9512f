// What a command writes at its end, after a long run: files, and stdout.

import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/** stdout or stdin, where a file is asked for. */
export const STANDARD = '-';

/** Throws before the run, rather than after it, for one that cannot be written. */
export function checkWritable(asked: (string | undefined)[]): void {
  const files = asked.filter((file) => file !== undefined);
  if (files.filter((file) => file === STANDARD).length > 1)
    throw new Error('only one output can go to stdout (-)');
  for (const file of files) {
    if (file === STANDARD) continue;
    try {
      const there = statSync(file, { throwIfNoEntry: false });
      if (there?.isDirectory()) throw new Error('it is a folder');
      accessSync(there ? file : path.dirname(path.resolve(file)), constants.W_OK);
    } catch (error) {
      throw new Error(`cannot write ${file}: ${(error as Error).message}`);
    }
  }
}

/** What a command is told of an error of stdout or stderr. */
export const outputError = (error: NodeJS.ErrnoException): Error =>
  error.code === 'EPIPE' ? new Error('nobody reads the output any more (EPIPE)') : error;

/** Until it is written: the process exits as soon as the command is over. Rejects with outputError(). */
export function put(stream: NodeJS.WriteStream, text: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject); // Without a listener it would be an uncaught exception.
    stream.write(text, (error) => {
      if (error) {
        reject(outputError(error));
        return;
      }
      stream.off('error', reject);
      resolve();
    });
  });
}
