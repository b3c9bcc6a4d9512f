// Runs before each file of tests, also where files share a process and with it their modules.
import { afterEach } from 'vitest';
import { restoreAll } from './cleanup.ts';

afterEach(restoreAll);
