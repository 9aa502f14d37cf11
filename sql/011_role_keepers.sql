-- Whoever makes a role becomes a member of it for good, and Postgres walks all memberships of a role each time that it asks
-- whether the role may alter another (`is_admin_of_role`): with 2,700 sandboxes one ALTER ROLE by bd_control took 4 ms, and
-- there are ten of them in a create. So sixteen keepers share the work of bd_control, each with a sixteenth of the sandboxes.
-- Keepers inherit bd_control's rights, cannot log in, and own nothing but their copies of the functions below, which only
-- bd_control may call. Sandboxes of before stay bd_control's, and their keepers act in its name.
DO $$
DECLARE
  keeper text;
BEGIN
  FOR n IN 0..15 LOOP
    keeper := 'bd_keeper_' || to_hex(n);
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', keeper);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    IF NOT (SELECT rolcreaterole FROM pg_roles WHERE rolname = keeper) THEN
      EXECUTE format('ALTER ROLE %I CREATEROLE', keeper);
    END IF;
    EXECUTE format('GRANT bd_control TO %I', keeper);
    -- As in sql/001: a migration that is no superuser's must be able to give objects away.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
      EXECUTE format('GRANT %I TO %I', keeper, current_user);
    ELSE
      EXECUTE format('GRANT SET ON PARAMETER temp_file_limit TO %I', keeper);
    END IF;
    EXECUTE format('CREATE SCHEMA %I AUTHORIZATION %I', keeper, keeper);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO bd_control', keeper);
  END LOOP;
END
$$;

