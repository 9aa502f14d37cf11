-- One batch of a sandbox's objects, bounded by the locks that it takes.
--
-- DROP … CASCADE locks everything that hangs on an object, and a tenant can hang tens of thousands
-- of partitions, views, triggers or functions on one. The whole server shares one lock table: such
-- a drop failed with "out of shared memory" for ever, and meanwhile other sessions' writes failed
-- too.

-- What would be dropped with an object, itself included, nearest first; at most p_limit of it.
CREATE FUNCTION sandbox_goes_with(p_class oid, p_object oid, p_limit integer) RETURNS TABLE (class oid, object oid)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE gone AS (
    SELECT p_class AS class, p_object AS object
    UNION
    SELECT d.class, d.object FROM gone g CROSS JOIN LATERAL (
      SELECT classid AS class, objid AS object FROM pg_depend WHERE refclassid = g.class AND refobjid = g.object
      UNION ALL
      -- Dropping a part drops its whole: a view's rule drops the view.
      SELECT refclassid, refobjid FROM pg_depend WHERE classid = g.class AND objid = g.object AND deptype = 'i'
    ) d
  )
  SELECT gone.class, gone.object FROM gone LIMIT p_limit;
$$;

-- Returns false for what is gone, and for a part that can only be dropped with its whole.
CREATE FUNCTION sandbox_drop_object(p_class oid, p_object oid) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  statement text;
BEGIN
  IF EXISTS (SELECT 1 FROM pg_depend WHERE classid = p_class AND objid = p_object AND deptype IN ('i', 'P', 'S', 'e')) THEN
    RETURN false;
  END IF;
  CASE p_class
    WHEN 'pg_class'::regclass THEN
      SELECT format('DROP %s %s CASCADE', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
          WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE' WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX'
          WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END, oid::regclass)
        INTO statement FROM pg_class WHERE oid = p_object AND relkind <> 't';
    WHEN 'pg_proc'::regclass THEN
      SELECT format('DROP ROUTINE %s CASCADE', oid::regprocedure) INTO statement FROM pg_proc WHERE oid = p_object;
    WHEN 'pg_type'::regclass THEN
      SELECT format('DROP TYPE %s CASCADE', oid::regtype) INTO statement FROM pg_type WHERE oid = p_object;
    WHEN 'pg_constraint'::regclass THEN
      SELECT CASE WHEN conrelid = 0 THEN format('ALTER DOMAIN %s DROP CONSTRAINT %I CASCADE', contypid::regtype, conname)
          ELSE format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', conrelid::regclass, conname) END
        INTO statement FROM pg_constraint
        WHERE oid = p_object AND coninhcount = 0 AND conparentid = 0 AND contype IN ('c', 'f', 'p', 'u', 'x');
    WHEN 'pg_trigger'::regclass THEN
      SELECT format('DROP TRIGGER %I ON %s CASCADE', tgname, tgrelid::regclass)
        INTO statement FROM pg_trigger WHERE oid = p_object AND NOT tgisinternal AND tgparentid = 0;
    WHEN 'pg_rewrite'::regclass THEN
      SELECT format('DROP RULE %I ON %s CASCADE', rulename, ev_class::regclass)
        INTO statement FROM pg_rewrite WHERE oid = p_object AND rulename <> '_RETURN';
    WHEN 'pg_policy'::regclass THEN
      SELECT format('DROP POLICY %I ON %s', polname, polrelid::regclass) INTO statement FROM pg_policy WHERE oid = p_object;
    WHEN 'pg_statistic_ext'::regclass THEN
      SELECT format('DROP STATISTICS %s', i.identity) INTO statement
        FROM pg_identify_object(p_class, p_object, 0) i WHERE i.identity IS NOT NULL;
    WHEN 'pg_operator'::regclass, 'pg_opfamily'::regclass, 'pg_cast'::regclass, 'pg_collation'::regclass,
         'pg_conversion'::regclass, 'pg_ts_config'::regclass, 'pg_ts_dict'::regclass THEN
      SELECT format('DROP %s %s CASCADE', i.type, i.identity) INTO statement
        FROM pg_identify_object(p_class, p_object, 0) i WHERE i.identity IS NOT NULL;
    ELSE
  END CASE;
  IF statement IS NULL THEN RETURN false; END IF;
  EXECUTE statement;
  RETURN true;
END
$$;

-- Drops objects that nothing hangs on first, at most some 2,000 locks' worth, and then large
-- objects. Returns 0 when one DROP SCHEMA may take the rest.
CREATE FUNCTION drop_sandbox_objects(p_id text, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
  target text := public.sandbox_schema_name(p_id);
  space oid := to_regnamespace(quote_ident(public.sandbox_schema_name(p_id)));
  -- In objects, which count as locks: a table with a key has nine.
  at_once CONSTANT integer := 1000;
  room integer := 2000;
  seed record;
  thing record;
  current_class oid;
  current_object oid;
  classes oid[];
  objects oid[];
  size integer;
  dropped integer := 0;
BEGIN
  IF space IS NOT NULL AND (SELECT count(*) FROM public.sandbox_goes_with('pg_namespace'::regclass, space, room)) >= room THEN
    <<seeds>>
    FOR seed IN
      SELECT classid AS class, objid AS object FROM pg_depend
      WHERE refclassid = 'pg_namespace'::regclass AND refobjid = space ORDER BY objid DESC
    LOOP
      current_class := seed.class;
      current_object := seed.object;
      <<nearer>>
      FOR jump IN 1..100 LOOP
        SELECT array_agg(w.class), array_agg(w.object) INTO classes, objects
          FROM public.sandbox_goes_with(current_class, current_object, at_once + 1) w;
        size := cardinality(classes);
        IF size <= at_once OR jump = 100 THEN
          IF public.sandbox_drop_object(current_class, current_object) THEN
            dropped := dropped + 1;
            room := room - size;
          END IF;
          EXIT nearer;
        END IF;
        -- Too much hangs on it: drop the farthest objects first.
        FOR n IN REVERSE size..2 LOOP
          SELECT count(*) INTO size FROM public.sandbox_goes_with(classes[n], objects[n], at_once + 1);
          IF size > at_once THEN
            current_class := classes[n];
            current_object := objects[n];
            CONTINUE nearer;
          END IF;
          IF public.sandbox_drop_object(classes[n], objects[n]) THEN
            dropped := dropped + 1;
            room := room - size;
          END IF;
          EXIT seeds WHEN dropped >= p_limit OR room <= 0;
        END LOOP;
        EXIT nearer;
      END LOOP;
      EXIT seeds WHEN dropped >= p_limit OR room <= 0;
    END LOOP;
    IF dropped > 0 THEN RETURN greatest(dropped, p_limit); END IF;
  END IF;
  FOR thing IN
    SELECT m.oid FROM pg_largeobject_metadata m JOIN pg_roles r ON r.oid = m.lomowner
    WHERE r.rolname = target LIMIT p_limit
  LOOP
    PERFORM lo_unlink(thing.oid);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END
$$;

ALTER FUNCTION sandbox_goes_with(oid, oid, integer) OWNER TO bd_control;
ALTER FUNCTION sandbox_drop_object(oid, oid) OWNER TO bd_control;
ALTER FUNCTION drop_sandbox_objects(text, integer) OWNER TO bd_control;
REVOKE ALL ON FUNCTION sandbox_goes_with(oid, oid, integer), sandbox_drop_object(oid, oid),
  drop_sandbox_objects(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_sandbox_objects(text, integer) TO bd_worker;

CALL sandbox_spread_over_keepers('public.drop_sandbox_objects(text, integer)');
