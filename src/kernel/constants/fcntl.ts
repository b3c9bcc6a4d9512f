// Written by scripts/constants.mjs. fcntl(2) and the open(2) flags that it sets.
// A name that this platform's headers lack is undefined.
import { constants } from '../native.ts';

export const F_DUPFD = constants.F_DUPFD as number;
export const F_DUPFD_CLOEXEC = constants.F_DUPFD_CLOEXEC as number;
export const F_GETFD = constants.F_GETFD as number;
export const F_SETFD = constants.F_SETFD as number;
export const F_GETFL = constants.F_GETFL as number;
export const F_SETFL = constants.F_SETFL as number;
export const F_GETOWN = constants.F_GETOWN as number;
export const F_SETOWN = constants.F_SETOWN as number;
export const F_GETLK = constants.F_GETLK as number;
export const F_SETLK = constants.F_SETLK as number;
export const F_SETLKW = constants.F_SETLKW as number;
export const F_GETSIG = constants.F_GETSIG as number;
export const F_SETSIG = constants.F_SETSIG as number;
export const F_GETLEASE = constants.F_GETLEASE as number;
export const F_SETLEASE = constants.F_SETLEASE as number;
export const F_GETPIPE_SZ = constants.F_GETPIPE_SZ as number;
export const F_SETPIPE_SZ = constants.F_SETPIPE_SZ as number;
export const F_GETNOSIGPIPE = constants.F_GETNOSIGPIPE as number;
export const F_SETNOSIGPIPE = constants.F_SETNOSIGPIPE as number;
export const FD_CLOEXEC = constants.FD_CLOEXEC as number;
export const O_RDONLY = constants.O_RDONLY as number;
export const O_WRONLY = constants.O_WRONLY as number;
export const O_RDWR = constants.O_RDWR as number;
export const O_APPEND = constants.O_APPEND as number;
export const O_NONBLOCK = constants.O_NONBLOCK as number;
export const O_CLOEXEC = constants.O_CLOEXEC as number;
export const O_DIRECT = constants.O_DIRECT as number;
export const O_PATH = constants.O_PATH as number;
export const F_RDLCK = constants.F_RDLCK as number;
export const F_WRLCK = constants.F_WRLCK as number;
export const F_UNLCK = constants.F_UNLCK as number;
