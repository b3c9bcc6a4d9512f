// CPython's test_socket: makefile (FileObjectClassTestCase and its subclasses) and sendfile
// (SendfileUsingSendTest). Each test bears the name of its case.

import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { OSError, TimeoutError } from '../../src/python/errors.ts';
import {
  AF_INET,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
  type Socket,
  type SocketFile,
  type SocketIO,
  socket,
} from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { addressOf, kept, listener, pair, peer, tcpPair } from '../support/sockets.ts';

const TEXT = 'Täglich 1\nor twice\nor more';

// CPython's subclasses: modes of the reader and the writer, and how much they buffer.
const variants: [string, string, string, number | null][] = [
  ['buffered', 'rb', 'wb', null],
  ['unbuffered', 'rb', 'wb', 0],
  ['line buffered', 'rb', 'wb', 1],
  ['of a small buffer', 'rb', 'wb', 2],
  ['of text to read', 'r', 'wb', null],
  ['of text to write', 'rb', 'w', null],
  ['of text', 'r', 'w', null],
];

const makefile = (sock: Socket, mode: string, buffering: number | null): SocketFile =>
  kept(sock.makefile(mode, buffering as never, { encoding: 'utf-8', newline: '' }) as SocketFile);

describe.each(variants)('a file %s', (_, readMode, writeMode, buffering) => {
  const text = (value: unknown) => (typeof value === 'string' ? value : String(value as Buffer));
  const isOfMode = (value: unknown, mode: string) =>
    expect(value).toSatisfy((it) => (mode.includes('b') ? it instanceof Buffer : typeof it === 'string'));

  /** A socket with a file to read from, and one to write to, at the other end. */
  function files() {
    const { conn, client } = tcpPair();
    const reader = makefile(conn, readMode, buffering);
    const writer = makefile(client, writeMode, buffering);
    const write = (value: string) => {
      writer.write(writeMode.includes('b') ? Buffer.from(value) : value);
      writer.flush();
    };
    return { conn, client, reader, writer, write };
  }

  test('FileObjectClassTestCase.testReadAfterTimeout: after a timeout it reads no more', () => {
    const { conn, reader, write } = files();
    write('abc');
    conn.settimeout(0.05);
    expect(text(reader.read(3))).toBe('abc');
    expect(() => reader.read(1)).toThrow(TimeoutError);
    write(TEXT);
    expect(() => reader.read(1)).toThrow(new OSError('cannot read from timed out object'));
  });

  test('FileObjectClassTestCase.testSmallRead: is read in parts', () => {
    const { client, reader, writer, write } = files();
    write(TEXT);
    writer.close();
    client.close();
    const first = reader.read(readMode.includes('b') ? 4 : 3)!;
    const rest = reader.read()!;
    isOfMode(first, readMode);
    expect([text(first), text(rest)]).toEqual(['Täg', TEXT.slice(3)]);
  });

  test('FileObjectClassTestCase.testFullRead: is read to its end', () => {
    const { client, reader, writer, write } = files();
    write(TEXT);
    writer.close();
    client.close();
    expect(text(reader.read())).toBe(TEXT);
    expect(reader.read()).toHaveLength(0);
  });

  test('FileObjectClassTestCase.testUnbufferedRead: is read one by one', () => {
    const { client, reader, writer, write } = files();
    write(TEXT);
    writer.close();
    client.close();
    const parts: (Buffer | string)[] = [];
    for (let part = reader.read(1)!; part.length > 0; part = reader.read(1)!) parts.push(part);
    expect(parts.length).toBeGreaterThan(20);
    const whole = parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part));
    expect(Buffer.concat(whole).toString()).toBe(TEXT);
  });

  test('FileObjectClassTestCase.testReadline: is read by lines', () => {
    const { client, reader, writer, write } = files();
    write(TEXT);
    writer.close();
    client.close();
    const line = reader.readline();
    isOfMode(line, readMode);
    expect(text(line)).toBe('Täglich 1\n');
    expect([...reader].map(text)).toEqual(['or twice\n', 'or more']);
  });

  test('FileObjectClassTestCase.testCloseAfterMakefile: outlives the socket’s close', () => {
    const { conn, client, reader, write } = files();
    client.close();
    conn.close();
    write(TEXT);
    expect(text(reader.read(Buffer.byteLength(TEXT) - (readMode.includes('b') ? 0 : 1)))).toBe(TEXT);
  });

  test('FileObjectClassTestCase.testMakefileAfterMakefileClose: its close leaves the socket as it was', () => {
    const { conn, client, reader, write } = files();
    reader.close();
    write(TEXT);
    expect(conn.recv(1024).toString()).toBe(TEXT);
    client.send(Buffer.from('x'));
    expect(text(makefile(conn, readMode, buffering).read(1))).toBe('x');
  });

  test('FileObjectClassTestCase.testClosedAttr: says that it is open', () => {
    const { reader, writer } = files();
    expect([reader.closed, writer.closed]).toEqual([false, false]);
    reader.close();
    expect(reader.closed).toBe(true);
  });

  test('FileObjectClassTestCase.testAttributes: has a mode, and a descriptor for a name', () => {
    const { conn, client, reader, writer } = files();
    expect([reader.mode, reader.name]).toEqual([readMode, conn.fileno()]);
    expect([writer.mode, writer.name]).toEqual([writeMode, client.fileno()]);
  });

  test('FileObjectClassTestCase.testRealClose: once both are closed there is nothing left', () => {
    const { conn, reader } = files();
    const fd = conn.fileno();
    reader.close();
    expect(() => reader.fileno()).toThrow(RangeError);
    expect(conn.fileno()).toBe(fd);
    conn.close();
    expect(() => conn.getsockname()).toThrow(OSError);
  });
});

