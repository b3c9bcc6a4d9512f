// Node's connections and ours: a descriptor changes hands between a Socket and a net.Socket.

import './startup.ts';

export * from './node/handles.ts';
export * from './node/net.ts';
