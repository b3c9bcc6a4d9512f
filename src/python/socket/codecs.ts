// Text to bytes and back as Python's codecs do it: utf-8, latin-1 and ascii, and what becomes of what an encoding
// cannot have (its error handlers). Other encodings are TextDecoder's, for reading only.

import { LookupError, UnicodeDecodeError, UnicodeEncodeError } from '../errors.ts';

/** Python's error handlers, for codecs: what becomes of bytes that are no text, and of text that has no bytes. */
export type ErrorHandler = 'strict' | 'ignore' | 'replace' | 'backslashreplace' | 'surrogateescape';

const handlers: readonly string[] = ['strict', 'ignore', 'replace', 'backslashreplace', 'surrogateescape'];

/** The bytes of chunks as text. A character may be parted between two chunks; final is the end of the last one. */
export type Decode = (chunk: Uint8Array, final: boolean) => string;
export type Encode = (text: string) => Buffer;

export interface Codec {
  readonly decode: Decode;
  readonly encode: Encode;
}

// By Python's names, with '_' for what is no letter or digit.
const aliases: Readonly<Record<string, 'utf-8' | 'latin-1' | 'ascii'>> = {
  utf_8: 'utf-8',
  utf8: 'utf-8',
  u8: 'utf-8',
  utf: 'utf-8',
  latin_1: 'latin-1',
  latin1: 'latin-1',
  latin: 'latin-1',
  l1: 'latin-1',
  iso_8859_1: 'latin-1',
  iso8859_1: 'latin-1',
  iso8859: 'latin-1',
  iso_ir_100: 'latin-1',
  cp819: 'latin-1',
  ascii: 'ascii',
  us_ascii: 'ascii',
  us: 'ascii',
  '646': 'ascii',
  iso646_us: 'ascii',
  iso_ir_6: 'ascii',
  cp367: 'ascii',
};

/**
 * A new codec, with the state of one stream. Throws LookupError for an encoding or an error handler that there is not.
 *
 * Unlike Python, which looks the handler up when it is first needed, and has surrogatepass, xmlcharrefreplace and
 * namereplace too. Unlike Python's, an encoding besides utf-8, latin-1 and ascii is the one that the WHATWG's Encoding
 * Standard has by that name, for reading only, and with the handlers strict and replace.
 */
export function codecOf(encoding: string, errors: string): Codec {
  if (!handlers.includes(errors))
    throw new LookupError(`unknown error handler name '${errors}': there are ${handlers.join(', ')}`);
  const handler = errors as ErrorHandler;
  const name = aliases[encoding.toLowerCase().replace(/[^a-z0-9]+/g, '_')];
  if (name === 'utf-8') return { decode: utf8Decoder(handler), encode: (text) => encodeUtf8(text, handler) };
  if (name !== undefined) return singleByteCodec(name, name === 'ascii' ? 0x7f : 0xff, handler);
  return foreignCodec(encoding, handler);
}

function singleByteCodec(name: 'latin-1' | 'ascii', highest: number, errors: ErrorHandler): Codec {
  const isBeyond = highest === 0x7f ? /[^\0-\x7f]/ : /[^\0-\xff]/;
  return {
    decode(chunk) {
      const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
      if (!isBeyond.test(text)) return text;
      let decoded = '';
      for (let i = 0; i < chunk.length; i++) {
        decoded +=
          chunk[i] <= highest
            ? text[i]
            : undecodable(name, chunk, i, i + 1, 'ordinal not in range(128)', errors);
      }
      return decoded;
    },
    encode(text) {
      if (!isBeyond.test(text)) return Buffer.from(text, 'latin1');
      return encodeEach(text, name, highest, `ordinal not in range(${highest + 1})`, errors);
    },
  };
}

const LONE_SURROGATE = /\p{Surrogate}/u;

function encodeUtf8(text: string, errors: ErrorHandler): Buffer {
  if (!LONE_SURROGATE.test(text)) return Buffer.from(text);
  return encodeEach(text, 'utf-8', Number.POSITIVE_INFINITY, 'surrogates not allowed', errors);
}

const isSurrogate = (code: number) => code >= 0xd800 && code <= 0xdfff;

// Character by character: the encoding has those up to highest, but no surrogates.
function encodeEach(
  text: string,
  encoding: string,
  highest: number,
  reason: string,
  errors: ErrorHandler,
): Buffer {
  const charset = highest <= 0xff ? 'latin1' : 'utf8';
  const parts: Buffer[] = [];
  let plain = '';
  let at = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code <= highest && !isSurrogate(code)) {
      plain += character;
    } else if (errors === 'surrogateescape' && code >= 0xdc80 && code <= 0xdcff) {
      parts.push(Buffer.from(plain, charset), Buffer.of(code & 0xff));
      plain = '';
    } else if (errors === 'replace') {
      plain += '?';
    } else if (errors === 'backslashreplace') {
      plain += escaped(code);
    } else if (errors !== 'ignore') {
      throw new UnicodeEncodeError(encoding, text, at, at + character.length, reason);
    }
    at += character.length;
  }
  parts.push(Buffer.from(plain, charset));
  return Buffer.concat(parts);
}

