// Lists and tables in HTML. Above: page.ts. Below: ../html.ts.

import { escaped } from '../page.ts';

/** Names and what is said of them. */
export function list(pairs: [string, string][]): string {
  const row = ([name, text]: [string, string]) =>
    `<div><dt>${escaped(name)}</dt><dd>${escaped(text)}</dd></div>`;
  return `<dl>${pairs.map(row).join('')}</dl>`;
}

/**
 * A table whose first row and column are headings. Where the page is narrower, it scrolls in a region
 * of its own, which the keyboard reaches.
 */
export function table(name: string, [headings, ...rows]: string[][]): string {
  const head = headings
    .map((text) => (text ? `<th scope="col">${escaped(text)}</th>` : '<td></td>'))
    .join('');
  const body = rows
    .map(([heading, ...cells]) => {
      const figures = cells.map((text) => `<td>${escaped(text)}</td>`).join('');
      return `<tr><th scope="row">${escaped(heading)}</th>${figures}</tr>`;
    })
    .join('');
  const label = `aria-label="${escaped(name)}"`;
  return `<div class="table" role="region" tabindex="0" ${label}><table ${label}><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}
