// What the documented programs take from Python itself: its built-in functions and exceptions, str and bytes
// f-strings, and the clocks of its time module.

import './startup.ts';

export { bytes, decode, type FString, f, type Value } from './python/builtins/fstring.ts';
export { input } from './python/builtins/input.ts';
export { remove } from './python/builtins/list.ts';
export { print } from './python/builtins/print.ts';
export { repr } from './python/builtins/repr.ts';
export { monotonic, type Timestamp, time } from './python/builtins/time.ts';
export {
  BlockingIOError,
  BrokenPipeError,
  ChildProcessError,
  ConnectionAbortedError,
  ConnectionError,
  ConnectionRefusedError,
  ConnectionResetError,
  FileExistsError,
  FileNotFoundError,
  InterruptedError,
  IsADirectoryError,
  KeyError,
  NotADirectoryError,
  OSError,
  PermissionError,
  ProcessLookupError,
  TimeoutError,
} from './python/errors.ts';
