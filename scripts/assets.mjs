// Puts what the pages of `rfds compare --html` and `rfds trace --html` inline beside the compiled code:
// their own assets and the plotting library.
import { copyFileSync, cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
for (const part of ['compare', 'trace']) {
  cpSync(at(`src/${part}/assets`), at(`dist/${part}/assets`), { recursive: true });
}
const plots = at('dist/compare/assets/');
copyFileSync(at('node_modules/d3/dist/d3.min.js'), `${plots}d3.min.js`);
copyFileSync(at('node_modules/@observablehq/plot/dist/plot.umd.min.js'), `${plots}plot.umd.min.js`);
