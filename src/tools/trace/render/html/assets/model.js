// The recording as the page walks it: lanes, steps in the order of time, and what is known of every
// lane at every step. A leaf of the page; above it everything else.

export const recording = JSON.parse(document.getElementById('data').textContent);

/** A call that used that much less CPU than time was asleep, in nanoseconds. */
const ASLEEP = 50_000;

/** Who sleeps that long has a step to fall asleep in, even if nothing happens meanwhile; in nanoseconds. */
const LONG = 1e6;

const laneKey = ({ pid, thread = 0 }) => `${pid}:${thread}`;

/** A lane for each thread that called, clients left of the wire, the others right of it. */
export const lanes = lanesOf(recording);
const laneOf = new Map(lanes.map((lane) => [laneKey(lane), lane]));

function lanesOf({ processes, calls }) {
  const keys = new Map();
  for (const { pid } of processes) keys.set(laneKey({ pid }), { pid, thread: 0 });
  for (const { pid, thread } of calls) keys.set(laneKey({ pid, thread }), { pid, thread });
  const called = new Set(calls.map(laneKey));
  // A thread that made no call has nothing to show, but for the only one.
  const all = [...keys].filter(([key]) => called.has(key) || keys.size === 1).map(([, lane]) => lane);
  const roleOf = (pid) => processes.find((one) => one.pid === pid)?.role ?? null;
  const order = ({ pid, thread }) => processes.findIndex((one) => one.pid === pid) * 1e6 + thread;
  all.sort((a, b) => order(a) - order(b));
  const known = all.map((lane) => ({ ...lane, role: roleOf(lane.pid) }));
  const isLeft = known.some(({ role }) => role === 'client')
    ? ({ role }) => role === 'client'
    : (_, i) => i === 0;
  const sided = known.map((lane, i) => ({ ...lane, side: isLeft(lane, i) ? 'left' : 'right' }));
  const ordered = [
    ...sided.filter(({ side }) => side === 'left'),
    ...sided.filter(({ side }) => side === 'right'),
  ];
  return ordered.map((lane, i) => ({ ...lane, i, name: laneName(lane, known) }));
}

function laneName({ pid, thread, role }, all) {
  const isAlone = all.every((one) => one.pid === pid);
  if (isAlone && role === null && all.length > 1) return thread === 0 ? 'main thread' : `thread ${thread}`;
  const twins = all.filter((one) => one.role === role && one.role !== null);
  const process = role === null ? `process ${pid}` : twins.length > 1 ? `${role} ${pid}` : role;
  return thread === 0 ? process : `${process}, thread ${thread}`;
}

export const { calls, packets } = recording;
for (const call of calls) {
  call.lane = laneOf.get(laneKey(call));
  call.slept = call.end - call.start - call.cpu >= ASLEEP;
}
const callOf = new Map(calls.map((call) => [`${call.pid}:${call.n}`, call]));
for (const call of calls) call.packets = [];
for (const packet of packets) {
  packet.call = packet.cause && callOf.get(`${packet.cause.pid}:${packet.cause.n}`);
  packet.call?.packets.push(packet);
}

/**
 * Steps: packets, and calls: one step for a call, two (begin and return) for a call during which
 * something else happened, because it slept or because its packet was sent meanwhile, or slept long.
 */
export const steps = stepsOf();
steps.forEach((step, i) => {
  step.i = i;
  if (step.packet) step.packet.step = i;
  else if (step.phase === 'begin') step.call.from = i;
  else {
    step.call.to = i;
    step.call.from ??= i;
  }
});

function stepsOf() {
  // A packet is told behind the beginning of its call: two clocks may differ by a microsecond.
  const packetSteps = packets.map((packet) => ({
    packet,
    at: packet.at,
    order: Math.max(packet.at, packet.call?.start ?? 0),
    rank: 1,
  }));
  const times = [...packets.map(({ at }) => at), ...calls.map(({ end }) => end)].sort((a, b) => a - b);
  const callSteps = calls.flatMap((call) => {
    const { start, end, slept } = call;
    const between = times[below(times, start, 1)] < end; // the next event after its start is not its own end
    const whole = { call, phase: 'whole', at: end, order: end, rank: 2 };
    const isLong = slept && (between || end - start >= LONG);
    if (!isLong && !(between && call.packets.some(({ at }) => at <= end))) return [whole];
    return [
      { call, phase: 'begin', at: start, order: start, rank: 0 },
      { ...whole, phase: 'return' },
    ];
  });
  return [...callSteps, ...packetSteps].sort(
    (a, b) => a.order - b.order || a.rank - b.rank || (a.call ?? a.packet).n - (b.call ?? b.packet).n,
  );
}

