// kqueue(2), macOS, after XNU's bsd/kern/kern_event.c (xnu-11417.101.15): knotes, each of an ident and a filter, and
// the queue of those that are active. A knote comes onto the queue, at its end, when its filter says so; kevent takes
// them off from the beginning and asks each filter again. Filters: READ, WRITE, TIMER, USER and SIGNAL.

import * as C from '../kernel/constants/select.ts';
import { EBADF, EINPROGRESS, EINVAL, ENOENT, ENOTSUP, ENXIO, ERANGE } from '../kernel/errno.ts';
import { NotModelled } from './call-base.ts';
import { Hash } from './hash.ts';
import type { Machine, Shared, Timer } from './machine.ts';
import { OpenFile, type Watcher } from './open-file.ts';
import type { Process, ProcessWatcher } from './process.ts';
import { type Report, readReport, writeReport } from './xnu-filters.ts';

/** A struct kevent, without its memory. udata goes through as it is. */
export interface Change {
  ident: number;
  filter: number;
  flags: number;
  fflags: number;
  data: number;
  udata: bigint;
}

/** Where kevent writes an event. */
export type PutEvent = (event: Change) => void;

// Those that Linux's headers lack are undefined there, and no kqueue is made there.
const EV_ADD = C.EV_ADD!;
const EV_DELETE = C.EV_DELETE!;
const EV_ENABLE = C.EV_ENABLE!;
const EV_DISABLE = C.EV_DISABLE!;
const EV_ONESHOT = C.EV_ONESHOT!;
const EV_CLEAR = C.EV_CLEAR!;
const EV_RECEIPT = C.EV_RECEIPT!;
const EV_DISPATCH = C.EV_DISPATCH!;
const EV_DISPATCH2 = C.EV_DISPATCH2!;
const EV_UDATA_SPECIFIC = C.EV_UDATA_SPECIFIC!;
const EV_VANISHED = C.EV_VANISHED!;
const EV_EOF = C.EV_EOF!;
const EV_ERROR = C.EV_ERROR!;
const EV_SYSFLAGS = C.EV_SYSFLAGS!;
/** Filters are -1 … -EVFILT_SYSCOUNT; of these, XNU has none behind the following. bsd/sys/event.h, sysfilt_ops. */
const FILTERS = 18;
const BAD_FILTERS = [-3, -11, -12];
/** How deep queues may lie in each other. MAX_NESTED_KQ. */
const MAX_NESTED = 10;

const READ_EVENTS = C.POLLIN | C.POLLRDNORM | C.POLLHUP | C.POLLERR;
const WRITE_EVENTS = C.POLLOUT | C.POLLWRNORM | C.POLLHUP | C.POLLERR;

/** An errno with which a filter refuses a change. */
class Refusal {
  readonly errno: number;
  constructor(errno: number) {
    this.errno = errno;
  }
}

/** A knote: what is watched, how, and whether it is on the queue. Its members are those of the kernel's struct knote. */
class Knote implements Watcher {
  readonly queue: KqueueFile;
  readonly file: OpenFile | null;
  readonly ident: number;
  readonly filter: Filter;
  flags: number;
  udata: bigint;
  /** What an event bears: kn_fflags. */
  fflags = 0;
  /** What was asked for: kn_sfflags and kn_sdata. */
  wanted: number;
  data: number;
  isActive = false;
  isQueued = false;
  isDisabled: boolean;
  isSuppressed = false;
  isDropped = false;
  /** Delivered for the last time; its deletion waits for EV_ENABLE. EV_DISPATCH2. */
  defersDelete = false;
  /** Of the filter: how often it was triggered, or the timer and its state. kn_hook. */
  count = 0;
  timer: Timer | null = null;
  deadline = 0;

  constructor(queue: KqueueFile, file: OpenFile | null, filter: Filter, change: Change) {
    this.queue = queue;
    this.file = file;
    this.filter = filter;
    this.ident = change.ident;
    this.flags = change.flags;
    this.udata = change.udata;
    this.wanted = change.fflags;
    this.data = change.data;
    this.isDisabled = (change.flags & EV_DISABLE) !== 0;
  }

