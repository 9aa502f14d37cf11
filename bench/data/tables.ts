/** The schema of `npm run bench -- data`: a chain of tables as a bot has them, with indexes. */

/**
 * SQL for `count` tables, as a person writes it. Each has an identity key, a unique key, a check,
 * two indexes, and a foreign key to the table before it.
 */
export const ddlOf = (count: number): string =>
  Array.from({ length: count }, (_, i) => tableOf(i)).join('\n');

function tableOf(i: number): string {
  const parent = i === 0 ? 'bigint' : `bigint REFERENCES t${i - 1} ON DELETE CASCADE`;
  return `CREATE TABLE t${i} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    guild_id text NOT NULL,
    name text NOT NULL DEFAULT 'none' CHECK (length(name) < 100),
    parent_id ${parent},
    score integer NOT NULL DEFAULT 0,
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (guild_id, name));
  CREATE INDEX ON t${i} (parent_id);
  CREATE INDEX ON t${i} (guild_id, created_at DESC) WHERE score > 0;`;
}
