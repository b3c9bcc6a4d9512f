// SO_ATTACH_FILTER: a classic BPF program in the kernel decides what a socket receives. socket(7), Linux.

import { describe, expect, test } from 'vitest';
import * as B from '../../src/kernel/constants/bpf.ts';
import {
  SO_ATTACH_FILTER,
  SO_DETACH_FILTER,
  SO_GET_FILTER,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '../../src/kernel/constants/socket.ts';
import { EAGAIN, EINVAL, ENOENT } from '../../src/kernel/errno.ts';
import { packFilter } from '../../src/structs.ts';
import * as sys from '../../src/syscalls.ts';
import { addressOf, bound } from '../support/sockets.ts';

const UDP_HEADER = 8;

/** Lets datagrams through that begin with this byte. */
const beginningWith = (byte: string) =>
  packFilter([
    [B.BPF_LD | B.BPF_B | B.BPF_ABS, 0, 0, UDP_HEADER],
    [B.BPF_JMP | B.BPF_JEQ | B.BPF_K, 0, 1, byte.charCodeAt(0)],
    [B.BPF_RET | B.BPF_K, 0, 0, 0xffff],
    [B.BPF_RET | B.BPF_K, 0, 0, 0],
  ]);

describe.skipIf(process.platform !== 'linux')('SO_ATTACH_FILTER', () => {
  const attach = (fd: number, program: Uint8Array) =>
    sys.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, program);

  test('takes the program itself, and the socket receives what it lets through, until it is detached', () => {
    const [server, client] = [bound(SOCK_DGRAM), bound(SOCK_DGRAM)];
    server.setblocking(false);
    const send = (...texts: string[]) => {
      for (const text of texts) client.sendto(Buffer.from(text), addressOf(server));
    };
    const received = () => {
      const texts: string[] = [];
      const memory = Buffer.alloc(64);
      for (;;) {
        const n = sys.recv(server.fileno(), memory, 0);
        if (n === -EAGAIN) return texts;
        texts.push(memory.toString('latin1', 0, n));
      }
    };
    expect(attach(server.fileno(), beginningWith('a'))).toBe(0);
    send('apple', 'banana', 'avocado', '');
    expect(received()).toEqual(['apple', 'avocado']);
    // Another one takes its place.
    server.setsockopt(SOL_SOCKET, SO_ATTACH_FILTER, beginningWith('b'));
    send('apple', 'banana');
    expect(received()).toEqual(['banana']);
    server.setsockopt(SOL_SOCKET, SO_DETACH_FILTER, 0);
    send('apple', 'banana');
    expect(received()).toEqual(['apple', 'banana']);
    expect(sys.setsockopt(server.fileno(), SOL_SOCKET, SO_DETACH_FILTER, Int32Array.of(0))).toBe(-ENOENT);
  });

  test('is what SO_GET_FILTER gives back', () => {
    const server = bound(SOCK_DGRAM);
    const program = beginningWith('a');
    expect(attach(server.fileno(), program)).toBe(0);
    const memory = Buffer.alloc(program.length);
    // The kernel takes the length as a count of instructions.
    const length = Int32Array.of(program.length / 8);
    sys.getsockopt(server.fileno(), SOL_SOCKET, SO_GET_FILTER, memory, length);
    expect(length[0]).toBe(program.length / 8);
    expect(memory).toEqual(program);
  });

  test('is EINVAL for what is no program: no instruction, a part of one, too many, one that there is not, no end', () => {
    const fd = bound(SOCK_DGRAM).fileno();
    const end: [number, number, number, number] = [B.BPF_RET | B.BPF_K, 0, 0, 0];
    expect(attach(fd, packFilter([]))).toBe(-EINVAL);
    expect(attach(fd, beginningWith('a').subarray(1))).toBe(-EINVAL);
    expect(attach(fd, packFilter(Array(B.BPF_MAXINSNS + 1).fill(end)))).toBe(-EINVAL);
    // As many as a sock_fprog's count wraps to one of.
    expect(attach(fd, packFilter(Array(65_537).fill(end)))).toBe(-EINVAL);
    expect(attach(fd, packFilter([[0xffff, 0, 0, 0], end]))).toBe(-EINVAL);
    expect(attach(fd, packFilter([[B.BPF_LD | B.BPF_W | B.BPF_ABS, 0, 0, 0]]))).toBe(-EINVAL);
    expect(attach(fd, packFilter(Array(B.BPF_MAXINSNS).fill(end)))).toBe(0);
  });
});
