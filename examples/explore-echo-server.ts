// Runs the echo server on the simulated kernel, once for every order in which things may happen, and tells the shortest
// run in which its client does not get back what it sent. (Node 22.18: node examples/explore-echo-server.ts)
import { writeFileSync } from 'node:fs';
import { explore, recording, story, type World } from 'rfds/sim';
import { serve } from './naive-echo-server.ts';

function build(world: World) {
  world.addProcess('client', [
    { connect: ['127.0.0.1', 12345] },
    { send: 'Hello' },
    'shutdown', // It has said everything. The server has not: what comes back is still to come.
    { expect: 'Hello' },
    'expectEnd',
    'close',
  ]);
  return () => serve('127.0.0.1', 12345);
}

const { found, runs, isComplete } = explore(build);
if (found === null) {
  console.log(`${isComplete ? 'Every schedule is' : 'So far all are'} right: ${runs} runs.`);
} else {
  console.log(`Run ${runs} breaks it.\n\n${story(build, found)}`);
  // What a file is named for: npx rfds trace --replay FILE [--html PAGE] [--pcapng PACKETS]
  if (process.argv[2] !== undefined) writeFileSync(process.argv[2], recording(build, found));
}