  onEvents(_file: OpenFile, events: number): void {
    // knote_post().
    // 0: of whatever kind, as where a connection ends.
    if (
      !this.isDropped &&
      (events === 0 || (events & this.filter.events) !== 0) &&
      this.filter.isActive(this)
    )
      this.queue.activate(this);
  }

  /** knote_fill_kevent(). */
  event(data: number, fflags = this.fflags): Change {
    const { ident, flags, udata } = this;
    return { ident, filter: this.filter.number, flags, fflags, data, udata };
  }
}

interface Filter {
  readonly number: number;
  /** Of which events of its file it is told. */
  readonly events: number;
  /** f_attach: whether it is active from the beginning. Throws Refusal. */
  attach(knote: Knote, change: Change): boolean;
  /** f_touch: the same, for a change of what there is. */
  touch(knote: Knote, change: Change): boolean;
  /** f_event. */
  isActive(knote: Knote): boolean;
  /** f_process: the event, or null where there is none any more. */
  process(knote: Knote): Change | null;
  detach(knote: Knote): void;
}

// ---- EVFILT_READ, EVFILT_WRITE

class FileFilter implements Filter {
  readonly number: number;
  readonly events: number;
  readonly #report: (file: OpenFile, lowWater: number | null) => Report;

  constructor(number: number, events: number, report: (file: OpenFile, lowWater: number | null) => Report) {
    this.number = number;
    this.events = events;
    this.#report = report;
  }

  attach(knote: Knote): boolean {
    const file = knote.file!;
    if (file instanceof KqueueFile) {
      if (this.number !== C.EVFILT_READ) throw new Refusal(EINVAL);
      file.nestIn(knote.queue);
    }
    const isActive = this.isActive(knote);
    file.watch(knote);
    return isActive;
  }

  touch(knote: Knote, change: Change): boolean {
    if (!(knote.file instanceof KqueueFile)) {
      knote.wanted = change.fflags;
      knote.data = change.data;
    }
    return this.isActive(knote);
  }

  #look(knote: Knote): Report {
    const asked = (knote.wanted & C.NOTE_LOWAT!) !== 0 ? knote.data : null;
    const report = this.#report(knote.file!, asked);
    // They stay: the flag is never taken off again. filt_soread_common().
    if (report.eof) {
      knote.flags |= EV_EOF;
      knote.fflags = report.error;
    }
    return report;
  }

  isActive(knote: Knote): boolean {
    const { file } = knote;
    return file instanceof KqueueFile ? file.queued > 0 : this.#look(knote).fires;
  }

  process(knote: Knote): Change | null {
    const { file } = knote;
    if (file instanceof KqueueFile) return file.queued > 0 ? knote.event(file.queued) : null;
    const { fires, data } = this.#look(knote);
    return fires ? knote.event(data) : null;
  }

  detach(knote: Knote): void {
    knote.file!.unwatch(knote);
  }
}

// ---- EVFILT_TIMER

const ARMED = 1;
const FIRED = 2;

/** The deadline in nanoseconds of the world's clock (0: at once) and the interval (0: it does not repeat). */
function timesOf(machine: Machine, change: Change): [deadline: number, interval: number] {
  const { fflags, data } = change;
  const unit = fflags & (C.NOTE_SECONDS! | C.NOTE_USECONDS! | C.NOTE_NSECONDS! | C.NOTE_MACHTIME!);
  const units = new Map([
    [0, 1e6],
    [C.NOTE_SECONDS!, 1e9],
    [C.NOTE_USECONDS!, 1e3],
    [C.NOTE_NSECONDS!, 1],
  ]);
  if (unit === C.NOTE_MACHTIME) throw new NotModelled('NOTE_MACHTIME');
  const nanoseconds = units.get(unit);
  if (nanoseconds === undefined) throw new Refusal(EINVAL);
  const isAbsolute = (fflags & C.NOTE_ABSOLUTE!) !== 0;
  if (data < 0 && !isAbsolute) return [0, 0];
  if ((data < 0 ? data + 2 ** 64 : data) * nanoseconds >= 2 ** 64) throw new Refusal(ERANGE);
  if (isAbsolute) {
    // Since 1970. In whole units first, for nanoseconds since then are beyond 2**53.
    const left = (data - machine.epochSeconds * (1e9 / nanoseconds)) * nanoseconds - machine.nanoseconds;
    return [left > 0 ? machine.nanoseconds + left : 0, 0];
  }
  return [machine.nanoseconds + data * nanoseconds, data * nanoseconds];
}

