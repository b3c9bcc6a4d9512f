// What is bundled beside the compiled code: what the environment turns on (src/startup.ts says why), and the
// assets of the pages of `rfds compare --html` and `rfds trace --html`, which are inlined.
import { chmodSync, copyFileSync, cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const at = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));

await build({
  entryPoints: [at('src/interpose/environment.ts')],
  outfile: at('dist/interpose/environment.cjs'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
});

for (const part of ['compare', 'trace/render/html']) {
  cpSync(at(`src/tools/${part}/assets`), at(`dist/tools/${part}/assets`), { recursive: true });
}
await build({
  entryPoints: [at('src/tools/trace/render/html/browser/main.ts')],
  outfile: at('dist/tools/trace/render/html/assets/page.js'),
  bundle: true,
  platform: 'browser',
  target: 'es2022',
  format: 'iife',
  charset: 'utf8',
});
const plots = at('dist/tools/compare/assets/');
copyFileSync(at('node_modules/d3/dist/d3.min.js'), `${plots}d3.min.js`);
copyFileSync(at('node_modules/@observablehq/plot/dist/plot.umd.min.js'), `${plots}plot.umd.min.js`);
// npx makes the command executable when it links it for the first time, and not after a second build.
chmodSync(at('dist/cli.js'), 0o755);
