// Python's selectors module.

import './startup.ts';

export { BaseSelector, SelectorKey, SelectorMapping } from './python/selectors/base.ts';
export { EVENT_READ, EVENT_WRITE } from './python/selectors/masks.ts';
export * from './python/selectors/selectors.ts';
