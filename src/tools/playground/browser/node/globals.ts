// What the library takes for global, in a page.

export { Buffer } from 'buffer/index.js';
export { process } from './process.ts';
