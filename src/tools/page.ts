// What every page is made of: a template in assets/ with the other assets inlined, a script bundled for the
// browser, escaped texts, embedded JSON.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageFolder } from '../kernel/package-folder.ts';

/** Text for an element or an attribute. */
export const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** JSON for a script element: nothing in it can end the element, nor a line of JavaScript. */
export const embedded = (value: unknown) =>
  JSON.stringify(value).replace(/[<\u2028\u2029]/g, escapedCharacter);

const escapedCharacter = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** What several pages have. */
const shared = new URL('assets/', import.meta.url);

/** The folder's page.html, with a part, or else the asset of that name, its own or a shared one, for each {{name}} in it. */
export function filled(assets: URL, parts: Record<string, string>): string {
  const asset = (name: string) => {
    const own = new URL(name, assets);
    return readFileSync(existsSync(own) ? own : new URL(name, shared), 'utf8');
  };
  return asset('page.html').replace(/\{\{([\w.-]+)\}\}/g, (_, name: string) => parts[name] ?? asset(name));
}

/** A script that the build has bundled: from dist/, from wherever it is asked for. */
export function bundled(name: string): string {
  const file = path.join(packageFolder(), 'dist', name);
  if (!existsSync(file)) throw new Error(`${file} is missing: npm run build:ts makes it`);
  return readFileSync(file, 'utf8');
}
