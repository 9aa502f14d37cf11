/** What a change that removes its object keeps, so that a repetition can complete and answer it. */
export interface Resumed<T> {
  /** The object as the first request found it; null before that. */
  readonly kept: T | null;
  /** To be called before the change. */
  keep(object: T): Promise<void>;
}

/** Of a request that nobody can repeat. */
export const UNREPEATABLE: Resumed<never> = { kept: null, keep: () => Promise.resolve() };
