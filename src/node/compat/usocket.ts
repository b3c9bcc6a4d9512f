// The API of the package usocket (1.1) over rfds: UNIX streams that carry descriptors (SCM_RIGHTS, unix(7)), as D-Bus
// clients want them; and what dbus-native asks of a stream: writeWithFds(), 'fds' and closeFds().

import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import { add_reader, add_writer, notify_closing, remove_reader, remove_writer } from '../../async.ts';
import { BlockingIOError, InterruptedError, OSError } from '../../python/errors.ts';
import { AF_UNIX, recv_fds, SHUT_WR, SOCK_STREAM, type Socket, send_fds, socket } from '../../socket.ts';
import { F_DUPFD_CLOEXEC, fcntl, close as sysClose } from '../../syscalls.ts';

/** Where to connect to, or the descriptor of a stream, which is taken over. */
export interface ConnectOptions {
  /** A path; one that begins with '\0' is abstract. */
  readonly path?: string | undefined;
  readonly fd?: number | undefined;
}

export interface USocketOptions extends ConnectOptions {
  /** false: end() follows the peer's end. */
  readonly allowHalfOpen?: boolean;
}

/** What write() takes besides bytes. The descriptors stay the caller's, to be closed once callback was called. */
export interface Message {
  readonly data?: Uint8Array;
  readonly fds?: readonly number[] | undefined;
  readonly callback?: (() => void) | undefined;
}

/** Bytes, and descriptors that came until then. */
export interface Received {
  readonly data: Buffer | null;
  readonly fds: number[];
}

/** How many descriptors the kernel has in a message: SCM_MAX_FD. */
const MAX_FDS = 253;
const MAX_BYTES = 65_536;
const NO_BYTES = 'USocket write needs bytes, with descriptors too';

interface Connection {
  readonly sock: Socket<unknown>;
  isReading: boolean;
  /** The kernel has no space for what is written: it waits. */
  isBlocked: boolean;
}

/**
 * Events of a Duplex, 'connected', and 'fds' (fds): descriptors that came. They are the listener's to close; where there is no
 * listener they are kept for read(size, count), and those that no one took are closed with the socket.
 */
export class USocket extends Duplex {
  #connection: Connection | undefined;
  #received: number[] = [];
  // Of bytes that wait to be written: what goes with them.
  readonly #messages = new WeakMap<Uint8Array, Message>();
  // Duplicates that were not sent yet.
  readonly #owned = new Set<number>();
  #isRef = true;
  // Someone reads, perhaps since before there was a connection.
  #isWanted = false;

  /** Connects at once if it is told where to. */
  constructor(options?: string | USocketOptions, onConnected?: () => void) {
    const given = typeof options === 'string' ? { path: options } : (options ?? {});
    super({ allowHalfOpen: given.allowHalfOpen ?? true });
    if (given.path !== undefined || given.fd !== undefined) this.connect(given, onConnected);
  }

  /** The descriptor, undefined while there is none. */
  get fd(): number | undefined {
    return this.#connection?.sock.fileno();
  }

