// Python's makefile: a Socket as a file, unbuffered, buffered, or of text.

import { BinaryFile, type SocketFile } from './socket-file.ts';
import { DEFAULT_BUFFER_SIZE, type FileSocket, SocketIO } from './socket-io.ts';
import { checkTextOptions, type FileOptions, TextFile } from './text-file.ts';

export type { FileOptions } from './text-file.ts';

/** What makefile makes, by Python's rules for its arguments. keep keeps the descriptor open until what it returns is called. */
export function makeFile(
  sock: FileSocket,
  keep: () => () => void,
  mode: string,
  buffering: number | null,
  options: FileOptions,
): SocketFile | SocketIO {
  if (typeof mode !== 'string' || !/^[rwb]*$/.test(mode))
    throw new RangeError(`invalid mode '${mode}' (only r, w, b allowed)`);
  const writing = mode.includes('w');
  const reading = mode.includes('r') || !writing;
  const binary = mode.includes('b');
  if (buffering === 0 && !binary) throw new RangeError('unbuffered streams must be binary');
  const rawMode = `${reading ? 'r' : ''}${writing ? 'w' : ''}b`;
  const text = binary ? null : checkTextOptions(options);
  const raw = new SocketIO(sock, keep(), rawMode);
  if (buffering === 0) return raw;
  const size = buffering === null || buffering < 0 ? DEFAULT_BUFFER_SIZE : buffering;
  const file = new BinaryFile(raw, size, rawMode);
  return text === null ? file : new TextFile(file, size, mode, text);
}
