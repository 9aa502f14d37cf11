-- A sandbox's own login role: made, revoked and removed here and nowhere else. Callers pass a SCRAM verifier, never a password.

-- Raises SB007 unless the sandbox may still be given resources. FOR SHARE: whoever writes `destroying` waits for us or we see it.
CREATE FUNCTION sandbox_fence(p_id text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  current_status text;
BEGIN
  IF p_id IS NULL OR p_id !~ '\Asb[a-z0-9]{10}\Z' THEN
    RAISE EXCEPTION 'sandbox id is not valid' USING ERRCODE = 'SB008';
  END IF;
  SELECT status::text INTO current_status FROM public.sandboxes WHERE id = p_id FOR SHARE;
  IF current_status IS NULL THEN
    RAISE EXCEPTION 'sandbox % has no row', p_id USING ERRCODE = 'SB004';
  END IF;
  IF current_status IN ('destroying', 'destroyed') THEN
    RAISE EXCEPTION 'sandbox % is %', p_id, current_status USING ERRCODE = 'SB007';
  END IF;
END
$$;

-- Role, schema, tables, grants: made or repaired in one transaction.
CREATE FUNCTION provision_sandbox(p_id text, p_verifier text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target text := 'sandbox_' || p_id;
  note text;
BEGIN
  PERFORM public.sandbox_fence(p_id);
  IF p_verifier !~ '\ASCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+\Z' THEN
    RAISE EXCEPTION 'the password must come as a SCRAM-SHA-256 verifier' USING ERRCODE = 'SB008';
  END IF;
  PERFORM public.sandbox_lock_schema(target);
  SELECT json_build_object('installation', i.id, 'createdAt', to_json(clock_timestamp()))::text
    INTO note FROM public.sandbox_installation i;

  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = target) THEN
    IF current_setting('server_version_num')::int >= 160000 THEN
      -- From PG 16 a creator gets ADMIN but not SET on the new role, and could not give it tables.
      PERFORM set_config('createrole_self_grant', 'set, inherit', true);
    END IF;
    EXECUTE format('CREATE ROLE %I', target);
    IF current_setting('server_version_num')::int < 160000 THEN
      EXECUTE format('GRANT %I TO bd_control', target);
    END IF;
    EXECUTE format('COMMENT ON ROLE %I IS %L', target, note);
  END IF;
  EXECUTE format('ALTER ROLE %I LOGIN NOINHERIT CONNECTION LIMIT 20 PASSWORD %L', target, p_verifier);
  -- Defaults for honest code. A tenant may change those it sets below but the last; none is a boundary (docs/isolation.md).
  EXECUTE format('ALTER ROLE %I RESET ALL', target);
  EXECUTE format('ALTER ROLE %I SET search_path = %I', target, target);
  EXECUTE format('ALTER ROLE %I SET statement_timeout = ''30s''', target);
  EXECUTE format('ALTER ROLE %I SET lock_timeout = ''10s''', target);
  EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''60s''', target);
  EXECUTE format('ALTER ROLE %I SET work_mem = ''8MB''', target);
  -- This one a tenant cannot raise. Only a superuser's migration can have given us the right to set it (sql/001).
  IF has_parameter_privilege(current_user, 'temp_file_limit', 'SET') THEN
    EXECUTE format('ALTER ROLE %I SET temp_file_limit = ''1GB''', target);
  END IF;

  IF to_regnamespace(quote_ident(target)) IS NULL THEN
    EXECUTE format('CREATE SCHEMA %I', target);
    EXECUTE format('COMMENT ON SCHEMA %I IS %L', target, note);
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', target, target);
    PERFORM public.sandbox_create_tenant_tables(target);
    EXECUTE format('ALTER TABLE %1$I.communities OWNER TO %1$I', target);
    EXECUTE format('ALTER TABLE %1$I.profiles OWNER TO %1$I', target);
    EXECUTE format('ALTER TABLE %1$I.badges OWNER TO %1$I', target);
  ELSE
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', target, target);
  END IF;

  IF NOT has_database_privilege(target, current_database(), 'CONNECT') THEN
    -- Last, so that the lock is short: grants on one database at once raise "tuple concurrently updated".
    PERFORM 1 FROM public.sandbox_installation FOR UPDATE;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), target);
  END IF;
END
$$;

-- NOLOGIN leaves sessions alive, so its caller then calls terminate_sandbox until it returns 0. Two calls, since a
-- connection made between an uncommitted NOLOGIN and the termination would survive both.
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

CREATE FUNCTION terminate_sandbox(p_id text) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(pg_terminate_backend(pid))::int FROM pg_stat_activity
  WHERE usename = public.sandbox_schema_name(p_id);
$$;

-- One batch of a sandbox's relations and large objects; 0 when none is left. Batches, since dropping thousands of tables
-- in one transaction exhausts the lock table.
CREATE FUNCTION drop_sandbox_objects(p_id text, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
  target text := public.sandbox_schema_name(p_id);
  thing record;
  dropped integer := 0;
BEGIN
  FOR thing IN
    SELECT c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = target AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass
                      AND d.deptype IN ('i', 'a') AND d.refclassid = 'pg_class'::regclass)
    ORDER BY c.oid LIMIT p_limit
  LOOP
    EXECUTE format('DROP %s IF EXISTS %I.%I CASCADE',
      CASE thing.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
        WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, target, thing.relname);
    dropped := dropped + 1;
  END LOOP;
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

-- The rest: schema, whatever the role still owns or was granted, the role. Idempotent. Refuses while the row is live.
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
    PERFORM 1 FROM public.sandbox_installation FOR UPDATE;
    EXECUTE format('DROP OWNED BY %I CASCADE', target);
    EXECUTE format('DROP ROLE %I', target);
  END IF;
  DELETE FROM public.sandbox_schema_locks WHERE schema_name = target;
END
$$;

ALTER FUNCTION sandbox_fence(text) OWNER TO bd_control;
ALTER FUNCTION provision_sandbox(text, text) OWNER TO bd_control;
ALTER FUNCTION revoke_sandbox(text) OWNER TO bd_control;
ALTER FUNCTION terminate_sandbox(text) OWNER TO bd_control;
ALTER FUNCTION drop_sandbox_objects(text, integer) OWNER TO bd_control;
ALTER FUNCTION drop_sandbox_schema(text) OWNER TO bd_control;
REVOKE ALL ON FUNCTION sandbox_fence(text), provision_sandbox(text, text), revoke_sandbox(text), terminate_sandbox(text),
  drop_sandbox_objects(text, integer), drop_sandbox_schema(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION provision_sandbox(text, text), revoke_sandbox(text), terminate_sandbox(text),
  drop_sandbox_objects(text, integer), drop_sandbox_schema(text) TO bd_worker;
