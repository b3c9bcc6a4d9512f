// The comments in src/ that begin with Unlike, as [file, what it stands before, text]: our differences from
// Python, which CONTRIBUTING.md asks to be written so. For python-doc.mjs.
import { readdirSync, readFileSync } from 'node:fs';

const src = new URL('../src/', import.meta.url);
const comment = /\/\*\*[\s\S]*?\*\/|(?:^[ \t]*\/\/.*\n)+/gm;

/** The sentences of a comment that state a difference from Python, without the comment's marks. */
function sentences(text) {
  const paragraphs = text
    .replace(/^\/\*\*|\*\/$/g, '')
    .replace(/^[ \t]*(\*|\/\/) ?/gm, '')
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/\s+/g, ' ').trim());
  return paragraphs.flatMap((paragraph) =>
    [...paragraph.matchAll(/(?<=^|\W )Unlike (?:in )?Python.*?(?=\. [A-Z]|\.?$)/g)].map(([it]) => `${it}.`),
  );
}

const declaration =
  /^\s*(?:(?:export|override|readonly|protected|async|abstract|static) )*(?:(?:function\*?|class|const|let) )?(\w+)[(<:]/;

/** The name that is declared behind a comment; none where code follows. */
const declared = (rest) =>
  /^\s*(?:if|for|return|throw) /.test(rest) ? undefined : declaration.exec(rest)?.[1];

export function differences() {
  const files = readdirSync(src, { recursive: true })
    .filter((file) => file.endsWith('.ts'))
    .sort();
  return files.flatMap((file) => {
    const text = readFileSync(new URL(file, src), 'utf8');
    return [...text.matchAll(comment)].flatMap(({ 0: whole, index }) =>
      sentences(whole).map((sentence) => [
        `src/${file}`,
        declared(text.slice(index + whole.length)),
        sentence.replaceAll('|', '\\|'),
      ]),
    );
  });
}