// knote.count is the timer's state, knote.data the interval. filt_timerattach() and the functions around it.
const timerFilter: Filter = {
  number: C.EVFILT_TIMER!,
  events: 0,

  attach(knote, change) {
    const { machine } = knote.queue;
    [knote.deadline, knote.data] = timesOf(machine, change);
    knote.flags |= EV_CLEAR;
    if (knote.wanted & C.NOTE_ABSOLUTE!) knote.flags |= EV_ONESHOT;
    return startTimer(knote);
  },

  touch(knote, change) {
    if ((knote.wanted ^ change.fflags) & C.NOTE_ABSOLUTE!) throw new Refusal(EINVAL);
    [knote.deadline, knote.data] = timesOf(knote.queue.machine, change);
    knote.wanted = change.fflags;
    return startTimer(knote);
  },

  isActive: (knote) => knote.count === FIRED,

  process(knote) {
    if (knote.count !== FIRED) return null;
    knote.count = 0;
    let fired = 1;
    if (knote.data > 0) {
      // How many intervals have passed, and the next one.
      const { nanoseconds } = knote.queue.machine;
      fired = Math.floor((nanoseconds - (knote.deadline - knote.data)) / knote.data);
      if (!(knote.flags & EV_ONESHOT)) {
        knote.deadline += fired * knote.data;
        armTimer(knote);
      }
    }
    return knote.event(fired);
  },

  detach(knote) {
    knote.timer?.cancel();
    knote.timer = null;
  },
};

function startTimer(knote: Knote): boolean {
  knote.timer?.cancel();
  knote.timer = null;
  if (knote.deadline <= knote.queue.machine.nanoseconds) {
    knote.count = FIRED;
    return true;
  }
  armTimer(knote);
  return false;
}

function armTimer(knote: Knote): void {
  const { queue } = knote;
  const { machine } = queue;
  knote.count = ARMED;
  const left = knote.deadline - machine.nanoseconds;
  knote.timer = machine.after(left, `timer ${knote.ident} expires`, queue.shared, () => {
    knote.timer = null;
    knote.count = FIRED;
    queue.activate(knote);
  });
}

// ---- EVFILT_USER, EVFILT_SIGNAL

// knote.count: whether it was triggered. filt_userattach() and the functions below it.
const userFilter: Filter = {
  number: C.EVFILT_USER!,
  events: 0,

  attach(knote) {
    knote.count = knote.wanted & C.NOTE_TRIGGER! ? 1 : 0;
    return knote.count !== 0;
  },

  touch(knote, change) {
    const fflags = change.fflags & C.NOTE_FFLAGSMASK!;
    switch ((change.fflags & C.NOTE_FFCTRLMASK!) >>> 0) {
      case C.NOTE_FFAND:
        knote.wanted &= fflags;
        break;
      case C.NOTE_FFOR:
        knote.wanted |= fflags;
        break;
      case C.NOTE_FFCOPY:
        knote.wanted = fflags;
        break;
    }
    knote.data = change.data;
    if (change.fflags & C.NOTE_TRIGGER!) knote.count = 1;
    return knote.count !== 0;
  },

  isActive: (knote) => knote.count !== 0,

  process(knote) {
    if (knote.count === 0) return null;
    if (knote.flags & EV_CLEAR) knote.count = 0;
    return knote.event(knote.data, knote.wanted);
  },

  detach() {},
};

