// A service beside systemd: what it tells the manager, and the sockets that it gets from it. docs/async.md

import './startup.ts';

export * from './node/systemd.ts';
