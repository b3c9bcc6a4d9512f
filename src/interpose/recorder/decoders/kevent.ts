// kevent's lists (macOS), where there is no strace: written in its manner. Above: call-args.ts.
// Below: call-form.ts, strace-text.ts.

import { layout } from '../../../kernel/native.ts';
import { flags, named, time } from '../strace-text.ts';
import { copy, type Form, first } from './decoder.ts';
import { shown, timeCopy } from './wait.ts';

const keventSize = layout['sizeof kevent'] ?? 0;
const keventEntries = (bytes: unknown) => {
  const { buffer, byteLength } = bytes as Uint8Array;
  const view = new DataView(buffer);
  return Array.from({ length: Math.floor(byteLength / (keventSize || 1)) }, (_, i) => ({
    ident: Number(view.getBigUint64(i * keventSize + layout['kevent.ident']!, true)),
    filter: view.getInt16(i * keventSize + layout['kevent.filter']!, true),
    flags: view.getUint16(i * keventSize + layout['kevent.flags']!, true),
  }));
};
const keventText = (bytes: unknown) =>
  bytes === null
    ? 'NULL'
    : shown(
        keventEntries(bytes),
        (event) =>
          `{ident=${event.ident}, filter=${named('EVFILT_', event.filter)}, flags=${flags('EV_', event.flags)}}`,
      );

export const keventForm: Form = {
  names: ['kq', 'changelist', 'nchanges', 'eventlist', 'nevents', 'timeout'],
  fd: first,
  before: ([, changes, n]) => (changes == null ? null : copy(changes, 0, (n as number) * keventSize)),
  keep: ([kq, , n, events, most, timeout], result, changes) => [
    kq,
    changes,
    n,
    events == null ? null : copy(events, 0, Math.max(result, 0) * keventSize),
    most,
    timeCopy(timeout),
  ],
  texts: ([kq, changes, n, events, most, timeout]) => [
    kq,
    keventText(changes),
    n,
    keventText(events),
    most,
    time(timeout as BigInt64Array | null, 'tv_nsec'),
  ],
  ready: ([, , , events]) => (events === null ? [] : keventEntries(events).map(({ ident }) => ident)),
};