// knote.count: how often the signal came. bsd/kern/kern_sig.c, filt_sigattach() and the functions below it.
const signalFilter: Filter = {
  number: C.EVFILT_SIGNAL!,
  events: 0,

  attach(knote) {
    knote.flags |= EV_CLEAR;
    knote.data = 0;
    return false;
  },

  touch: (knote) => knote.count > 0,
  isActive: (knote) => knote.count > 0,

  process(knote) {
    if (knote.count === 0) return null;
    const event = knote.event(knote.count, 0);
    knote.count = 0;
    return event;
  },

  detach() {},
};

const filters = new Map<number, Filter>([
  [C.EVFILT_READ!, new FileFilter(C.EVFILT_READ!, READ_EVENTS, readReport)],
  [C.EVFILT_WRITE!, new FileFilter(C.EVFILT_WRITE!, WRITE_EVENTS, writeReport)],
  [C.EVFILT_TIMER!, timerFilter],
  [C.EVFILT_USER!, userFilter],
  [C.EVFILT_SIGNAL!, signalFilter],
]);

/** Those that a file's descriptor names. */
const ofFile = (filter: Filter) => filter instanceof FileFilter;

// ---- The queue

export class KqueueFile extends OpenFile implements ProcessWatcher {
  readonly kind = 'kqueue';
  readonly shared: Shared;
  readonly #process: Process;
  /** By ident; several filters of one. */
  readonly #knotes = new Map<number, Knote[]>();
  /** Those that are active, in their order. */
  #queue: Knote[] = [];
  /** Those that this call has dealt with, and that come back behind it. */
  #suppressed: Knote[] = [];
  /** How deep it lies; 0: in none, and none in it. kq_level. */
  #level = 0;

  constructor(process: Process) {
    super(process.machine);
    this.shared = process.machine.newShared();
    this.#process = process;
    process.watchers.push(this);
  }

  /** How many knotes are on the queue: kq_count. */
  get queued(): number {
    return this.#queue.length;
  }

