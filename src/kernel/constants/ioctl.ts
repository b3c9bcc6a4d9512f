// Written by scripts/constants.mjs. ioctl(2), for sockets and pipes.
// A name that this platform's headers lack is undefined.
import { constants } from '../native.ts';

export const FIOCLEX = constants.FIOCLEX as number;
export const FIONCLEX = constants.FIONCLEX as number;
export const FIONBIO = constants.FIONBIO as number;
export const FIONREAD = constants.FIONREAD as number;
export const SIOCINQ = constants.SIOCINQ as number;
export const SIOCOUTQ = constants.SIOCOUTQ as number;
export const SIOCATMARK = constants.SIOCATMARK as number;
export const SIOCGIFCONF = constants.SIOCGIFCONF as number;
export const SIOCGIFFLAGS = constants.SIOCGIFFLAGS as number;
export const IF_NAMESIZE = constants.IF_NAMESIZE as number;
