// A process that calls every function that a public subpath exports, and every method of what they return,
// with whatever may come: fuzz.test.ts starts it, and looks at how it ends. It prints what it did, as JSON.
//
//   node fuzz.mjs subpath seed calls
//
// What would do harm for real (kill this or another process, close what Node owns, wait for ever) is
// kept from happening below the calls, at the choke point.
import fc from 'fast-check';

const [subpath, seed, calls] = process.argv.slice(2);
const dist = (name) => import(new URL(`../../dist/${name}.js`, import.meta.url).href);
const module = await dist(subpath);
const sys = await dist('syscalls');
const { calls: table, positionOf } = await dist('kernel/calls');
const { socketpair } = await dist('socket');

// Descriptors below this are Node's, the runner's or stdio: no call may touch them.
// The numbers up to there are taken, so that no gap is given out below.
const below = [];
do below.push(...socketpair());
while (below.at(-1).fileno() < 64);
const free = below.at(-1).fileno() + 1;
const foreign = (fd) => typeof fd === 'number' && fd >= 0 && fd < free;
const isBytes = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value);
const { AI_NUMERICHOST, NI_NUMERICHOST } = await dist('kernel/constants/names');
const or = (flags, more) => (Number.isInteger(flags) ? flags | more : flags);
let callsOfAttempt = 0;
function guard(name, call, args) {
  // A timeout of years, and a call that says EAGAIN of what poll says is ready (MSG_ERRQUEUE): a loop to
  // the deadline, as in Python. Enough is enough.
  if (++callsOfAttempt > 1000) throw new Error('trapped');
  const row = table[name];
  const takesFd = Object.values(row.args).map((kind) => kind === 'fd');
  if (args.some((arg, i) => takesFd[i] && foreign(arg))) return -9;
  if (name === 'set_wakeup_fd' && foreign(args[0])) return -9;
  // Never for ever, and never for long: a wait of any length is one of none, once its arguments were read.
  const { until, timeout } = row.blocks ?? {};
  const i = timeout === undefined ? -1 : positionOf(row, timeout, args.length);
  if (until === 'event' && args[i] !== 0) {
    if (row.args[timeout] === 'milliseconds')
      return Number.isInteger(args[i]) ? call(...args.with(i, 0)) : call(...args);
    if (args[i] == null) return call(...args.with(i, new BigInt64Array(2)));
    if (isBytes(args[i])) return call(...args.with(i, new BigInt64Array(2)));
  }
  if (until && until !== 'event' && Number.isInteger(args[0]) && args[0] >= 0) {
    const flags = sys0.fcntl(args[0], 3, 0);
    if (flags >= 0) sys0.fcntl(args[0], 4, flags | 0o4000);
    if (flags < 0) return -9;
  }
  if (name === 'splice' && args.length === 6) return call(...args.with(5, or(args[5], 2)));
  // An alarm would end the process, and nothing here is to be connected to.
  if (name === 'setitimer' && args.length > 1) return call(args[0], new BigInt64Array(4), ...args.slice(2));
  if (name === 'connect' && Number.isInteger(args[0]) && isBytes(args[1])) return -111;
  // Names are looked up in this machine's files and no further: a host is a number, or unknown. And the
  // machine keeps its name.
  if (name === 'getaddrinfo' && args.length === 7) return call(...args.with(5, or(args[5], AI_NUMERICHOST)));
  if (name === 'getnameinfo' && args.length === 4) return call(...args.with(3, or(args[3], NI_NUMERICHOST)));
  if (name === 'sethostname' && isBytes(args[0])) return -1;
  // Only of two signals that nobody sends.
  const isAction =
    (name === 'sigaction' || name === 'catch_signal') && args.length === 2 && args.every(Number.isInteger);
  if (isAction && ![10, 12].includes(args[0])) return -22;
  const isOther = ['chain_signal', 'save_signal', 'pass_signal', 'restore_signal'].includes(name);
  if (isOther && Number.isInteger(args[0]) && ![10, 12].includes(args[0])) return -22;
  return call(...args);
}
sys.interpose(guard);
process.kill = () => true;
// The raw calls by themselves, for the lines above.
const { native: sys0 } = await dist('kernel/native');

