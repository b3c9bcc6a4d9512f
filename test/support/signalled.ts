// Programs that are signalled while they block: each a module in a process of its own.

import { DEADLINE, Program, within } from './programs.ts';

export const module = (name: string) =>
  JSON.stringify(new URL(`../../dist/${name}.js`, import.meta.url).href);
const imports = `
  import { select, poll, epoll } from ${module('select')};
  import { DefaultSelector } from ${module('selectors')};
  import { socket, socketpair } from ${module('socket')};
  import * as signals from ${module('signal')};
  import { print } from ${module('python/builtins/print')};
  const { default_int_handler, getsignal, signal, SIG_DFL, SIG_IGN, SIGALRM, SIGINT, SIGUSR1 } = signals;
`;

/** Runs a module that prints 'ready' whenever it may be signalled. */
export function run(body: string, ...signals: NodeJS.Signals[]) {
  return runIn({}, body, ...signals);
}

/** The same with other environment variables. */
export function runIn(env: NodeJS.ProcessEnv, body: string, ...signals: NodeJS.Signals[]) {
  return runFor(DEADLINE, env, body, ...signals);
}

/** The same of a module that may take so many milliseconds. */
export async function runFor(
  deadline: number,
  env: NodeJS.ProcessEnv,
  body: string,
  ...signals: NodeJS.Signals[]
) {
  const args = ['--input-type=module', '-e', imports + body];
  await using program = new Program(process.execPath, args, env);
  for (const signal of signals) {
    await program.has(/ready\n$/);
    program.stdout = '';
    await program.asleep();
    program.kill(signal);
  }
  const status = await within(program.exited, 'the end of the program', deadline);
  return { status, stdout: program.stdout, stderr: program.stderr };
}
