// Before each test of the project 'darwin': a simulated macOS of its own, until what the test and its other hooks do is
// over.

import { beforeEach } from 'vitest';
import { enterKernel } from './kernel.ts';

// Vitest calls what it returns after all that stands in afterEach.
beforeEach(() => enterKernel());