const seen = { calls: 0, returned: 0, thrown: {}, names: [] };

const opened = () => socketpair();
// Open to the end: what was drawn names them by number.
const pairs = [opened(), opened(), opened()];
for (const pair of pairs) for (const end of pair) end.setblocking(false);
const trap = (target) =>
  new Proxy(target, {
    get(_, name) {
      if (name === Symbol.toPrimitive || name === 'toString') return () => 'trap';
      throw new Error('trapped');
    },
  });
const detached = () => {
  const buffer = new ArrayBuffer(16);
  const view = new Uint8Array(buffer);
  structuredClone(buffer, { transfer: [buffer] });
  return view;
};
const resized = () => {
  try {
    const buffer = new ArrayBuffer(64, { maxByteLength: 128 });
    const view = new Uint8Array(buffer, 16, 32);
    buffer.resize(20);
    return view;
  } catch {
    return new Uint8Array(0);
  }
};
// Lists and files that change what they are asked about while they are asked.
const shrinking = () => {
  const list = Array.from({ length: 10 }, () => ({
    fileno() {
      list.length = Math.max(list.length - 2, 0);
      return pairs[0][0].fileno();
    },
  }));
  return list;
};
const closing = () => {
  const [a, b] = opened();
  return {
    fileno() {
      const fd = a.fileno();
      a.close();
      b.close();
      return fd;
    },
  };
};
const detaching = () => {
  const buffer = new ArrayBuffer(64);
  const bytes = new Uint8Array(buffer);
  return {
    fileno() {
      if (bytes.length > 0) structuredClone(buffer, { transfer: [buffer] });
      return pairs[0][0].fileno();
    },
    bytes,
    [Symbol.iterator]: () => [bytes, bytes][Symbol.iterator](),
  };
};
const lazily = (make) => fc.constant(null).map(make);
const descriptor = fc.oneof(
  lazily(() => pairs[0][0].fileno()),
  lazily(() => pairs[1][1]),
  fc.constantFrom(-1, 1_000_000, 2 ** 31 - 1),
);
const number = fc.oneof(
  fc.integer(),
  fc.nat(70),
  fc.double(),
  fc.constantFrom(0, -1, Number.NaN, 2 ** 31, 2 ** 32, 2 ** 53, -0, Number.POSITIVE_INFINITY, 0.5, 1e-10),
);
const memory = fc.oneof(
  fc.nat(200).map((n) => new Uint8Array(n)),
  fc.nat(40).map((n) => new Int32Array(n)),
  fc.nat(8).map((n) => new BigInt64Array(n)),
  fc.nat(64).map((n) => new ArrayBuffer(n)),
  fc.nat(64).map((n) => new SharedArrayBuffer(n)),
  fc.nat(64).map((n) => new DataView(new ArrayBuffer(n))),
  lazily(detached),
  lazily(resized),
  lazily(() => Object.freeze(new Float64Array(0))),
);
const strange = fc.oneof(
  lazily(() => trap({})),
  lazily(() => trap([])),
  lazily(() => trap(() => 1)),
  lazily(() => trap(new Uint8Array(8))),
  lazily(shrinking),
  lazily(closing),
  lazily(() => [closing(), closing()]),
  lazily(detaching),
  lazily(() => ({ fileno: () => Number.NaN })),
  lazily(() => ({ fileno: () => '1' })),
  lazily(() => ({
    get fileno() {
      throw new Error('trapped');
    },
  })),
  lazily(() => ({
    valueOf() {
      throw new Error('trapped');
    },
  })),
  lazily(() => Object.create(null)),
);
const address = fc.oneof(
  fc.tuple(fc.constantFrom('127.0.0.1', '::1', '', 'x', '\0', '256.1.1.1', '<broadcast>'), number),
  fc.tuple(fc.constant('::1'), number, number, number),
  fc.constantFrom('/nonexistent/x', '\0abstract', 'x'.repeat(200), null),
);
const anything = fc.oneof(
  { weight: 4, arbitrary: number },
  { weight: 4, arbitrary: descriptor },
  { weight: 4, arbitrary: memory },
  { weight: 3, arbitrary: strange },
  { weight: 2, arbitrary: address },
  { weight: 2, arbitrary: fc.array(fc.oneof(descriptor, memory, number, strange), { maxLength: 5 }) },
  {
    weight: 2,
    arbitrary: fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(null, undefined, true, '', 'x', Symbol('x'), 5n, () => 1, 'r', 'rwb'),
  },
);

