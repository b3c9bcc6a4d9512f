// What a kqueue has to report, said a second time and in another way than src/sim/kqueue.ts has it: there are no knotes
// that become active and lie on a queue, but bytes that were sent and received, and for each thing that is watched
// whether it must be reported now, may be, or must not be. After kqueue(2) and, where that says nothing, XNU's
// bsd/kern/kern_event.c, uipc_socket.c and sys_pipe.c.

import * as C from '../../../src/kernel/constants/select.ts';
import { EBADF, ENOENT } from '../../../src/kernel/errno.ts';

export const READ = C.EVFILT_READ!;
export const WRITE = C.EVFILT_WRITE!;
const { EV_ADD, EV_CLEAR, EV_DELETE, EV_DISABLE, EV_DISPATCH, EV_ENABLE, EV_ONESHOT } =
  C as unknown as Record<string, number>;

/** Bytes that a UNIX stream and a pipe hold, and how much of it has to be free for a writer to be told. */
const UNIX_SPACE = 8192;
const UNIX_LOW_WATER = 2048;
export const PIPE_SPACE = 16384;
const PIPE_LOW_WATER = 512;

export type Kind = 'unix' | 'tcp' | 'reader' | 'writer' | 'listener';

/** What a filter says of an end: data is null where it is not known here. */
export interface Says {
  readonly fires: boolean;
  readonly eof: boolean;
  readonly data: number | null;
}

const silent: Says = { fires: false, eof: false, data: null };

/** One end of a connection or a pipe, or a listener. */
export class End {
  readonly fd: number;
  readonly kind: Kind;
  peer: End | null = null;
  /** Bytes to read, or connections to accept. */
  unread = 0;
  isClosed = false;
  /** It has shut down what it sends. */
  hasShut = false;
  /** A connection that was reset, or of which that may be: what it says is not known here. */
  isOdd = false;

  constructor(fd: number, kind: Kind) {
    this.fd = fd;
    this.kind = kind;
  }

  /** What EVFILT_READ says; null: not known. */
  get readSays(): Says | null {
    if (this.isOdd) return null;
    if (this.kind === 'listener') return { fires: this.unread > 0, eof: false, data: this.unread };
    const { peer, unread } = this;
    const eof = peer!.isClosed || peer!.hasShut;
    if (this.kind === 'writer') return { fires: eof, eof, data: 0 };
    return { fires: eof || unread > 0, eof, data: unread };
  }

  /** What EVFILT_WRITE says; null: not known. */
  get writeSays(): Says | null {
    if (this.isOdd) return null;
    if (this.kind === 'listener') return silent;
    const gone = this.peer!.isClosed;
    if (this.kind === 'reader') return { fires: gone, eof: gone, data: 0 };
    if (this.kind === 'writer') {
      const space = PIPE_SPACE - this.peer!.unread;
      return gone
        ? { fires: true, eof: true, data: 0 }
        : { fires: space >= PIPE_LOW_WATER, eof: false, data: space };
    }
    if (this.hasShut) return { fires: true, eof: true, data: null };
    // What a TCP buffer holds that the peer has not acknowledged is the network's.
    if (this.kind === 'tcp') return null;
    const space = UNIX_SPACE - this.peer!.unread;
    return gone
      ? { fires: true, eof: true, data: null }
      : { fires: space >= UNIX_LOW_WATER, eof: false, data: space };
  }

  says(filter: number): Says | null {
    return filter === READ ? this.readSays : this.writeSays;
  }
}

/** A filter of a descriptor that is watched. */
export interface Watch {
  readonly end: End;
  readonly filter: number;
  readonly isClear: boolean;
  readonly isOneshot: boolean;
  readonly isDispatch: boolean;
  isDisabled: boolean;
  udata: number;
  /** Of EV_CLEAR: something has come since it was reported, so that it must be reported once more. */
  isDue: boolean;
  /** Of EV_CLEAR: something was done with the file since then, so that it may be. */
  isTouched: boolean;
}

/** What a kqueue watches. */
export class Watched {
  readonly watches: Watch[] = [];

  find(fd: number, filter: number): Watch | undefined {
    return this.watches.find((watch) => watch.end.fd === fd && watch.filter === filter);
  }

  /** A change to what there is: 0, or the errno. */
  change(end: End, filter: number, flags: number, udata: number, fires: boolean): number {
    const found = this.find(end.fd, filter);
    if (flags & EV_DELETE) {
      if (found === undefined) return ENOENT;
      this.#forget(found);
      return 0;
    }
    if (found === undefined) {
      if (!(flags & EV_ADD)) return ENOENT;
      if (end.isClosed) return EBADF;
      this.watches.push({
        end,
        filter,
        isClear: (flags & EV_CLEAR) !== 0,
        isOneshot: (flags & EV_ONESHOT) !== 0,
        isDispatch: (flags & EV_DISPATCH) !== 0,
        isDisabled: (flags & EV_DISABLE) !== 0,
        udata,
        isDue: fires,
        isTouched: false,
      });
      return 0;
    }
    // The flags are those with which it was added.
    found.udata = udata;
    if (flags & EV_DISABLE) found.isDisabled = true;
    else if (flags & EV_ENABLE) found.isDisabled = false;
    if (fires) found.isDue = true;
    return 0;
  }

  /** Bytes, a connection or the end have come for those who read, or space for those who write. */
  comes(end: End, filter: number): void {
    const found = this.find(end.fd, filter);
    if (found !== undefined) found.isDue = true;
  }

  /** Something else was done with the file, or with its other end. */
  touches(end: End): void {
    for (const watch of this.watches) if (watch.end === end || watch.end === end.peer) watch.isTouched = true;
  }

  closes(end: End): void {
    for (const watch of this.watches.filter((one) => one.end === end)) this.#forget(watch);
  }

  /** Whether it must be reported now, may be, or must not; fires: what its filter says now. */
  verdict(watch: Watch, fires: boolean): 'must' | 'may' | 'not' {
    if (watch.isDisabled || !fires) return 'not';
    if (!watch.isClear || watch.isDue) return 'must';
    return watch.isTouched ? 'may' : 'not';
  }

  /** It was reported. */
  reports(watch: Watch): void {
    watch.isDue = false;
    watch.isTouched = false;
    if (watch.isOneshot) this.#forget(watch);
    else if (watch.isDispatch) watch.isDisabled = true;
  }

  #forget(watch: Watch): void {
    this.watches.splice(this.watches.indexOf(watch), 1);
  }
}