  /** What it watches, for a recording and for tests. */
  get watched(): { ident: number; filter: number; flags: number }[] {
    const knotes = [...this.#knotes.values()].flat();
    return knotes.map(({ ident, filter, flags }) => ({ ident, filter: filter.number, flags }));
  }

  poll(): number {
    return this.#queue.length > 0 ? C.POLLIN | C.POLLRDNORM : 0;
  }

  override addContents(hash: Hash): boolean {
    const all = new Hash();
    for (const knotes of this.#knotes.values())
      for (const knote of knotes) all.addUnordered(contentsOf(knote));
    hash.addHash(all);
    for (const { ident, filter } of this.#queue) {
      hash.add(ident);
      hash.add(filter.number);
    }
    return this.watchers.length === 0;
  }

  // No fo_read, no fo_write.
  override read(): number {
    return -ENXIO;
  }

  override write(): number {
    return -ENXIO;
  }

  /** Puts it into another queue: a ceiling for how deep they lie keeps circles out. kqueue_kqfilter(). */
  nestIn(parent: KqueueFile): void {
    if (parent === this) throw new Refusal(EINVAL);
    if (parent.#level > 0 && parent.#level < this.#level) throw new Refusal(EINVAL);
    let level = parent.#level === 0 ? 2 : parent.#level;
    if (level < this.#level + 1) {
      if (this.#level + 1 > MAX_NESTED) throw new Refusal(EINVAL);
      level = this.#level + 1;
    }
    parent.#level = level;
    if (this.#level === 0) this.#level = 1;
  }

  // ---- Changes: kevent_register()

  /** Makes a change: 0, or the errno; and what the change has become, for an event of it. */
  register(given: Change): number {
    const change = given;
    change.flags &= ~EV_SYSFLAGS;
    const { filter: number } = change;
    if (number >= 0 || number < -FILTERS) return EINVAL;
    if (change.flags & EV_VANISHED) {
      const needed = EV_ADD | EV_DISPATCH2;
      if ((change.flags & needed) !== needed) return EINVAL;
      throw new NotModelled('EV_VANISHED');
    }
    if (change.flags & EV_DELETE) change.flags &= ~EV_ADD;
    if (change.flags & EV_DISABLE) change.flags &= ~EV_ENABLE;
    this.machine.touch(this.shared);
    const knote = this.#find(change);
    if (knote !== undefined) return this.#change(knote, change);
    if ((change.flags & EV_ADD) === 0) return ENOENT;
    if (BAD_FILTERS.includes(number)) return ENOTSUP;
    const filter = filters.get(number);
    if (filter === undefined) throw new NotModelled(`kevent() with the filter ${number}`);
    return this.#add(filter, change);
  }

  #find({ ident, filter, flags, udata }: Change): Knote | undefined {
    const isSpecific = (flags & EV_UDATA_SPECIFIC) !== 0;
    return this.#knotes
      .get(ident)
      ?.find(
        (knote) =>
          knote.filter.number === filter &&
          ((knote.flags & EV_UDATA_SPECIFIC) !== 0) === isSpecific &&
          (!isSpecific || knote.udata === udata),
      );
  }

  #add(filter: Filter, change: Change): number {
    const file = ofFile(filter) ? this.#process.file(change.ident) : null;
    if (file === null && ofFile(filter)) return EBADF;
    const knote = new Knote(this, file, filter, change);
    let isActive: boolean;
    try {
      isActive = filter.attach(knote, change);
    } catch (refusal) {
      if (refusal instanceof Refusal) return refusal.errno;
      throw refusal;
    }
    const siblings = this.#knotes.get(knote.ident);
    if (siblings === undefined) this.#knotes.set(knote.ident, [knote]);
    else siblings.push(knote);
    this.#apply(knote, change, isActive);
    return 0;
  }

  #change(knote: Knote, change: Change): number {
    if (change.flags & EV_DELETE) {
      const isDeferred =
        (change.flags & EV_ENABLE) === 0 && (knote.flags & EV_DISPATCH2) === EV_DISPATCH2 && knote.isDisabled;
      if (isDeferred) {
        knote.defersDelete = true;
        return EINPROGRESS;
      }
      this.#drop(knote);
      return 0;
    }
    let isActive: boolean;
    if (knote.defersDelete) {
      isActive = (change.flags & EV_ENABLE) !== 0;
    } else {
      try {
        isActive = knote.filter.touch(knote, change);
      } catch (refusal) {
        if (refusal instanceof Refusal) return refusal.errno;
        throw refusal;
      }
    }
    // The flags stay those with which it was added, EV_CLEAR and EV_ONESHOT among them.
    if ((knote.flags & EV_UDATA_SPECIFIC) === 0) knote.udata = change.udata;
    if (change.flags & EV_DISABLE && !knote.isDisabled) {
      knote.isDisabled = true;
      this.#dequeue(knote);
    }
    this.#apply(knote, change, isActive);
    return 0;
  }

  // knote_apply_touch().
  #apply(knote: Knote, change: Change, isActive: boolean): void {
    if (change.flags & EV_ENABLE) knote.isDisabled = false;
    if (isActive) this.activate(knote);
    else this.#enqueue(knote);
  }

  // ---- Knotes on the queue

  /** knote_activate(). */
  activate(knote: Knote): void {
    knote.isActive = true;
    this.machine.touch(this.shared);
    this.#enqueue(knote);
  }

  #enqueue(knote: Knote): void {
    if (!knote.isActive || knote.isDisabled || knote.isSuppressed || knote.isQueued || knote.isDropped)
      return;
    const wakes = this.#queue.length === 0;
    this.#queue.push(knote);
    knote.isQueued = true;
    // Those that wait for this queue in select(), and the queues that it lies in. kqfile_wakeup().
    if (wakes) this.notify(C.POLLIN | C.POLLRDNORM);
  }

