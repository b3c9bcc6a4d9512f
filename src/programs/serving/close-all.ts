// Closing all that a server has open, whatever becomes of one of them.

/** Closes each; throws the first error once all are closed. */
export function closeAll(all: Iterable<{ close(): void } | undefined>): void {
  const errors: unknown[] = [];
  for (const one of all) {
    try {
      one?.close();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
