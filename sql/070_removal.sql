-- The end of a sandbox's role and schema: revoke, end sessions, drop, or reset to an empty schema.

-- NOLOGIN leaves sessions alive, so the caller then calls terminate_sandbox until it returns 0.
-- These are two transactions: a connection made before NOLOGIN commits would survive both in one.
CREATE FUNCTION revoke_sandbox(p_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target text := public.sandbox_schema_name(p_id);
BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = target AND rolcanlogin) THEN
    EXECUTE format('ALTER ROLE %I NOLOGIN', target);
  END IF;
END
$$;

-- By the role's number: by its name, the view would be joined with the roles of all sandboxes.
CREATE FUNCTION terminate_sandbox(p_id text) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(pg_terminate_backend(pid))::int FROM pg_stat_get_activity(NULL)
  WHERE usesysid = (SELECT oid FROM pg_roles WHERE rolname = public.sandbox_schema_name(p_id));
$$;

-- Lets the keeper of another sandbox act for this one's role, until it is taken back.
CREATE FUNCTION sandbox_lend(p_id text, p_keeper text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('GRANT %I TO %I', public.sandbox_schema_name(p_id), p_keeper);
EXCEPTION WHEN undefined_object THEN NULL; -- Destroyed meanwhile, and its grants with it.
END
$$;

CREATE FUNCTION sandbox_take_back(p_id text, p_keeper text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('REVOKE %I FROM %I', public.sandbox_schema_name(p_id), p_keeper);
EXCEPTION WHEN undefined_object THEN NULL;
END
$$;

-- Drops everything that a sandbox's role owns or was granted. Only a role that acts for a neighbour
-- can take away the neighbour's grant: DROP OWNED alone leaves that grant with a warning, and then
-- the role cannot be dropped.
CREATE FUNCTION sandbox_drop_owned(p_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target text := public.sandbox_schema_name(p_id);
  own_keeper text := public.sandbox_keeper(p_id);
  granters text[];
  granter text;
BEGIN
  -- One at a time: it changes the database's list of grants, and neighbours may have granted to each
  -- other.
  PERFORM 1 FROM public.sandbox_installation FOR UPDATE;
  SELECT coalesce(array_agg(DISTINCT substr(r.rolname, 9)), '{}') INTO granters
    FROM pg_shdepend granted
    JOIN pg_shdepend owned ON owned.classid = granted.classid AND owned.objid = granted.objid AND owned.dbid = granted.dbid
    JOIN pg_roles r ON r.oid = owned.refobjid
    WHERE granted.refclassid = 'pg_authid'::regclass AND granted.refobjid = quote_ident(target)::regrole
      AND granted.deptype = 'a' AND granted.classid <> 'pg_database'::regclass AND owned.deptype = 'o'
      AND r.rolname ~ '\Asandbox_sb[a-z0-9]{10}\Z' AND r.rolname <> target;
  FOREACH granter IN ARRAY granters LOOP
    IF public.sandbox_keeper(granter) <> own_keeper THEN PERFORM public.sandbox_lend(granter, own_keeper); END IF;
  END LOOP;
  EXECUTE format('DROP OWNED BY %I CASCADE', target);
  FOREACH granter IN ARRAY granters LOOP
    IF public.sandbox_keeper(granter) <> own_keeper THEN PERFORM public.sandbox_take_back(granter, own_keeper); END IF;
  END LOOP;
END
$$;

-- The rest after the batches: schema, grants, role. Idempotent. Raises SB007 while the row is live.
CREATE FUNCTION drop_sandbox_schema(sandbox_id text) RETURNS void
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

-- Removes as much of a destroyed sandbox as one transaction may. Returns the caller's next step:
-- `removed` none; `login` revoke first, in a transaction of its own; `sessions` some are ending,
-- call again in a moment; `objects` a batch is gone, call again.
CREATE FUNCTION remove_sandbox(p_id text, p_limit integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
  target text := public.sandbox_schema_name(p_id);
BEGIN
  IF EXISTS (SELECT 1 FROM public.sandboxes WHERE id = p_id AND status NOT IN ('destroying', 'destroyed')) THEN
    RAISE EXCEPTION 'sandbox % is live: destroy it instead', p_id USING ERRCODE = 'SB007';
  END IF;
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = target AND rolcanlogin) THEN RETURN 'login'; END IF;
  IF public.terminate_sandbox(p_id) > 0 THEN RETURN 'sessions'; END IF;
  IF public.drop_sandbox_objects(p_id, p_limit) >= p_limit THEN RETURN 'objects'; END IF;
  PERFORM public.drop_sandbox_schema(p_id);
  RETURN 'removed';
END
$$;

-- A reset gives a running sandbox an empty schema and a new password under the same id. Raises
-- SB007 unless this very reset is still to be done.
CREATE FUNCTION sandbox_reset_fence(p_id text, p_rotation integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  sandbox record;
BEGIN
  PERFORM public.sandbox_fence(p_id);
  SELECT rotation, provisioned_rotation INTO sandbox FROM public.sandboxes WHERE id = p_id;
  IF sandbox.rotation <> p_rotation OR sandbox.provisioned_rotation >= p_rotation THEN
    RAISE EXCEPTION 'reset % of sandbox % is over', p_rotation, p_id USING ERRCODE = 'SB007';
  END IF;
END
$$;

-- True if the reset is still to be done; false if it is done.
CREATE FUNCTION sandbox_reset_pending(p_id text, p_rotation integer) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT rotation = p_rotation AND provisioned_rotation < p_rotation FROM public.sandboxes WHERE id = p_id;
$$;

-- One batch of the old schema's objects, as drop_sandbox_objects, while the reset is to be done.
CREATE FUNCTION reset_sandbox_objects(p_id text, p_rotation integer, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
BEGIN
  PERFORM public.sandbox_reset_fence(p_id, p_rotation);
  RETURN public.drop_sandbox_objects(p_id, p_limit);
END
$$;

-- In one transaction: the rest of the old schema and of the role's grants, then the new schema.
-- Returns as provision_sandbox.
CREATE FUNCTION reset_sandbox_schema(p_id text, p_rotation integer, p_verifier text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
  target text := 'sandbox_' || p_id;
  left_to_run jsonb;
BEGIN
  PERFORM public.sandbox_reset_fence(p_id, p_rotation);
  PERFORM public.sandbox_lock_schema(target);
  EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', target);
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = target) THEN
    PERFORM public.sandbox_drop_owned(p_id);
  END IF;
  left_to_run := public.provision_sandbox(p_id, p_verifier);
  UPDATE public.sandboxes SET provisioned_rotation = p_rotation WHERE id = p_id;
  RETURN left_to_run;
END
$$;

ALTER FUNCTION revoke_sandbox(text) OWNER TO bd_control;
ALTER FUNCTION terminate_sandbox(text) OWNER TO bd_control;
ALTER FUNCTION sandbox_lend(text, text) OWNER TO bd_control;
ALTER FUNCTION sandbox_take_back(text, text) OWNER TO bd_control;
ALTER FUNCTION sandbox_drop_owned(text) OWNER TO bd_control;
ALTER FUNCTION drop_sandbox_schema(text) OWNER TO bd_control;
ALTER FUNCTION remove_sandbox(text, integer) OWNER TO bd_control;
ALTER FUNCTION sandbox_reset_fence(text, integer) OWNER TO bd_control;
ALTER FUNCTION sandbox_reset_pending(text, integer) OWNER TO bd_control;
ALTER FUNCTION reset_sandbox_objects(text, integer, integer) OWNER TO bd_control;
ALTER FUNCTION reset_sandbox_schema(text, integer, text) OWNER TO bd_control;
REVOKE ALL ON FUNCTION revoke_sandbox(text), terminate_sandbox(text), sandbox_lend(text, text),
  sandbox_take_back(text, text), sandbox_drop_owned(text), drop_sandbox_schema(text), remove_sandbox(text, integer),
  sandbox_reset_fence(text, integer), sandbox_reset_pending(text, integer),
  reset_sandbox_objects(text, integer, integer), reset_sandbox_schema(text, integer, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION revoke_sandbox(text), terminate_sandbox(text), drop_sandbox_schema(text),
  remove_sandbox(text, integer), sandbox_reset_pending(text, integer),
  reset_sandbox_objects(text, integer, integer), reset_sandbox_schema(text, integer, text) TO bd_worker;

CALL sandbox_spread_over_keepers('public.revoke_sandbox(text)');
CALL sandbox_spread_over_keepers('public.terminate_sandbox(text)');
CALL sandbox_spread_over_keepers('public.sandbox_lend(text, text)');
CALL sandbox_spread_over_keepers('public.sandbox_take_back(text, text)');
CALL sandbox_spread_over_keepers('public.sandbox_drop_owned(text)');
CALL sandbox_spread_over_keepers('public.drop_sandbox_schema(text)');
CALL sandbox_spread_over_keepers('public.remove_sandbox(text, integer)');
CALL sandbox_spread_over_keepers('public.reset_sandbox_objects(text, integer, integer)');
CALL sandbox_spread_over_keepers('public.reset_sandbox_schema(text, integer, text)');
