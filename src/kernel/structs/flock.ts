// struct flock: a lock of fcntl(2), of a part of a file.

import { i16, i32, i64, struct } from './struct.ts';

/**
 * struct flock, for fcntl(2) with F_SETLK, F_SETLKW and F_GETLK (a process's locks) and F_OFD_SETLK, F_OFD_SETLKW and
 * F_OFD_GETLK (an open file description's; Linux, macOS).
 */
export const flock = struct('flock', {
  /** F_RDLCK, F_WRLCK or F_UNLCK, which F_GETLK says where nothing conflicts. */
  l_type: i16,
  /** Where l_start counts from: 0 SEEK_SET, 1 SEEK_CUR, 2 SEEK_END. */
  l_whence: i16,
  l_start: i64,
  /** In bytes; 0: to the end of the file, wherever that will be. */
  l_len: i64,
  /** Of F_GETLK: who has the lock; -1 for a file description's. For F_OFD_* it must be 0. */
  l_pid: i32,
});
