// A number of things in words. A leaf. Above: tie.ts, the story.

/** '1 byte', '23 bytes' */
export const plural = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
