// Planted bugs, each a replacement in a source file of the loops, the selectors or the Python layer, and the programs
// that are explored with it. What is replaced has to be in the file once: a mutant cannot become none unnoticed.

export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly replaces: string;
  readonly by: string;
  /** A second place in the same or another file. */
  readonly also?: { readonly file: string; readonly replaces: string; readonly by: string };
  /** Where it is hunted: see allScenes() in hunt.ts. */
  readonly hunts: readonly string[];
  /** The platform; Linux where there is none. */
  readonly on?: 'darwin';
}

const CONNECTIONS = 'programs/serving/connections.ts';
const BATCH = 'programs/serving/batch-io.ts';
const ACCEPTOR = 'programs/serving/acceptor.ts';
const SELECT = 'programs/select-server.ts';
const nonBlocking = ['poll', 'epoll', 'epoll-edge', 'selectors'];

const of =
  (file: string, hunts: readonly string[]) =>
  (name: string, replaces: string, by: string, where: readonly string[] = hunts): Mutant => ({
    name,
    file,
    replaces,
    by,
    hunts: where,
  });

const connections = of(CONNECTIONS, nonBlocking);
const batch = of(BATCH, ['epoll', 'poll']);
const acceptor = of(ACCEPTOR, ['epoll', 'select']);
const select = of(SELECT, ['select']);
const pollServer = of('programs/poll-server.ts', ['poll']);
const epollServer = of('programs/epoll-server.ts', ['epoll']);
const edgeServer = of('programs/epoll-edge-server.ts', ['epoll-edge']);
const selectorsServer = of('programs/selectors-server.ts', ['selectors']);
const selectors = of('python/selectors/selectors.ts', []);
const pollModule = of('python/select/poll.ts', ['waits: poll', 'poll', 'PollSelector']);
const waiting = of('python/waiting.ts', []);
const limits = of('programs/serving/limits.ts', ['select', 'poll']);
const idleClients = of('programs/serving/idle-clients.ts', ['select']);
const unsent = of('programs/serving/unsent.ts', ['poll', 'epoll-edge']);
const onDarwin = (mutant: Mutant): Mutant => ({ ...mutant, on: 'darwin' });
const kqueueServer = (name: string, replaces: string, by: string) =>
  onDarwin(of('programs/kqueue-server.ts', ['kqueue'])(name, replaces, by));
const kqueueSelector = (name: string, replaces: string, by: string) =>
  onDarwin(selectors(name, replaces, by, ['KqueueSelector', 'selectors']));
const kqueueModule = (name: string, replaces: string, by: string, where: readonly string[]) =>
  onDarwin(of('python/select/kqueue.ts', where)(name, replaces, by));
const socketModule = of('python/socket/socket.ts', ['sendall', 'waits: recv']);

