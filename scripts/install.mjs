// npm ci, unless what package-lock.json asks for is what node_modules has: the demo installs nothing twice.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The packages that a lockfile lists, by their folders; none where there is no such file. */
function packagesOf(file) {
  try {
    const { '': _, ...packages } = JSON.parse(readFileSync(path.join(root, file), 'utf8')).packages;
    return packages;
  } catch {
    return {};
  }
}

const wanted = packagesOf('package-lock.json');
const installed = packagesOf('node_modules/.package-lock.json'); // npm's own note of what it has put there
const isSame = (folder) => wanted[folder]?.integrity === installed[folder]?.integrity;
// Optional packages are those of other platforms, too.
const isWanted = (folder) => folder in installed || !wanted[folder].optional;
const isCurrent = [...Object.keys(wanted).filter(isWanted), ...Object.keys(installed)].every(isSame);
if (!isCurrent) process.exitCode = spawnSync('npm', ['ci'], { cwd: root, stdio: 'inherit' }).status ?? 1;
