/** Writes the coverage of a test file's process, which vitest ends by a signal: nothing would be written then. */
import { takeCoverage } from 'node:v8';
import { afterAll } from 'vitest';

afterAll(() => {
  takeCoverage();
});
