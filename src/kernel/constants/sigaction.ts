// Written by scripts/constants.mjs. sigaction(2).
// A name that this platform's headers lack is undefined.
import { constants } from '../native.ts';

export const SA_RESTART = constants.SA_RESTART as number;
