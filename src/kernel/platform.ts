// Whose kernel this package speaks to: its constants, structs and behaviour. Ordinarily that of the machine; with
// RFDS_SIM_PLATFORM=darwin, which addon.cjs reads, XNU as the simulated kernel has it. What concerns Node, the file
// system or other programs asks process.platform.

import { simulatedPlatform } from './native.ts';

export const platform: NodeJS.Platform = simulatedPlatform ?? process.platform;

/** Whether no kernel is beneath the choke point but a simulated one, while that is attached. */
export const isSimulated: boolean = simulatedPlatform !== undefined;
