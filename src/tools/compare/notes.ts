// What the page says below a plot: who is ahead of rfds, and who failed and why. Above: plots.ts,
// call-section.ts.

/** Somebody of whom there is something to say, at one place of the x axis; '' where there is no such axis. */
interface Place {
  name: string;
  x: number | string;
}

/** One line: who is ahead, and where, of so many places; none if nobody is. */
export function leaderNotes(leaders: Place[], unit: string, placeCount: number): string[] {
  if (leaders.length === 0) return [];
  const texts = grouped(leaders, ({ name }) => name).map((rows) => {
    const [{ name, x }] = rows;
    if (x === '') return name;
    return `${name} (${rows.length === placeCount ? 'everywhere' : places(rows, unit)})`;
  });
  return [`Ahead of rfds here: ${texts.join('; ')}.`];
}

/** A line for each who failed, with the reason, and where it was so. */
export function failureNotes(failures: (Place & { why: string })[], unit: string): string[] {
  return grouped(failures, ({ name, why }) => `${name}\n${why}`).map((rows) => {
    const where = places(rows, unit);
    return `${rows[0].name} failed${where && ` with ${where}`}: ${rows[0].why}`;
  });
}

// Map.groupBy came with Node 21.
function grouped<T>(rows: T[], keyOf: (row: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  return [...groups.values()];
}

const places = (rows: Place[], unit: string) =>
  counted(
    rows.map(({ x }) => x),
    unit,
  );

/** '10, 100, 1,000 connections', '1 connection'. */
export function counted(numbers: (number | string)[], unit: string): string {
  const isOne = numbers.length === 1 && numbers[0] === 1;
  return `${numbers.map((n) => n.toLocaleString('en')).join(', ')} ${isOne ? unit.replace(/s$/, '') : unit}`.trim();
}
