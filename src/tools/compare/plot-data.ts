// What browser/draw.ts draws, as page.ts embeds it: types alone.

/** A contender's figures in one measure: the median and the spread. */
export interface Summary {
  contender: string;
  median: number;
  lowest: number;
  highest: number;
}

/** A contender's figures at one place of the x axis or, of bars, in the group of that name. */
export interface Point extends Summary {
  x: number | string;
}

export interface Plot {
  title: string;
  about: string;
  shape: 'lines' | 'bars';
  /** What the x axis counts; '' for bars. */
  x: string;
  digits: number;
  points: Point[];
  notes: string[];
}
