// What is known of each side: the process and what it does, its source, its latest call, its rfds and its
// sockets as the kernel has them. Below: source.js, packet.js (pairs), hex.js, words.js, model.js.

import { element, hexDump } from './hex.js';
import { frameOf, lanes, moments, stackOf, steps } from './model.js';
import { pairs } from './packet.js';
import { sourcePane } from './source.js';
import { addressText, bytesOf, count, duration, resultText, textOf } from './words.js';

const main = document.querySelector('main');
const template = document.getElementById('side');

/** A side of the wire: its elements, made once, and what shows a step in them. */
export function side(name) {
  const own = lanes.filter((lane) => lane.side === name);
  if (own.length === 0) return () => {};
  const place = template.content.firstElementChild.cloneNode(true);
  place.classList.add(name);
  main.append(place);
  const part = (selector) => place.querySelector(selector);
  const showSource = sourcePane(part('.source'));
  const showSockets = socketList(part('.sockets ul'));
  let before = {};
  return (i) => {
    const lane = laneToShow(own, i);
    const call = moments[i].calls[lane.i];
    const inCall = call !== null && call.to > i;
    if (before.lane !== lane) {
      part('h2').textContent = lane.name;
      place.setAttribute('aria-label', lane.name);
      part('.code').setAttribute('aria-label', `Source: ${lane.name}`);
      part('.facts').setAttribute('aria-label', `State: ${lane.name}`);
    }
    part('.doing').textContent = doing(call, inCall, i);
    place.classList.toggle('active', steps[i].call?.lane === lane);
    place.classList.toggle('asleep', inCall && call.slept);
    showSource(frameOf(call), inCall && call.slept);
    if (before.call !== call || before.inCall !== inCall) showCall(part('.call'), call, inCall);
    showWatched(part('.rfds'), moments[i].watched.get(lane.pid), call, inCall);
    const earlier = i > 0 ? moments[i - 1].sockets.get(lane.pid) : undefined;
    showSockets(moments[i].sockets.get(lane.pid), earlier);
    before = { lane, call, inCall };
  };
}

/** Of several lanes on a side, the one that did something last. */
function laneToShow(own, i) {
  const last = (lane) => moments[i].calls[lane.i]?.from ?? -1;
  return own.reduce((best, lane) => (last(lane) > last(best) ? lane : best));
}

function doing(call, inCall, i) {
  if (call === null) return 'has not called anything yet';
  if (!inCall) return `runs, after ${call.name}()`;
  const so = steps[i].at - call.start;
  if (!call.slept) return `is in ${call.name}()`;
  return so < 1 ? `goes to sleep in ${call.name}()` : `sleeps in ${call.name}(), ${duration(so)} so far`;
}

function showCall(place, call, inCall) {
  const [, strace, cost, stack, data] = place.children;
  place.hidden = call === null;
  if (call === null) return;
  const { name, args, start, end, cpu, n } = call;
  strace.replaceChildren(
    element('b', 'name', name),
    `(${args.map(({ text }, i) => (inCall && isFilled(call, i) ? '…' : text)).join(', ')})`,
    element('span', 'result', inCall ? ' = …' : ` = ${resultText(call)}`),
  );
  const took = `${duration(end - start)}, of it ${duration(Math.min(cpu, end - start))} CPU`;
  cost.textContent = `call ${n} · ${inCall ? 'will take' : 'took'} ${took}`;
  const places = stackOf(call).map(({ file, line }) => `${file.replace(/.*\//, '')}:${line}`);
  stack.textContent = places.length > 1 ? places.join(' ← ') : '';
  const bytes = call.data ? bytesOf(call.data) : null;
  const isKnown = bytes !== null && (!inCall || /^(send|write)/.test(name));
  data.replaceChildren(...(isKnown ? [hexDump(bytes, undefined, 8)] : []));
}

