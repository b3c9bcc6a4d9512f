// What came from a peer, made safe to print: a terminal obeys control characters, which move the cursor, set
// its title, or make it type an answer.

import { isUtf8 } from 'node:buffer';

// Tabs and line ends are ordinary text. The C1 controls, U+0080 to U+009F, are two bytes in UTF-8.
const inText = /(?!\t|\n|\r\n|\r$)\p{Cc}/gu;
// In bytes that are not UTF-8, each of them as a character: the same controls; and every byte beyond ASCII.
const inBytes = /(?!\t|\n|\r\n|\r$)(?=\p{ASCII})\p{Cc}|\u00c2(?!\p{ASCII})\p{Cc}/gu;
const inBytesOnTerminal = /(?!\t|\n|\r\n|\r$)\p{Cc}|\P{ASCII}/gu;

const escaped = (found: string) =>
  `\\x${found
    .charCodeAt(found.length - 1)
    .toString(16)
    .padStart(2, '0')}`;

/**
 * The same bytes, but for control characters, which stand as Python's repr has them: \x1b. For a terminal bytes
 * that are not UTF-8 do, too: one that is not set to UTF-8 has controls among them.
 */
export function printable(data: Buffer, isTerminal: boolean): Buffer {
  if (isUtf8(data)) return Buffer.from(data.toString().replace(inText, escaped));
  const found = isTerminal ? inBytesOnTerminal : inBytes;
  return Buffer.from(data.toString('latin1').replace(found, escaped), 'latin1');
}
