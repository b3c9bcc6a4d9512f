// makefile's files against Python's own: encodings, newlines, and what a buffered file has. Both read the same chunks.

import { describe, expect, test } from 'vitest';
import { EAGAIN } from '../../src/kernel/errno.ts';
import {
  BlockingIOError,
  LookupError,
  UnicodeDecodeError,
  UnicodeEncodeError,
} from '../../src/python/errors.ts';
import { makeFile } from '../../src/python/socket/makefile.ts';
import type { FileSocket } from '../../src/python/socket/socket-io.ts';
import { type FileOptions, type SocketFile, SocketIO } from '../../src/socket.ts';
import { python } from '../support/python.ts';
import { kept, pair } from '../support/sockets.ts';

/** A socket that receives the chunks, and then the end. */
function receiving(chunks: readonly Uint8Array[]): FileSocket {
  const rest = [...chunks];
  return {
    fileno: () => 3,
    recv_into(buffer) {
      const chunk = rest.shift();
      if (chunk === undefined) return 0;
      const n = Math.min(chunk.length, buffer.length);
      buffer.set(chunk.subarray(0, n));
      if (n < chunk.length) rest.unshift(chunk.subarray(n));
      return n;
    },
    send: (data) => data.length,
  };
}

const fileOf = (sock: FileSocket, mode: string, buffering: number | null, options: FileOptions = {}) =>
  makeFile(sock, () => () => {}, mode, buffering, options) as SocketFile;

/** A reproducible sequence of numbers below n. */
function numbersFrom(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % n;
  };
}

const cut = (data: Buffer, random: (n: number) => number) => {
  const chunks: Buffer[] = [];
  for (let at = 0; at < data.length; ) {
    const n = 1 + random(4);
    chunks.push(data.subarray(at, at + n));
    at += n;
  }
  return chunks;
};

// expect() for thousands of cases takes longer than they do.
function expectSame(given: unknown, ours: unknown, theirs: unknown): void {
  if (JSON.stringify(ours) !== JSON.stringify(theirs)) expect([given, ours]).toEqual([given, theirs]);
}

// A raw file of Python's that reads the chunks.
const RAW = `
import io
class Raw(io.RawIOBase):
    def __init__(self, chunks): self.chunks = [bytes.fromhex(chunk) for chunk in chunks]
    def readable(self): return True
    def writable(self): return True
    def write(self, data):
        self.written = getattr(self, 'written', b'') + bytes(data)
        return len(data)
    def readinto(self, buffer):
        if not self.chunks: return 0
        chunk = self.chunks.pop(0)
        n = min(len(chunk), len(buffer))
        buffer[:n] = chunk[:n]
        if n < len(chunk): self.chunks.insert(0, chunk[n:])
        return n
`;

type Step = [method: string, argument: number];
interface Case {
  chunks: string[];
  options: FileOptions;
  steps: Step[];
}

const READ_TEXT = `${RAW}
def run(case):
    raw = Raw(case['chunks'])
    file = io.TextIOWrapper(io.BufferedReader(raw, 64), **case['options'])
    results = []
    for method, argument in case['steps']:
        try: results.append(getattr(file, method)(argument))
        except UnicodeDecodeError: return results + ['UnicodeDecodeError']
    return results
answer = [run(case) for case in given]
`;

function readText({ chunks, options, steps }: Case): unknown[] {
  const file = fileOf(receiving(chunks.map((chunk) => Buffer.from(chunk, 'hex'))), 'r', 64, options);
  const results: unknown[] = [];
  for (const [method, argument] of steps) {
    try {
      results.push((file[method as 'readline'] as (n: number) => unknown).call(file, argument));
    } catch (error) {
      return [...results, (error as Error).name];
    }
  }
  return results;
}

