// Puts what `rfds compare --html` inlines beside the compiled report: the page and the plotting library.
import { copyFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const assets = at('dist/compare/assets/');
mkdirSync(assets, { recursive: true });
for (const name of ['page.html', 'page.css', 'draw.js']) {
  copyFileSync(at(`src/compare/assets/${name}`), `${assets}${name}`);
}
copyFileSync(at('node_modules/d3/dist/d3.min.js'), `${assets}d3.min.js`);
copyFileSync(at('node_modules/@observablehq/plot/dist/plot.umd.min.js'), `${assets}plot.umd.min.js`);
