// The process that captures packets: node packet-capture-main.js INTERFACE PORT. It writes lines of JSON to
// stdout: {"type":"ready"}, then a PacketLine each, and at the end {"type":"dropped", count} if the kernel dropped
// any; or one {"type":"refused", code, text}, and exits with 1. At the end of its stdin, which comes with its parent's end too, or at SIGTERM it receives the packets
// that are still on their way, and ends.

import type { PacketLine } from '../../../interpose/recorder/recording.ts';
import { POLLIN } from '../../../kernel/constants/select.ts';
import { EINTR, errorcode } from '../../../kernel/errno.ts';
import { print } from '../../../python/builtins/print.ts';
import { BrokenPipeError, check, OSError } from '../../../python/errors.ts';
import { checkSignals, SIG_IGN, SIGINT, SIGTERM, signal } from '../../../signal.ts';
import { PollFds } from '../../../structs.ts';
import * as sys from '../../../syscalls.ts';
import { monotonicNanoseconds } from './monotonic-offset.ts';
import { PacketSocket } from './packet-socket.ts';
import { decodeFrame, isOfPort } from './wire/decode.ts';
import { Streams } from './wire/streams.ts';

const STDIN = 0;
/** A capture that is stopped ends after so long without a packet: a delayed ACK takes up to 40 ms. */
const QUIET_MS = 60;

function capture(name: string, port: number): void {
  using socket = new PacketSocket(name, port);
  const streams = new Streams();
  let n = 0;
  let stopping = false;
  // Ctrl+C goes to the whole group: the parent decides when to stop.
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, () => {
    stopping = true;
  });

  let lastPacketAt = 0;
  const receive = (): void => {
    for (const { at, direction, length, bytes, offloading } of socket.frames()) {
      if (!isOfPort(bytes, port)) continue;
      const base = { type: 'packet', n: n++, at, interface: name, direction, length } as const;
      const headers = decodeFrame(bytes, { streams, offloading });
      line({ ...base, bytes: bytes.toString('base64'), ...headers });
      lastPacketAt = Math.max(lastPacketAt, at);
    }
  };

  line({ type: 'ready' });
  const fds = new PollFds(2);
  fds.set(0, socket.fd, POLLIN);
  fds.set(1, STDIN, POLLIN);
  while (!stopping) {
    if (!wait(fds, -1)) continue;
    if (fds.revents(0) !== 0) receive();
    if (fds.revents(1) !== 0) stopping ||= stdinEnded();
  }
  fds.set(1, -1, 0);
  lastPacketAt = monotonicNanoseconds();
  while (socket.seenUpTo - lastPacketAt < QUIET_MS * 1e6) {
    wait(fds, QUIET_MS);
    receive();
  }

  const dropped = socket.dropped();
  if (dropped > 0) line({ type: 'dropped', at: monotonicNanoseconds(), count: dropped });
}

// Whether there are events: false after a timeout or a signal.
function wait(fds: PollFds, timeoutMs: number): boolean {
  const ready = sys.poll(fds.memory, fds.length, timeoutMs);
  if (ready !== -EINTR) return check(ready, 'poll') > 0;
  checkSignals();
  return false;
}

const ignored = new ArrayBuffer(1024);

function stdinEnded(): boolean {
  return sys.read(STDIN, ignored) <= 0;
}

function line(object: PacketLine | Dropped | { type: 'ready' } | Refused): void {
  print(JSON.stringify(object));
}

/** How many packets came faster than they were taken. */
interface Dropped {
  type: 'dropped';
  at: number;
  count: number;
}

interface Refused {
  type: 'refused';
  code: string;
  text: string;
}

function refused(error: OSError, name: string): Refused {
  const code = errorcode(error.errno ?? 0);
  const texts: Record<string, string> = {
    EPERM: `capturing packets on ${name} needs the right CAP_NET_RAW, which root has`,
    ENODEV: `there is no interface ${name} to capture packets on`,
    EOPNOTSUPP: `packets on ${name} cannot be read: it is neither Ethernet nor loopback`,
  };
  return {
    type: 'refused',
    code,
    text: texts[code] ?? `cannot capture packets on ${name}: ${error.message}`,
  };
}

function main(): number {
  const [name, port] = process.argv.slice(2);
  try {
    if (process.platform !== 'linux') {
      const text = `capturing packets on ${process.platform} takes BPF, which rfds cannot do yet`;
      line({ type: 'refused', code: 'ENOSYS', text });
      return 1;
    }
    capture(name, Number(port));
    return 0;
  } catch (error) {
    if (error instanceof BrokenPipeError) return 1; // The reader of stdout has gone.
    if (!(error instanceof OSError)) throw error;
    line(refused(error, name));
    return 1;
  }
}

process.exit(main());
