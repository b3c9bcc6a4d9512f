// The errnos by number and by name, as the platform's <errno.h> has them.

export * from './constants/errno.ts';
export { errorcode } from './errorcode.ts';
