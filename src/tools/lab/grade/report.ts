// A grade as text, and in the forms that course tools take.

import { type Look, paint, wrap } from '../../trace/render/terminal/style.ts';
import { type Grade, pointsOf, type StageResult } from './grade.ts';

const styles = { passed: 'good', failed: 'bad', skipped: 'faint' } as const;

/** For a reader: a line for each stage, and of one that failed what was asked, done and seen. */
export function gradeText(look: Look, grade: Grade): string {
  const width = Math.max(...grade.results.map(({ name }) => name.length));
  const lines = grade.results.flatMap((result) => [
    `${String(result.stage).padStart(2)}  ${result.name.padEnd(width)}  ${paint(look, styles[result.outcome], result.outcome)}`,
    ...failureLines(look, result),
  ]);
  const { passed, total } = pointsOf(grade);
  return `${[...lines, '', `${passed} of ${total} stages passed, seed ${grade.seed}`].join('\n')}\n`;
}

function failureLines(
  look: Look,
  { outcome, message, asks, hint, steps = [], output = '' }: StageResult,
): string[] {
  const within = (text: string, indent: string) =>
    text
      .split('\n')
      .flatMap((line) => wrap(line, Math.min(look.width, 100) - indent.length).map((part) => indent + part));
  if (outcome === 'passed') return [];
  if (outcome === 'skipped') return within(message ?? '', '      ');
  const shown = steps.slice(-12);
  return [
    ...within(asks, '      '),
    ...(steps.length > shown.length ? [`        … ${steps.length - shown.length} steps before these`] : []),
    ...shown.flatMap((step) => within(`· ${step}`, '        ')),
    ...within(message ?? '', '      ').map((line) => paint(look, 'bad', line)),
    ...(output === ''
      ? []
      : ['      The end of what the server wrote:', ...within(output.trimEnd(), '        | ')]),
    ...within(`Hint: ${hint}`, '      '),
    '',
  ];
}

const textOf = ({ message = '', hint, steps = [], output = '' }: StageResult): string =>
  [
    message,
    ...(steps.length > 0 ? ['', ...steps.map((step) => `· ${step}`)] : []),
    ...(output === '' ? [] : ['', 'The end of what the server wrote:', output.trimEnd()]),
    ...(hint === undefined ? [] : ['', `Hint: ${hint}`]),
  ].join('\n');

/**
 * Gradescope's results.json: a test for each stage, of one point.
 * https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format
 */
export function gradescope(grade: Grade): object {
  return {
    output: `rfds lab grade, seed ${grade.seed}: ${grade.command.join(' ')}`,
    output_format: 'text',
    execution_time: Math.ceil(grade.results.reduce((sum, { seconds }) => sum + seconds, 0)),
    stdout_visibility: 'hidden',
    extra_data: { seed: grade.seed },
    tests: grade.results
      .filter(({ outcome }) => outcome !== 'skipped')
      .map((result) => ({
        name: `${result.name}: ${result.asks}`,
        name_format: 'text',
        number: String(result.stage),
        score: result.outcome === 'passed' ? 1 : 0,
        max_score: 1,
        status: result.outcome,
        output: textOf(result),
        output_format: 'text',
        visibility: 'visible',
      })),
  };
}

/** What Classroom 50's runner says of a submission, in its environment, by the field that it stands in. */
const submission = {
  classroom: 'CLASSROOM',
  assignment: 'ASSIGNMENT',
  submission: 'SUBMISSION_TAG',
  commit: 'COMMIT_URL',
  release: 'RELEASE_URL',
  review: 'REVIEW_URL',
};

/**
 * Classroom 50's result.json, classroom50/result/v1; what says whose it is comes from the runner's environment. Throws
 * Error where that lacks something. github.com/foundation50/classroom50, wiki: Advanced Autograding.
 */
export function classroom50(grade: Grade, env: NodeJS.ProcessEnv, now: Date): object {
  const whose = Object.fromEntries(
    Object.entries(submission).map(([field, name]) => [
      field,
      env[name] || (field === 'review' && env.COMMIT_URL) || '',
    ]),
  );
  const absent = Object.entries(submission).filter(([field]) => whose[field] === '');
  if (absent.length > 0)
    throw new Error(
      `--classroom50 takes ${absent.map(([, name]) => name).join(', ')} from the environment, where the runner puts them`,
    );
  const { passed, total } = pointsOf(grade);
  return {
    schema: 'classroom50/result/v1',
    ...whose,
    datetime: now.toISOString().replace(/\.\d+Z$/, 'Z'),
    score: passed,
    'max-score': total,
    tests: grade.results
      .filter(({ outcome }) => outcome !== 'skipped')
      .map((result) => ({
        'test-name': result.name,
        passed: result.outcome === 'passed',
        score: result.outcome === 'passed' ? 1 : 0,
        'max-score': 1,
        output: textOf(result),
      })),
  };
}
