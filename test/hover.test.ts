// What an editor shows when one points at a name of the package: asked of the compiler's language server, for the
// declarations that are published.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { calls } from '../src/kernel/calls.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What the language server shows at each of the names, imported from the module. */
async function hovers(module: string, names: readonly string[]): Promise<Map<string, string>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rfds-hover-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  const text = `import * as rfds from '${path.join(root, module)}';\n${names.map((name) => `rfds.${name};\n`).join('')}`;
  const file = path.join(folder, 'program.ts');
  writeFileSync(file, text);
  writeFileSync(
    path.join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { module: 'nodenext', target: 'esnext', types: ['node'] } }),
  );

  const server = spawn(
    process.execPath,
    [path.join(root, 'node_modules/typescript/bin/tsc'), '--lsp', '--stdio'],
    {
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  const connection = createMessageConnection(
    new StreamMessageReader(server.stdout),
    new StreamMessageWriter(server.stdin),
  );
  onTestFinished(() => {
    connection.dispose();
    server.kill();
  });
  connection.onRequest(() => null); // Its own questions (capabilities, settings): nothing to say.
  connection.listen();
  const rootUri = pathToFileURL(folder).href;
  const textDocument = { uri: pathToFileURL(file).href, languageId: 'typescript', version: 1, text };
  await connection.sendRequest('initialize', { processId: process.pid, rootUri, capabilities: {} });
  await connection.sendNotification('initialized', {});
  await connection.sendNotification('textDocument/didOpen', { textDocument });
  const shown = new Map<string, string>();
  for (const [i, name] of names.entries()) {
    const position = { line: i + 1, character: 'rfds.'.length };
    const answer = await connection.sendRequest<{ contents: { value?: string } | string } | null>(
      'textDocument/hover',
      { textDocument, position },
    );
    const contents = answer?.contents ?? '';
    shown.set(name, typeof contents === 'string' ? contents : (contents.value ?? ''));
  }
  return shown;
}

test('an editor shows what a raw call does, and its parameters, when one points at it', async () => {
  const names = Object.entries(calls)
    .filter(([, facts]) => !('own' in facts))
    .map(([name]) => name);
  const shown = await hovers('dist/syscalls.js', names);
  for (const name of names) {
    const text = shown.get(name) ?? '';
    expect(text, name).toMatch(new RegExp(`${name}\\([23]\\)`));
    expect(text, name).toMatch(/=> number|: number/);
  }
  expect(shown.get('accept')).toContain('addrlen[0] is the capacity of addr before');
});