const encodings = ['utf-8', 'latin-1', 'ascii', 'UTF8', 'iso-8859-1', 'us-ascii'];
const handlers = ['strict', 'ignore', 'replace', 'backslashreplace', 'surrogateescape'] as const;
const newlines = [null, '', '\n', '\r', '\r\n'];
// Text in UTF-8, whole and cut off, overlong, beyond Unicode, a surrogate; newlines; what windows-1252 has elsewhere.
const pieces = [
  '61',
  '0a',
  '0d',
  '0d0a',
  'c3a9',
  'e282ac',
  'f09f9880',
  'c3',
  'e282',
  'f09f98',
  '80',
  'c080',
  'eda080',
  'f4908080',
  'ff',
  'efbbbf',
  '93',
  '00',
];

describe('a file of text', () => {
  test('has the text that Python has, whatever the encoding, the error handler and the newlines', () => {
    const random = numbersFrom(7);
    const cases = Array.from({ length: 3000 }, (): Case => {
      const errors = handlers[random(handlers.length)];
      const data = Array.from({ length: random(20) }, () => pieces[random(pieces.length)]).join('');
      const chunks = cut(Buffer.from(data, 'hex'), random).map((chunk) => chunk.toString('hex'));
      const newline = newlines[random(newlines.length)];
      const options = { encoding: encodings[random(encodings.length)], errors, newline };
      // What 'strict' throws for, Python has read ahead, or not yet.
      const steps = Array.from({ length: errors === 'strict' ? 0 : random(6) }, (): Step => ['readline', -1]);
      return { chunks, options, steps: [...steps, ['read', -1]] };
    });
    const theirs = python<unknown[][]>(READ_TEXT, cases);
    for (const [i, each] of cases.entries()) expectSame(each, readText(each), theirs[i]);
    expect(theirs.flat().filter((result) => result === 'UnicodeDecodeError').length).toBeGreaterThan(100);
  });

  test('is read in parts as Python reads it: read(size) and readline(limit)', () => {
    const random = numbersFrom(8);
    const cases = Array.from({ length: 2000 }, (): Case => {
      const data = Array.from({ length: random(30) }, () => pieces[random(6)]).join('');
      const chunks = cut(Buffer.from(data, 'hex'), random).map((chunk) => chunk.toString('hex'));
      const options = { encoding: 'utf-8', newline: newlines[random(newlines.length)] };
      const steps = Array.from({ length: 8 }, (): Step => [['read', 'readline'][random(2)], random(7)]);
      return { chunks, options, steps };
    });
    const theirs = python<unknown[][]>(READ_TEXT, cases);
    for (const [i, each] of cases.entries()) expectSame(each, readText(each), theirs[i]);
  });

  test('writes the bytes that Python writes, or throws UnicodeEncodeError', () => {
    const texts = [
      '',
      'a\nb\r\n',
      'é',
      '\x80\x93',
      '€',
      '😀',
      '\udc80',
      '\udcff\ud800',
      'x\udce9y',
      '\ud83d',
      'ÿĀ',
    ];
    const cases = encodings.flatMap((encoding) =>
      handlers.flatMap((errors) =>
        newlines.flatMap((newline) =>
          texts.map((text) => ({ options: { encoding, errors, newline }, text })),
        ),
      ),
    );
    const theirs = python<unknown[]>(
      `${RAW}
def run(case):
    raw = Raw([])
    file = io.TextIOWrapper(io.BufferedWriter(raw), **case['options'])
    try:
        n = file.write(case['text'])
        file.flush()
    except UnicodeEncodeError: return 'UnicodeEncodeError'
    return [n, getattr(raw, 'written', b'').hex()]
answer = [run(case) for case in given]`,
      cases,
    );
    for (const [i, { options, text }] of cases.entries()) {
      const written: Buffer[] = [];
      const sock = {
        ...receiving([]),
        send: (data: Uint8Array) => written.push(Buffer.from(data)) && data.length,
      };
      const file = fileOf(sock, 'w', null, options);
      let ours: unknown;
      try {
        const n = file.write(text);
        file.flush();
        // Python counts characters.
        ours = [n - (text.length - [...text].length), Buffer.concat(written).toString('hex')];
      } catch (error) {
        ours = (error as Error).name;
      }
      expectSame([options, text], ours, theirs[i]);
    }
  });

  test('an encoding, an error handler or a newline that there is not is an error of makefile', () => {
    const [near] = pair();
    const made = (options: object) => () => near.makefile('r', null, options);
    expect(made({ encoding: 'no-such' })).toThrow(new LookupError('unknown encoding: no-such'));
    expect(made({ errors: 'no-such' })).toThrow(LookupError);
    expect(made({ encoding: 'shift_jis', errors: 'ignore' })).toThrow(LookupError);
    expect(made({ newline: 'x' })).toThrow(new RangeError('illegal newline value: x'));
    expect(made({ encoding: 5 })).toThrow(TypeError);
    // None of them keeps the descriptor open.
    near.close();
    expect(near.fileno()).toBe(-1);
  });

  test('an error says what could not be decoded or encoded, and where', () => {
    const bytes = Buffer.from([0x61, 0xe9, 0x62]);
    const file = fileOf(receiving([bytes]), 'rw', null, { encoding: 'ascii' });
    expect(() => file.read()).toThrow(
      expect.objectContaining({ encoding: 'ascii', start: 1, end: 2, reason: 'ordinal not in range(128)' }),
    );
    expect(() => fileOf(receiving([bytes]), 'r', null).read()).toThrow(UnicodeDecodeError);
    expect(() => file.write('aé')).toThrow(UnicodeEncodeError);
    expect(() => file.write('aé')).toThrow("'ascii' codec can't encode character U+00E9 in position 1");
  });

  test('an encoding that only TextDecoder has can be read, and not written', () => {
    const bytes = Buffer.from([0x83, 0x65]);
    const file = fileOf(receiving([bytes.subarray(0, 1), bytes.subarray(1)]), 'rw', null, {
      encoding: 'shift_jis',
    });
    expect(file.read()).toBe('テ');
    expect(() => file.write('テ')).toThrow(LookupError);
  });

  test('has no read1, peek, readinto and readinto1, and detach() gives the file of bytes', () => {
    const written: string[] = [];
    const sock = { ...receiving([]), send: (data: Uint8Array) => written.push(String(data)) && data.length };
    const file = fileOf(sock, 'rw', null);
    expect(() => file.read1()).toThrow(TypeError);
    expect(() => file.peek()).toThrow(TypeError);
    expect(() => file.readinto(Buffer.alloc(1))).toThrow(TypeError);
    expect(() => file.readinto1(Buffer.alloc(1))).toThrow(TypeError);
    file.write('é');
    const bytes = file.detach() as SocketFile;
    expect(written).toEqual(['é']);
    expect(() => file.read()).toThrow('raw stream has been detached');
    bytes.write(Buffer.from('x'));
    expect(bytes.detach()).toBeInstanceOf(SocketIO);
    expect(written).toEqual(['é', 'x']);
    expect(() => bytes.flush()).toThrow('raw stream has been detached');
  });
});