describe('an unbuffered file', () => {
  const raw = (sock: Socket, mode: string): SocketIO => kept(sock.makefile(mode, 0));

  test('UnbufferedFileObjectClassTestCase.testUnbufferedReadline: leaves what follows a line to the next file', () => {
    const { conn, client } = tcpPair();
    client.send(Buffer.from('A line\nAnd another\n'));
    const first = raw(conn, 'rb');
    expect(first.readline()!.toString()).toBe('A line\n');
    first.close();
    expect(raw(conn, 'rb').readline()!.toString()).toBe('And another\n');
  });

  test('UnbufferedFileObjectClassTestCase.testMakefileClose: the descriptor lives as long as the last file', () => {
    const { conn, client } = tcpPair();
    const fd = client.fileno();
    const files = [raw(client, 'wb'), raw(client, 'wb')];
    client.close();
    expect(files.map((file) => file.fileno())).toEqual([fd, fd]);
    files[0].close();
    expect(files[1].write(Buffer.from('still'))).toBe(5);
    expect(conn.recv(1024).toString()).toBe('still');
    files[1].close();
    expect(conn.recv(1024)).toHaveLength(0);
    expect(client.fileno()).toBe(-1);
  });

  test('UnbufferedFileObjectClassTestCase.testSmallReadNonBlocking: is null where there is nothing yet', () => {
    const { conn, client } = tcpPair();
    conn.setblocking(false);
    const file = raw(conn, 'rb');
    const buffer = Buffer.alloc(10);
    expect([file.readinto(buffer), file.read(3), file.read()]).toEqual([null, null, null]);
    client.send(Buffer.from('small data'));
    expect(file.readinto(buffer.subarray(0, 5))).toBe(5);
    expect(file.read(100)!.toString()).toBe(' data');
    expect([file.readinto(buffer), file.read(1)]).toEqual([null, null]);
    expect(buffer.toString('latin1', 0, 5)).toBe('small');
  });

  test('UnbufferedFileObjectClassTestCase.testWriteNonBlocking: is null where the kernel takes no more', () => {
    const { client } = tcpPair();
    client.setblocking(false);
    const file = raw(client, 'wb');
    const data = Buffer.alloc(65536, 'x');
    const counts: (number | null)[] = [];
    do counts.push(file.write(data));
    while (counts.at(-1) !== null);
    expect(counts[0]).toBeGreaterThan(0);
  });
});

test('a file writes what it has kept when it is flushed, or full, or closed', () => {
  const [near, far] = pair();
  const file = kept(near.makefile('w', 8));
  far.setblocking(false);
  const arrived = () => {
    try {
      return far.recv(1024).toString();
    } catch {
      return '';
    }
  };
  file.write('12345678');
  expect(arrived()).toBe('');
  file.write('9');
  expect(arrived()).toBe('123456789');
  file.write('flushed');
  file.flush();
  expect(arrived()).toBe('flushed');
  file.write('last');
  file.close();
  expect(arrived()).toBe('last');
});

test("a file of text makes one newline of '\\r\\n' and '\\r', parted ones too, unless told to leave them", () => {
  const [near, far] = pair();
  far.sendall(Buffer.from('one\r\ntwo\rthree\nfour\r'));
  far.close();
  // A buffer of one byte: each '\r' comes alone.
  expect(kept(near.makefile('r', 1)).readlines()).toEqual(['one\n', 'two\n', 'three\n', 'four\n']);
});

