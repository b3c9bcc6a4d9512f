// The machine's own Python as the judge: one run of a script, JSON in, JSON out.

import { execFileSync } from 'node:child_process';

/** Runs python3 once. The script finds the input in `given` and leaves what it found in `answer`. */
export function python<Answer>(script: string, given: unknown): Answer {
  const program = `import json, sys\ngiven = json.load(sys.stdin.buffer)\n${script}\njson.dump(answer, sys.stdout)`;
  const output = execFileSync('python3', ['-c', program], {
    input: JSON.stringify(given),
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(output.toString());
}
