// A server that tells on stderr its port and, at each SIGUSR2, how many bytes its heap has in use:
// node allocation-server.mjs LOOP. For allocation.test.ts.

import { writeSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { SIGUSR2, signal } from '../../dist/signal.js';

const { serve } = await import(`../../dist/programs/${process.argv[2]}-server.js`);
const used = () => writeSync(2, `used ${getHeapStatistics().used_heap_size}\n`);
signal(SIGUSR2, used);
used(); // Not for the first time when it counts.
serve('127.0.0.1', 0, ([, port]) => writeSync(2, `port ${port}\n`));
