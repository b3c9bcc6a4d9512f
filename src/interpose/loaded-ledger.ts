// This thread's ledger, if one was loaded: so that what tells it of descriptors, and asks it, does not load it. It may
// be loaded twice in a thread, imported and bundled for RFDS_LEDGER: both have the one that is here.

/** What others than the ledger's own module need of it. */
export interface LoadedLedger {
  /** Where a descriptor was made: 'made by socket at server.ts:12'. undefined if that is not known. */
  madeAt(fd: number): string | undefined;
  /** From now on the descriptor is closed by what is not rfds: it is no leak. */
  handOver(fd: number): void;
}

const shared = globalThis as { [key: symbol]: LoadedLedger | undefined };
const key = Symbol.for('rfds.ledger');

/** The ledger; undefined as long as none was loaded. */
export function loadedLedger(): LoadedLedger | undefined {
  return shared[key];
}

/** The ledger, made if none was loaded before. */
export function loadLedger<L extends LoadedLedger>(make: () => L): L {
  shared[key] ??= make();
  return shared[key] as L;
}
