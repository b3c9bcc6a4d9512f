// A recording as one self-contained HTML page: the recording and its steps are inlined as JSON, and shown
// in the reader's browser by browser/, which scripts/bundle.mjs makes one script of.

import { type CallLine, isSimulated, type Recording } from '../../../../interpose/recorder/recording.ts';
import { bundled, embedded, escaped, filled } from '../../../page.ts';
import { bytesOf, messageText, shortened } from '../../words.ts';
import { pageData } from './steps.ts';

/** The page. It asks for nothing from the network, and its policy forbids it to. */
export function renderHtml(recording: Recording): string {
  return filled(new URL('assets/', import.meta.url), {
    title: escaped(`${isSimulated(recording) ? 'Simulated: ' : ''}${titleOf(recording)}`),
    data: embedded(pageData(recording)),
    script: bundled('tools/trace/render/html/assets/page.js'),
  });
}

/** What goes out and comes back, or the command that was recorded. */
function titleOf({ processes, calls }: Recording): string {
  const client = processes.find(({ role }) => role === 'client');
  const message = calls.find(({ pid, name, data }) => pid === client?.pid && name === 'send' && data);
  if (message !== undefined) return `“${textOf(message)}” goes out and comes back`;
  return processes[0]?.argv.join(' ') || 'Nothing was recorded';
}

/** The documented client's words, without the time before them. */
const textOf = ({ data }: CallLine) => shortened(messageText(bytesOf(data!)), 40);
