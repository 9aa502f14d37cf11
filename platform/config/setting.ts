/**
 * One row of the configuration's table (settings.ts), and the type of a configuration read by such
 * a table.
 */
import type { ValueType } from './types.js';

/**
 * `cli`: `bd`, the local stack that it runs, and the library. `discord`: the local stack's
 * simulated Discord, which needs no server.
 */
export type Reader = 'worker' | 'router' | 'api' | 'cli' | 'discord';

/** All but simulated Discord. */
export const ALL: readonly Reader[] = ['worker', 'router', 'api', 'cli'];

interface Description {
  readonly readers: readonly Reader[];
  /** One line of Markdown: its meaning. */
  readonly about: string;
  /** Markdown: the effect of an unset variable. Absent: the default. */
  readonly unset?: string;
  readonly secret?: boolean;
  /**
   * A second name, used if `name` is unset. In a sandbox's environment it has the sandbox's value.
   */
  readonly plainName?: string;
}

/** A setting of any type. */
export interface AnySetting extends Description {
  /** The variable. */
  readonly name: string;
  readonly type: {
    readonly read: (text: string) => unknown;
    readonly write: (value: never) => string;
  };
  /** As a variable's text. */
  readonly fallback: string | (() => string) | undefined;
}

interface Setting<V> extends AnySetting {
  readonly type: ValueType<V>;
}

/** A setting that always has a value. */
export interface FullSetting<V> extends Setting<V> {
  readonly fallback: string | (() => string);
}

/** A setting that is absent from the configuration while its variable is unset. */
export interface OptionalSetting<V> extends Setting<V> {
  readonly fallback: undefined;
}

export const setting = <V>(
  name: string,
  type: ValueType<V>,
  fallback: string | (() => string),
  description: Description,
): FullSetting<V> => ({ name, type, fallback, ...description });

export const optional = <V>(
  name: string,
  type: ValueType<V>,
  description: Description & { readonly unset: string },
): OptionalSetting<V> => ({ name, type, fallback: undefined, ...description });

/** Settings by field name; a group makes an object. */
export interface Settings {
  readonly [field: string]: AnySetting | Settings;
}

export const isSetting = (entry: AnySetting | Settings): entry is AnySetting =>
  typeof entry.name === 'string';

/** Every setting of a table, in order. */
export const settingsOf = (table: Settings): AnySetting[] =>
  Object.values(table).flatMap((entry) => (isSetting(entry) ? [entry] : settingsOf(entry)));

type ValueOf<S> = S extends { readonly type: { readonly read: (text: string) => infer V } }
  ? V
  : Values<S>;

/** The configuration of a table. */
export type Values<S> = {
  readonly [F in keyof S as S[F] extends { readonly fallback: undefined } ? never : F]: ValueOf<
    S[F]
  >;
} & {
  readonly [F in keyof S as S[F] extends { readonly fallback: undefined } ? F : never]?: ValueOf<
    S[F]
  >;
};
