// Python's select module.

import './startup.ts';

export { OSError as error } from './python/errors.ts';
export * from './python/select/constants.ts';
export { type Epoll, epoll } from './python/select/epoll.ts';
export type { FileLike } from './python/select/fileno.ts';
export { type Kevent, kevent } from './python/select/kevent.ts';
export * from './python/select/kq-constants.ts';
export { type Kqueue, kqueue } from './python/select/kqueue.ts';
export { type Poll, poll } from './python/select/poll.ts';
export { select } from './python/select/select.ts';