CREATE FUNCTION sandbox_keeper(p_id text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'bd_keeper_' || left(md5(p_id), 1);
$$;
ALTER FUNCTION sandbox_keeper(text) OWNER TO bd_control;
REVOKE ALL ON FUNCTION sandbox_keeper(text) FROM PUBLIC;

-- Gives each keeper a copy of a function whose first argument is a sandbox's id, and makes the function itself call the copy
-- of the sandbox's keeper. A later migration that replaces such a function calls this again.
CREATE PROCEDURE sandbox_spread_over_keepers(p_function regprocedure)
LANGUAGE plpgsql AS $$
DECLARE
  f pg_proc;
  definition text := pg_get_functiondef(p_function);
  arguments text;
  keeper text;
BEGIN
  SELECT * INTO f FROM pg_proc WHERE oid = p_function;
  SELECT string_agg('$' || n, ', ' ORDER BY n) INTO arguments FROM generate_series(1, f.pronargs) n;
  FOR n IN 0..15 LOOP
    keeper := 'bd_keeper_' || to_hex(n);
    EXECUTE replace(replace(definition, format('FUNCTION public.%I(', f.proname), format('FUNCTION %I.%I(', keeper, f.proname)),
      'TO bd_control', 'TO ' || keeper);
    EXECUTE format('ALTER FUNCTION %I.%I(%s) OWNER TO %I', keeper, f.proname, pg_get_function_identity_arguments(p_function), keeper);
    EXECUTE format('REVOKE ALL ON FUNCTION %I.%I(%s) FROM PUBLIC', keeper, f.proname, pg_get_function_identity_arguments(p_function));
    EXECUTE format('GRANT EXECUTE ON FUNCTION %I.%I(%s) TO bd_control', keeper, f.proname, pg_get_function_identity_arguments(p_function));
  END LOOP;
  EXECUTE format(
    $dispatch$
      CREATE OR REPLACE FUNCTION public.%I(%s) RETURNS %s
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
      DECLARE
        outcome %s;
      BEGIN
        -- An id that is not valid is refused by the copy: before its name is used for anything.
        EXECUTE format('SELECT %%I.%I(%s)', public.sandbox_keeper(coalesce($1, ''))) INTO outcome USING %s;
        RETURN%s;
      END
      $body$
    $dispatch$,
    f.proname, pg_get_function_arguments(p_function), pg_get_function_result(p_function),
    CASE pg_get_function_result(p_function) WHEN 'void' THEN 'text' ELSE pg_get_function_result(p_function) END,
    f.proname, arguments, arguments,
    CASE pg_get_function_result(p_function) WHEN 'void' THEN '' ELSE ' outcome' END);
END
$$;
REVOKE ALL ON PROCEDURE sandbox_spread_over_keepers(regprocedure) FROM PUBLIC;

-- Lets another sandbox's keeper act for this one's role, and no longer.
CREATE FUNCTION sandbox_lend(p_id text, p_keeper text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('GRANT %I TO %I', public.sandbox_schema_name(p_id), p_keeper);
EXCEPTION WHEN undefined_object THEN NULL; -- It has just been destroyed, and what it granted with it.
END
$$;
CREATE FUNCTION sandbox_take_back(p_id text, p_keeper text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('REVOKE %I FROM %I', public.sandbox_schema_name(p_id), p_keeper);
EXCEPTION WHEN undefined_object THEN NULL;
END
$$;

-- Whatever a sandbox's role still owns or was granted. What neighbours granted to it, only a role that acts for them can
-- take away: DROP OWNED would leave it with a warning, and the role could not be dropped.
CREATE FUNCTION sandbox_drop_owned(p_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target text := public.sandbox_schema_name(p_id);
  own_keeper text := public.sandbox_keeper(p_id);
  granters text[];
  granter text;
BEGIN
  -- One at a time: it changes the database's own list of grants, and neighbours may have granted to each other.
  PERFORM 1 FROM public.sandbox_installation FOR UPDATE;
  SELECT coalesce(array_agg(DISTINCT substr(r.rolname, 9)), '{}') INTO granters
    FROM pg_shdepend granted
    JOIN pg_shdepend owned ON owned.classid = granted.classid AND owned.objid = granted.objid AND owned.dbid = granted.dbid
    JOIN pg_roles r ON r.oid = owned.refobjid
    WHERE granted.refclassid = 'pg_authid'::regclass AND granted.refobjid = quote_ident(target)::regrole
      AND granted.deptype = 'a' AND granted.classid <> 'pg_database'::regclass AND owned.deptype = 'o' AND r.rolname ~ '\Asandbox_sb[a-z0-9]{10}\Z' AND r.rolname <> target;
  FOREACH granter IN ARRAY granters LOOP
    IF public.sandbox_keeper(granter) <> own_keeper THEN PERFORM public.sandbox_lend(granter, own_keeper); END IF;
  END LOOP;
  EXECUTE format('DROP OWNED BY %I CASCADE', target);
  FOREACH granter IN ARRAY granters LOOP
    IF public.sandbox_keeper(granter) <> own_keeper THEN PERFORM public.sandbox_take_back(granter, own_keeper); END IF;
  END LOOP;
END
$$;

-- As in sql/005 and sql/006, by way of the above.
CREATE OR REPLACE FUNCTION drop_sandbox_schema(sandbox_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
  target text := public.sandbox_schema_name(sandbox_id);
BEGIN
  IF EXISTS (SELECT 1 FROM public.sandboxes s WHERE s.id = drop_sandbox_schema.sandbox_id
             AND s.status NOT IN ('destroying', 'destroyed')) THEN
    RAISE EXCEPTION 'sandbox % is live: destroy it instead', sandbox_id USING ERRCODE = 'SB007';
  END IF;
  PERFORM public.sandbox_lock_schema(target);
  EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', target);
  IF target ~ '\Asandbox_sb[a-z0-9]{10}\Z' AND EXISTS (SELECT 1 FROM pg_roles WHERE rolname = target) THEN
    PERFORM public.sandbox_drop_owned(sandbox_id);
    EXECUTE format('DROP ROLE %I', target);
  END IF;
  DELETE FROM public.sandbox_schema_locks WHERE schema_name = target;
END
$$;
CREATE OR REPLACE FUNCTION reset_sandbox_schema(p_id text, p_rotation integer, p_verifier text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
  target text := 'sandbox_' || p_id;
BEGIN
  PERFORM public.sandbox_reset_fence(p_id, p_rotation);
  PERFORM public.sandbox_lock_schema(target);
  EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', target);
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = target) THEN
    PERFORM public.sandbox_drop_owned(p_id);
  END IF;
  PERFORM public.provision_sandbox(p_id, p_verifier);
  UPDATE public.sandboxes SET provisioned_rotation = p_rotation WHERE id = p_id;
END
$$;

ALTER FUNCTION sandbox_lend(text, text) OWNER TO bd_control;
ALTER FUNCTION sandbox_take_back(text, text) OWNER TO bd_control;
ALTER FUNCTION sandbox_drop_owned(text) OWNER TO bd_control;
REVOKE ALL ON FUNCTION sandbox_lend(text, text), sandbox_take_back(text, text), sandbox_drop_owned(text) FROM PUBLIC;

CALL sandbox_spread_over_keepers('public.sandbox_lend(text, text)');
CALL sandbox_spread_over_keepers('public.sandbox_take_back(text, text)');
CALL sandbox_spread_over_keepers('public.sandbox_drop_owned(text)');
-- As in sql/005, but by the role's number: by its name, the view would be joined with the roles of all sandboxes.
CREATE OR REPLACE FUNCTION terminate_sandbox(p_id text) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(pg_terminate_backend(pid))::int FROM pg_stat_get_activity(NULL)
  WHERE usesysid = (SELECT oid FROM pg_roles WHERE rolname = public.sandbox_schema_name(p_id));
$$;

CALL sandbox_spread_over_keepers('public.provision_sandbox(text, text)');
CALL sandbox_spread_over_keepers('public.revoke_sandbox(text)');
CALL sandbox_spread_over_keepers('public.terminate_sandbox(text)');
CALL sandbox_spread_over_keepers('public.drop_sandbox_objects(text, integer)');
CALL sandbox_spread_over_keepers('public.drop_sandbox_schema(text)');
CALL sandbox_spread_over_keepers('public.remove_sandbox(text, integer)');
CALL sandbox_spread_over_keepers('public.reset_sandbox_objects(text, integer, integer)');
CALL sandbox_spread_over_keepers('public.reset_sandbox_schema(text, integer, text)');

-- As in sql/009, but each session is ended by the keeper of its sandbox.
CREATE OR REPLACE FUNCTION end_lock_hogs() RETURNS SETOF text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH size AS (
    SELECT current_setting('max_locks_per_transaction')::bigint
      * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint) AS locks
  ), held AS (
    -- Locks of the fast path are in a session's own array, not in the shared table.
    SELECT a.usename AS role, count(*) AS locks
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE NOT l.fastpath AND a.usename ~ '\Asandbox_sb[a-z0-9]{10}\Z'
    GROUP BY a.usename
  ), hogs AS (
    SELECT role FROM held, size
    WHERE held.locks > size.locks / 4
      OR (SELECT sum(locks) FROM held) > size.locks * 3 / 4 AND held.locks = (SELECT max(locks) FROM held)
  )
  SELECT role::text FROM hogs WHERE public.terminate_sandbox(substr(role::text, 9)) > 0;
$$;
