// Written by scripts/constants.mjs. What commands of fcntl(2) take: O_ACCMODE parts F_GETFL's answer, F_SEAL_* are memfd_create(2)'s.
// A name that this platform's headers lack is undefined.
import { constants } from '../native.ts';

export const O_ACCMODE = constants.O_ACCMODE as number;
export const O_NDELAY = constants.O_NDELAY as number;
export const F_SEAL_SEAL = constants.F_SEAL_SEAL as number;
export const F_SEAL_SHRINK = constants.F_SEAL_SHRINK as number;
export const F_SEAL_GROW = constants.F_SEAL_GROW as number;
export const F_SEAL_WRITE = constants.F_SEAL_WRITE as number;
export const F_SEAL_FUTURE_WRITE = constants.F_SEAL_FUTURE_WRITE as number;
export const DN_ACCESS = constants.DN_ACCESS as number;
export const DN_MODIFY = constants.DN_MODIFY as number;
export const DN_CREATE = constants.DN_CREATE as number;
export const DN_DELETE = constants.DN_DELETE as number;
export const DN_RENAME = constants.DN_RENAME as number;
export const DN_ATTRIB = constants.DN_ATTRIB as number;
export const DN_MULTISHOT = constants.DN_MULTISHOT as number;
export const RWH_WRITE_LIFE_NOT_SET = constants.RWH_WRITE_LIFE_NOT_SET as number;
export const RWH_WRITE_LIFE_NONE = constants.RWH_WRITE_LIFE_NONE as number;
export const RWH_WRITE_LIFE_SHORT = constants.RWH_WRITE_LIFE_SHORT as number;
export const RWH_WRITE_LIFE_MEDIUM = constants.RWH_WRITE_LIFE_MEDIUM as number;
export const RWH_WRITE_LIFE_LONG = constants.RWH_WRITE_LIFE_LONG as number;
export const RWH_WRITE_LIFE_EXTREME = constants.RWH_WRITE_LIFE_EXTREME as number;
export const SEEK_SET = constants.SEEK_SET as number;
export const SEEK_CUR = constants.SEEK_CUR as number;
export const SEEK_END = constants.SEEK_END as number;