describe('a file of bytes', () => {
  test('has what Python has: read, read1, readline, readlines, readinto, readinto1', () => {
    const random = numbersFrom(9);
    const methods = ['read', 'read1', 'readline', 'readlines', 'readinto', 'readinto1'];
    const cases = Array.from({ length: 2000 }, () => {
      const data = Buffer.from(Array.from({ length: random(60) }, () => [10, 97, 98, 99][random(4)]));
      const steps = Array.from({ length: 6 }, (): Step => [methods[random(6)], random(20)]);
      const most: Step[] = [
        ['readline', -1],
        ['readlines', -1],
        ['read', -1],
      ];
      return {
        chunks: cut(data, random).map((chunk) => chunk.toString('hex')),
        options: {},
        steps: [...steps, most[random(3)]],
      };
    });
    const theirs = python<unknown[][]>(
      `${RAW}
def plain(result): return result.hex() if isinstance(result, bytes) else [plain(one) for one in result]
def run(case):
    file = io.BufferedReader(Raw(case['chunks']), 64)
    results = []
    for method, argument in case['steps']:
        if 'into' in method:
            memory = bytearray(argument)
            results.append([getattr(file, method)(memory), memory.hex()])
        else: results.append(plain(getattr(file, method)(argument)))
    return results
answer = [run(case) for case in given]`,
      cases,
    );
    const plain = (result: unknown): unknown =>
      result instanceof Buffer ? result.toString('hex') : (result as unknown[]).map(plain);
    for (const [i, { chunks, steps }] of cases.entries()) {
      const file = fileOf(receiving(chunks.map((chunk) => Buffer.from(chunk, 'hex'))), 'rb', 64);
      const ours = steps.map(([method, argument]) => {
        const call = (file[method as 'read'] as (argument: unknown) => unknown).bind(file);
        if (!method.includes('into')) return plain(call(argument));
        const memory = Buffer.alloc(argument);
        return [call(memory), memory.toString('hex')];
      });
      expectSame([chunks, steps], ours, theirs[i]);
    }
  });

  test('peek reads ahead once, and takes nothing away', () => {
    const file = fileOf(receiving([Buffer.from('ab'), Buffer.from('cd')]), 'rb', 64);
    expect([String(file.peek()), String(file.peek(1))]).toEqual(['ab', 'ab']);
    file.peek()[0] = 0;
    expect(String(file.read(3))).toBe('abc');
    expect([String(file.peek()), String(file.read()), String(file.peek())]).toEqual(['d', 'd', '']);
  });

  test('is no terminal, and answers no question once closed', () => {
    const [near] = pair();
    const [file, raw] = [kept(near.makefile('rwb')), kept(near.makefile('rwb', 0))];
    expect([file.isatty(), raw.isatty(), raw.mode]).toEqual([false, false, 'rwb']);
    file.close();
    expect(() => file.isatty()).toThrow(RangeError);
    expect(() => file.peek()).toThrow(RangeError);
  });

  test('an unbuffered one has lines, read and written', () => {
    const [near, far] = pair();
    const raw = kept(near.makefile('rwb', 0));
    raw.writelines([Buffer.from('a\n'), Buffer.from('b')]);
    far.shutdown(1);
    expect(String(far.recv(10))).toBe('a\nb');
    const file = fileOf(receiving([Buffer.from('a\nb\nc\nd')]), 'rb', 0);
    expect(file.readlines(3).map(String)).toEqual(['a\n', 'b\n']);
    expect(file.readlines().map(String)).toEqual(['c\n', 'd']);
  });

  test('on a non-blocking socket a line of an unbuffered one is what there is of it, null for nothing, empty at the end', () => {
    const [near, far] = pair();
    near.setblocking(false);
    const raw = kept(near.makefile('rb', 0));
    expect(raw.readline()).toBeNull();
    expect(() => raw.readlines()).toThrow(BlockingIOError);
    far.send(Buffer.from('par'));
    expect(String(raw.readline())).toBe('par');
    far.close();
    expect(raw.readline()).toEqual(Buffer.alloc(0));
  });

  test('what was read before a timeout is not lost', () => {
    const parts = ['abc', null, 'def\n'];
    const sock: FileSocket = {
      ...receiving([]),
      recv_into(buffer) {
        const part = parts.shift();
        if (part === null) throw new Error('a handler of a signal');
        return buffer.length < 3 || part === undefined ? 0 : Buffer.from(part).copy(buffer);
      },
    };
    const file = fileOf(sock, 'rb', 64);
    expect(() => file.readline()).toThrow('a handler of a signal');
    expect(String(file.readline())).toBe('abcdef\n');
  });
});

