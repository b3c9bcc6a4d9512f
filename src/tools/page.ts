// What every page is made of: a template in assets/ with the other assets inlined, escaped texts,
// embedded JSON. A leaf. Above: compare/page.ts, trace/html.ts.

import { readFileSync } from 'node:fs';

/** Text for an element or an attribute. */
export const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** JSON for a script element: nothing in it can end the element, nor a line of JavaScript. */
export const embedded = (value: unknown) =>
  JSON.stringify(value).replace(/[<\u2028\u2029]/g, escapedCharacter);

const escapedCharacter = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The folder's page.html, with a part, or else the asset of that name, for each {{name}} in it. */
export function filled(assets: URL, parts: Record<string, string>): string {
  const page = asset(assets, 'page.html');
  return page.replace(/\{\{([\w.-]+)\}\}/g, (_, name: string) => parts[name] ?? asset(assets, name));
}

export const asset = (assets: URL, name: string) => readFileSync(new URL(name, assets), 'utf8');
