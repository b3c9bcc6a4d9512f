// TCP, tcp(7): a socket, its handshake, the two directions of a connection with their buffers, FIN and RST, and the
// listener with its queue. What it reports follows Linux's net/ipv4 (tcp_poll, tcp_reset, tcp_recvmsg,
// tcp_sendmsg); where XNU differs, this.darwin says so.

import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRNORM,
} from '../kernel/constants/select.ts';
import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAGAIN,
  EALREADY,
  ECONNABORTED,
  ECONNREFUSED,
  ECONNRESET,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  ENETUNREACH,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
  ETIMEDOUT,
} from '../kernel/errno.ts';
import { ByteQueue } from './bytes.ts';
import { NotModelled } from './call-base.ts';
import type { Hash } from './hash.ts';
import type { Machine, Shared, Timer } from './machine.ts';
import { anyAddress, type Host, isAnyAddress, loopback, type Segment } from './network.ts';
import { SEND_LOW_WATER, SocketFile, type SocketState } from './socket-file.ts';

const READABLE = POLLIN | POLLRDNORM;
const WRITABLE = POLLOUT | POLLWRNORM;
const RDHUP = POLLRDHUP ?? 0;

/** SYNs are sent again after 1, 2, 4, … seconds, so many times. tcp_syn_retries. */
const SYN_RETRIES = 6;
const SECOND = 1e9;

type State =
  | 'closed'
  | 'listening'
  | 'connecting'
  | 'accepting' // The other end of a handshake: SYN_RECV.
  | 'established';

export class TcpSocket extends SocketFile {
  state: State = 'closed';
  /** The connection, which both ends share; before there is one, the socket's own. */
  connection: Shared;
  peer: TcpSocket | null = null;
  host: Host;

  /** so_error: what getsockopt(SO_ERROR) gives, and the next call that looks. */
  error = 0;
  /** What came, and is not read yet. */
  readonly received = new ByteQueue();
  /** What was given to send, and was not transmitted yet for want of the peer's window. */
  readonly unsent = new ByteQueue();
  /** Transmitted, and not acknowledged. */
  inFlight = 0;
  /** shutdown(SHUT_RD), shutdown(SHUT_WR) or its own close. */
  #noReading = false;
  #noWriting = false;
  #finIsSent = false;
  /** The peer's FIN came. */
  finReceived = false;
  #isReset = false;
  /** Bytes that were asked to be written and did not fit: SOCK_NOSPACE, without which no one is told of space. */
  #wantsSpace = false;
  /** Every descriptor was closed: what still comes is answered with RST. */
  #isOrphan = false;
  /** How far connect(2) has come: the kernel's sock->state, beside its sk_state. */
  #progress: 'unconnected' | 'connecting' | 'connected' | 'disconnecting' = 'unconnected';
  /** Whether bind(2) gave it its port, which it keeps then when a connection is over; and its address. */
  #hasOwnPort = false;
  #hasOwnAddress = false;
  /** Whether it has a port still: inet_num. */
  #holdsPort = false;
  /** Whether it ever listened: such a socket does not connect any more. Builds of Linux 6.18 before 2026-12 let it. */
  #hasListened = false;

  /** How many finished connections may wait: listen(2)'s backlog, and one more. */
  #backlog = 0;
  readonly queue: TcpSocket[] = [];
  #listener: TcpSocket | null = null;
  #synTimer: Timer | null = null;

  // For the packets: the next number to send, and the next expected.
  sequence = 0;
  expected = 0;

  constructor(machine: Machine, host: Host, family: number, type: number, protocol: number) {
    super(machine, family, type, protocol);
    this.host = host;
    this.connection = machine.newShared();
  }

  get shared(): Shared {
    return this.connection;
  }

  get darwin(): boolean {
    return this.machine.platform === 'darwin';
  }

  // ---- Events