describe('a file that writes', () => {
  /** A non-blocking socket that takes as many bytes of each send: null, none. */
  function taking(...capacities: (number | null)[]) {
    const sent: string[] = [];
    const sock: FileSocket = {
      ...receiving([]),
      send(data) {
        const capacity = capacities.shift();
        if (capacity === null) throw new BlockingIOError(-EAGAIN, 'send');
        const n = Math.min(capacity ?? data.length, data.length);
        sent.push(Buffer.from(data.subarray(0, n)).toString());
        return n;
      },
    };
    return { sent, file: (buffering: number, mode = 'wb') => fileOf(sock, mode, buffering) };
  }
  const blocked = (characters_written: number) =>
    expect.objectContaining({ code: 'EAGAIN', characters_written });

  test('keeps less than its buffer, and sends what fills it at once', () => {
    const { sent, file } = taking();
    const out = file(8);
    out.write(Buffer.from('1234567'));
    expect(sent).toEqual([]);
    out.write(Buffer.from('8'));
    expect(sent).toEqual([]);
    out.write(Buffer.from('abcdefgh'));
    expect(sent).toEqual(['12345678', 'abcdefgh']);
    out.write(Buffer.from('0123456789'));
    expect(sent.slice(2)).toEqual(['0123456789']);
  });

  test('that is full says how much of a write it took, so that the rest can be written again', () => {
    const { sent, file } = taking(3, null, null, 5, null);
    const out = file(4);
    // 3 bytes were sent, 4 kept.
    expect(() => out.write(Buffer.from('0123456789'))).toThrow(blocked(7));
    // Nothing is sent, and there is no space.
    expect(() => out.write(Buffer.from('789'))).toThrow(blocked(0));
    // The 4 are sent; of 9 bytes the next send takes none, and 4 are kept.
    expect(() => out.write(Buffer.from('789abcdef'))).toThrow(blocked(4));
    out.write(Buffer.from('bcdef'));
    out.flush();
    expect(sent.join('')).toBe('0123456789abcdef');
  });

  test('keeps what fits although the socket takes no more, and flush throws, of which nothing is lost', () => {
    const { sent, file } = taking(null, null, 1, null);
    const out = file(4);
    out.write(Buffer.from('abc'));
    expect(() => out.write(Buffer.from('de'))).toThrow(blocked(1));
    expect(() => out.flush()).toThrow(blocked(0));
    expect(() => out.flush()).toThrow(blocked(0));
    out.flush();
    expect(sent.join('')).toBe('abcd');
  });

  test('takes text whole, and says so where the socket takes no more', () => {
    const { sent, file } = taking(2, null);
    const out = file(4, 'w');
    expect(() => out.write('ääbcdef')).toThrow(blocked(7));
    out.flush();
    expect(sent.join('')).toBe('ääbcdef');
  });

  test('sends a large write from the caller’s memory, and keeps no copy of it', () => {
    const seen: ArrayBufferLike[] = [];
    const sock: FileSocket = {
      ...receiving([]),
      send(data) {
        seen.push(data.buffer);
        return Math.min(data.length, 1 << 20);
      },
    };
    const data = Buffer.allocUnsafeSlow(5 << 20);
    const out = fileOf(sock, 'wb', null);
    expect(out.write(data)).toBe(data.length);
    expect(new Set(seen)).toEqual(new Set([data.buffer]));
    expect(seen).toHaveLength(5);
  });
});

test('a large file of bytes is read in time that grows with its size', { timeout: 30_000 }, () => {
  const chunk = Buffer.alloc(8192, 'x');
  const timed = (chunks: number) => {
    const file = fileOf(receiving(Array.from({ length: chunks }, () => chunk)), 'rb', null);
    const begin = performance.now();
    expect(file.read(chunks * chunk.length)).toHaveLength(chunks * chunk.length);
    return performance.now() - begin;
  };
  timed(256);
  // 64 MiB: copying all for each chunk would take minutes.
  expect(timed(8192)).toBeLessThan(20_000);
});
