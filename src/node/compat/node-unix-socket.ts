// The API of the package node-unix-socket (0.2) over rfds: UNIX seqpacket and datagram sockets with Node's events, and
// descriptors for SO_REUSEPORT. As there, listen(), bind() and connect() throw, and what comes later is 'error'.

import { EventEmitter } from 'node:events';
import net from 'node:net';
import { add_reader, add_writer, notify_closing, remove_reader, remove_writer } from '../../async.ts';
import { OSError } from '../../python/errors.ts';
import { strerror } from '../../python/strerror.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  SHUT_WR,
  SO_ERROR,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  socket,
} from '../../socket.ts';
import { packSockaddr, unpackSockaddr } from '../../structs.ts';
import * as sys from '../../syscalls.ts';

export type NotifyCb = () => void;
export type SendCb = (error: undefined | Error) => void;

/** What is received at most: 256 KiB, as the package. */
const BUFFER_SIZE = 262_144;
/** A datagram to a receiver whose queue is full is tried again after 1 ms, twice as long each time, up to this. */
const MAX_DELAY_MS = 32;
/** How many messages one event takes at most: another socket comes in between. */
const PER_EVENT = 64;

interface Message {
  readonly bytes: Uint8Array;
  /** Where a datagram goes; null for a connected socket. */
  readonly address: Buffer | null;
  readonly done: SendCb | undefined;
}

/** Messages that wait for the kernel to have space for the first of them. */
class SendQueue {
  /** Nothing is sent yet: a connection is being made. */
  isHeld = false;
  readonly #waiting: Message[] = [];
  readonly #sock: Socket<unknown>;
  readonly #events: QueueEvents;
  #timer: NodeJS.Timeout | undefined;
  #delayMs = 1;