  // tcp_poll().
  poll(): number {
    if (this.state === 'listening') return this.queue.length > 0 ? READABLE : 0;
    let events = 0;
    const { hasEnded } = this;
    const noReading = this.#noReadingNow;
    const noWriting = this.#noWriting || hasEnded;
    if ((noReading && noWriting) || hasEnded || this.state === 'closed') events |= POLLHUP;
    if (noReading) events |= READABLE | RDHUP;
    if (this.state !== 'connecting') {
      if (this.received.length >= this.receiveLowWater) events |= READABLE;
      if (noWriting || this.hasSpace) events |= WRITABLE;
      else this.#wantsSpace = true;
    }
    if (this.error !== 0) events |= POLLERR;
    return events;
  }

  /** The connection is over, by RST or by both ends' FIN: TCP_CLOSE. */
  get hasEnded(): boolean {
    return this.#isReset || (this.finReceived && this.#finIsSent && (this.peer?.finReceived ?? false));
  }

  get #noReadingNow(): boolean {
    return this.#noReading || this.finReceived || this.#isReset;
  }

  /** Whether a writer is woken: a third of the buffer is free. sk_stream_is_writeable. */
  get hasSpace(): boolean {
    if (this.darwin) return this.#space > 0 && this.#space >= Math.min(SEND_LOW_WATER, this.sendCapacity);
    const used = this.unsent.length + this.inFlight;
    return this.sendCapacity - used >= used / 2 && used < this.sendCapacity;
  }

  get #space(): number {
    return this.sendCapacity - this.unsent.length - this.inFlight;
  }

  /** Whether a send of so many bytes may find no space, so that it is told when there is. */
  mayLackSpace(length: number): boolean {
    return this.#wantsSpace || length > this.#space;
  }

  override get socketState(): SocketState {
    return {
      isListening: this.state === 'listening',
      finished: this.queue.length,
      queueLength: this.queue.length,
      isConnected: this.state === 'established' && !this.hasEnded,
      cannotReceive: this.#noReadingNow,
      cannotSend: this.#noWriting || this.hasEnded,
      error: this.error,
      received: this.received.length,
      hasMessage: false,
      receiveCapacity: this.receiveCapacity,
      space: Math.max(this.#space, 0),
      sendCapacity: this.sendCapacity,
    };
  }

  // ---- Names

  /** Bytes that may come: the window that it tells its peer. */
  get window(): number {
    return Math.max(this.receiveCapacity - this.received.length, 0);
  }

  get backlog(): number {
    return this.#backlog;
  }

  /** As TCP_INFO has it: 'ESTABLISHED'. */
  get tcpState(): string {
    switch (this.state) {
      case 'listening':
        return 'LISTEN';
      case 'connecting':
        return 'SYN_SENT';
      case 'accepting':
        return 'SYN_RECV';
      case 'closed':
        return 'CLOSE';
    }
    if (this.hasEnded) return 'CLOSE';
    if (this.finReceived && this.#finIsSent) return 'LAST_ACK';
    if (this.finReceived) return 'CLOSE_WAIT';
    return this.#finIsSent ? 'FIN_WAIT2' : 'ESTABLISHED';
  }

  /** The file's unread bytes: FIONREAD. */
  override get unread(): number {
    return this.state === 'listening' ? -EINVAL : this.received.length;
  }

  // ---- Connecting

  listen(backlog: number): number {
    if (this.#progress !== 'unconnected') return -EINVAL;
    if (this.state === 'closed') {
      if (!this.#holdsPort && !this.bindEphemeral()) return -EADDRINUSE;
      if (this.host.listenerAt(this) !== null) return -EADDRINUSE;
      this.host.startListening(this);
    }
    this.state = 'listening';
    this.#hasListened = true;
    const { somaxconn } = this.machine;
    // XNU: 0 is as many, too, and there is not one more. bsd/kern/uipc_socket.c, solisten(); sonewconn_internal().
    if (this.darwin) this.#backlog = (backlog <= 0 || backlog > somaxconn ? somaxconn : backlog) - 1;
    else this.#backlog = backlog < 0 ? somaxconn : Math.min(backlog, somaxconn);
    this.machine.touch(this.connection);
    return 0;
  }

  bind(address: Uint8Array, port: number): number {
    if (this.#holdsPort || !(this.state === 'closed' || this.hasEnded)) return -EINVAL;
    this.host.unclaim(this);
    const result = this.host.bind(this, address, port);
    if (result === 0) {
      this.#holdsPort = true;
      this.#hasOwnAddress = !isAnyAddress(address);
      this.#hasOwnPort = port !== 0;
    }
    return result;
  }

  // The socket is closed: a port of the kernel's choice is no longer its own, although getsockname still tells it.
  #leavePort(): void {
    if (!this.#hasOwnPort) this.#holdsPort = false;
  }

  /** False: no port is free. */
  bindEphemeral(): boolean {
    this.host.unclaim(this);
    const port = this.host.ephemeralPort(this);
    if (port === 0) return false;
    this.localAddress ??= anyAddress(this.family);
    this.localPort = port;
    this.host.claim(this);
    this.#holdsPort = true;
    return true;
  }

  /** What connect(2) returns to a socket that has been connected or is to be: 1, it begins. __inet_stream_connect(). */
  connectProgress(): number {
    if (this.darwin) return this.#xnuConnectProgress();
    switch (this.#progress) {
      case 'connected':
        return -EISCONN;
      case 'disconnecting':
        return -EINVAL;
      case 'unconnected':
        if (this.state !== 'closed') return -EISCONN;
        return this.#hasListened ? -EINVAL : 1;
    }
    if (this.state === 'connecting') return -EALREADY;
    if (this.state === 'closed' || this.hasEnded) return this.#takeFailure();
    this.#progress = 'connected';
    return 0;
  }

  // bsd/kern/uipc_socket.c, soconnectlock(); bsd/netinet/tcp_usrreq.c, tcp_usr_connect(): once it failed, it stays so.
  #xnuConnectProgress(): number {
    if (this.state === 'listening') return -EOPNOTSUPP;
    if (this.state === 'connecting') return -EALREADY;
    if (this.state === 'established' && !this.hasEnded) return -EISCONN;
    if (this.#progress === 'unconnected') return 1;
    return -this.takeError() || -EINVAL;
  }

  // Of a connect() that failed: why, and the socket may connect again.
  #takeFailure(): number {
    const errno = this.takeError() || ECONNABORTED;
    if (!this.darwin) this.#disconnect();
    return -errno;
  }

  /** connect(2) to AF_UNSPEC: the connection is reset, the handshake or the listening given up. tcp_disconnect(). */
  disconnect(): void {
    const isOver = this.state === 'closed' || this.hasEnded;
    if (this.state === 'listening') {
      this.#stopListening();
    } else if (!isOver) {
      if (this.state === 'established') this.#abort();
      this.error = ECONNRESET;
    }
    this.received.clear();
    this.unsent.clear();
    this.inFlight = 0;
    this.#disconnect();
  }

  // What is the same whatever came before.
  #disconnect(): void {
    this.#synTimer?.cancel();
    this.#progress = 'unconnected';
    this.state = 'closed';
    this.#noReading = false;
    this.#noWriting = false;
    this.#isReset = false;
    this.finReceived = false;
    this.#finIsSent = false;
    this.remoteAddress = null;
    this.remotePort = 0;
    this.peer = null;
    this.#leavePort();
    if (!this.#hasOwnAddress && this.localAddress !== null) this.localAddress = anyAddress(this.family);
    this.notify(POLLERR);
  }

  /**
   * Begins to connect: 0, -EINPROGRESS while the handshake lasts or if no one waits for it, or another errno. Who
   * waits does so until the state is not 'connecting' any more, and asks connectOutcome.
   */
  connect(address: Uint8Array, port: number, isNonblocking: boolean): number {
    const remote = isAnyAddress(address) ? loopback(address.length) : address;
    const destination = this.host.network.hostAt(remote, this.host);
    if (destination === null) return -ENETUNREACH;
    if (!this.#holdsPort && !this.bindEphemeral()) return -EADDRNOTAVAIL;
    if (isAnyAddress(this.localAddress!)) this.localAddress = this.host.sourceFor(remote);
    // __inet_check_established().
    if (this.#hasOwnPort && this.host.hasConnection(this, remote, port)) return -EADDRNOTAVAIL;
    if (destination === this.host && port === this.localPort && sameAddress(remote, this.localAddress!))
      throw new NotModelled('a TCP socket that connects to itself');
    this.remoteAddress = remote;
    this.remotePort = port;
    this.error = 0; // tcp_connect_init().
    this.sequence = this.machine.initialSequence();
    this.#progress = 'connecting';
    this.state = 'connecting';
    this.#sendSyn(0);
    return isNonblocking ? -EINPROGRESS : this.connectOutcome;
  }

  #sendSyn(tries: number): void {
    if (tries > 0) this.sequence--; // The same one again.
    this.transmit('SYN');
    if (this.state !== 'connecting') return;
    this.#synTimer = this.machine.after(SECOND * 2 ** tries, 'SYN is sent again', this.connection, () => {
      if (tries < SYN_RETRIES) this.#sendSyn(tries + 1);
      else this.#fail(ETIMEDOUT);
    });
  }

  /** What became of a connect that was waited for: 0, -EINPROGRESS while it lasts, or another errno. */
  get connectOutcome(): number {
    // Read as what the handshake made of it.
    const state = this.state as State;
    if (state === 'connecting') return -EINPROGRESS;
    if (state === 'closed' || this.hasEnded) return this.#takeFailure();
    this.#progress = 'connected';
    return 0;
  }

  // tcp_reset() of a socket whose SYN was sent, and its timeout: shut in both directions, so that poll reports all.
  #fail(errno: number): void {
    this.#synTimer?.cancel();
    this.state = 'closed';
    this.#noReading = true;
    this.#noWriting = true;
    this.error = errno;
    this.#leavePort();
    this.notify(0);
    this.notify(POLLERR);
  }

  /** so_error, which is 0 afterwards. */
  takeError(): number {
    const { error } = this;
    if (error !== 0) {
      this.error = 0;
      this.machine.touch(this.connection);
    }
    return error;
  }

  /** The oldest finished connection of the queue, or -EAGAIN, -EINVAL. */
  accept(_waits = false): TcpSocket | number {
    if (this.state !== 'listening') return -EINVAL;
    const socket = this.queue.shift();
    if (socket === undefined) return -EAGAIN;
    this.machine.touch(this.connection);
    socket.#listener = null;
    return socket;
  }

  // ---- Segments

  transmit(flags: Segment['flags'], data: Uint8Array | null = null): void {
    const length = (data?.length ?? 0) + (flags === 'SYN' || flags === 'SYN-ACK' || flags === 'FIN' ? 1 : 0);
    const { sequence } = this;
    this.sequence += length; // Before the answer comes, which may be at once.
    this.host.network.send({ from: this, to: this.peer, flags, data, sequence, acknowledged: this.expected });
  }

  /** A SYN for this address: the listener's part of the handshake. */
  onSyn(segment: Segment): void {
    const client = segment.from as TcpSocket;
    if (client.peer !== null) return; // It came before: its SYN-ACK is under way, or is sent again.
    if (this.queue.length > this.#backlog) {
      this.machine.touch(this.connection); // It was looked at: accept() before would have made a difference.
      return; // Dropped: the client sends it again.
    }
    const socket = new TcpSocket(this.machine, this.host, this.family, this.type, this.protocol);
    socket.connection = client.connection;
    socket.inherit(this);
    socket.localAddress = client.remoteAddress;
    socket.localPort = this.localPort;
    socket.remoteAddress = client.localAddress;
    socket.remotePort = client.localPort;
    socket.state = 'accepting';
    socket.peer = client;
    socket.sequence = this.machine.initialSequence();
    socket.expected = segment.sequence + 1;
    socket.#listener = this;
    client.peer = socket;
    socket.transmit('SYN-ACK');
  }

  onSegment(segment: Segment): void {
    const { flags, data, from } = segment;
    if (from !== this.peer && from !== this) return; // Of a connection that is no more.
    this.machine.touch(this.connection);
    if (flags === 'RST') {
      this.#onReset();
      return;
    }
    if (data !== null && this.#noWriting && (this.#isOrphan || this.#noReading)) {
      // Nobody will read it; our FIN may wait behind what the peer does not take, as on Linux in FIN_WAIT1.
      // tcp_rcv_state_process(): TCP_ABORT_ON_DATA.
      this.#abort();
      if (!this.#isOrphan) this.#onReset();
      return;
    }
    if (flags === 'SYN-ACK') {
      if (this.state !== 'connecting') return;
      this.#synTimer?.cancel();
      this.state = 'established';
      this.expected = segment.sequence + 1;
      this.transmit('ACK');
      this.notify(0);
      return;
    }
    if (this.state === 'accepting') this.#onEstablished();
    if (data !== null) {
      this.expected = segment.sequence + data.length;
      if (this.darwin && this.#noReading) {
        this.host.network.acknowledge(this, data.length);
      } else if (!this.#isReset) {
        this.received.push(data);
        this.host.network.acknowledge(this, data.length);
        // tcp_data_ready().
        if (this.received.length >= this.receiveLowWater) this.notify(READABLE);
      }
    }
    if (flags === 'FIN') {
      this.expected = segment.sequence + 1;
      this.finReceived = true;
      this.notify(0);
    }
  }

  #onEstablished(): void {
    this.state = 'established';
    this.#progress = 'connected';
    const listener = this.#listener;
    if (listener === null) return;
    if (listener.state !== 'listening') return;
    listener.queue.push(this);
    listener.notify(READABLE);
  }

  /** So many of our bytes were acknowledged, and the peer's window may have opened. */
  onAcknowledged(n: number): void {
    this.machine.touch(this.connection);
    this.inFlight -= n;
    this.#flush();
    // XNU tells those that watch of every acknowledgement. bsd/netinet/tcp_input.c: sowwakeup().
    if ((this.#wantsSpace || this.darwin) && this.hasSpace && !this.#isReset) {
      this.#wantsSpace = false;
      this.notify(WRITABLE);
    }
  }

  #onReset(): void {
    if (this.state === 'connecting') {
      this.#fail(ECONNREFUSED);
      return;
    }
    if (this.state === 'closed' || (this.hasEnded && !this.#isReset)) return;
    // tcp_reset(): EPIPE where the peer's FIN had come and ours had not gone, CLOSE_WAIT.
    this.error = this.finReceived && !this.#finIsSent && !this.darwin ? EPIPE : ECONNRESET;
    this.#isReset = true;
    this.#leavePort();
    this.unsent.clear();
    this.inFlight = 0;
    // First the end of the connection, of which every watcher is told, and then the error.
    this.notify(0);
    this.notify(POLLERR);
  }

  /** Transmits what the peer's window takes; and the FIN behind the last byte. */
  #flush(): void {
    const { peer } = this;
    if (peer === null || this.#isReset) return;
    while (this.unsent.length > 0) {
      const window = peer.receiveCapacity - peer.received.length - this.inFlight;
      const n = Math.min(this.unsent.length, window, this.host.network.mss(this.host, peer.host));
      if (n <= 0) return;
      const data = this.unsent.take(n);
      this.inFlight += n;
      this.transmit('PSH', data);
    }
    if (this.#noWriting && !this.#finIsSent) {
      this.#finIsSent = true;
      this.transmit('FIN');
    }
  }

  /** The peer has read: a window that was closed opens. */
  onWindow(): void {
    if (this.unsent.length > 0) this.#flush();
    if (this.#wantsSpace && this.hasSpace && !this.#isReset) {
      this.#wantsSpace = false;
      this.notify(WRITABLE);
    }
  }

  // ---- Transfers

  // How many waits of its process it had bytes to receive in, and its peer read what it was sent.
  #passedOver = 0;

  passOver(): number {
    const isWaiting = this.received.length > 0 && this.hasSpace && this.unsent.length === 0;
    this.#passedOver = isWaiting ? this.#passedOver + 1 : 0;
    return this.#passedOver;
  }

  // Without its port and its sequence numbers, which say nothing but which connection it is.
  override addContents(hash: Hash): boolean {
    hash.add(states.indexOf(this.state));
    hash.add(progresses.indexOf(this.#progress));
    hash.addFlags(this.#noReading, this.#noWriting, this.#finIsSent, this.finReceived, this.#isReset);
    hash.addFlags(this.#wantsSpace, this.#isOrphan, this.#holdsPort, this.#hasListened, this.nonblocking);
    hash.addFlags(this.lingersZero, this.descriptors > 0);
    for (const n of [this.error, this.inFlight, this.#passedOver, this.#backlog, this.queue.length])
      hash.add(n);
    for (const n of [this.sendCapacity, this.receiveCapacity, this.receiveLowWater]) hash.add(n);
    hash.add(this.receiveTimeoutNs);
    hash.add(this.sendTimeoutNs);
    this.received.addTo(hash);
    this.unsent.addTo(hash);
    for (const { segment, hasArrived } of this.transit) {
      hash.addText(segment.flags);
      hash.addFlags(hasArrived);
      if (segment.data !== null) hash.addBytes(segment.data);
    }
    return true;
  }

  receive(target: Uint8Array, { peeks = false } = {}): number {
    if (this.state === 'listening') return -ENOTCONN;
    const n = this.received.read(target, peeks);
    this.#passedOver = 0;
    if (n > 0) {
      this.machine.touch(this.connection);
      if (!peeks) this.host.network.openWindow(this);
      return n;
    }
    // XNU: so_error before the end of the stream, and a look leaves it there. bsd/kern/uipc_socket.c, soreceive().
    if (this.darwin && this.error !== 0) return peeks ? -this.error : -this.takeError();
    // tcp_recvmsg_locked(): the order in which it looks.
    if (target.length === 0 && this.received.length > 0) return 0;
    if (this.finReceived) return 0;
    if (this.error !== 0) return -this.takeError();
    if (this.#noReading || this.#isReset) return 0;
    return this.state === 'closed' ? -ENOTCONN : -EAGAIN;
  }

  override read(target: Uint8Array): number {
    return target.length === 0 ? 0 : this.receive(target);
  }

  /** How many bytes were taken, at least one; -EAGAIN where none fits. */
  send(source: Uint8Array): number {
    if (this.darwin) {
      const refused = this.#refusal(source.length);
      if (refused !== 0) return refused;
    }
    if (this.error !== 0) return -this.takeError();
    if (this.#noWriting || this.hasEnded) return -EPIPE;
    if (this.state === 'closed' || this.state === 'listening') return -EPIPE;
    if (this.state === 'connecting') return -EAGAIN;
    if (source.length === 0) return 0;
    const space = this.sendCapacity - this.unsent.length - this.inFlight;
    const n = this.machine.takes(Math.min(space, source.length));
    if (n <= 0) {
      this.#wantsSpace = true;
      return -EAGAIN;
    }
    if (n < source.length) this.#wantsSpace = true;
    this.unsent.push(n === source.length ? source : source.subarray(0, n));
    this.machine.touch(this.connection);
    this.#flush();
    return n;
  }

  // Why XNU takes nothing, in its order. bsd/kern/uipc_socket.c, sosendcheck().
  #refusal(length: number): number {
    if (this.#noWriting || this.hasEnded) return -EPIPE;
    if (this.error !== 0) return -this.takeError();
    if (this.state !== 'established') return length > 0 ? -ENOTCONN : 0;
    if (this.#space >= length || this.hasSpace) return 0;
    this.#wantsSpace = true;
    return -EAGAIN;
  }

  override write(source: Uint8Array): number {
    return this.send(source);
  }

  // ---- Ends

  // inet_shutdown(). Watchers are told whatever they wait for, as of every change of state.
  shutdown(reading: boolean, writing: boolean): number {
    this.machine.touch(this.connection);
    if (this.darwin) return this.#xnuShutdown(reading, writing);
    const isOver = this.state === 'closed' || this.hasEnded;
    if (this.#progress === 'connecting')
      this.#progress = isOver || this.state === 'connecting' ? 'disconnecting' : 'connected';
    if (this.state === 'listening') {
      if (reading) this.#stopListening();
      return 0;
    }
    if (this.state === 'connecting') {
      this.#disconnect();
      this.error = ECONNRESET;
      this.notify(POLLERR);
      return 0;
    }
    // It takes effect even where there is no connection.
    if (reading) this.#noReading = true;
    if (writing) {
      this.#noWriting = true;
      if (!isOver) this.#flush();
    }
    this.notify(0);
    return isOver ? -ENOTCONN : 0;
  }

  // Each direction once, and what was received is thrown away. bsd/kern/uipc_socket.c, soshutdown().
  #xnuShutdown(reading: boolean, writing: boolean): number {
    if (this.state !== 'established' || this.hasEnded) return -ENOTCONN;
    if (reading) {
      if (this.#noReadingNow) return -ENOTCONN;
      this.#noReading = true;
      this.received.clear();
    }
    if (writing) {
      if (this.#noWriting) return -ENOTCONN;
      this.#noWriting = true;
      this.#flush();
    }
    this.notify(0);
    return 0;
  }

  #abort(): void {
    if (this.#isReset || this.peer === null) return;
    this.transmit('RST');
    this.#isReset = true;
    this.unsent.clear();
  }

  #stopListening(): void {
    this.host.stopListening(this);
    this.state = 'closed';
    this.#leavePort();
    if (!this.#hasOwnAddress) this.localAddress = anyAddress(this.family);
    for (const socket of this.queue) socket.#abort();
    this.queue.length = 0;
    this.notify(0);
  }

  release(): void {
    this.machine.touch(this.connection);
    this.#synTimer?.cancel();
    this.host.unclaim(this);
    if (this.state === 'listening') {
      this.#stopListening();
      return;
    }
    this.#isOrphan = true;
    if (this.state !== 'established') {
      if (this.state === 'connecting') this.state = 'closed';
      return;
    }
    // Bytes that nobody will read, or SO_LINGER with 0 seconds: RST instead of FIN. tcp_close().
    if (this.received.length > 0 || this.lingersZero) {
      this.#abort();
      return;
    }
    this.#noReading = true;
    if (!this.#noWriting) {
      this.#noWriting = true;
      this.#flush();
    }
  }

  /** Whether all was sent and acknowledged, the FIN too, or it is reset: what SO_LINGER waits for. */
  get isDone(): boolean {
    if (this.state !== 'established' || this.#isReset) return true;
    return this.#finIsSent && (this.peer?.finReceived ?? true);
  }

  get isReset(): boolean {
    return this.#isReset;
  }
}

const states: readonly State[] = ['closed', 'listening', 'connecting', 'accepting', 'established'];
const progresses = ['unconnected', 'connecting', 'connected', 'disconnecting'];

const sameAddress = (a: Uint8Array, b: Uint8Array) =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
