// Arms, makes ready, cancels, closes and reuses descriptors at random, and checks that each wait is resolved if its
// descriptor became ready, rejected if it was closed or aborted, and never by what happened to another one's.
// async-stress.test.ts starts it.
//
//   node async-stress.mjs seed steps
const [seed, steps] = process.argv.slice(2).map(Number);
const dist = (name) => new URL(`../../dist/${name}.js`, import.meta.url).href;
const { readable, writable, notify_closing, waiting } = await import(dist('async'));
const { AF_UNIX, SOCK_STREAM, socketpair } = await import(dist('socket'));

// xorshift32
let state = seed || 1;
function random(n) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % n;
}

let owners = 0;
const counts = { ready: 0, writable: 0, aborted: 0, closed: 0, opened: 0 };
const wrong = [];
const slots = [];

function open() {
  const [near, far] = socketpair(AF_UNIX, SOCK_STREAM);
  for (const end of [near, far]) end.setblocking(false);
  counts.opened++;
  return { owner: ++owners, near, far, unread: 0, isClosed: false, waits: new Set() };
}

function arm(slot) {
  const controller = random(2) ? new AbortController() : null;
  const wait = { controller, isAborted: false };
  slot.waits.add(wait);
  readable(slot.near, controller ? { signal: controller.signal } : {}).then(
    () => {
      slot.waits.delete(wait);
      counts.ready++;
      // It was readable when the event came; another wait may have read the byte since, but no one reads before all of
      // a turn's waits are resolved.
      if (slot.everSent === undefined) wrong.push(`owner ${slot.owner}: ready, and nothing was ever sent`);
    },
    (error) => {
      slot.waits.delete(wait);
      if (error.name === 'AbortError') counts.aborted++;
      else counts.closed++;
      if (error.name === 'AbortError' && !wait.isAborted) wrong.push('an abort without one');
      if (error.name !== 'AbortError' && !(error.code === 'EBADF' && slot.isClosed))
        wrong.push(`owner ${slot.owner}: ${error.message}`);
    },
  );
}

function send(slot) {
  slot.everSent = true;
  slot.unread++;
  slot.far.send(Buffer.from('x'));
}

function read(slot) {
  if (slot.unread === 0) return;
  slot.near.recv(65536);
  slot.unread = 0;
}

function abort(slot) {
  for (const wait of slot.waits) {
    if (!wait.controller || random(2)) continue;
    wait.isAborted = true;
    wait.controller.abort();
  }
}

// The next pair gets the same numbers.
function reopen(i) {
  const slot = slots[i];
  slot.isClosed = true;
  notify_closing(slot.near);
  notify_closing(slot.far);
  slot.near.close();
  slot.far.close();
  slots[i] = open();
}

for (let i = 0; i < 16; i++) slots.push(open());
for (let step = 0; step < steps; step++) {
  const i = random(slots.length);
  const slot = slots[i];
  switch (random(10)) {
    case 0:
    case 1:
    case 2:
    case 3:
      if (slot.waits.size < 4) arm(slot);
      break;
    case 4:
    case 5:
      if (slot.unread < 100) send(slot);
      break;
    case 6:
      read(slot);
      break;
    case 7:
      abort(slot);
      break;
    case 8:
      reopen(i);
      break;
    case 9:
      writable(slot.far).then(
        () => counts.writable++,
        () => {},
      );
      await new Promise(random(2) ? setImmediate : queueMicrotask);
  }
}
// No wakeup was lost: each that waits for a descriptor that is readable is resolved.
for (const slot of slots) send(slot);
const deadline = Date.now() + 20_000;
while (waiting() > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 1));
console.log(JSON.stringify({ counts, wrong: wrong.slice(0, 10), left: waiting() }));
