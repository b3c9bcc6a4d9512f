// errno.ts: the names of errors, the shape of OSError, its subclasses (PEP 3151), and where an error says it came from.

import { spawnSync } from 'node:child_process';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import * as numbers from '../../src/kernel/errno.ts';
import * as errors from '../../src/python/errors.ts';
import { select } from '../../src/select.ts';
import * as S from '../../src/socket.ts';
import { isLinux } from '../support/platform.ts';
import { python } from '../support/python.ts';
import { kept, pair } from '../support/sockets.ts';

const errno = { ...numbers, ...errors };

const { OSError, ConnectionError, check, errorcode, osError } = errno;
const all: Record<string, unknown> = { ...errno };

describe('names', () => {
  test('every name that Python has too stands for the same number', () => {
    const theirs = python<Record<string, number>>(
      'import errno\nanswer = {name: number for number, name in errno.errorcode.items()}',
      null,
    );
    const shared = Object.keys(theirs).filter((name) => all[name] !== undefined);
    expect(shared.length).toBeGreaterThan(70);
    for (const name of shared) {
      const number = theirs[name];
      expect([name, all[name]]).toEqual([name, number]);
      expect(all[errorcode(number)]).toBe(number);
    }
  });

  test.each([
    ['EPERM', errno.EPERM],
    ['EAGAIN', errno.EAGAIN],
    ['EAGAIN', errno.EWOULDBLOCK],
    ['ECONNREFUSED', errno.ECONNREFUSED],
  ])('%s is the name of %i and of its negative', (name, number) => {
    expect([errorcode(number), errorcode(-number)]).toEqual([name, name]);
  });

  test('a number without a name is called E and the number', () => {
    expect([errorcode(9999), errorcode(-9999)]).toEqual(['E9999', 'E9999']);
  });
});

describe('the class of an error', () => {
  test.each([
    ['EAGAIN', 'BlockingIOError'],
    ['EALREADY', 'BlockingIOError'],
    ['EINPROGRESS', 'BlockingIOError'],
    ['EWOULDBLOCK', 'BlockingIOError'],
    ['EPIPE', 'BrokenPipeError'],
    ['ESHUTDOWN', 'BrokenPipeError'],
    ['ECHILD', 'ChildProcessError'],
    ['ECONNABORTED', 'ConnectionAbortedError'],
    ['ECONNREFUSED', 'ConnectionRefusedError'],
    ['ECONNRESET', 'ConnectionResetError'],
    ['EEXIST', 'FileExistsError'],
    ['ENOENT', 'FileNotFoundError'],
    ['EISDIR', 'IsADirectoryError'],
    ['ENOTDIR', 'NotADirectoryError'],
    ['EINTR', 'InterruptedError'],
    ['EACCES', 'PermissionError'],
    ['EPERM', 'PermissionError'],
    ['ESRCH', 'ProcessLookupError'],
    ['ETIMEDOUT', 'TimeoutError'],
    ['EBADF', 'OSError'],
    ['EADDRINUSE', 'OSError'],
    ['ENOTSOCK', 'OSError'],
  ])('%s is %s', (name, type) => {
    const number = all[name] as number;
    const error = osError(-number, 'recv');
    expect(error.constructor).toBe(all[type]);
    expect(error).toBeInstanceOf(OSError);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(type);
    expect(error.errno).toBe(-number);
  });

  test.each(['BrokenPipe', 'ConnectionAborted', 'ConnectionRefused', 'ConnectionReset'])(
    '%sError is a ConnectionError',
    (name) => {
      expect(Object.getPrototypeOf(all[`${name}Error`])).toBe(ConnectionError);
    },
  );

  test('an errno that nobody knows is a plain OSError', () => {
    const error = osError(-9999, 'recv');
    expect(error.constructor).toBe(OSError);
    expect(error).toMatchObject({ code: 'E9999', errno: -9999, message: 'recv E9999' });
  });
});

describe('the stack of an error', () => {
  const refused = () => {
    using listener = S.create_server(['127.0.0.1', 0]);
    return listener.getsockname();
  };
  const [near] = pair();
  const closed = S.socket();
  closed.close();
  const unbound = () => kept(S.socket());

  test.each<[string, () => unknown]>([
    ['socket', () => S.socket(9999)],
    ['socketpair', () => S.socketpair(S.AF_INET)],
    ['connect', () => unbound().connect(refused())],
    ['connect, of a name that there is not', () => unbound().connect(['x'.repeat(300), 1])],
    ['connect, of an address that is none', () => unbound().connect('x')],
    ['bind', () => unbound().bind(['192.0.2.1', 0])],
    ['listen', () => near.listen('5' as never)],
    ['accept', () => closed.accept()],
    ['recv', () => closed.recv(1)],
    ['recv_into', () => closed.recv_into(Buffer.alloc(1))],
    ['recvfrom', () => closed.recvfrom(1)],
    ['recvmsg', () => closed.recvmsg(1)],
    ['send', () => near.send('x' as never)],
    ['sendall', () => near.sendall('x' as never)],
    ['sendto', () => near.sendto('x' as never, '')],
    ['sendmsg', () => near.sendmsg(['x' as never])],
    ['shutdown', () => unbound().shutdown(2)],
    ['getsockname', () => closed.getsockname()],
    ['getpeername', () => unbound().getpeername()],
    ['getsockopt', () => closed.getsockopt(1, 1)],
    ['setsockopt', () => closed.setsockopt(1, 1, 1)],
    ['settimeout', () => closed.settimeout(1)],
    ['dup', () => closed.dup()],
    ['create_connection', () => S.create_connection(refused())],
    ['select', () => select([999], [], [], 0)],
    ['getservbyname', () => S.getservbyname('no-such-service')],
  ])('of %s begins with the line that made the call', (_, call) => {
    let thrown: Error | undefined;
    try {
      call();
    } catch (error) {
      thrown = error as Error;
    }
    expect(thrown!.stack!.split('\n    at ')[1]).toContain('errors.test.ts');
  });

  test.each([
    ["connect(['127.0.0.1', 1])", 'ConnectionRefusedError: connect ECONNREFUSED 127.0.0.1:1'],
    ["sendall('x')", "TypeError: a bytes-like object is required, not 'str'"],
  ])('that is not caught shows the line of the program first: %s', (call, line) => {
    const program = `import { socket } from ${JSON.stringify(new URL('../../dist/socket.js', import.meta.url).href)};
// The line that made the call.
socket().${call}; // this one`;
    const { stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    const [where, source] = stderr.split('\n');
    expect([where, source]).toEqual([expect.stringMatching(/eval1\]?:3$/), `socket().${call}; // this one`]);
    expect(stderr).toContain(`\n${line}`);
  });
});