  constructor(sock: Socket<unknown>, events: QueueEvents) {
    this.#sock = sock;
    this.#events = events;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Sends a message, or keeps a copy of it until that is possible. */
  push(message: Message): void {
    if (!this.isHeld && this.isEmpty && this.#send(message)) return;
    this.#waiting.push({ ...message, bytes: Uint8Array.from(message.bytes) });
    if (this.#waiting.length === 1) this.watch();
  }

  /** Waits for space, if anything waits. */
  watch(): void {
    if (this.isHeld || this.isEmpty) return;
    if (this.#waiting[0].address === null) {
      add_writer(this.#sock, this.flush, { ref: this.#events.isRef() });
      return;
    }
    // It is the receiver's queue that is full, of which poll(2) says nothing for a socket that is not connected.
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.flush, this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, MAX_DELAY_MS);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  readonly flush = (): void => {
    if (this.isEmpty) return;
    while (this.#waiting.length > 0) {
      if (!this.#send(this.#waiting[0])) {
        this.watch();
        return;
      }
      this.#waiting.shift();
      this.#delayMs = 1;
    }
    remove_writer(this.#sock);
    this.#events.onEmpty();
  };

  // Whether it is done with, sent or failed; what is told of it comes behind what the program does now.
  #send(message: Message): boolean {
    const { bytes, address, done } = message;
    const flags = sys.MSG_NOSIGNAL ?? 0;
    const fd = this.#sock.fileno();
    const result = address ? sys.sendto(fd, bytes, flags, address) : sys.send(fd, bytes, flags);
    if (result === -sys.EAGAIN || result === -sys.ENOBUFS || result === -sys.EINTR) return false;
    if (result < 0) process.nextTick(this.#events.onError, errorOf(result, 'send'), message);
    else if (done) process.nextTick(done, undefined);
    return true;
  }
}

interface QueueEvents {
  readonly isRef: () => boolean;
  readonly onError: (error: Error, message: Message) => void;
  /** Of what waited nothing is left. */
  readonly onEmpty: () => void;
}

// As there, with the kernel's words.
function errorOf(errno: number, syscall: string): OSError {
  const error = new OSError(errno, syscall);
  error.message = `${error.message}: ${strerror(errno)}`;
  return error;
}

function newSocket(type: number): Socket<unknown> {
  const sock = socket(AF_UNIX, type);
  sock.setblocking(false);
  return sock;
}

function closeSocket(sock: Socket<unknown>): void {
  notify_closing(sock);
  sock.close();
}

const nameOf = (address: unknown) => (address === null ? '' : String(address));

/**
 * A server of AF_UNIX, SOCK_SEQPACKET, which macOS has not. Events: 'connection' (socket, path of the client, '' for none),
 * 'error', 'close'.
 */
export class SeqpacketServer extends EventEmitter {
  readonly #sock = newSocket(SOCK_SEQPACKET);
  #isClosed = false;
  #isListening = false;
  #isRef = true;

  /** The path that it is bound to, '' for none. Throws for a server that is closed. */
  address(): string {
    this.#checkOpen();
    return nameOf(this.#sock.getsockname());
  }

  /** Throws for a server that is closed, OSError as bind(2) and listen(2) do. A path that begins with '\0' is abstract. */
  listen(path: string, backlog = 511): void {
    this.#checkOpen();
    this.#sock.bind(path);
    this.#sock.listen(backlog);
    this.#isListening = true;
    add_reader(this.#sock, this.#onReadable, { ref: this.#isRef });
  }

  /** Connections stay. Again does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSocket(this.#sock);
    process.nextTick(() => this.emit('close'));
  }

  /** Whether it keeps the process alive while it listens. */
  ref(): void {
    this.#keepAlive(true);
  }

  unref(): void {
    this.#keepAlive(false);
  }

  #keepAlive(isRef: boolean): void {
    this.#isRef = isRef;
    if (this.#isListening && !this.#isClosed) add_reader(this.#sock, this.#onReadable, { ref: isRef });
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new Error('SeqpacketServer has been closed');
  }

  readonly #onReadable = (): void => {
    for (let i = 0; i < PER_EVENT && !this.#isClosed; i++) {
      let client: Socket<unknown>;
      let address: unknown;
      try {
        [client, address] = this.#sock.accept();
      } catch (error) {
        if ((error as OSError).code !== 'EAGAIN') this.emit('error', error);
        return;
      }
      this.emit('connection', new SeqpacketSocket(client.detach()), nameOf(address));
    }
  };
}

/** What _state() says: of the package, whose tests ask. */
const State = { NEW: 1, SHUTTING_DOWN: 2, SHUT_DOWN: 3, CLOSED: 5 };

/**
 * A connection that keeps the messages' bounds. Events: 'connect', 'data' (buffer), 'end', 'error', 'close'. It closes itself
 * once both sides have ended, and after an error.
 */
export class SeqpacketSocket extends EventEmitter {
  readonly #sock: Socket<unknown>;
  readonly #queue: SendQueue;
  #buffer = Buffer.alloc(0);
  #bufferSize = BUFFER_SIZE;
  #state = State.NEW;
  #isReading = false;
  #isEnded = false;
  #isRef = true;
  #onConnected: NotifyCb | undefined;
  #onShutdown: NotifyCb | undefined;

  /** A new socket, or one over a descriptor, which it takes over. */
  constructor(fd?: number) {
    super();
    this.#sock = fd === undefined ? newSocket(SOCK_SEQPACKET) : socket(AF_UNIX, SOCK_SEQPACKET, 0, fd);
    this.#sock.setblocking(false);
    this.#queue = new SendQueue(this.#sock, {
      isRef: () => this.#isRef,
      onError: (error) => this.#fail(error),
      onEmpty: () => this.#shutdown(),
    });
    if (fd !== undefined) this.#startReading();
  }

  /**
   * Connects; 'connect' and the callback come later. Throws OSError as connect(2) does, and closes the socket then; Error for a
   * socket that is closed.
   */
  connect(path: string, onConnected?: NotifyCb): void {
    this.#checkOpen();
    try {
      this.#sock.connect(path);
    } catch (error) {
      this.destroy();
      throw error;
    }
    this.#onConnected = onConnected;
    this.#queue.isHeld = true;
    add_writer(this.#sock, this.#onConnectedEvent, { ref: this.#isRef });
  }

  /**
   * Sends a message: length bytes of the buffer from offset. The callback is called when the kernel has it. Throws for a socket
   * that is closed or was ended.
   */
  write(buf: Uint8Array, offset = 0, length = buf.length - offset, onWritten?: NotifyCb): void {
    this.#checkOpen();
    if (this.#state !== State.NEW) throw new Error('socket has been shutdown');
    checkRange(buf, offset, length);
    const bytes = buf.subarray(offset, offset + length);
    this.#queue.push({ bytes, address: null, done: onWritten && (() => onWritten()) });
  }

  /** No more messages are sent; behind those that wait. The peer sees the end, and may send on. Again does nothing. */
  end(onShutdown?: NotifyCb): void {
    if (this.#state !== State.NEW) return;
    this.#onShutdown = onShutdown;
    this.#state = State.SHUTTING_DOWN;
    if (this.#queue.isEmpty) process.nextTick(() => this.#shutdown());
  }

  /** How many bytes of a message are received at most: 256 KiB. Of a longer one the rest is lost. */
  getInternalReadBufferSize(): number {
    return this.#bufferSize;
  }

  setInternalReadBufferSize(size: number): void {
    if (!Number.isInteger(size) || size < 1)
      throw new RangeError(`the size must be a positive number, got ${size}`);
    this.#bufferSize = size;
  }

  /** Whether it keeps the process alive. */
  ref(): void {
    this.#keepAlive(true);
  }

  unref(): void {
    this.#keepAlive(false);
  }

  #keepAlive(isRef: boolean): void {
    this.#isRef = isRef;
    if (this.#state === State.CLOSED) return;
    if (this.#isReading) add_reader(this.#sock, this.#onReadable, { ref: isRef });
    this.#queue.watch();
  }

  /** Closes. What was not sent is lost. Again does nothing. */
  destroy(): void {
    if (this.#state === State.CLOSED) return;
    this.#state = State.CLOSED;
    this.#queue.clear();
    closeSocket(this.#sock);
    process.nextTick(() => this.emit('close'));
  }

  /** The same. */
  close(): void {
    this.destroy();
  }

  /** 1: open, 2 and 3: ended, 5: closed. */
  _state(): number {
    return this.#state;
  }

  #checkOpen(): void {
    if (this.#state === State.CLOSED) throw new Error('SeqpacketSocket has been destroyed');
  }

  #fail(error: Error): void {
    if (this.#state === State.CLOSED) return;
    this.emit('error', error);
    this.destroy();
  }

  readonly #onConnectedEvent = (): void => {
    remove_writer(this.#sock);
    if (this.#sock.getsockopt(SOL_SOCKET, SO_ERROR) !== 0) {
      // As there: libuv's word for a socket that is reset before anyone used it.
      this.#fail(errorOf(-sys.EBADF, 'connect'));
      return;
    }
    this.#startReading();
    this.#queue.isHeld = false;
    this.#queue.flush();
    this.emit('connect');
    const callback = this.#onConnected;
    this.#onConnected = undefined;
    callback?.();
  };

  #startReading(): void {
    this.#isReading = true;
    add_reader(this.#sock, this.#onReadable, { ref: this.#isRef });
  }

  readonly #onReadable = (): void => {
    for (let i = 0; i < PER_EVENT && this.#state !== State.CLOSED && !this.#isEnded; i++) {
      if (this.#buffer.length !== this.#bufferSize) this.#buffer = Buffer.alloc(this.#bufferSize);
      const n = sys.recv(this.#sock.fileno(), this.#buffer, 0);
      if (n === -sys.EAGAIN || n === -sys.EINTR) return;
      if (n < 0) this.#fail(errorOf(n, 'recv'));
      else if (n === 0) this.#end();
      else this.emit('data', Buffer.from(this.#buffer.subarray(0, n)));
    }
  };

  #end(): void {
    this.#isReading = false;
    remove_reader(this.#sock);
    this.emit('end');
    this.#isEnded = true;
    this.#closeIfDone();
  }

  #shutdown(): void {
    if (this.#state !== State.SHUTTING_DOWN) return;
    try {
      this.#sock.shutdown(SHUT_WR);
    } catch (error) {
      this.#fail(error as Error);
      return;
    }
    this.#state = State.SHUT_DOWN;
    this.emit('_shutdown');
    const callback = this.#onShutdown;
    this.#onShutdown = undefined;
    callback?.();
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#isEnded && this.#state === State.SHUT_DOWN) this.destroy();
  }
}

/**
 * A socket of AF_UNIX, SOCK_DGRAM. Events: 'data' (buffer, path of the sender, '' for none), 'error', 'close'. It keeps the
 * process alive until it is closed.
 */
export class DgramSocket extends EventEmitter {
  readonly #sock = newSocket(SOCK_DGRAM);
  readonly #queue: SendQueue;
  readonly #sender = Buffer.alloc(128);
  readonly #senderLength = new Int32Array(1);
  #isClosed = false;

  constructor() {
    super();
    this.#queue = new SendQueue(this.#sock, {
      isRef: () => true,
      onError: (error, { done }) => {
        if (done) done(error);
        else this.#fail(error);
      },
      onEmpty: () => {},
    });
    add_reader(this.#sock, this.#onReadable);
  }

  /** Throws for a socket that is closed, OSError as bind(2) does. A path that begins with '\0' is abstract. */
  bind(path: string): void {
    this.#checkOpen();
    if (Buffer.byteLength(path) > MAX_PATH) throw new RangeError('path to bind is too long');
    this.#sock.bind(path);
  }

  /** Sends length bytes of the buffer from offset. Without a callback an error is 'error', and closes the socket, as there. */
  sendTo(buf: Uint8Array, offset: number, length: number, path: string, onWritten?: SendCb): void {
    this.#checkOpen();
    checkRange(buf, offset, length);
    const address = packSockaddr(AF_UNIX, path, 'sendTo');
    this.#queue.push({ bytes: buf.subarray(offset, offset + length), address, done: onWritten });
  }

  getRecvBufferSize(): number {
    return this.#sock.getsockopt(SOL_SOCKET, SO_RCVBUF) as number;
  }

  /** SO_RCVBUF, which Linux doubles. */
  setRecvBufferSize(size: number): void {
    this.#sock.setsockopt(SOL_SOCKET, SO_RCVBUF, size);
  }

  getSendBufferSize(): number {
    return this.#sock.getsockopt(SOL_SOCKET, SO_SNDBUF) as number;
  }

  setSendBufferSize(size: number): void {
    this.#sock.setsockopt(SOL_SOCKET, SO_SNDBUF, size);
  }

  /** The path that it is bound to, '' for none. Throws for a socket that is closed. */
  address(): string {
    return nameOf(this.#sock.getsockname());
  }

  /** What was not sent is lost. Again does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue.clear();
    closeSocket(this.#sock);
    process.nextTick(() => this.emit('close'));
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new Error('DgramSocket has been closed');
  }

  #fail(error: Error): void {
    if (this.#isClosed) return;
    this.close();
    this.emit('error', error);
  }

  readonly #onReadable = (): void => {
    for (let i = 0; i < PER_EVENT && !this.#isClosed; i++) {
      this.#senderLength[0] = this.#sender.length;
      const fd = this.#sock.fileno();
      const n = sys.recvfrom(fd, memory, 0, memory.length, 0, this.#sender, this.#senderLength);
      if (n === -sys.EAGAIN || n === -sys.EINTR) return;
      if (n < 0) {
        this.#fail(errorOf(n, 'recv'));
        return;
      }
      const path = this.#senderLength[0] > 2 ? unpackSockaddr(this.#sender, this.#senderLength[0]) : null;
      this.emit('data', Buffer.from(memory.subarray(0, n)), nameOf(path));
    }
  };
}

/** sun_path of Linux, without its NUL. */
const MAX_PATH = 107;
// Where a datagram is received; copied from there.
const memory = Buffer.alloc(BUFFER_SIZE);

function checkRange(buf: Uint8Array, offset: number, length: number): void {
  if (!(buf instanceof Uint8Array)) throw new TypeError('the first argument must be a Buffer');
  if (!(offset >= 0 && length >= 0 && offset + length <= buf.length))
    throw new RangeError(`offset ${offset} and length ${length} are not within ${buf.length} bytes`);
}

/**
 * A TCP socket bound with SO_REUSEADDR and SO_REUSEPORT: its descriptor, for a net.Server's listen({ fd }). Throws for a host
 * that is no IP address, OSError as bind(2) does.
 */
export function createReuseportFd(port = 0, host = '0.0.0.0'): number {
  if (!net.isIP(host)) throw new Error('invalid host');
  const sock = socket(net.isIPv4(host) ? AF_INET : AF_INET6, SOCK_STREAM);
  try {
    sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    sock.setsockopt(SOL_SOCKET, SO_REUSEPORT!, 1);
    sock.bind([host, port]);
    return sock.detach();
  } catch (error) {
    sock.close();
    throw error;
  }
}

/** Closes a descriptor; of one that a net.Server listens on the server does that. Throws OSError as close(2) does. */
export function closeFd(fd: number): void {
  const result = sys.close(fd);
  if (result < 0) throw new OSError(result, 'close');
}
