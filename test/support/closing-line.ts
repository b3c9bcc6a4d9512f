// A vitest reporter that closes a run: the ten slowest files, then one plain line, the very last:
// "120 passed, 0 failed, 2 skipped".
import path from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

const SLOWEST = 10;

/** From the worker's start to the file's last hook. */
function secondsOf(module: TestModule): number {
  const { prepareDuration, environmentSetupDuration, setupDuration, collectDuration, duration } =
    module.diagnostic();
  return (prepareDuration + environmentSetupDuration + setupDuration + collectDuration + duration) / 1000;
}

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<unknown>): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      if (module.errors().length > 0) count.failed++;
      for (const test of module.children.allTests()) count[test.result().state]++;
    }
    const timed = modules.map((module) => ({
      seconds: secondsOf(module),
      file: path.relative(process.cwd(), module.moduleId),
    }));
    timed.sort((a, b) => b.seconds - a.seconds);
    // After the default reporter's own summary.
    process.once('exit', () => {
      if (timed.length > SLOWEST) {
        console.log(`\nThe ${SLOWEST} slowest of ${timed.length} files:`);
        for (const { seconds, file } of timed.slice(0, SLOWEST))
          console.log(`${seconds.toFixed(1).padStart(6)} s  ${file}`);
      }
      console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
    });
  }
}
