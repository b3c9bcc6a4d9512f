// Waiting beside Node's event loop: any descriptor is awaited, and nothing blocks. docs/async.md

import './startup.ts';

export * from './node/async-socket.ts';
export {
  add_reader,
  add_writer,
  type CallbackOptions,
  type Guard,
  notify_closing,
  readable,
  readiness,
  remove_reader,
  remove_writer,
  waiting,
  writable,
} from './node/readiness.ts';
export { Waker, type WakerHandle } from './node/waker.ts';
