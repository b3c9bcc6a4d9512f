// What is bundled beside the compiled code: what the environment turns on (src/startup.ts says why), and the
// assets of the pages of `rfds compare --html` and `rfds trace --html`, which are inlined.
import { chmodSync, cpSync } from 'node:fs';
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

// What runs in the reader's browser, a script for each page.
const browser = { bundle: true, platform: 'browser', target: 'es2022', format: 'iife', charset: 'utf8' };
await build({
  ...browser,
  entryPoints: [at('src/tools/trace/render/html/browser/main.ts')],
  outfile: at('dist/tools/trace/render/html/assets/page.js'),
});
await build({
  ...browser,
  // With Observable Plot and d3, of which the page needs a part.
  minify: true,
  banner: {
    js: '// With d3, Copyright 2010-2026 Mike Bostock, and Observable Plot, Copyright 2020-2025 Observable, Inc.: both under the ISC License.',
  },
  entryPoints: [at('src/tools/compare/browser/draw.ts')],
  outfile: at('dist/tools/compare/assets/draw.js'),
});

for (const part of ['compare', 'trace/render/html']) {
  cpSync(at(`src/tools/${part}/assets`), at(`dist/tools/${part}/assets`), { recursive: true });
}
// npx makes the command executable when it links it for the first time, and not after a second build.
chmodSync(at('dist/cli.js'), 0o755);
