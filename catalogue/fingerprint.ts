/**
 * One value for the state of a schema's catalogue. Queries see the transaction's snapshot, but the
 * deparser sees the newest state: a reading is whole only if nothing changed meanwhile.
 */
import type { Scope } from './scope.js';

/**
 * By the transactions that wrote the rows. Of pg_class only what a reading uses: TRUNCATE, VACUUM
 * and REFRESH write the rest, and a busy source would never be read.
 */
export async function fingerprintOf({ tx, namespace }: Scope): Promise<string> {
  const [row] = await tx<{ fingerprint: string }[]>`
    WITH versions (version) AS (
      SELECT (oid, relname, relkind, reloptions, relrowsecurity, relforcerowsecurity, relreplident,
        relispartition, relpersistence, relam, relowner, reltablespace, relispopulated)::text
        FROM pg_class WHERE relnamespace = ${namespace}
      UNION ALL SELECT concat_ws(' ', 'a', c.oid, x.attnum, x.xmin) FROM pg_class c JOIN pg_attribute x ON x.attrelid = c.oid
        WHERE c.relnamespace = ${namespace}
      UNION ALL SELECT concat_ws(' ', 'd', c.oid, x.oid, x.xmin) FROM pg_class c JOIN pg_attrdef x ON x.adrelid = c.oid
        WHERE c.relnamespace = ${namespace}
      UNION ALL SELECT concat_ws(' ', 'i', c.oid, x.xmin) FROM pg_class c JOIN pg_index x ON x.indexrelid = c.oid
        WHERE c.relnamespace = ${namespace}
      UNION ALL SELECT concat_ws(' ', 'h', c.oid, x.inhparent, x.xmin) FROM pg_class c JOIN pg_inherits x ON x.inhrelid = c.oid
        WHERE c.relnamespace = ${namespace}
      UNION ALL SELECT concat_ws(' ', 's', c.oid, x.xmin) FROM pg_class c JOIN pg_sequence x ON x.seqrelid = c.oid
        WHERE c.relnamespace = ${namespace}
      UNION ALL SELECT concat_ws(' ', 'r', c.oid, x.oid, x.xmin) FROM pg_class c JOIN pg_rewrite x ON x.ev_class = c.oid
        WHERE c.relnamespace = ${namespace}
      UNION ALL SELECT concat_ws(' ', 'g', c.oid, x.oid, x.xmin) FROM pg_class c JOIN pg_trigger x ON x.tgrelid = c.oid
        WHERE c.relnamespace = ${namespace}
      UNION ALL SELECT concat_ws(' ', 'y', c.oid, x.oid, x.xmin) FROM pg_class c JOIN pg_policy x ON x.polrelid = c.oid
        WHERE c.relnamespace = ${namespace}
      UNION ALL SELECT concat_ws(' ', 'o', oid, xmin) FROM pg_constraint WHERE connamespace = ${namespace}
      UNION ALL SELECT concat_ws(' ', 't', oid, xmin) FROM pg_type WHERE typnamespace = ${namespace}
      UNION ALL SELECT concat_ws(' ', 'e', e.oid, e.xmin) FROM pg_enum e JOIN pg_type t ON t.oid = enumtypid
        WHERE typnamespace = ${namespace}
      UNION ALL SELECT concat_ws(' ', 'p', oid, xmin) FROM pg_proc WHERE pronamespace = ${namespace}
      UNION ALL SELECT concat_ws(' ', 'l', oid, xmin) FROM pg_collation WHERE collnamespace = ${namespace}
      UNION ALL SELECT concat_ws(' ', 'x', oid, xmin) FROM pg_statistic_ext WHERE stxnamespace = ${namespace}
    )
    SELECT concat_ws(' ', count(*), sum(hashtextextended(version, 0)::numeric)) AS fingerprint FROM versions`;
  return row?.fingerprint ?? '';
}