  /**
   * Connects, or takes over a descriptor, of which there is no 'connected'. What the kernel says to it comes as 'error'. Throws
   * for a socket that is connected, and TypeError for neither a path nor a descriptor.
   */
  connect(options: string | ConnectOptions, onConnected?: () => void): this {
    const { path, fd } = typeof options === 'string' ? { path: options, fd: undefined } : options;
    if (this.#connection !== undefined) throw new Error('connect on already connected USocket');
    if (typeof fd !== 'number' && typeof path !== 'string')
      throw new TypeError('USocket#connect expects a path or a descriptor');
    if (onConnected !== undefined) this.once('connected', onConnected);
    if (typeof fd === 'number') {
      this.#open(socket(AF_UNIX, SOCK_STREAM, 0, fd));
      return this;
    }
    const sock = socket(AF_UNIX, SOCK_STREAM);
    try {
      sock.setblocking(false);
      sock.connect(path!); // Of UNIX there is no connect that goes on: EAGAIN where the backlog is full.
    } catch (error) {
      sock.close();
      this.destroy(error as Error);
      return this;
    }
    this.#open(sock);
    process.nextTick(() => {
      if (!this.destroyed) this.emit('connected');
    });
    return this;
  }

  #open(sock: Socket<unknown>): void {
    sock.setblocking(false);
    this.#connection = { sock, isReading: false, isBlocked: false };
    if (this.#isWanted) this._read();
  }

  /** Whether this socket keeps the process alive while it is read from. */
  ref(): this {
    return this.#keepAlive(true);
  }

  unref(): this {
    return this.#keepAlive(false);
  }

  #keepAlive(isRef: boolean): this {
    this.#isRef = isRef;
    if (this.#connection?.isReading) add_reader(this.#connection.sock, this.#onReadable, { ref: isRef });
    return this;
  }

  override _read(): void {
    this.#isWanted = true;
    if (this.#connection === undefined || this.#connection.isReading) return;
    this.#connection.isReading = true;
    add_reader(this.#connection.sock, this.#onReadable, { ref: this.#isRef });
  }

  #pauseReading(connection: Connection): void {
    connection.isReading = false;
    remove_reader(connection.sock);
  }

  readonly #onReadable = (): void => {
    const connection = this.#connection!;
    let data: Buffer;
    let fds: number[];
    try {
      [data, fds] = recv_fds(connection.sock, MAX_BYTES, MAX_FDS);
    } catch (error) {
      if (!mayRetry(error)) this.destroy(error as Error);
      return;
    }
    if (fds.length > 0) {
      if (this.listenerCount('fds') === 0) this.#received.push(...fds);
      else this.emit('fds', fds);
      if (this.destroyed) return;
    }
    if (data.length === 0) {
      this.#pauseReading(connection);
      this.push(null);
    } else if (!this.push(data)) {
      this.#pauseReading(connection);
    }
  };

  /**
   * As Readable's; with a count, { data, fds } with so many descriptors of those that were received (null: all of them), or null
   * if there are not so many bytes or descriptors yet. The descriptors are the caller's to close.
   */
  override read(size?: number | null): Buffer | null;
  override read(size: number | null, count: number | null): Received | null;
  override read(size?: number | null, count?: number | null): Buffer | Received | null {
    if (count === undefined) return super.read(size ?? undefined);
    if (count !== null && this.#received.length < count) return null;
    const data: Buffer | null = super.read(size ?? undefined);
    if (size && data === null) return null;
    return { data, fds: this.#received.splice(0, count ?? this.#received.length) };
  }

  /** As Readable's; descriptors go back too. */
  override unshift(chunk: unknown, fds?: BufferEncoding | readonly number[]): void {
    if (chunk) super.unshift(chunk);
    if (Array.isArray(fds)) this.#received.unshift(...fds);
  }

  /**
   * Writes bytes and descriptors, which the peer gets with the first of these bytes. They are duplicated, as libdbus does: the
   * caller may close its own at once. false where the caller had better wait for 'drain', as write() has it. Throws OSError
   * EBADF for what is no descriptor, RangeError for no bytes or more than 253 descriptors.
   */
  writeWithFds(data: Uint8Array, fds: readonly number[]): boolean {
    checkMessage(data, fds);
    const duplicates: number[] = [];
    try {
      for (const fd of fds) duplicates.push(duplicate(fd));
    } catch (error) {
      this.closeFds(duplicates);
      throw error;
    }
    for (const fd of duplicates) this.#owned.add(fd);
    const callback = () => {
      for (const fd of duplicates) this.#owned.delete(fd);
      this.closeFds(duplicates);
    };
    return super.write(this.#bytesOf({ data, fds: duplicates, callback }));
  }

  /**
   * As Writable's; a Message too. Its descriptors are sent as they are when the kernel takes them, after which its callback
   * is called. Unlike usocket's, throws for what cannot be sent.
   */
  override write(chunk: Chunk, ...rest: unknown[]): boolean {
    return super.write(isMessage(chunk) ? this.#bytesOf(chunk) : chunk, ...(rest as []));
  }

  /** As Writable's; a Message too. */
  override end(...args: unknown[]): this {
    if (!isMessage(args[0])) return super.end(...(args as []));
    super.write(this.#bytesOf(args[0]));
    return super.end(...(args.slice(1) as []));
  }

  // Bytes of their own, by which the message is found again.
  #bytesOf({ data, fds, callback }: Message): Buffer {
    checkMessage(data, fds);
    const bytes = Buffer.from(data!.buffer, data!.byteOffset, data!.byteLength);
    this.#messages.set(bytes, { fds, callback });
    return bytes;
  }

  /** Closes descriptors that were received and are not wanted. */
  closeFds(fds: Iterable<number>): void {
    for (const fd of fds) sysClose(fd);
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#connection === undefined) {
      done(new Error('USocket not connected'));
      return;
    }
    const message = this.#messages.get(chunk);
    this.#send(this.#connection, chunk, message?.fds ?? [], (error) => {
      if (!error) message?.callback?.();
      done(error);
    });
  }

  #send(
    connection: Connection,
    data: Uint8Array,
    fds: readonly number[],
    done: (error?: Error | null) => void,
  ): void {
    let rest = data;
    let unsent = fds;
    const attempt = () => {
      try {
        do {
          const sent =
            unsent.length > 0 ? send_fds(connection.sock, [rest], unsent) : connection.sock.send(rest);
          rest = rest.subarray(sent);
          unsent = [];
        } while (rest.length > 0);
      } catch (error) {
        if (!mayRetry(error)) {
          this.#unblock(connection);
          done(error as Error);
        } else if (!connection.isBlocked) {
          connection.isBlocked = true;
          add_writer(connection.sock, attempt);
        }
        return;
      }
      this.#unblock(connection);
      done();
    };
    attempt();
  }

  #unblock(connection: Connection): void {
    if (!connection.isBlocked) return;
    connection.isBlocked = false;
    remove_writer(connection.sock);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#connection === undefined) {
      done();
      return;
    }
    try {
      this.#connection.sock.shutdown(SHUT_WR);
      done();
    } catch (error) {
      // The peer is gone: there is no one to tell that this is the end.
      done((error as NodeJS.ErrnoException).code === 'ENOTCONN' ? null : (error as Error));
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) {
      notify_closing(connection.sock);
      connection.sock.close();
    }
    this.closeFds(this.#received.splice(0));
    this.closeFds(this.#owned);
    this.#owned.clear();
    done(error);
  }
}

type Chunk = string | Uint8Array | Message | readonly number[];

function isMessage(chunk: unknown): chunk is Message {
  if (Array.isArray(chunk)) throw new RangeError(NO_BYTES);
  return typeof chunk === 'object' && chunk !== null && !(chunk instanceof Uint8Array);
}

// Of a stream the kernel drops descriptors that come with no byte.
function checkMessage(data: Uint8Array | undefined, fds: readonly number[] = []): void {
  if (data !== undefined && !(data instanceof Uint8Array))
    throw new TypeError('USocket data needs to be a buffer');
  if (!Array.isArray(fds)) throw new TypeError('USocket fds needs to be an array');
  if (fds.length > MAX_FDS) throw new RangeError(`USocket sends at most ${MAX_FDS} descriptors at once`);
  if (!data?.length) throw new RangeError(NO_BYTES);
}

function duplicate(fd: number): number {
  const result = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (result < 0) throw new OSError(result, 'fcntl');
  return result;
}

const mayRetry = (error: unknown) => error instanceof BlockingIOError || error instanceof InterruptedError;

/** Events: 'listening', 'connection' (socket), 'error'. Listening, it keeps the process alive. */
export class UServer extends EventEmitter {
  #sock: Socket<unknown> | undefined;
  paused = false;
  listening = false;

