// reply-parser.ts: the end of the documented server's answer is found wherever TCP cuts it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReplyParser } from '../../src/programs/serving/reply-parser.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');

/** After which of the chunks the answer to the message is whole: -1 for none. */
function wholeAfter(message: Uint8Array, chunks: Uint8Array[]): number {
  const parser = new ReplyParser(message);
  return chunks.findIndex((chunk) => parser.push(chunk));
}

const byteByByte = (data: Uint8Array) => Array.from(data, (byte) => Uint8Array.of(byte));

describe('a message that the server received whole', () => {
  const message = bytes('1700000000.123456:Hello');
  const whole = bytes('1700000001.234567:1700000000.123456:Hello');

  test('is answered by one time and itself, 41 bytes', () => {
    expect(whole).toHaveLength(41);
    expect(wholeAfter(message, [whole])).toBe(0);
  });

  test.each(Array.from({ length: 40 }, (_, i) => i + 1))('may have its answer cut behind byte %i', (cut) => {
    expect(wholeAfter(message, [whole.subarray(0, cut), whole.subarray(cut)])).toBe(1);
  });

  test('may have its answer come byte by byte', () => {
    expect(wholeAfter(message, byteByByte(whole))).toBe(40);
  });

  test('may be followed by nothing: without its last byte the answer is not whole', () => {
    expect(wholeAfter(message, [whole.subarray(0, 40)])).toBe(-1);
  });

  test.each(['1700000001.2:', '1700000001.0:', '1700000001.2345678:'])(
    'may have the time %s in front of its answer',
    (time) => {
      expect(wholeAfter(message, byteByByte(Buffer.concat([bytes(time), message])))).toBe(
        time.length + message.length - 1,
      );
    },
  );

  test('ends in digits, dots and colons as in anything else', () => {
    const message = bytes('1700000000.123456:10.0.0.2:54321');
    const whole = Buffer.concat([bytes('1700000001.5:'), message]);
    expect(wholeAfter(message, byteByByte(whole))).toBe(whole.length - 1);
  });
});

describe('a message that the server received in pieces', () => {
  test.each([
    ['1700000000.1:ab', ['1700000001.1:1700000000.1:a', '1700000001.2:b']],
    ['1700000000.1:12', ['1700000001.1:1700000000.1:1', '1700000001.2:2']],
    ['1700000000.1:', ['1700000001.1:1', '1700000001.2:700000000.1:']],
    ['1700000000.1:xyz', ['1700000001.1:1700000000.1:x', '1700000001.2:y', '1700000001.3:z']],
    ['1700000000.1:2.5:x', ['1700000001.1:1700000000.1:2', '1700000001.2:.5', '1700000001.3::x']],
  ])('%s has a time in front of each piece', (text, sends) => {
    expect(wholeAfter(bytes(text), sends.map(bytes))).toBe(sends.length - 1);
    expect(wholeAfter(bytes(text), [bytes(sends.join(''))])).toBe(0);
  });

  // Plays the documented server: what its recv(1024) may bring of a message, each piece answered
  // by one send with the time of the moment in front.
  const time = fc
    .tuple(fc.integer({ min: 1_000_000_000, max: 2_000_000_000 }), fc.integer({ min: 0, max: 999_999 }))
    .map(([seconds, fraction]) => bytes(`${seconds}.${fraction}:`));
  const sendsFor = (body: fc.Arbitrary<Uint8Array>) =>
    fc
      .tuple(
        body.map((body) => Buffer.concat([bytes('1700000000.123456:'), body])),
        fc.infiniteStream(fc.oneof(fc.integer({ min: 1, max: 1024 }), fc.constantFrom(1, 1024))),
        fc.infiniteStream(time),
      )
      .map(([message, lengths, times]) => {
        const sends: Buffer[] = [];
        for (let rest = message; rest.length > 0; ) {
          const piece = rest.subarray(0, lengths.next().value);
          sends.push(Buffer.concat([times.next().value, piece]));
          rest = rest.subarray(piece.length);
        }
        return { message, sends };
      });
  const anyByte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...bytes('0123456789.:')));
  const body = fc.array(anyByte, { maxLength: 3000, size: 'max' }).map((list) => Uint8Array.from(list));

  test('is answered when the last of the server’s sends is in, not before', () => {
    fc.assert(
      fc.property(sendsFor(body), ({ message, sends }) => {
        expect(wholeAfter(message, sends)).toBe(sends.length - 1);
        expect(wholeAfter(message, [Buffer.concat(sends)])).toBe(0);
      }),
      { seed: 1024 },
    );
  });

  // A short piece that could be the beginning of a time is the one thing that a cut can hide: here
  // the message does not end in such a byte.
  test('is answered at the last byte, not before, wherever the sends are cut', () => {
    const line = body.map((body) => Buffer.concat([body, bytes('!')]));
    fc.assert(
      fc.property(sendsFor(line), ({ message, sends }) => {
        const answer = Buffer.concat(sends);
        expect(wholeAfter(message, byteByByte(answer))).toBe(answer.length - 1);
      }),
      { seed: 1024 },
    );
  });
});

