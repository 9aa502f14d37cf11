/**
 * Writes the coverage of a test file's process. Vitest ends that process by a signal, so nothing
 * would be written later.
 */
import { takeCoverage } from 'node:v8';
import { afterAll } from 'vitest';

afterAll(() => {
  takeCoverage();
});