  #dequeue(knote: Knote): void {
    if (!knote.isQueued) return;
    this.#queue.splice(this.#queue.indexOf(knote), 1);
    knote.isQueued = false;
  }

  #drop(knote: Knote): void {
    knote.isDropped = true;
    this.#dequeue(knote);
    const siblings = this.#knotes.get(knote.ident)!;
    siblings.splice(siblings.indexOf(knote), 1);
    if (siblings.length === 0) this.#knotes.delete(knote.ident);
    knote.filter.detach(knote);
    this.machine.touch(this.shared);
  }

  // ---- Events: kqueue_process()

  /** Puts what happened, at most so many events; how many there were. */
  collect(put: PutEvent, most: number): number {
    let n = 0;
    while (n === 0 && this.#queue.length > 0) {
      while (n < most && this.#queue.length > 0) if (this.#processOne(this.#queue[0], put)) n++;
      const back = this.#suppressed;
      this.#suppressed = [];
      for (const knote of back) {
        knote.isSuppressed = false;
        this.#enqueue(knote);
      }
    }
    this.machine.touch(this.shared);
    return n;
  }

  // knote_process(): whether there was an event.
  #processOne(knote: Knote, put: PutEvent): boolean {
    this.#dequeue(knote);
    knote.isActive = false;
    knote.isSuppressed = true;
    this.#suppressed.push(knote);
    const event = knote.defersDelete ? lastEvent(knote) : knote.filter.process(knote);
    if (event === null) return false;
    if (event.flags & EV_ONESHOT) {
      if ((knote.flags & EV_DISPATCH2) === EV_DISPATCH2 && !knote.defersDelete) {
        knote.defersDelete = true;
        knote.isDisabled = true;
      } else {
        this.#drop(knote);
      }
    } else if (knote.flags & EV_DISPATCH) {
      knote.isDisabled = true;
    } else if (!(knote.flags & EV_CLEAR)) {
      knote.isActive = true; // There may be more.
    }
    put(event);
    if (knote.flags & EV_CLEAR) knote.fflags = 0;
    return true;
  }

  // ---- What happens in the process

  /** A descriptor is closed: its knotes go with it, though its file stays open. knote_fdclose(). */
  onClose(fd: number): void {
    for (const knote of [...(this.#knotes.get(fd) ?? [])]) if (ofFile(knote.filter)) this.#drop(knote);
  }

  /** A signal was sent to the process, whatever becomes of it. psignal_internal(). */
  onSignal(signum: number): void {
    for (const knote of this.#knotes.get(signum) ?? []) {
      if (knote.filter !== signalFilter) continue;
      knote.count++;
      this.activate(knote);
    }
  }

  release(): void {
    for (const knote of [...this.#knotes.values()].flat()) this.#drop(knote);
    const { watchers } = this.#process;
    watchers.splice(watchers.indexOf(this), 1);
  }
}

function contentsOf(knote: Knote): Hash {
  const { ident, filter, flags, fflags, wanted, data, udata, count, deadline } = knote;
  const hash = new Hash();
  for (const n of [ident, filter.number, flags, fflags, wanted, data, count, deadline]) hash.add(n);
  hash.addText(String(udata));
  const { isActive, isQueued, isDisabled, isSuppressed, defersDelete } = knote;
  hash.addFlags(isActive, isQueued, isDisabled, isSuppressed, defersDelete);
  return hash;
}

/** That a knote which deferred its deletion is gone now. */
function lastEvent(knote: Knote): Change {
  const flags = EV_DISPATCH2 | EV_ONESHOT | EV_DELETE;
  return { ident: knote.ident, filter: knote.filter.number, flags, fflags: 0, data: 0, udata: knote.udata };
}

/** Whether a change that was made becomes an event of its own, and what its flags are then. kevent_internal(). */
export function receiptOf(change: Change, errno: number): Change | null {
  if (errno !== 0) return { ...change, flags: change.flags | EV_ERROR, data: errno };
  if (change.flags & EV_RECEIPT) return { ...change, flags: change.flags | EV_ERROR, data: 0 };
  return null;
}