/** Whether the kernel writes where an argument points: nobody knows what before the call returns. */
function isFilled({ name }, i) {
  if (/^(recv|read|epoll_wait|epoll_pwait)/.test(name)) return i === 1;
  return name === 'kevent' ? i === 3 : i > 0 && /^(accept|getsockname|getpeername)/.test(name);
}

/** The descriptors that the process asks about, those that are ready marked. */
function showWatched(place, fds, call, inCall) {
  place.hidden = fds === undefined;
  if (fds === undefined) return;
  const ready = new Set(inCall ? [] : call?.ready);
  const key = `${fds} ${[...ready]}`;
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  const items = fds.flatMap((fd, i) => [
    i > 0 ? ', ' : '',
    element('span', ready.has(fd) ? 'ready' : '', String(fd)),
  ]);
  place.lastElementChild.replaceChildren(
    '[',
    ...items,
    ']',
    ready.size > 0 ? element('i', '', ' ready') : '',
  );
}

/** A list of sockets that keeps an item for each descriptor. */
function socketList(place) {
  const items = new Map();
  return (sockets = new Map(), earlier = new Map()) => {
    place.parentNode.hidden = sockets.size === 0;
    for (const [fd, { item }] of items) {
      if (sockets.has(fd)) continue;
      items.delete(fd);
      item.remove();
    }
    for (const [fd, state] of sockets) {
      const old = earlier.get(fd);
      const shown = items.get(fd);
      if (shown?.state === state && shown.old === old) continue;
      const item = socketItem(state, old);
      if (shown) shown.item.replaceWith(item);
      else place.append(item);
      items.set(fd, { item, state, old });
    }
  };
}

function socketItem(state, old) {
  const { fd, family, kind, tcp, receiveQueueData } = state;
  const [now, then] = [socketFields(state), old && old !== state ? socketFields(old) : null];
  const isNew = (name) => (old === undefined ? false : then !== null && then[name] !== now[name]);
  const stateChip = element(
    'span',
    `chip${then && old.tcp?.state !== tcp?.state ? ' new' : ''}`,
    tcp?.state ?? '',
  );
  const head = element(
    'p',
    'head',
    element('b', '', String(fd)),
    ` ${family} ${kind} `,
    tcp ? stateChip : '',
  );
  const item = element('li', old === undefined ? 'fresh' : '', head, endsOf(state), pairs(now, isNew));
  if (receiveQueueData) {
    item.append(element('p', 'waiting', `waits to be received: ${textOf(bytesOf(receiveQueueData))}`));
    item.append(hexDump(bytesOf(receiveQueueData), undefined, 8));
  }
  return item;
}

const endsOf = ({ local, remote }) =>
  element('p', 'ends', addressText(local), remote === null ? '' : ` ⇄ ${addressText(remote)}`);

function socketFields({ receiveQueue, sendQueue, acceptQueue, tcp = {}, descriptorFlags, statusFlags }) {
  const known = (value, text) => (value === undefined ? undefined : text);
  return {
    'accept queue': known(acceptQueue, `${acceptQueue?.length} of ${acceptQueue?.backlog}`),
    'receive queue': acceptQueue ? undefined : count(receiveQueue, 'byte'),
    'send queue': acceptQueue ? undefined : count(sendQueue, 'byte'),
    rtt: known(
      tcp.rttMicros,
      `${tcp.rttMicros} µs${tcp.rttVarMicros === undefined ? '' : ` ± ${tcp.rttVarMicros}`}`,
    ),
    cwnd: known(tcp.cwnd, tcp.cwnd),
    mss: known(tcp.mss, tcp.mss),
    retransmits: known(tcp.retransmits, tcp.retransmits),
    unacked: known(tcp.unacked, tcp.unacked),
    acked: known(tcp.bytesAcked, tcp.bytesAcked),
    received: known(tcp.bytesReceived, tcp.bytesReceived),
    segments: known(tcp.segmentsOut, `${tcp.segmentsOut} out, ${tcp.segmentsIn} in`),
    flags: [...descriptorFlags, ...statusFlags].join(' ') || undefined,
  };
}
