/**
 * SANDBOX_HOME of the run's stack for this test file. A whole run has two stacks, and each serves
 * one file at a time (build/whole.mjs).
 */
import { inject } from 'vitest';

export function runHome(): string {
  // Vitest numbers the places of its workers from 1. A place is free again when its file has ended.
  const place = Number(process.env.VITEST_POOL_ID);
  const home = inject('homes')[place - 1];
  if (home === undefined) throw new Error(`no stack for worker ${place} of the tests`);
  return home;
}
