// The load: a process of its own that keeps one message in flight on each of many connections, on
// rfds' own epoll, and writes what it measured to stdout as one line of JSON. It stops by itself.
// Above: run.ts, which starts it. Below: syscalls.ts, epoll.ts.

import { createHistogram } from 'node:perf_hooks';
import { EPOLL_CTL_ADD, EPOLLIN } from '../constants/select.ts';
import { EpollEvents } from '../epoll.ts';
import { check, EAGAIN } from '../errno.ts';
import { IPPROTO_TCP, socket, TCP_NODELAY } from '../socket.ts';
import * as sys from '../syscalls.ts';

export interface LoadOptions {
  port: number;
  connections: number;
  size: number;
  warmupSeconds: number;
  seconds: number;
  pid: number;
}

import { readdirSync, readFileSync } from 'node:fs';
export function cpu(pid: number): number {
  let ns = 0;
  for (const t of readdirSync(`/proc/${pid}/task`))
    ns += Number(readFileSync(`/proc/${pid}/task/${t}/schedstat`, 'utf8').split(' ')[0]);
  return ns;
}

const X = 0x78;
export function load({ port, connections, size, warmupSeconds, seconds, pid }: LoadOptions) {
  const epfd = check(sys.epoll_create1(0), 'epoll_create1');
  const one = new EpollEvents(1);
  const socks = [];
  const left = new Int32Array(65536);
  const began = new Float64Array(65536);
  for (let i = 0; i < connections; i++) {
    const s = socket();
    s.connect(['127.0.0.1', port]);
    s.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    socks.push(s);
    one.set(0, s.fileno(), EPOLLIN);
    check(sys.epoll_ctl(epfd, EPOLL_CTL_ADD, s.fileno(), one.bytes), 'epoll_ctl');
  }
  const message = Buffer.alloc(size, 'x');
  const buf = new Uint8Array(1 << 17);
  const events = new EpollEvents(1024);
  const send = (fd: number) => {
    left[fd] = size;
    began[fd] = performance.now();
    check(sys.send(fd, message, 0), 'send');
  };
  for (const s of socks) send(s.fileno());
  const hist = createHistogram();
  let count = 0;
  const phase = (secs: number, record: boolean) => {
    const until = performance.now() + secs * 1000;
    count = 0;
    while (performance.now() < until) {
      const n = check(sys.epoll_wait(epfd, events.bytes, 1024, 1000), 'epoll_wait');
      for (let i = 0; i < n; i++) {
        const fd = events.fd(i);
        const got = sys.recv(fd, buf, 0);
        if (got === -EAGAIN) continue;
        check(got, 'recv');
        let l = left[fd];
        for (let j = 0; j < got; j++) if (buf[j] === X) l--;
        left[fd] = l;
        if (l === 0) {
          count++;
          if (record) hist.record(Math.max(1, Math.round((performance.now() - began[fd]) * 1e6)));
          send(fd);
        }
      }
    }
  };
  phase(warmupSeconds, false);
  const c0 = cpu(pid),
    t0 = performance.now(),
    me0 = process.cpuUsage();
  phase(seconds, true);
  const c1 = cpu(pid),
    t1 = performance.now(),
    me1 = process.cpuUsage(me0);
  const serverCpu = (c1 - c0) / 1e9;
  return {
    count,
    rate: count / ((t1 - t0) / 1000),
    perCpu: count / serverCpu,
    usPer: (serverCpu / count) * 1e6,
    serverBusy: serverCpu / ((t1 - t0) / 1000),
    loadBusy: (me1.user + me1.system) / 1e6 / ((t1 - t0) / 1000),
    p50: hist.percentile(50) / 1e3,
    p99: hist.percentile(99) / 1e3,
  };
}
