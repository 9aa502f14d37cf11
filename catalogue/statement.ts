/** What a reading of a schema gives: ordered statements, and what they leave out. */

/**
 * The order of a copy. Rows belong between `graph` and `keys`: loading them into finished indexes
 * takes 4 to 19 times as long.
 */
export const PHASES = ['graph', 'keys', 'foreign-keys', 'triggers', 'states'] as const;

export type Phase = (typeof PHASES)[number];

/** One statement of DDL. `kind` and `name` identify the object for people and for a comparison. */
export interface Statement {
  readonly phase: Phase;
  /** Such as `table`, `index`, `foreign key`. */
  readonly kind: string;
  /** Quoted where SQL needs quotes; `table.column` for a part of a table. */
  readonly name: string;
  /** Without the name of the schema (catalogue/target.ts). */
  readonly sql: string;
}

/** An object that cannot be carried. */
export interface Refusal {
  readonly kind: string;
  readonly name: string;
  readonly reason: string;
}

/** An object that is carried with a difference, or a property that is left out. */
export interface Note {
  readonly kind: string;
  readonly name: string;
  readonly text: string;
}

export interface SchemaReading {
  /** Complete only if `refusals` is empty. */
  readonly statements: readonly Statement[];
  readonly requires: {
    /** Names of the extensions that the objects use, sorted. They must exist in the database. */
    readonly extensions: readonly string[];
  };
  readonly notes: readonly Note[];
  readonly refusals: readonly Refusal[];
}

/** A row of a catalogue, such as `pg_class:16384`. */
export type ObjectKey = `${string}:${number}`;

/** A statement with its place in the order, before sorting. */
export interface Piece extends Statement {
  /** The object that the statement makes; absent for a property of an object. */
  readonly key?: ObjectKey;
  /** Objects that must exist before, beside those of pg_depend. */
  readonly needs?: readonly ObjectKey[];
  /** Before or after others of the phase: lower is earlier, 0 unless given. */
  readonly rank?: number;
  /** The object in the form of COMMENT ON, such as `TABLE "a"`. */
  readonly comment?: string;
  /** Statements that complete the object, directly after it. */
  readonly then?: readonly Statement[];
}
