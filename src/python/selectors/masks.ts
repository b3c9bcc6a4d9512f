// Readiness in two bits, and its translations to and from poll's and epoll's masks.

import { EPOLLIN, EPOLLOUT, POLLIN, POLLOUT } from '../../kernel/constants/select.ts';

/** There is something to read, or a client to accept, or the end of the stream. */
export const EVENT_READ = 1;
/** The kernel takes more to send, or a connection was made or failed. */
export const EVENT_WRITE = 2;

export function toPoll(events: number): number {
  return (events & EVENT_READ ? POLLIN : 0) | (events & EVENT_WRITE ? POLLOUT : 0);
}

// Errors and hang-ups (POLLERR, POLLHUP, POLLNVAL) wake readers and writers both: recv or send
// will say what is wrong.
export function fromPoll(revents: number): number {
  return (revents & ~POLLOUT ? EVENT_READ : 0) | (revents & ~POLLIN ? EVENT_WRITE : 0);
}

export function toEpoll(events: number): number {
  return (events & EVENT_READ ? EPOLLIN : 0) | (events & EVENT_WRITE ? EPOLLOUT : 0);
}

export function fromEpoll(events: number): number {
  return (events & ~EPOLLOUT ? EVENT_READ : 0) | (events & ~EPOLLIN ? EVENT_WRITE : 0);
}
