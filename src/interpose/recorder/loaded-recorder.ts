// This thread's recorder, if RFDS_TRACE loaded one: so that what stands above it at the choke point, and answers in the
// kernel's place, can have that told in the recording. It is bundled, and what tells it may be imported.

/** What others than the recorder's own module need of it. */
export interface LoadedRecorder {
  /** Writes a note, with the time that it is now. */
  note(text: string): void;
}

const shared = globalThis as { [key: symbol]: LoadedRecorder | undefined };
const key = Symbol.for('rfds.recorder');

/** The recorder; undefined if there is none. */
export const loadedRecorder = (): LoadedRecorder | undefined => shared[key];

export function setLoadedRecorder(recorder: LoadedRecorder): void {
  shared[key] = recorder;
}
