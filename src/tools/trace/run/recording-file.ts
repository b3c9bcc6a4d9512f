// Recordings in files: a whole one, and one that still grows while its processes run.

import { readFileSync } from 'node:fs';
import { parseRecording, type Recording } from '../../../interpose/recorder/recording.ts';
import { visible } from '../render/terminal/style.ts';
import { problemIn } from './line-check.ts';

/** What was recorded in a file so far, whole lines of it; nothing where there is no file yet. */
export function recordingIn(file: string): Recording {
  const text = readFileSync(file, { encoding: 'utf8', flag: 'a+' });
  return parseRecording(text.slice(0, text.lastIndexOf('\n') + 1));
}

/**
 * Reads a recording to its end; `-` is stdin. Throws an Error with the file's name, and for what is no line of a
 * recording its number and what is wrong.
 */
export function readRecording(file: string): Recording {
  const name = file === '-' ? 'stdin' : file;
  try {
    return parseRecording(readFileSync(file === '-' ? 0 : file, 'utf8'), problemIn);
  } catch (error) {
    throw new Error(`cannot read ${name}: ${visible((error as Error).message)}`);
  }
}