  /** The descriptor, undefined while there is none. */
  get fd(): number | undefined {
    return this.#sock?.fileno();
  }

  /** What the kernel says to it comes as 'error'. Throws for a server that listens, and TypeError for no path. */
  listen(
    path: string | { readonly path: string; readonly backlog?: number },
    backlog?: number | (() => void),
    onListening?: () => void,
  ): this {
    const given = typeof path === 'string' ? { path, backlog } : { backlog, ...path };
    const callback = typeof backlog === 'function' ? backlog : onListening;
    if (this.#sock !== undefined) throw new Error('listen on already listened UServer');
    if (typeof given.path !== 'string') throw new TypeError('UServer expects valid path');
    if (callback !== undefined) this.once('listening', callback);
    const sock = socket(AF_UNIX, SOCK_STREAM);
    try {
      sock.setblocking(false);
      sock.bind(given.path);
      sock.listen(typeof given.backlog === 'number' ? given.backlog || 16 : 16);
    } catch (error) {
      sock.close();
      process.nextTick(() => this.emit('error', error));
      return this;
    }
    this.#sock = sock;
    process.nextTick(() => {
      if (this.#sock !== sock) return;
      this.listening = true;
      this.emit('listening');
    });
    if (!this.paused) add_reader(sock, this.#onReadable);
    return this;
  }

  /** Clients wait in the kernel's queue until resume(). */
  pause(): void {
    this.paused = true;
    if (this.#sock !== undefined) remove_reader(this.#sock);
  }

  resume(): void {
    this.paused = false;
    if (this.#sock !== undefined) add_reader(this.#sock, this.#onReadable);
  }

  /** No event comes any more. Again does nothing. */
  close(): void {
    const sock = this.#sock;
    if (sock === undefined) return;
    this.#sock = undefined;
    this.listening = false;
    notify_closing(sock);
    sock.close();
  }

  readonly #onReadable = (): void => {
    let client: Socket<unknown>;
    try {
      [client] = this.#sock!.accept();
    } catch (error) {
      if (!mayRetry(error)) this.emit('error', error);
      return;
    }
    this.emit('connection', new USocket({ fd: client.detach() }));
  };
}