export const mutants: readonly Mutant[] = [
  connections(
    'the end of the stream is taken for a message',
    'n === 0 || io.isGoodbye(i)',
    'io.isGoodbye(i)',
  ),
  connections(
    'the end of the stream is taken for EAGAIN',
    'if (n < 0) {',
    'if (n === 0) return false;\n    if (n < 0) {',
  ),
  connections('0xFF is taken for a message', 'n === 0 || io.isGoodbye(i)', 'n === 0'),
  connections(
    'a reply is sent before what is unsent',
    'if (this.#unsent.length === 0) return true;',
    'return true;',
  ),
  connections(
    'a short send is taken for a whole one',
    'if (sent === io.replyLength(j)) return;',
    'if (sent > 0) return;',
  ),
  connections(
    'a reply is lost at EAGAIN',
    "if (sent < 0) this.#onError(sent, 'send');\n    if (!this",
    "if (sent < 0) return this.#onError(sent, 'send');\n    if (!this",
  ),
  connections('what was sent is sent again', 'io.restOfReply(j, sent)', 'io.restOfReply(j, 0)'),
  connections(
    'no interest in writing while something is unsent',
    ' | (this.#unsent.length > 0 ? EVENT_WRITE : 0)',
    '',
  ),
  connections(
    'EAGAIN drops the client',
    'result === -sys.EAGAIN || result === -sys.EINTR',
    'result === -sys.EINTR',
  ),
  connections(
    'ECONNRESET kills the server',
    'result === -sys.EAGAIN || result === -sys.EINTR) return;',
    'result === -sys.EAGAIN || result === -sys.EINTR) return;\n    throw new OSError(result, syscall);',
  ),
  connections('the backlog is unbounded', 'const UNSENT_LIMIT = 65536;', 'const UNSENT_LIMIT = 1e9;'),
  connections(
    'one recv for an edge',
    'this.#edgeTriggered && io.received(i) > 0',
    'this.#edgeTriggered && io.received(i) < 0',
    ['epoll-edge'],
  ),
  connections('those to drain are forgotten', 'const n = this.#drainingCount;', 'const n = 0;', [
    'epoll-edge',
  ]),
  connections(
    'a closed descriptor is received from',
    'if (connection.interest & EVENT_READ) this.#addToBatch(connection);',
    'this.#addToBatch(connection);',
    ['epoll-edge'],
  ),
  connections(
    'a client that has ended is not closed',
    'this.#count--;\n    connection.end();',
    'this.#count--;',
  ),
  connections(
    'the registered interest is not remembered',
    '    connection.registered = connection.interest;\n',
    '',
    ['epoll', 'epoll-edge', 'selectors'],
  ),
  connections(
    'ENOSPC of epoll_ctl kills the server',
    'if (!isShortage(error)) throw error;\n      connection.turnAway(error);',
    'throw error;',
    ['epoll', 'epoll-edge'],
  ),
  connections('the descriptor in reserve is left open', 'this.#acceptor[Symbol.dispose]();', ''),
  connections('the listener blocks', 'this.server_socket.setblocking(false);', ''),
  connections('the clients block', 'client_socket.setblocking(false);', '', ['poll', 'epoll-edge']),
  connections(
    'a writable client is not sent to',
    'if (events & this.interest & EVENT_WRITE) this.#sendUnsent();',
    '',
  ),
  {
    ...connections('one accept for an edge', 'const ACCEPTS_PER_TURN = 64;', 'const ACCEPTS_PER_TURN = 1;', [
      'epoll',
      'epoll-edge',
    ]),
    also: {
      file: 'programs/epoll-server.ts',
      replaces: 'register(connections.server_socket, EPOLLIN)',
      by: 'register(connections.server_socket, EPOLLIN + 0x80000000)',
    },
  },

  batch('the last byte of a reply is not sent', 'start, end - start,', 'start, end - start - 1,'),
  batch(
    'the goodbye of another client',
    'this.#slots[i * SLOT + DATA] === 0xff',
    'this.#slots[DATA] === 0xff',
  ),
  batch('the reply of another client', 'this.#sends.send(j, fd,', 'this.#sends.send(i, fd,'),
  batch('what was sent of a reply is sent again', 'start + first, start', 'start, start'),

  acceptor(
    'EMFILE spins',
    'if (isShortage(error)) this.#turnAway(server_socket, error);',
    'if (isShortage(error)) return null;',
  ),
  acceptor('ECONNABORTED kills the server', 'sys.ECONNABORTED, ', ''),
  acceptor('EAGAIN of accept kills the server', '[sys.EAGAIN, ', '[', ['epoll']),
  acceptor(
    'a client that is turned away is not closed',
    'server_socket.accept()[0].close()',
    'server_socket.accept()',
  ),
  acceptor('a client that is dropped stays open', 'client_socket.close();\n    sleep(', 'sleep(', ['select']),

  select(
    'the end of the stream is taken for a message',
    'data[0] === 0xff || data.length === 0',
    'data[0] === 0xff',
  ),
  select('all clients are received from', 'of rlist) {', 'of rfds.slice(1)) {'),
  select(
    'a closed client stays on the list',
    'remove(rfds, client_socket);\n            client_socket.close();',
    'client_socket.close();',
  ),
  select('a client that has ended is not closed', 'client_socket.close();\n          } else', '} else'),
  select(
    'ECONNRESET kills the server',
    'warnDropped(acceptor.peerOf(client_socket), error);',
    'throw error;',
  ),
  select(
    'the wrong client is closed',
    'if (rfds.includes(client_socket)) remove(rfds, client_socket);\n          client_socket.close();',
    'rfds.pop()!.close();',
  ),
  select(
    'a short send is ignored',
    'sendallWithin(client_socket, response_bytes, sendTimeout);',
    'client_socket.send(response_bytes, 0x40);',
  ),
  select('a shortage of memory kills the server', 'acceptor.dropLast(rfds, error);', 'throw error;'),
  of('programs/serving/sendall-timeout.ts', ['select'])(
    'what was sent is sent again',
    'data.subarray(sent)',
    'data',
  ),
  of('programs/serving/sendall-timeout.ts', ['select'])(
    'the timeout is ignored',
    'writable.poll(left === null ? null : left * 1000).length === 0 && monotonic() >= deadline',
    'writable.poll().length === 0',
  ),

  pollServer(
    'unregister is forgotten',
    'if (connection.interest === 0) poller.unregister(connection);\n      else',
    'if (connection.interest !== 0)',
  ),
  pollServer(
    'a changed interest is forgotten',
    'else poller.register(connection,',
    'else if (connection.registered === 0) poller.register(connection,',
  ),
  pollServer('a shortage of memory kills the server', 'connections.onWaitError(error);', 'throw error;'),
  pollServer('the last of the events is not looked at', 'left > 0; i++', 'left > 1; i++'),

  epollServer('a changed interest is forgotten', 'else poller.modify(connection, events);', ''),
  epollServer('what is not reported is served', 'i < n; i++', 'i < 1; i++', ['epoll-edge']),
  edgeServer('no edges of writing', 'EPOLLIN | EPOLLOUT | (', 'EPOLLIN | ('),
  connections(
    'a lost wakeup after a pause',
    'if (events & this.interest & EVENT_WRITE) this.#sendUnsent();\n    return (events & this.interest & EVENT_READ) !== 0;',
    'const { interest } = this;\n    if (events & interest & EVENT_WRITE) this.#sendUnsent();\n    return (events & interest & this.interest & EVENT_READ) !== 0;',
    ['epoll-edge'],
  ),

  selectorsServer(
    'a changed interest is forgotten',
    'else selector.modify(connection, connection.interest);',
    '',
  ),
  selectorsServer('unregister is forgotten', 'selector.unregister(connection);', 'void 0;'),
  of('python/selectors/base.ts', ['selectors', 'PollSelector'])(
    'unregister keeps the key',
    'this.keys.delete(key.fd);\n    try {',
    'try {',
  ),
  of('python/selectors/base.ts', ['selectors', 'PollSelector'])(
    'modify keeps the interest of before',
    'this.keys.set(key.fd, changed);',
    '',
  ),
  selectors('SelectSelector keeps the writers', '    this.#writers.delete(fd);\n', '', ['SelectSelector']),
  selectors(
    'SelectSelector only adds',
    '    this.unwatch(fd);\n    this.watch(fd, events);',
    '    this.watch(fd, events);',
    ['SelectSelector'],
  ),
  selectors('SelectSelector loses the writable', 'of writable) ready', 'of [] as number[]) ready', [
    'SelectSelector',
  ]),
  selectors('PollSelector changes nothing', 'this.#poll.modify(fd, toPoll(events));', 'void [fd, events];', [
    'PollSelector',
  ]),
  selectors('PollSelector forgets to unregister', 'this.#poll.unregister(fd);', 'void fd;', ['PollSelector']),
  selectors(
    'EpollSelector changes nothing',
    'this.#epoll.modify(fd, toEpoll(events));',
    'void [fd, events];',
    ['EpollSelector', 'selectors'],
  ),
  of('python/selectors/masks.ts', ['poll', 'PollSelector'])(
    'POLLOUT is not asked for',
    '(events & EVENT_WRITE ? POLLOUT : 0)',
    '0',
  ),
  of('python/selectors/masks.ts', ['epoll', 'EpollSelector'])(
    'EPOLLOUT is not asked for',
    '(events & EVENT_WRITE ? EPOLLOUT : 0)',
    '0',
  ),

  pollModule('a hole in the array keeps its descriptor', 'if (this.#places.get(fd) !== i) continue;', ''),
  pollModule(
    'modify does not reach the array',
    'this.#events.set(fd, mask);\n    this.#changed.add(fd);',
    'this.#events.set(fd, mask);',
    ['PollSelector'],
  ),
  pollModule(
    'EINTR is not retried',
    'while (n === -EINTR && this.#mustRetry(n, deadline));',
    'while (n === -EINTR && this.#mustRetry(n, deadline) && false);',
  ),
  of('python/select/epoll.ts', ['waits: epoll'])(
    'EINTR is not retried',
    "while (mustRetry(n, 'epoll_wait', deadline));",
    "while (mustRetry(n, 'epoll_wait', deadline) && false);",
  ),
  of('python/select/select.ts', ['waits: select'])(
    'the deadline is set anew after EINTR',
    'timevalUntil(deadline));\n  } while',
    "timevalUntil(beginWait(seconds, 'select')));\n  } while",
  ),
  waiting('the time left is not looked at after EINTR', '|| monotonic() < deadline;', '|| deadline < 0;', [
    'waits: select',
    'waits: poll',
  ]),
  waiting(
    'EINTR is an error',
    'if (result !== -EINTR) throw osError(result, syscall);',
    'throw osError(result, syscall);',
    ['sendall'],
  ),
  waiting(
    'a timeout is ignored',
    'if (deadline === Number.POSITIVE_INFINITY) return -1;',
    'if (deadline > 0) return -1;',
    ['waits: poll', 'waits: epoll'],
  ),
  socketModule(
    'sendall sends the beginning again',
    'this.#send(bytes, sent, bytes.length - sent,',
    'this.#send(bytes, 0, bytes.length - sent,',
  ),
  socketModule('sendall takes a short send for all', 'if (sent >= bytes.length) return;', 'return;'),
  socketModule(
    'a timeout is not told',
    'if (secondsUntil(deadline) === 0 || this.#waitFor(events, deadline) === 0) throw timedOut(caller);',
    'this.#waitFor(events, deadline);',
  ),
  of('python/signal/signal.ts', ['waits: select', 'epoll'])(
    'the pending signals are not taken after EINTR',
    'if (handlers > 0 || nodeMayListen()) takePending();',
    '',
  ),
  of('python/signal/pending.ts', ['waits: select', 'epoll'])(
    'a pending signal is lost',
    'taken.push(signum);\n    else',
    'void 0;\n    else',
  ),

  // Limits.
  connections(
    'the backlog has no limit',
    'if (length > maxUnsent) this.#drop(',
    'if (length < 0) this.#drop(',
  ),
  connections('half of the backlog is the limit', 'if (length > maxUnsent)', 'if (length * 2 > maxUnsent)'),
  connections(
    'what is received does not count against idleness',
    '    if (this.#clock !== null && n > 0) this.#lastByte = this.#clock.now;\n',
    '',
  ),
  connections(
    'what is sent does not count against idleness',
    '      this.#lastByte = this.#now;\n      this.#unsent.shift',
    '      this.#unsent.shift',
  ),
  connections(
    'the clients that are not idle yet are not looked at again',
    'this.#nextScan = Math.max(next, now + SCAN_INTERVAL);',
    'this.#nextScan = Number.POSITIVE_INFINITY;',
  ),
  connections(
    'a client that is unsent to has no deadline',
    'return this.#unsent.length === 0 ? idle : Math.min(idle, this.#sendDeadline);',
    'return idle;',
  ),
  connections('one that has left counts for ever', '    this.#count--;\n', ''),
  acceptor(
    'one client more than the limit',
    'this.#limit && connected < this.#maxConnections',
    'this.#limit && connected <= this.#maxConnections',
  ),
  limits(
    'the wait has no end though a deadline comes',
    'return deadline === Number.POSITIVE_INFINITY ? null :',
    'return deadline > 0 ? null :',
  ),
  limits(
    'the clock stands still',
    '  restart(): void {\n    this.#now = -1;',
    '  restart(): void {\n    void this.#now;',
    ['poll'],
  ),
  unsent(
    'each answer begins the time to send anew',
    'if (this.#due === 0) this.#begin(now);\n  }\n\n  /** The first',
    'this.#begin(now);\n  }\n\n  /** The first',
  ),
  unsent('the time to send begins once', 'else if (this.#due === 0) this.#begin(now);', ''),
  idleClients(
    'nobody is idle',
    'if (this.#since(client_socket, now) + this.#seconds > now) continue;',
    'continue;',
  ),
  idleClients(
    'what is received does not count',
    '    for (const ready of rlist) this.#lastByte.set(ready, now);\n',
    '',
  ),
  idleClients(
    'the time that it was waited for counts',
    '    for (const client_socket of this.#answered) this.#lastByte.set(client_socket, now);\n',
    '',
  ),
  idleClients('a closed client stays on the list', '      remove(rfds, client_socket);\n', ''),

  // A wait without memory.
  acceptor(
    'no memory ends a server without clients',
    '    if (rfds.length < 2) {\n',
    '    if (rfds.length < 2) {\n      throw error;\n',
    ['select'],
  ),
  connections(
    'no memory ends a server without clients',
    '    if (connection === undefined) {\n      this.#acceptor.pause',
    '    if (connection === undefined) {\n      throw error;\n      this.#acceptor.pause',
    ['poll'],
  ),
  onDarwin(
    of('programs/serving/shortage.ts', ['select', 'poll'])(
      "EAGAIN of a wait, XNU's want of memory, ends the server",
      "return error.syscall === 'select' || error.syscall === 'poll';",
      'return false;',
    ),
  ),

  // kqueue.
  kqueueServer(
    'a changed interest is forgotten',
    'if (connection.interest !== 0) queue',
    'if (connection.registered === 0) queue',
  ),
  kqueueServer('a filter is never deleted', '? EV_ADD : EV_DELETE', '? EV_ADD : EV_ADD'),
  kqueueServer('one event for each filter', '? EV_ADD : EV_DELETE', '? EV_ADD | 0x10 : EV_DELETE'),
  kqueueServer('one recv for an edge', '? EV_ADD : EV_DELETE', '? EV_ADD | 0x20 : EV_DELETE'),
  kqueueServer(
    'reading is taken for writing',
    'filter === EVFILT_READ ? EVENT_READ : EVENT_WRITE',
    'EVENT_WRITE',
  ),
  kqueueServer(
    'filters that are not there are deleted',
    '.filter(({ bit }) => (interest & bit) !== (registered & bit))',
    '',
  ),
  kqueueServer('one event for the listener', 'EVFILT_READ, EV_ADD)]', 'EVFILT_READ, EV_ADD | 0x10)]'),
  kqueueSelector(
    'KqueueSelector keeps what is not waited for',
    'this.#change(fd, before & ~events, EV_DELETE);',
    '',
  ),
  kqueueSelector('KqueueSelector adds nothing', 'this.#change(fd, events & ~before, EV_ADD);', ''),
  kqueueSelector(
    'KqueueSelector takes every event for reading',
    'filter === EVFILT_READ ? EVENT_READ : EVENT_WRITE',
    'EVENT_READ',
  ),
  kqueueModule('the last event is lost', 'Array.from({ length: n },', 'Array.from({ length: n - 1 },', [
    'kqueue',
  ]),
  kqueueModule(
    'EINTR is not retried',
    "while (mustRetry(n, 'kevent', deadline));",
    "while (mustRetry(n, 'kevent', deadline) && false);",
    ['waits: kqueue'],
  ),
];
