// Writes src/tools/playground/linux-abi.json: the constants and the layouts of structs that the addon has on Linux, for the
// page of `rfds playground`, which has no addon.
//     node scripts/linux-abi.mjs [--check]     --check: changes nothing, and fails where this machine's addon says otherwise
// Taken on Linux x64; what another kernel's headers have beyond it is left alone.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const { constants, layout } = createRequire(import.meta.url)('../build/Release/rfds.node');
const table = fileURLToPath(new URL('../src/tools/playground/linux-abi.json', import.meta.url));
const text = `${JSON.stringify({ constants, layout }, null, 1)}\n`;

if (!process.argv.includes('--check')) {
  writeFileSync(table, text);
} else if (process.platform === 'linux' && process.arch === 'x64') {
  const kept = JSON.parse(readFileSync(table, 'utf8'));
  const own = { constants, layout };
  const wrong = Object.keys(kept).flatMap((part) =>
    Object.keys(own[part])
      .filter((name) => JSON.stringify(own[part][name]) !== JSON.stringify(kept[part][name]))
      .map((name) => `${part}.${name}`),
  );
  if (wrong.length > 0) {
    console.error(`linux-abi: ${wrong.slice(0, 5).join(', ')}: run node scripts/linux-abi.mjs`);
    process.exit(1);
  }
}
