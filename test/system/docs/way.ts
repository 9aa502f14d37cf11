/** A command of the pages that needs more than typing. */
import type { TypeOptions } from './shell.js';

export interface Way extends TypeOptions {
  /** Typed instead of the command, if SUBSTITUTES does not suffice. */
  readonly as?: () => Promise<string>;
  /** Allowed exit codes; only 0 if undefined. */
  readonly codes?: readonly number[];
  /** Part of its output. */
  readonly says?: RegExp;
  readonly first?: () => Promise<unknown>;
}
