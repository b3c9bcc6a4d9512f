// Writes the name of each call that a program makes to stderr: node --import count-calls.mjs. Not a sum at the end, for
// a program that a signal ends makes none.

import { writeSync } from 'node:fs';
import { attach } from '../../dist/syscalls.js';

const tell =
  (name, call) =>
  (...args) => {
    writeSync(2, `call ${name}\n`);
    return call(...args);
  };

attach(tell, { observes: true });
