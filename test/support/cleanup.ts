// What a test opened or made is given back when it is over, whatever became of it.

const pending: (() => void)[] = [];

/** To be called when the running test is over; the last one first. */
export function afterTest(restore: () => void): void {
  pending.push(restore);
}

/** Called by setup.ts after each test. Calls all of them, and throws the first error then. */
export function restoreAll(): void {
  const errors: unknown[] = [];
  for (const restore of pending.splice(0).reverse()) {
    try {
      restore();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