/** How many of the sorted values are below x, or (strict 1) not above it. */
function below(sorted, x, strict = 0) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (strict ? sorted[middle] <= x : sorted[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const begin = Math.min(...calls.map(({ start }) => start), ...steps.slice(0, 1).map(({ at }) => at));

/** At every step: each lane's latest call, begun there or before; the latest packet; each process's sockets. */
export const moments = momentsOf();

function momentsOf() {
  const latest = lanes.map(() => null);
  let packet = null;
  let sockets = new Map();
  let watched = new Map();
  return steps.map((step) => {
    if (step.packet) {
      packet = step.packet;
    } else {
      const { call, phase } = step;
      latest[call.lane.i] = call;
      watched = watchedAfter(watched, call);
      if (phase !== 'begin') sockets = socketsAfter(sockets, call);
    }
    return { calls: [...latest], packet, sockets, watched };
  });
}

/** Sockets by process and descriptor, after a call; the same map if it knows nothing new. */
function socketsAfter(sockets, { pid, name, result, fd, sockets: seen = [] }) {
  const closed = name === 'close' && result === 0;
  if (seen.length === 0 && !closed) return sockets;
  const own = new Map(sockets.get(pid));
  if (closed) own.delete(fd);
  for (const socket of seen) own.set(socket.fd, socket);
  return new Map(sockets).set(pid, own);
}

/** The descriptors that a process watches: of its latest select or poll, or what epoll_ctl says. */
function watchedAfter(watched, { pid, name, args, result }) {
  const text = (i) => args[i]?.text ?? '';
  const numbers = (found) => [...found].map((match) => Number(match[1]));
  const set = (fds) => new Map(watched).set(pid, fds);
  if (/^p?select/.test(name)) return set(numbers(text(1).matchAll(/(\d+)/g)));
  if (/^p?poll/.test(name)) return set(numbers(text(0).matchAll(/fd=(\d+)/g)));
  if (name === 'epoll_ctl' && result === 0) {
    const others = (watched.get(pid) ?? []).filter((fd) => fd !== Number(text(2)));
    return set(text(1).includes('DEL') ? others : [...others, Number(text(2))]);
  }
  return watched;
}

/** Whose address it is: the lane that had a socket there. */
const laneAt = new Map();
for (const call of calls) {
  for (const { local } of call.sockets ?? []) {
    if (!Array.isArray(local)) continue;
    laneAt.set(`${local[0]} ${local[1]}`, call.lane);
    // A listener on every address; the sockets that it made come with their own.
    if (!laneAt.has(`* ${local[1]}`)) laneAt.set(`* ${local[1]}`, call.lane);
  }
}
for (const packet of packets) {
  const { ip, tcp } = packet;
  const lane = (host, port) => laneAt.get(`${host} ${port}`) ?? laneAt.get(`* ${port}`);
  packet.source = packet.call?.lane ?? (ip && tcp ? lane(ip.source, tcp.sourcePort) : undefined);
  packet.destination = ip && tcp ? lane(ip.destination, tcp.destinationPort) : undefined;
}

/** The source line of a call: its file and the line in it, from 1; null where none is known. */
const frames = new Map(recording.frames.map((frame) => [`${frame.pid}:${frame.id}`, frame]));
export const frameOf = (call) =>
  call && call.at !== null ? (frames.get(`${call.pid}:${call.at}`) ?? null) : null;
export const sources = new Map(recording.sources.map(({ file, text }) => [file, text]));

/** The frames from the call up to the program's own line, the innermost first. */
export function stackOf({ pid, stack, at }) {
  const own = stack.indexOf(at);
  return stack.slice(0, own + 1).flatMap((id) => frames.get(`${pid}:${id}`) ?? []);
}
