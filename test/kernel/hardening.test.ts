// The addon's binary, as native/rfds.gypi has it compiled: what is written behind an array on the stack ends the
// process instead of becoming an address to return to, and the tables of functions cannot be written to once it is
// loaded.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { isLinux } from '../support/platform.ts';

const file =
  process.env.RFDS_ADDON ?? fileURLToPath(new URL('../../build/Release/rfds.node', import.meta.url));

// <elf.h>
const PT_DYNAMIC = 2;
const PT_GNU_RELRO = 0x6474e552;
const DT_BIND_NOW = 24n;
const DT_FLAGS = 30n;
const DT_FLAGS_1 = 0x6ffffffbn;
const DF_BIND_NOW = 8n;
const DF_1_NOW = 1n;

/** The program headers of an ELF64 file of little endian: the type, and where in the file it is. */
function programHeaders(elf: Buffer): { type: number; offset: number; size: number }[] {
  const [at, size, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)];
  return Array.from({ length: count }, (_, i) => {
    const header = elf.subarray(at + i * size);
    return {
      type: header.readUInt32LE(0),
      offset: Number(header.readBigUInt64LE(8)),
      size: Number(header.readBigUInt64LE(32)),
    };
  });
}

// A sanitizer's build has flags of its own.
test.skipIf(!isLinux || process.env.RFDS_ADDON !== undefined)(
  'the addon has stack protectors, and binds its functions before they become read-only (Linux)',
  () => {
    const elf = readFileSync(file);
    expect(elf.includes('\0__stack_chk_fail\0')).toBe(true);
    const headers = programHeaders(elf);
    expect(headers.map(({ type }) => type)).toContain(PT_GNU_RELRO);
    const { offset, size } = headers.find(({ type }) => type === PT_DYNAMIC)!;
    const entries = Array.from({ length: size / 16 }, (_, i) => [
      elf.readBigUInt64LE(offset + 16 * i),
      elf.readBigUInt64LE(offset + 16 * i + 8),
    ]);
    const bindsNow = entries.some(
      ([tag, value]) =>
        tag === DT_BIND_NOW ||
        (tag === DT_FLAGS && value & DF_BIND_NOW) ||
        (tag === DT_FLAGS_1 && value & DF_1_NOW),
    );
    expect(bindsNow).toBe(true);
  },
);
