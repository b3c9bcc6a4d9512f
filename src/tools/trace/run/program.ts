// Runs any program as a child process with RFDS_TRACE set, and reads the recording of its calls through rfds.
// Its stdio is inherited, signals are forwarded to it, and its exit status is returned.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import path from 'node:path';
import { isatty } from 'node:tty';
import type { Recording } from '../../../interpose/recorder/recording.ts';
import { TemporaryFolder } from '../../long-run.ts';
import { recordingIn } from './recording-file.ts';

/** Runs it to its end, and returns what was recorded, and its exit status (128 + n for a signal). */
export async function recordProgram([command, ...args]: string[]): Promise<{
  recording: Recording;
  status: number;
}> {
  using folder = new TemporaryFolder('rfds-trace-');
  const file = path.join(folder.path, 'recording.ndjson');
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, RFDS_TRACE: file } });
  for (const name of forwarded()) process.on(name, () => child.kill(name));
  const [code, signal] = await once(child, 'exit');
  const recording = recordingIn(file);
  if (recording.processes.length === 0)
    recording.notes.push({ type: 'note', at: 0, text: `${command} made no call through rfds` });
  return { recording, status: code ?? 128 + constants.signals[signal as NodeJS.Signals] };
}

// The signals that come to this process alone, and are the program's: Ctrl+C on a terminal has reached
// it already.
function forwarded(): NodeJS.Signals[] {
  return [0, 1, 2].some(isatty) ? ['SIGTERM', 'SIGHUP'] : ['SIGINT', 'SIGTERM', 'SIGHUP'];
}
