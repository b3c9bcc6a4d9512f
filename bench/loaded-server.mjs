// One server of rfds and the loads of `rfds compare` on it, for the measurements beside this file.

import { execFile, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const dist = fileURLToPath(new URL('../dist', import.meta.url));

/** Starts a loop from a build of rfds, its lines going nowhere; it ends with this process. */
export async function startServer(loop, build = dist) {
  const port = await freePort();
  const args = ['server', '--host', '127.0.0.1', '--port', String(port), '--loop', loop];
  const child = spawn(process.execPath, [path.join(build, 'cli.js'), ...args], { stdio: 'ignore' });
  process.on('exit', () => child.kill('SIGKILL'));
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => process.exit(130));
  await putLoad({ port, pid: child.pid }, { seconds: 0, warmupSeconds: 1 }, 50);
  return { port, pid: child.pid };
}

/** Puts 100 connections × 64 B on a server for some seconds; tries again while it is not up yet. */
export async function putLoad({ port, pid }, { seconds, warmupSeconds = 0.2 }, tries = 1) {
  const load = { port, pid, connections: 100, idle: 0, size: 64, warmupSeconds, seconds };
  const args = [path.join(dist, 'compare/load.js'), JSON.stringify(load)];
  try {
    return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
  } catch (error) {
    if (tries <= 1 || !String(error.stderr).includes('ECONNREFUSED')) throw error;
    return putLoad({ port, pid }, { seconds, warmupSeconds }, tries - 1);
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
    probe.on('error', reject);
  });
}