describe('an answer that is not the documented server’s', () => {
  const message = bytes('1700000000.123456:Hello');

  test.each([
    ['HTTP/1.1 400 Bad Request', 0],
    [':', 0],
    ['.', 0],
    ['1700000001:', 10],
    ['1700000001.x', 11],
    ['1700000001.5;', 12],
    ['1700000001.5::', 13],
    ['1700000001.5:1700000000.123456:hello', 31],
    ['1700000001.5:1700000000.123456:He1700000002.5:x', 46],
  ])('%s ends at its byte %i: there is nothing to wait for', (text, at) => {
    expect(wholeAfter(message, byteByByte(bytes(text)))).toBe(at);
  });

  test('a piece is at least one byte long', () => {
    const twoTimes = '1700000001.5:1700000001.6:';
    expect(wholeAfter(bytes('Hello'), byteByByte(bytes(twoTimes)))).toBe(13);
  });
});

describe('a message that ends in digits', () => {
  const answerTo = (message: Buffer) =>
    Buffer.concat(
      Array.from({ length: Math.ceil(message.length / 1024) }, (_, i) => [
        bytes(`17000000${10 + (i % 90)}.5:`),
        message.subarray(1024 * i, 1024 * (i + 1)),
      ]).flat(),
    );

  test.each([
    ['100,000 of them, and nothing else', bytes('7'.repeat(100_000))],
    ['one, behind the 1024 bytes of a piece', bytes(`${'x'.repeat(1024)}1`)],
  ])('is answered at the last byte, not before: %s', (_, message) => {
    const answer = answerTo(message);
    expect(wholeAfter(message, byteByByte(answer))).toBe(answer.length - 1);
  });
});

describe('whatever is answered, each byte costs one look at the message at most:', () => {
  /** The message, and how often a byte of it was looked at. */
  function counting(message: Uint8Array) {
    const looks = { count: 0 };
    const counted = new Proxy(message, {
      get(target, key) {
        if (typeof key === 'string' && /^\d+$/.test(key)) looks.count++;
        return Reflect.get(target, key);
      },
    });
    return { counted, looks };
  }

  const time = '1795553688.1:';
  const line = time.repeat(5042);

  test.each<[string, string, string]>([
    ['64 KiB of times, to 64 KiB of times', line, line],
    [
      '64 KiB of times, a time in front of each piece of 1024',
      line,
      line.replaceAll(/.{1024}/g, `$&${time}`),
    ],
    ['64 KiB of digits, to 64 KiB of digits', '7'.repeat(65536), `${time}${'7'.repeat(65535)}`],
    ['64 KiB of times, to five letters', 'Hello', line],
  ])('%s', (_, text, answer) => {
    const { counted, looks } = counting(bytes(`1700000000.123456:${text}`));
    const reply = bytes(`1795553688.5:1700000000.123456:${answer}`);
    new ReplyParser(counted).push(reply);
    expect(looks.count).toBeGreaterThan(5);
    expect(looks.count).toBeLessThanOrEqual(reply.length);
  });

  test('and the end of an honest answer to 64 KiB of times is found', () => {
    const message = bytes(`1700000000.123456:${line}`);
    const answer = Array.from({ length: Math.ceil(message.length / 1024) }, (_, i) => [
      bytes(`17955537${10 + i}.25:`),
      message.subarray(1024 * i, 1024 * (i + 1)),
    ]).flat();
    expect(wholeAfter(message, byteByByte(Buffer.concat(answer)))).toBe(Buffer.concat(answer).length - 1);
  });

  test('a time behind the whole answer ends it: nothing can come after that', () => {
    expect(wholeAfter(bytes('Hi'), [bytes('1700000001.5:Hi1700000001.5:')])).toBe(0);
  });
});
