// Is what `rfds trace` tells still so on a busy machine? Runs it again and again beside eight busy processes and a flood
// of UDP on the same loopback interface, and checks each run: no packet of the conversation is lost, no call that
// cannot wait is told to sleep, and every claim is decided that an idle machine decides. Linux, root, a build:
//   node scripts/trace-under-load.mjs [runs]
// All of it happens in a network namespace of its own, and ends with this process.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const BUSY = 8;
/** No load outlives this, in seconds. */
const LONGEST = 1200;
/** To let the load come up, in milliseconds. */
const WARMUP = 3000;

const self = fileURLToPath(import.meta.url);
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const syscalls = new URL('../dist/syscalls.js', import.meta.url).href;
const sockets = new URL('../dist/socket.js', import.meta.url).href;

const ending = `setTimeout(() => process.exit(), ${LONGEST} * 1000).unref(); process.stdin.on('end', () => process.exit()).resume();`;
// Each turn of the loop is short, so that the end of stdin is seen.
const busy = `${ending} const turn = () => { for (const until = Date.now() + 50; Date.now() < until; ); setImmediate(turn); }; turn();`;
const flood = `${ending}
const [sys, S] = await Promise.all([import(${JSON.stringify(syscalls)}), import(${JSON.stringify(sockets)})]);
const s = S.socket(S.AF_INET, S.SOCK_DGRAM);
const fd = s.fileno();
s.connect(['127.0.0.1', 9]);
const data = new Uint8Array(64);
let sent = 0;
const turn = () => { for (let i = 0; i < 2000; i++) { sys.send(fd, data, S.MSG_DONTWAIT); sent++; } setImmediate(turn); };
setInterval(() => console.log(sent), 1000);
turn();`;

const trace = (folder) => {
  const file = (name) => path.join(folder, name);
  const args = ['--json', file('json'), '--html', file('html'), '--claims', file('claims'), 'Hello'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'trace', ...args], {
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`rfds trace: status ${status}: ${stderr.trim().split('\n').at(-1)}`);
  const lines = readFileSync(file('json'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const [, page] = readFileSync(file('html'), 'utf8').match(/<script[^>]*id="data">(.*?)<\/script>/s);
  const claims = readFileSync(file('claims'), 'utf8')
    .split('\n')
    .filter((line) => /^\| \d/.test(line))
    .map((line) => line.split(' | '));
  return { lines, page: JSON.parse(page), claims, story: stdout };
};

/** Whether a call cannot wait: it is none that does, or it asked not to. */
const mayNotWait = ({ name, args, fd, sockets = [] }) =>
  !/^(select|pselect|poll|ppoll|epoll_p?wait|recv|accept|connect|read|send|write)/.test(name) ||
  args.some(({ value }) => Array.isArray(value) && value.includes('MSG_DONTWAIT')) ||
  sockets.some((state) => state.fd === fd && state.statusFlags.includes('O_NONBLOCK'));

const undecided = ({ claims }) =>
  claims.filter(([, , , verdict]) => verdict === 'not visible').map(([n]) => n);

/** What is wrong with a run, in words. */
function problems({ lines, page, claims }, idle) {
  const found = [];
  const of = (type) => lines.filter((line) => line.type === type);
  for (const { text } of of('note')) found.push(`note: ${text}`);
  const packets = of('packet');
  const has = (flag) => packets.filter(({ tcp }) => tcp.flags.includes(flag)).length;
  const data = packets.filter(({ tcp }) => tcp.payloadLength > 0).length;
  const inferred = packets.filter((packet) => packet.inferred).length;
  if (has('SYN') < 2 || has('FIN') < 2 || data < 2 || inferred > 0)
    found.push(`packets: ${has('SYN')} SYN, ${data} with data, ${has('FIN')} FIN, ${inferred} inferred`);
  page.recording.calls.forEach((call, i) => {
    if (!mayNotWait(call)) return;
    const told = page.steps.filter((step) => step.call === i).map(({ sentence }) => sentence);
    if (page.calls[i].slept || told.some((text) => /\bsleeps\b|\bwakes\b/.test(text)))
      found.push(`${call.name}() of pid ${call.pid} is told to sleep`);
  });
  const more = undecided({ claims }).filter((n) => !idle.includes(n));
  if (more.length > 0) found.push(`claims ${more.join(', ')} are not decided`);
  return found;
}

async function inside(runs) {
  spawnSync('ip', ['link', 'set', 'lo', 'up']);
  const folder = mkdtempSync(path.join(tmpdir(), 'rfds-load-'));
  const children = [];
  const start = (program) => {
    const args = ['--input-type=module', '-e', program];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  };
  try {
    const idle = undecided(trace(folder));
    console.log(`without load of ours: ${idle.length} claims not decided`);
    for (let i = 0; i < BUSY; i++) start(busy);
    let sent = 0;
    start(flood).stdout.on('data', (text) => {
      sent = Number(String(text).trim().split('\n').at(-1));
    });
    await new Promise((resolve) => setTimeout(resolve, WARMUP));
    let good = 0;
    const begun = Date.now();
    const before = sent;
    for (let i = 1; i <= runs; i++) {
      const found = problems(trace(folder), idle);
      if (found.length === 0) good++;
      console.log(`run ${i}: ${found.join('; ') || 'good'} (load ${loadavg()[0]})`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const rate = Math.round((sent - before) / ((Date.now() - begun) / 1000));
    console.log(`${good} of ${runs} runs good; the flood sent ${rate} datagrams a second`);
    return good === runs ? 0 : 1;
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}

const runs = process.argv.findLast((word) => /^\d+$/.test(word)) ?? '20';
if (process.argv[2] === '--inside') process.exit(await inside(Number(runs)));
const { status } = spawnSync('unshare', ['--net', process.execPath, self, '--inside', runs], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