describe('the shape of OSError', () => {
  test('strerror says what the errno means, in Python’s words', () => {
    const named = Object.entries(numbers).filter(([name, number]) => /^E[A-Z0-9]+$/.test(name) && number);
    const words = named.map(([, number]) => osError(-(number as number), 'x').strerror);
    if (isLinux) {
      const numberOf = named.map(([, number]) => number);
      expect(words).toEqual(python('import os\nanswer = [os.strerror(n) for n in given]', numberOf));
    }
    expect(words).not.toContain(null);
    expect(new errno.TimeoutError('timed out').strerror).toBeNull();
  });

  test('printed, it has those words behind its message', () => {
    const error = osError(-numbers.EACCES, 'bind', ['0.0.0.0', 80]);
    expect(inspect(error)).toContain('PermissionError: bind EACCES 0.0.0.0:80 (Permission denied)\n    at ');
    expect(inspect(error)).toContain("code: 'EACCES'");
    expect(inspect(new errno.TimeoutError('timed out'))).toContain('TimeoutError: timed out\n    at ');
    expect(error.message).toBe('bind EACCES 0.0.0.0:80');
  });

  const { ECONNREFUSED, EACCES, EADDRINUSE } = errno;

  test.each([
    [['127.0.0.1', 9], { message: 'connect ECONNREFUSED 127.0.0.1:9', address: '127.0.0.1', port: 9 }],
    [['::1', 9, 0, 0], { message: 'connect ECONNREFUSED [::1]:9', address: '::1', port: 9 }],
    ['/tmp/gone', { message: 'connect ECONNREFUSED /tmp/gone', address: '/tmp/gone' }],
    [Buffer.from('\0name'), { message: 'connect ECONNREFUSED @name' }],
    [Buffer.from('/tmp/é'), { message: 'connect ECONNREFUSED /tmp/é' }],
    ['', { message: 'connect ECONNREFUSED', address: '' }],
    [null, { message: 'connect ECONNREFUSED' }],
    [undefined, { message: 'connect ECONNREFUSED' }],
  ] as const)('with the address %o it is that of Node’s own errors', (address, shape) => {
    const error = osError(-ECONNREFUSED, 'connect', address);
    const own = { code: 'ECONNREFUSED', errno: -ECONNREFUSED, syscall: 'connect' };
    expect({ ...error, message: error.message }).toEqual({ ...own, ...shape });
  });

  test('it prints with its class and its message', () => {
    expect(String(osError(-EACCES, 'bind', ['0.0.0.0', 80]))).toBe('PermissionError: bind EACCES 0.0.0.0:80');
    expect(osError(-EADDRINUSE, 'bind').stack).toContain('OSError: bind EADDRINUSE\n');
  });

  test('one with just a text has no errno, as the end of a socket’s own timeout', () => {
    const error = new errno.TimeoutError('timed out');
    expect(String(error)).toBe('TimeoutError: timed out');
    expect(error).toBeInstanceOf(OSError);
    expect(Object.keys(error)).toEqual([]);
    expect(error.errno).toBeUndefined();
  });

  test('a subclass outside this package bears its own name', () => {
    class GaiError extends OSError {}
    expect(new GaiError('no such host').name).toBe('GaiError');
  });

  test('KeyError is an Error of its own', () => {
    const error = new errno.KeyError('5');
    expect([String(error), error instanceof OSError]).toEqual(['KeyError: 5', false]);
  });
});

describe('check', () => {
  test.each([0, 1, 1024])('passes the result %i on', (result) => {
    expect(check(result, 'recv')).toBe(result);
  });

  test('throws the error of a negative result', () => {
    expect(() => check(-errno.ECONNRESET, 'recv', ['10.0.0.2', 54321])).toThrow(
      osError(-errno.ECONNRESET, 'recv', ['10.0.0.2', 54321]),
    );
    expect(() => check(-errno.ECONNRESET, 'recv')).toThrow(errno.ConnectionResetError);
  });
});