// Every function there is, by its path: those of the namespaces in a namespace too, and classes.
function functionsOf(value, path, found = []) {
  for (const [name, member] of Object.entries(value)) {
    if (typeof member === 'function') found.push([`${path}${name}`, () => value[name], value]);
    else if (member?.[Symbol.toStringTag] === 'Module') functionsOf(member, `${path}${name}.`, found);
  }
  return found;
}
const functions = functionsOf(module, '');
const isClass = (f) => /^class\b/.test(Function.prototype.toString.call(f));
const abandon = (result) => {
  for (const each of Array.isArray(result) ? result : [result]) {
    try {
      if (typeof each?.close === 'function') each.close();
      else if (typeof each?.destroy === 'function') each.destroy();
    } catch {
      // It was given a descriptor that is none.
    }
  }
};

// What is looked at here may be a trap, and that is not the package's fault.
function attempt(name, f) {
  try {
    tried(name, f);
  } catch (error) {
    if (error?.message !== 'trapped') throw error;
  } finally {
    if (/interpose$/.test(name)) sys.interpose(guard);
  }
}

function tried(name, f) {
  callsOfAttempt = 0;
  seen.calls++;
  let result;
  try {
    result = f();
    seen.returned++;
    if (/(attach|observe)$/.test(name) && typeof result === 'function') result();
  } catch (error) {
    const kind = error?.constructor?.name ?? typeof error;
    seen.thrown[kind] = (seen.thrown[kind] ?? 0) + 1;
    return;
  }
  result?.catch?.(() => {});
  // What came back has methods: these get their share of it.
  if (
    result !== null &&
    typeof result === 'object' &&
    !Array.isArray(result) &&
    Object.getPrototypeOf(result) !== Object.prototype
  ) {
    fuzzMethods(name, result);
  }
  abandon(result);
}

let depth = 0;
function fuzzMethods(name, object) {
  if (depth > 0 || ArrayBuffer.isView(object)) return;
  depth++;
  const names = new Set();
  for (let p = object; p !== null && p !== Object.prototype; p = Object.getPrototypeOf(p)) {
    for (const each of Object.getOwnPropertyNames(p)) names.add(each);
  }
  for (const method of names) {
    if (method === 'constructor') continue;
    if (method === 'close' || method === 'detach') continue;
    for (const args of draw(4)) {
      let f;
      try {
        f = object[method];
      } catch {
        continue;
      }
      if (typeof f === 'function') attempt(`${name}().${method}`, () => f.apply(object, args));
    }
  }
  depth--;
}

let at = 0;
const randoms = fc.sample(fc.array(anything, { maxLength: 6 }), {
  seed: Number(seed),
  numRuns: Number(calls),
});
function draw(n) {
  return Array.from({ length: n }, () => randoms[at++ % randoms.length]);
}

for (const [name, get, self] of functions) {
  seen.names.push(name);
  const runs = Math.max(Math.floor(Number(calls) / functions.length), 12);
  for (const args of draw(runs)) {
    const f = get();
    attempt(name, () => (isClass(f) ? Reflect.construct(f, args) : f.apply(self, args)));
  }
}
sys.interpose(null);
process.stdout.write(`${JSON.stringify(seen)}\n`);
process.exit(0);
