// What is made beside the compiled code, in dist/: what the environment turns on (src/startup.ts says why), the assets
// of the pages of `rfds compare --html` and `rfds trace --html`, which are inlined, and the packages that the command
// imports, so that installing rfds installs nothing else. And rfds/syscalls, which every program loads, in two modules
// where the source has eight: each costs about half a millisecond to load (bench/import-cost.mjs).
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eachMapping, TraceMap } from '@jridgewell/trace-mapping';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (relative) => path.join(root, relative);
const node = { bundle: true, platform: 'node', target: 'node20', metafile: true };

/** The folders of the packages whose code came into a bundle. */
function packagesIn({ metafile }) {
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const files = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file);
  const folders = files.map((file) => file.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
}

/** The licences of packages, each text once, with the names of those that it is of. */
function notices(folders) {
  const byText = new Map();
  for (const folder of folders) {
    const text = licenceOf(folder);
    byText.set(text, [...(byText.get(text) ?? []), folder]);
  }
  const named = (folder) => {
    const { name, version } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
    return `${name} ${version}`;
  };
  return [...byText].map(([text, all]) => `${all.map(named).join(', ')}:\n\n${text}`).join('\n\n');
}

function licenceOf(folder) {
  const name = readdirSync(path.join(root, folder)).find((file) => /^licen[cs]e(\.|$)/i.test(file));
  if (name === undefined) throw new Error(`${folder} has no licence that could be passed on`);
  return readFileSync(path.join(root, folder, name), 'utf8').trim();
}

await build({
  ...node,
  entryPoints: [at('src/interpose/environment.ts')],
  outfile: at('dist/interpose/environment.cjs'),
  format: 'cjs',
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  // The loader stays what it is, and one.
  plugins: [
    {
      name: 'addon',
      setup: ({ onResolve }) =>
        onResolve({ filter: /\/addon\.cjs$/ }, () => ({ path: '../kernel/addon.cjs', external: true })),
    },
  ],
});

// What runs in the reader's browser, a script for each page.
const browser = { bundle: true, platform: 'browser', target: 'es2022', format: 'iife', charset: 'utf8' };
await build({
  ...browser,
  entryPoints: [at('src/tools/trace/render/html/browser/main.ts')],
  outfile: at('dist/tools/trace/render/html/assets/page.js'),
});
const drawing = await build({
  ...browser,
  // With Observable Plot and d3, of which the page needs a part.
  minify: true,
  metafile: true,
  write: false,
  entryPoints: [at('src/tools/compare/browser/draw.ts')],
});
const drawn = packagesIn(drawing);
cpSync(at('src/tools/compare/assets'), at('dist/tools/compare/assets'), { recursive: true });
// The page is passed on, and what is in it with it: so are the licences.
writeFileSync(
  at('dist/tools/compare/assets/draw.js'),
  `/*\n${notices(drawn).replaceAll('*/', '* /')}\n*/\n${drawing.outputFiles[0].text}`,
);
cpSync(at('src/tools/trace/render/html/assets'), at('dist/tools/trace/render/html/assets'), {
  recursive: true,
});
await bundlePlayground();
cpSync(at('src/tools/assets'), at('dist/tools/assets'), { recursive: true });
cpSync(at('src/tools/playground/assets'), at('dist/tools/playground/assets'), { recursive: true });
for (const name of ['addon.cjs', 'darwin-abi.json', 'no-kernel.cjs'])
  cpSync(at(`src/kernel/${name}`), at(`dist/kernel/${name}`));

