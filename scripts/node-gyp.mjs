// Runs node-gyp rebuild (or what is given) with the headers that stand beside the running
// Node, where there are any: then nothing is downloaded.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const prefix = path.resolve(process.execPath, '../..');
const env = { ...process.env };
if (existsSync(path.join(prefix, 'include/node/node_api.h'))) env.npm_config_nodedir = prefix;

const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
const args = process.argv.length > 2 ? process.argv.slice(2) : ['rebuild'];
const { status, stdout, stderr } = spawnSync(process.execPath, [nodeGyp, ...args], { env, encoding: 'utf8' });
if (status !== 0 || env.npm_config_loglevel === 'verbose') process.stderr.write(`${stdout}${stderr}`);
process.exit(status ?? 1);
