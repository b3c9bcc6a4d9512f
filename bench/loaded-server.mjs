// What the measurements beside this file share with `rfds compare`: loops of rfds in a fleet, under the
// ordinary load.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { own } from '../dist/tools/compare/contenders.js';
import { Fleet } from '../dist/tools/compare/fleet.js';
import { ordinary } from '../dist/tools/compare/run.js';

export const dist = fileURLToPath(new URL('../dist', import.meta.url));

/** Lets measure start servers and put loads on them; Ctrl+C ends it, and they end with it. */
export async function withFleet(measure) {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort());
  const fleet = new Fleet(stop.signal);
  const put = (server, load) => fleet.sample(server, { ...ordinary, ...load });
  try {
    await measure({
      async start(loop, build = dist) {
        const server = await fleet.start(own(loop, null, '', path.join(build, 'cli.js')));
        await put(server, { seconds: 0, warmupSeconds: 1 });
        return server;
      },
      put,
    });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    process.exitCode = 130;
  } finally {
    await fleet[Symbol.asyncDispose]();
  }
}
