// How a long command says on stderr what it does now: one line that changes on a terminal, a line
// each elsewhere. '' clears the line. Above: compare/command.ts, trace/command.ts. A leaf.

export function showProgress(step: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${step}`);
  else if (step !== '') process.stderr.write(`${step}\n`);
}
