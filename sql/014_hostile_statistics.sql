-- As in sql/012, for figures that are the tenant's own: from PG 18 a table's owner may write them (pg_restore_relation_stats), and
-- infinitely many rows, or NaN, made the sum fail and every look at the sandbox with it. What nobody can have counts as nothing.
CREATE OR REPLACE FUNCTION sandbox_schema_stats(sandbox_id text, OUT tables bigint, OUT estimated_rows bigint, OUT bytes bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(*) FILTER (WHERE c.relkind IN ('r', 'p')),
         coalesce(sum(c.reltuples::numeric) FILTER (WHERE c.relkind = 'r' AND c.reltuples BETWEEN 0 AND 1e12), 0)::bigint,
         coalesce(sum(greatest(c.relpages, 0) + coalesce(i.pages, 0)) * current_setting('block_size')::bigint, 0)::bigint
  FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
    -- An index depends on its table alone.
    LEFT JOIN LATERAL (
      SELECT sum(greatest(x.relpages, 0)::bigint) AS pages
      FROM pg_index p JOIN pg_class x ON x.oid = p.indexrelid WHERE p.indrelid = c.oid
    ) i ON true
  WHERE d.refclassid = 'pg_namespace'::regclass
    AND d.refobjid = to_regnamespace(quote_ident(public.sandbox_schema_name(sandbox_id)))::oid
    AND d.classid = 'pg_class'::regclass AND d.objsubid = 0;
$$;