// The packages that the command imports become modules of dist/third-party. (koffi and others are what `rfds compare`
// measures where they are installed.)
const packages = ['commander', 'simple-statistics'];
const FROM = new RegExp(`(\\bfrom |\\bimport\\()'(${packages.join('|')})'`, 'g');
const moduleOf = (name) => at(`dist/third-party/${name}.js`);
const compiled = readdirSync(at('dist'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.js') && !file.includes('assets/'))
  .map((file) => at(`dist/${file}`));
for (const file of compiled) {
  const text = readFileSync(file, 'utf8');
  const own = text.replace(FROM, (_, from, name) => {
    const near = path.relative(path.dirname(file), moduleOf(name));
    return `${from}'${near.startsWith('.') ? near : `./${near}`}'`;
  });
  if (own !== text) writeFileSync(file, own);
}
const thirdParty = [...drawn];
for (const name of packages) {
  const result = await build({
    ...node,
    minify: true,
    format: 'esm',
    outfile: moduleOf(name),
    stdin: { contents: `export * from '${name}';`, resolveDir: root },
    // A CommonJS package asks for Node's modules by require().
    banner: {
      js: `import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);`,
    },
  });
  thirdParty.push(...packagesIn(result));
}
const contained = [...new Set(thirdParty)].sort();
writeFileSync(
  at('dist/THIRD_PARTY_NOTICES'),
  `rfds contains code of these packages, and passes on their licences.\n\n${notices(contained)}\n`,
);

/**
 * The page of `rfds playground`: the programs, the library and the simulated kernel, with what a browser has in place of
 * Node's modules and of the addon; and data.json, the programs' sources with a table that leads from the lines of the
 * bundle to theirs.
 */
async function bundlePlayground() {
  const folder = at('src/tools/playground/browser/node');
  // The program of top-level statements becomes a function that the page calls for each run, line for line.
  const documented = () => {
    const lines = readFileSync(at('examples/documented-server.ts'), 'utf8').split('\n');
    const last = lines.findLastIndex((line) => line.startsWith('import '));
    lines[last + 1] = 'export function serve() {';
    return `${lines.join('\n')}\n}\n`;
  };
  const { outputFiles } = await build({
    ...browser,
    entryPoints: [at('src/tools/playground/browser/main.ts')],
    outfile: at('dist/tools/playground/assets/page.js'),
    sourcemap: 'external',
    write: false,
    inject: [path.join(folder, 'globals.ts')],
    logOverride: { 'ignored-bare-import': 'silent' },
    // Modules that look for files beside themselves find none.
    define: {
      'import.meta.url': '"file:///"',
      rfdsVersion: JSON.stringify(JSON.parse(readFileSync(at('package.json'), 'utf8')).version),
    },
    // A page has no line of its own in a stack, but that of the document: the first of the script says how many more.
    banner: { js: 'globalThis.rfdsFirstLine = Number(/:(\\d+):\\d+\\)?$/m.exec(new Error().stack)[1]);' },
    plugins: [
      {
        name: 'playground',
        setup: ({ onResolve, onLoad }) => {
          onResolve({ filter: /^node:/ }, ({ path: name }) => ({
            path: path.join(folder, name === 'node:buffer' ? 'buffer.ts' : 'others.ts'),
          }));
          onResolve({ filter: /\/addon\.cjs$/ }, () => ({ path: path.join(folder, 'addon.ts') }));
          onResolve({ filter: /^rfds\// }, ({ path: name }) => ({
            path: at(`src/${name.slice('rfds/'.length)}.ts`),
          }));
          onResolve({ filter: /^documented-server$/ }, () => ({
            path: at('examples/documented-server.ts'),
            namespace: 'program',
          }));
          onLoad({ filter: /.*/, namespace: 'program' }, () => ({
            contents: documented(),
            loader: 'ts',
            resolveDir: root,
          }));
        },
      },
    ],
  });
  const [map, script] = ['.map', '.js'].map(
    (end) => outputFiles.find((file) => file.path.endsWith(end)).text,
  );
  const isProgram = /(?:^|[/:])(?:src\/programs|examples)\/([\w/-]+\.ts)$/;
  const sources = {};
  // [line of the bundle, file, its line], where a line of a program begins.
  const lines = [];
  eachMapping(new TraceMap(map), ({ generatedLine, source, originalLine }) => {
    const found = isProgram.exec(source ?? '');
    if (found === null || originalLine === null || lines.at(-1)?.[0] === generatedLine) return;
    if (!(found[1] in sources)) {
      const folder = found[0].includes('examples/') ? 'examples' : 'src/programs';
      sources[found[1]] = readFileSync(at(`${folder}/${found[1]}`), 'utf8');
    }
    lines.push([generatedLine, Object.keys(sources).indexOf(found[1]), originalLine]);
  });
  mkdirSync(at('dist/tools/playground/assets'), { recursive: true });
  writeFileSync(at('dist/tools/playground/assets/page.js'), script);
  writeFileSync(
    at('dist/tools/playground/assets/data.json'),
    JSON.stringify({ lines: { files: Object.keys(sources), lines }, sources }),
  );
}

/**
 * Puts compiled modules into one, `into`, and leaves in the place of each a module that exports the same from there: who
 * imports one of them finds the same functions and the same live bindings as before. Without a text of its own (`entry`),
 * `into` exports the names of each module behind the module's own.
 */
async function merge(modules, into, entry) {
  const inside = (module) => path.basename(module, '.js').replaceAll('-', '_');
  const nameOf = (module, name) => (entry ? name : `${inside(module)}_${name}`);
  const near = (from, to) => {
    const relative = path.relative(path.dirname(from), to);
    return relative.startsWith('.') ? relative : `./${relative}`;
  };
  const listed = (names) =>
    `{ ${names.map(([name, as]) => (name === as ? name : `${name} as ${as}`)).join(', ')} }`;
  // The loader of the addon, and what was merged before, stay modules of their own.
  const apart = {
    name: 'apart',
    setup: ({ onResolve }) =>
      onResolve({ filter: /\/(addon\.cjs|merged\.js)$/ }, ({ path: asked, resolveDir }) => ({
        path: near(at(into), path.join(resolveDir, asked)),
        external: true,
      })),
  };
  const esm = { ...node, format: 'esm', plugins: [apart] };
  const exportsOf = async (module) => {
    const { metafile } = await build({ ...esm, entryPoints: [at(module)], write: false, outdir: at('dist') });
    return Object.values(metafile.outputs)[0].exports;
  };
  const names = new Map();
  for (const module of modules) names.set(module, await exportsOf(module));
  const all = [...names].map(
    ([module, own]) =>
      `export ${listed(own.map((name) => [name, nameOf(module, name)]))} from './${module}';`,
  );
  await build({
    ...esm,
    stdin: { contents: entry ?? all.join('\n'), resolveDir: root },
    outfile: at(into),
    allowOverwrite: true,
    sourcemap: true,
  });
  for (const [module, own] of names) {
    const from = near(at(module), at(into));
    const again = listed(own.map((name) => [nameOf(module, name), name]));
    writeFileSync(at(module), own.length > 0 ? `export ${again} from '${from}';\n` : `import '${from}';\n`);
    rmSync(at(`${module}.map`));
  }
}
const [native, fastCalls, ownCalls] = ['native', 'fast-calls', 'own-calls'].map(
  (name) => `dist/kernel/${name}.js`,
);
await merge([native, fastCalls, ownCalls], 'dist/kernel/merged.js');
const door = readFileSync(at('dist/syscalls.js'), 'utf8').replace(/\/\/# sourceMappingURL=.*/, '');
await merge(
  ['dist/startup.js', ...['constants/all', 'errorcode', 'syscalls'].map((name) => `dist/kernel/${name}.js`)],
  'dist/syscalls.js',
  door.replaceAll("'./", "'./dist/"),
);

/**
 * Gives each raw call a declaration of its own with the comment that it has in the interface Syscalls: the compiler
 * declares names that are taken out of an object by their types alone, and an editor shows nothing where one points at
 * them. The new declarations stand at the end, so that the source map holds for the others.
 */
function documentCalls(declarations, interfaces) {
  const text = readFileSync(declarations, 'utf8');
  const members = readFileSync(interfaces, 'utf8').match(/^export interface Syscalls \{\n(.*?)^\}/ms)[1];
  const comments = new Map();
  for (const [, comment, name] of members.matchAll(/^ {4}(\/\*\*(?:(?!\*\/).)*\*\/)\s+(\w+)\(/gms))
    comments.set(name, [...(comments.get(name) ?? []), comment.replace(/^ {4}/gm, '')]);
  const statement = text.match(/^export declare let socket: .*?;$(?!\n {4}|\n\})/ms)[0];
  const names = [...members.matchAll(/^ {4}(\w+)\(/gm)].map(([, name]) => name);
  const declared = [...new Set(names)].map((name) => {
    if (!new RegExp(`(?:let|,) ${name}: `).test(statement) || !comments.has(name))
      throw new Error(`${declarations}: ${name} is not declared, or has no comment`);
    // Overloads have comments of their own, which an editor shows beside each.
    return `${comments.get(name)[0]}\nexport declare let ${name}: Syscalls['${name}'];\n`;
  });
  const lines = '\n'.repeat(statement.split('\n').length - 1);
  const map = text.match(/\/\/# sourceMappingURL=.*/)[0];
  const others = text.replace(statement, () => lines).replace(map, '');
  const imported = others.replace(/^import type \{ Calls \}/m, 'import type { Calls, Syscalls }');
  if (imported === others) throw new Error(`${declarations} imports something else`);
  writeFileSync(declarations, `${imported}${declared.join('')}${map}\n`);
}
documentCalls(at('dist/kernel/syscalls.d.ts'), at('dist/kernel/native.d.ts'));

// What `rfds trace --replay` checks a recording against.
const schema = 'interpose/recorder/recording.schema.json';
cpSync(at(`src/${schema}`), at(`dist/${schema}`));
// npx makes the command executable when it links it for the first time, and not after a second build.
chmodSync(at('dist/cli.js'), 0o755);
