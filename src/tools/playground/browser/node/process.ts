// Node's global process in a browser, with listeners of signals that never come by themselves.

const listeners = (): never[] => [];
const ignore = () => shim;
const shim = {
  platform: 'linux',
  arch: 'x64',
  pid: 1000,
  env: {},
  argv: [],
  versions: { node: '20.0.0' },
  cwd: () => '/',
  listeners,
  rawListeners: listeners,
  eventNames: listeners,
  listenerCount: () => 0,
  getMaxListeners: () => 10,
  setMaxListeners: ignore,
  on: ignore,
  once: ignore,
  off: ignore,
  removeListener: ignore,
  prependListener: ignore,
  emitWarning: () => {},
  nextTick: (callback: () => void) => queueMicrotask(callback),
};

export { shim as process };