describe('sendfile', () => {
  const SIZE = 10 * 1024 * 1024;
  const data = Buffer.alloc(SIZE, 'A line of what is sent.\n');
  let folder: string;
  let name: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'rfds-'));
    name = path.join(folder, 'data');
    writeFileSync(name, data);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** A file as Python has it, with a position. */
  class PositionedFile {
    readonly mode: string = 'rb';
    readonly #fd: number;
    #position = 0;

    constructor(file: string, mode = 'rb') {
      this.#fd = openSync(file, 'r');
      this.mode = mode;
    }

    read(size: number): Buffer {
      const chunk = Buffer.alloc(size);
      const n = readSync(this.#fd, chunk, 0, size, this.#position);
      this.#position += n;
      return chunk.subarray(0, n);
    }

    seek(position: number): void {
      this.#position = position;
    }

    tell(): number {
      return this.#position;
    }

    close(): void {
      closeSync(this.#fd);
    }
  }
  const file = (mode?: string) => kept(new PositionedFile(name, mode));

  // The peer tells how much came, and its SHA-1.
  const receiver = `
    const { createHash } = await import('node:crypto');
    const server = S.socket(-1, -1, -1, data.fd);
    const [conn] = server.accept();
    server.detach();
    const hash = createHash('sha1');
    let length = 0;
    for (let chunk = conn.recv(65536); chunk.length > 0; chunk = conn.recv(65536)) {
      hash.update(chunk);
      length += chunk.length;
    }
    conn.close();
    return [length, hash.digest('hex')];`;

  async function sends(
    send: (client: Socket) => number,
    expected: Uint8Array,
    timeout: number | null = null,
  ) {
    const { createHash } = await import('node:crypto');
    const server = listener();
    const received = peer<[number, string]>(receiver, { fd: server.fileno() });
    const client = kept(socket());
    client.connect(addressOf(server));
    client.settimeout(timeout);
    expect(send(client)).toBe(expected.length);
    client.close();
    expect(await received).toEqual([expected.length, createHash('sha1').update(expected).digest('hex')]);
  }

  afterEach(() => sys.interpose(null));

  test('SendfileUsingSendTest.testRegularFile: sends all of it, and leaves the position at its end', async () => {
    const sent = file();
    await sends((client) => client.sendfile(sent), data);
    expect(sent.tell()).toBe(SIZE);
  });

  test('SendfileUsingSendTest.testNonRegularFile: sends what any object reads', async () => {
    const parts = [data.subarray(0, 1000), data.subarray(1000, 3000)];
    await sends(
      (client) => client.sendfile({ read: () => parts.shift() ?? Buffer.alloc(0) }),
      data.subarray(0, 3000),
    );
  });

  test('SendfileUsingSendTest.testEmptyFileSend: sends nothing of an empty one', async () => {
    const empty = path.join(folder, 'empty');
    writeFileSync(empty, '');
    const sent = kept(new PositionedFile(empty));
    await sends((client) => client.sendfile(sent), new Uint8Array(0));
    expect(sent.tell()).toBe(0);
  });

  test('SendfileUsingSendTest.testOffset: sends from an offset', async () => {
    const sent = file();
    await sends((client) => client.sendfile(sent, 5000), data.subarray(5000));
    expect(sent.tell()).toBe(SIZE);
  });

  test('SendfileUsingSendTest.testCount: sends so much', async () => {
    const sent = file();
    await sends((client) => client.sendfile(sent, 0, 5_000_007), data.subarray(0, 5_000_007));
    expect(sent.tell()).toBe(5_000_007);
  });

  test('SendfileUsingSendTest.testCountSmall: sends a single byte', async () => {
    const sent = file();
    await sends((client) => client.sendfile(sent, 0, 1), data.subarray(0, 1));
    expect(sent.tell()).toBe(1);
  });

  test('SendfileUsingSendTest.testCountWithOffset: sends so much from an offset', async () => {
    const sent = file();
    await sends((client) => client.sendfile(sent, 2007, 100_007), data.subarray(2007, 102_014));
    expect(sent.tell()).toBe(102_014);
  });

  test('a descriptor is a file, too', async () => {
    const fd = openSync(name, 'r');
    try {
      await sends((client) => client.sendfile(fd, 2007, 100_007), data.subarray(2007, 102_014));
    } finally {
      closeSync(fd);
    }
  });

  test('SendfileUsingSendTest.testNonBlocking: refuses a non-blocking socket', () => {
    const { client } = tcpPair();
    client.setblocking(false);
    expect(() => client.sendfile(file())).toThrow(new RangeError('non-blocking sockets are not supported'));
  });

  test('SendfileUsingSendTest.testWithTimeout: sends all of it within a timeout', async () => {
    await sends((client) => client.sendfile(file()), data, 20);
  });

  test('SendfileUsingSendTest.testWithTimeoutTriggeredSend: gives up on a peer that does not read', () => {
    const { client } = tcpPair();
    client.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096);
    client.settimeout(0.05);
    const sent = file();
    let total = 0;
    sys.interpose((name, call, args) => {
      const result = call(...args);
      if (name === 'send' && result > 0) total += result;
      return result;
    });
    expect(() => client.sendfile(sent)).toThrow(TimeoutError);
    // Behind what was sent, not behind what was read of it.
    expect(total).toBeGreaterThan(0);
    expect(sent.tell()).toBe(total);
  });

  test('SendfileUsingSendTest.test_errors: refuses datagrams, text, and counts that are none', () => {
    const udp = kept(socket(AF_INET, SOCK_DGRAM));
    expect(() => udp.sendfile(file())).toThrow(new RangeError('only SOCK_STREAM type sockets are supported'));
    const { client } = tcpPair();
    expect(() => client.sendfile(file('r'))).toThrow(new RangeError('file should be opened in binary mode'));
    for (const count of ['2', {}, 0.1])
      expect(() => client.sendfile(file(), 0, count as never)).toThrow(TypeError);
    for (const count of [0, -1])
      expect(() => client.sendfile(file(), 0, count)).toThrow(
        new RangeError(`count must be a positive integer (got ${count})`),
      );
  });
});
