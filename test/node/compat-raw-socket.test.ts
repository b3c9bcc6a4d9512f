// The adapter that stands in for raw-socket: a ping to this host, options, errors, and checksums beside known ones.

import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { waiting } from '../../src/async.ts';
import * as raw from '../../src/node/compat/raw-socket.ts';
import { module, run } from '../support/signalled.ts';

afterEach(() => expect(waiting()).toBe(0));

/** Whether this process may open raw sockets. */
const isAllowed = (() => {
  try {
    raw.createSocket({ protocol: raw.Protocol.ICMP }).close();
    return true;
  } catch {
    return false;
  }
})();

/** An ICMP echo request. RFC 792. */
function echoRequest(id: number, sequence: number): Buffer {
  const packet = Buffer.from([8, 0, 0, 0, id >> 8, id & 0xff, sequence >> 8, sequence & 0xff, 0x61, 0x62]);
  return raw.writeChecksum(packet, 2, raw.createChecksum(packet));
}

describe('checksums', () => {
  test('are those of RFC 1071, of parts as of the whole, with an odd byte at the end', () => {
    const bytes = Buffer.from([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]); // The RFC's example.
    expect(raw.createChecksum(bytes)).toBe(~0xddf2 & 0xffff);
    expect(raw.createChecksum(bytes.subarray(0, 4), { buffer: bytes, offset: 4, length: 4 })).toBe(0x220d);
    expect(raw.createChecksum(Buffer.from([0x12]))).toBe(~0x1200 & 0xffff);
    expect(raw.createChecksum(Buffer.alloc(70_000, 0xff))).toBe(0);
    const packet = echoRequest(1, 2);
    expect(raw.createChecksum(packet)).toBe(0); // Of what has its checksum in it.
  });

  test('names and numbers lead to each other', () => {
    expect([raw.Protocol.ICMPv6, raw.Protocol[58], raw.AddressFamily[2]]).toEqual([58, 'ICMPv6', 'IPv6']);
    expect(raw.ntohs(raw.htons(0x1234))).toBe(0x1234);
  });
});

describe.runIf(isAllowed)('raw sockets', () => {
  test('ping 127.0.0.1: the reply comes with its IP header and its source', async () => {
    const socket = raw.createSocket({ protocol: raw.Protocol.ICMP });
    const id = process.pid & 0xffff;
    const reply = new Promise<[Buffer, string]>((resolve) => {
      socket.on('message', (buffer: Buffer, source: string) => {
        const icmp = buffer.subarray((buffer[0] & 0x0f) * 4);
        if (icmp[0] === 0 && icmp.readUInt16BE(4) === id) resolve([icmp, source]);
      });
    });
    const packet = echoRequest(id, 7);
    const order: string[] = [];
    const sent = new Promise<[Error | null, number]>((resolve) => {
      socket.send(
        packet,
        0,
        packet.length,
        '127.0.0.1',
        () => order.push('before'),
        (...args) => {
          order.push('after');
          resolve(args);
        },
      );
    });
    expect(await sent).toEqual([null, packet.length]);
    const [icmp, source] = await reply;
    expect([source, icmp.readUInt16BE(6), String(icmp.subarray(8)), order.join()]).toEqual([
      '127.0.0.1',
      7,
      'ab',
      'before,after',
    ]);
    socket.close();
  });

  test('options are set and read; what the kernel refuses throws', () => {
    const socket = raw.createSocket({ protocol: raw.Protocol.ICMP });
    const { SocketLevel, SocketOption } = raw;
    socket.setOption(SocketLevel.IPPROTO_IP, SocketOption.IP_TTL, 3);
    const value = Buffer.alloc(4);
    expect(socket.getOption(SocketLevel.IPPROTO_IP, SocketOption.IP_TTL, value, value.length)).toBe(4);
    expect(value.readInt32LE()).toBe(3);
    const bytes = Buffer.from([9, 0, 0, 0, 1]);
    socket.setOption(SocketLevel.IPPROTO_IP, SocketOption.IP_TTL, bytes, 4);
    socket.getOption(SocketLevel.IPPROTO_IP, SocketOption.IP_TTL, value);
    expect(value.readInt32LE()).toBe(9);
    expect(() => socket.setOption(SocketLevel.IPPROTO_IP, SocketOption.IP_TTL, 1000)).toThrow(
      expect.objectContaining({ code: 'EINVAL', syscall: 'setsockopt' }),
    );
    socket.close();
    expect(() => socket.getOption(0, 0, value)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  });

  test('what cannot be sent is told to the callback, and so is what a close leaves unsent', async () => {
    const socket = raw.createSocket({ protocol: raw.Protocol.ICMP });
    const packet = echoRequest(1, 1);
    const told: (string | undefined)[] = [];
    const after = (error: Error | null) =>
      told.push((error as NodeJS.ErrnoException)?.code ?? error?.message);
    socket.send(packet, 0, 100, '127.0.0.1', after);
    socket.send(packet, 0, 10, 'localhost', after);
    socket.send(packet, 0, 10, '::1', after); // Of another family: it waits, and is refused when it is its turn.
    await new Promise<void>((resolve) => {
      socket.send(packet, 0, 10, '127.0.0.1', () => {
        // Closed in a callback, with another that waits.
        socket.send(packet, 0, 10, '127.0.0.1', after);
        socket.on('close', resolve);
        socket.close().close();
      });
    });
    socket.send(packet, 0, 10, '127.0.0.1', after);
    expect(told).toEqual([
      expect.stringContaining('is not large enough'),
      "Invalid IP address 'localhost'",
      expect.stringContaining('IPv4'),
      'ECANCELED',
      'EBADF',
    ]);
  });

  test('paused, nothing comes; resumed, what came meanwhile does', async () => {
    const socket = raw.createSocket({ protocol: raw.Protocol.ICMP });
    socket.pauseRecv();
    let messages = 0;
    socket.on('message', () => messages++);
    const packet = echoRequest(2, 2);
    await new Promise((resolve) => socket.send(packet, 0, packet.length, '127.0.0.1', resolve));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(messages).toBe(0);
    socket.resumeRecv();
    await once(socket, 'message');
    socket.close();
  });

  test('runs in workers, and ends with them', async () => {
    const { stdout, status } = await run(`
      import { Worker } from 'node:worker_threads';
      const code = \`
        import { createSocket, Protocol } from ${JSON.stringify(module('node/compat/raw-socket')).slice(1, -1)};
        import { parentPort } from 'node:worker_threads';
        createSocket({ protocol: Protocol.ICMP }).once('message', (buffer) => parentPort.postMessage(buffer.length > 20))
          .send(Buffer.from([8, 0, 0xf7, 0xfe, 0, 1, 0, 0]), 0, 8, '127.0.0.1', () => {});
      \`;
      const workers = Array.from({ length: 2 }, () => new Worker(code, { eval: true }));
      const said = await Promise.all(workers.map((worker) => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))));
      await Promise.all(workers.map((worker) => worker.terminate()));
      print(said.join(' '));`);
    expect([stdout, status]).toEqual(['true true\n', 0]);
  });
});

test.runIf(!isAllowed)('without CAP_NET_RAW it says so', () => {
  expect(() => raw.createSocket({ protocol: raw.Protocol.ICMP })).toThrow(
    expect.objectContaining({ code: 'EPERM' }),
  );
});
