// Written by scripts/constants.mjs. sigaction(2): the handlers that are none, the flags, and si_code.
// A name that this platform's headers lack is undefined.
import { constants } from '../native.ts';

export const SA_NOCLDSTOP = constants.SA_NOCLDSTOP as number;
export const SA_NOCLDWAIT = constants.SA_NOCLDWAIT as number;
export const SA_NODEFER = constants.SA_NODEFER as number;
export const SA_ONSTACK = constants.SA_ONSTACK as number;
export const SA_RESETHAND = constants.SA_RESETHAND as number;
export const SA_RESTART = constants.SA_RESTART as number;
export const SA_SIGINFO = constants.SA_SIGINFO as number;
export const SA_USERTRAMP = constants.SA_USERTRAMP as number;
export const SA_64REGSET = constants.SA_64REGSET as number;
export const SI_USER = constants.SI_USER as number;
export const SI_KERNEL = constants.SI_KERNEL as number;
export const SI_QUEUE = constants.SI_QUEUE as number;
export const SI_TIMER = constants.SI_TIMER as number;
export const SI_MESGQ = constants.SI_MESGQ as number;
export const SI_ASYNCIO = constants.SI_ASYNCIO as number;
export const SI_SIGIO = constants.SI_SIGIO as number;
export const SI_TKILL = constants.SI_TKILL as number;
export const SI_ASYNCNL = constants.SI_ASYNCNL as number;
export const CLD_EXITED = constants.CLD_EXITED as number;
export const CLD_KILLED = constants.CLD_KILLED as number;
export const CLD_DUMPED = constants.CLD_DUMPED as number;
export const CLD_TRAPPED = constants.CLD_TRAPPED as number;
export const CLD_STOPPED = constants.CLD_STOPPED as number;
export const CLD_CONTINUED = constants.CLD_CONTINUED as number;
export const POLL_IN = constants.POLL_IN as number;
export const POLL_OUT = constants.POLL_OUT as number;
export const POLL_MSG = constants.POLL_MSG as number;
export const POLL_ERR = constants.POLL_ERR as number;
export const POLL_PRI = constants.POLL_PRI as number;
export const POLL_HUP = constants.POLL_HUP as number;
export const SIG_DFL = constants.SIG_DFL as number;
export const SIG_IGN = constants.SIG_IGN as number;
export const SIG_ERR = constants.SIG_ERR as number;