function escaped(code: number): string {
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** What stands for bytes that are no text. */
function undecodable(
  encoding: string,
  bytes: Uint8Array,
  start: number,
  end: number,
  reason: string,
  errors: ErrorHandler,
): string {
  switch (errors) {
    case 'ignore':
      return '';
    case 'replace':
      return '\ufffd';
    case 'backslashreplace':
      return Array.from(bytes.subarray(start, end), escaped).join('');
    case 'surrogateescape':
      return String.fromCharCode(...Array.from(bytes.subarray(start, end), toSurrogate));
    default:
      throw new UnicodeDecodeError(encoding, bytes, start, end, reason);
  }
}

const toSurrogate = (byte: number) => 0xdc00 | byte;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8Decoder(errors: ErrorHandler): Decode {
  let unfinished: Uint8Array = new Uint8Array(0);
  return (chunk, final) => {
    const bytes = unfinished.length > 0 ? Buffer.concat([unfinished, chunk]) : chunk;
    const end = final ? bytes.length : completeLength(bytes);
    // A copy: the chunk's memory is the caller's.
    unfinished = Uint8Array.from(bytes.subarray(end));
    const complete = bytes.subarray(0, end);
    try {
      return strictUtf8.decode(complete);
    } catch {
      return decodeUtf8(complete, errors);
    }
  };
}

/** How many bytes are left without a character at the end that others may still follow. */
function completeLength(bytes: Uint8Array): number {
  for (let at = bytes.length - 1; at >= 0 && at >= bytes.length - 3; at--) {
    if ((bytes[at] & 0xc0) === 0x80) continue;
    const { end, isWhole } = sequenceAt(bytes, at);
    return !isWhole && end === bytes.length && bytes[at] >= 0xc2 && bytes[at] <= 0xf4 ? at : bytes.length;
  }
  return bytes.length;
}

/** The character that begins at a byte: whether it is whole, or where that which could be one ends. RFC 3629. */
function sequenceAt(bytes: Uint8Array, at: number): { end: number; isWhole: boolean } {
  const lead = bytes[at];
  if (lead < 0x80) return { end: at + 1, isWhole: true };
  if (lead < 0xc2 || lead > 0xf4) return { end: at + 1, isWhole: false };
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  // Neither longer than need be, nor a surrogate, nor beyond U+10FFFF.
  let lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  let highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  for (let i = at + 1; i < at + length; i++) {
    if (i >= bytes.length || bytes[i] < lowest || bytes[i] > highest) return { end: i, isWhole: false };
    lowest = 0x80;
    highest = 0xbf;
  }
  return { end: at + length, isWhole: true };
}

function decodeUtf8(bytes: Uint8Array, errors: ErrorHandler): string {
  let text = '';
  let good = 0; // Where what is not decoded yet begins.
  for (let at = 0; at < bytes.length; ) {
    const { end, isWhole } = sequenceAt(bytes, at);
    if (!isWhole) {
      text += strictUtf8.decode(bytes.subarray(good, at));
      const isLead = bytes[at] >= 0xc2 && bytes[at] <= 0xf4;
      const isCut = isLead && end === bytes.length;
      const reason = isCut
        ? 'unexpected end of data'
        : isLead
          ? 'invalid continuation byte'
          : 'invalid start byte';
      text += undecodable('utf-8', bytes, at, end, reason, errors);
      good = end;
    }
    at = end;
  }
  return text + strictUtf8.decode(bytes.subarray(good));
}

function foreignCodec(encoding: string, errors: ErrorHandler): Codec {
  let decoder: InstanceType<typeof TextDecoder>;
  try {
    decoder = new TextDecoder(encoding, { fatal: errors === 'strict', ignoreBOM: true });
  } catch {
    throw new LookupError(`unknown encoding: ${encoding}`);
  }
  if (errors !== 'strict' && errors !== 'replace')
    throw new LookupError(`the error handler '${errors}' is there for utf-8, latin-1 and ascii only`);
  return {
    decode(chunk, final) {
      try {
        return decoder.decode(chunk, { stream: !final });
      } catch {
        throw new UnicodeDecodeError(encoding, chunk, 0, chunk.length, 'illegal byte sequence');
      }
    },
    encode() {
      throw new LookupError(
        `the encoding ${encoding} is for reading only: utf-8, latin-1 and ascii can be written`,
      );
    },
  };
}
