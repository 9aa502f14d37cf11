-- The schema and the login role of a sandbox: made and repaired here.
--
-- Ids are validated before they become identifiers, which the server itself quotes (%I). A tenant
-- can hang its own code on anything in its schema, so this code touches nothing there except to
-- drop it: a repair re-applies role and grants, and makes tables only in a schema that it has just
-- made.

-- Serialises calls for one schema: CREATE SCHEMA IF NOT EXISTS raises 23505 in a race. A row, not
-- an advisory lock, since a tenant could hold that one.
CREATE TABLE sandbox_schema_locks (schema_name text PRIMARY KEY);

CREATE FUNCTION sandbox_schema_name(sandbox_id text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF sandbox_id IS NULL OR sandbox_id !~ '\A[a-z0-9_]{1,40}\Z' THEN
    RAISE EXCEPTION 'sandbox id % is not valid: use 1 to 40 of a-z, 0-9 and _',
      coalesce(quote_literal(left(sandbox_id, 80)), 'NULL')
      USING ERRCODE = 'SB008';
  END IF;
  RETURN 'sandbox_' || sandbox_id;
END
$$;

CREATE FUNCTION sandbox_lock_schema(schema_name text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO public.sandbox_schema_locks AS l VALUES (schema_name)
    ON CONFLICT ON CONSTRAINT sandbox_schema_locks_pkey DO UPDATE SET schema_name = EXCLUDED.schema_name;
$$;

-- The tables of the built-in template, in a schema that the caller has just made. Their text is the
-- product's own and calls no function of a tenant, so the control plane may run it.
CREATE FUNCTION sandbox_create_tenant_tables(schema_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  statement text;
BEGIN
  PERFORM set_config('search_path', format('%I, pg_temp', schema_name), true);
  FOR statement IN
    SELECT s.value->>'sql' FROM public.sandbox_templates t, jsonb_array_elements(t.statements) WITH ORDINALITY AS s (value, n)
    WHERE t.name = 'arrakis' AND t.source->>'kind' = 'built-in' ORDER BY s.n
  LOOP
    EXECUTE statement;
  END LOOP;
END
$$;

CREATE FUNCTION create_sandbox_schema(sandbox_id text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target text := public.sandbox_schema_name(sandbox_id);
BEGIN
  PERFORM public.sandbox_lock_schema(target);
  IF to_regnamespace(quote_ident(target)) IS NULL THEN
    EXECUTE format('CREATE SCHEMA %I', target);
    PERFORM public.sandbox_create_tenant_tables(target);
    -- Production's own role reaches these plain schemas, but no sandbox that has a login role.
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'arrakis_app') THEN
      EXECUTE format('GRANT USAGE ON SCHEMA %I TO arrakis_app', target);
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO arrakis_app', target);
    END IF;
  END IF;
  RETURN target;
END
$$;

CREATE FUNCTION sandbox_schema_exists(sandbox_id text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = public.sandbox_schema_name(sandbox_id));
$$;

-- From the catalogue alone: asking for a table's size would wait behind the tenant's locks. From
-- Postgres 18 a table's owner may write its statistics (pg_restore_relation_stats). NaN or
-- infinitely many rows made the sum fail, so figures that cannot be true count as nothing.
CREATE FUNCTION sandbox_schema_stats(sandbox_id text, OUT tables bigint, OUT estimated_rows bigint, OUT bytes bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(*) FILTER (WHERE c.relkind IN ('r', 'p')),
         coalesce(sum(c.reltuples::numeric) FILTER (WHERE c.relkind = 'r' AND c.reltuples BETWEEN 0 AND 1e12), 0)::bigint,
         coalesce(sum(greatest(c.relpages, 0) + coalesce(i.pages, 0)) * current_setting('block_size')::bigint, 0)::bigint
  FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
    -- An index depends on its table, not on the schema.
    LEFT JOIN LATERAL (
      SELECT sum(greatest(x.relpages, 0)::bigint) AS pages
      FROM pg_index p JOIN pg_class x ON x.oid = p.indexrelid WHERE p.indrelid = c.oid
    ) i ON true
  WHERE d.refclassid = 'pg_namespace'::regclass
    AND d.refobjid = to_regnamespace(quote_ident(public.sandbox_schema_name(sandbox_id)))::oid
    AND d.classid = 'pg_class'::regclass AND d.objsubid = 0;
$$;

-- Raises SB007 unless the sandbox may still get resources. FOR SHARE: a writer of `destroying`
-- waits for this transaction, or this transaction sees `destroying`.
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

-- Makes or repairs role, schema and grants. Returns true if the schema is new. The caller passes a
-- SCRAM verifier, never a password: a server may log its DDL.
CREATE FUNCTION sandbox_make_schema(p_id text, p_verifier text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target text := public.sandbox_schema_name(p_id);
  note text;
  fresh boolean := false;
BEGIN
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
  -- Defaults for honest code, no boundary (docs/isolation.md): a tenant may change all but the last.
  EXECUTE format('ALTER ROLE %I RESET ALL', target);
  EXECUTE format('ALTER ROLE %I SET search_path = %I', target, target);
  EXECUTE format('ALTER ROLE %I SET statement_timeout = ''30s''', target);
  EXECUTE format('ALTER ROLE %I SET lock_timeout = ''10s''', target);
  EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''60s''', target);
  EXECUTE format('ALTER ROLE %I SET work_mem = ''8MB''', target);
  -- A tenant cannot raise this one. Only a migration by a superuser grants the right to set it.
  IF has_parameter_privilege(current_user, 'temp_file_limit', 'SET') THEN
    EXECUTE format('ALTER ROLE %I SET temp_file_limit = ''1GB''', target);
  END IF;

  IF to_regnamespace(quote_ident(target)) IS NULL THEN
    EXECUTE format('CREATE SCHEMA %I', target);
    EXECUTE format('COMMENT ON SCHEMA %I IS %L', target, note);
    fresh := true;
  END IF;
  EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', target, target);

  IF NOT has_database_privilege(target, current_database(), 'CONNECT') THEN
    -- Last, so that the lock is short. Two grants on one database at once raise "tuple concurrently
    -- updated".
    PERFORM 1 FROM public.sandbox_installation FOR UPDATE;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), target);
  END IF;
  RETURN fresh;
END
$$;

-- Makes or repairs role, schema and grants, and the tables of a built-in template, in one
-- transaction. Returns what is left to the caller: the template whose text the sandbox's own role
-- must run (sql/055_templates.sql), else null.
CREATE FUNCTION provision_sandbox(p_id text, p_verifier text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target text := 'sandbox_' || p_id;
  begins_with record;
  fresh boolean;
BEGIN
  PERFORM public.sandbox_fence(p_id);
  SELECT t.name, t.source->>'kind' = 'built-in' AS built_in INTO STRICT begins_with
    FROM public.sandboxes s JOIN public.sandbox_templates t ON t.name = s.template AND t.version = s.template_version
    WHERE s.id = p_id;
  fresh := public.sandbox_make_schema(p_id, p_verifier);
  IF NOT begins_with.built_in THEN RETURN public.begin_sandbox_template(p_id, fresh); END IF;
  IF fresh AND begins_with.name = 'arrakis' THEN
    PERFORM public.sandbox_create_tenant_tables(target);
    EXECUTE format('ALTER TABLE %1$I.communities OWNER TO %1$I', target);
    EXECUTE format('ALTER TABLE %1$I.profiles OWNER TO %1$I', target);
    EXECUTE format('ALTER TABLE %1$I.badges OWNER TO %1$I', target);
  END IF;
  RETURN NULL;
END
$$;

-- A role with an empty schema and without a sandbox, in which a template is tried. The sweep
-- removes what a worker leaves behind.
CREATE FUNCTION provision_scratch(p_id text, p_verifier text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF p_id !~ '\Asb[a-z0-9]{10}\Z' OR EXISTS (SELECT 1 FROM public.sandboxes WHERE id = p_id) THEN
    RAISE EXCEPTION 'not an id of a scratch schema' USING ERRCODE = 'SB008';
  END IF;
  PERFORM public.sandbox_make_schema(p_id, p_verifier);
END
$$;

ALTER TABLE sandbox_schema_locks OWNER TO bd_control;
ALTER FUNCTION sandbox_schema_name(text) OWNER TO bd_control;
ALTER FUNCTION sandbox_lock_schema(text) OWNER TO bd_control;
ALTER FUNCTION sandbox_create_tenant_tables(text) OWNER TO bd_control;
ALTER FUNCTION create_sandbox_schema(text) OWNER TO bd_control;
ALTER FUNCTION sandbox_schema_exists(text) OWNER TO bd_control;
ALTER FUNCTION sandbox_schema_stats(text) OWNER TO bd_control;
ALTER FUNCTION sandbox_fence(text) OWNER TO bd_control;
ALTER FUNCTION sandbox_make_schema(text, text) OWNER TO bd_control;
ALTER FUNCTION provision_sandbox(text, text) OWNER TO bd_control;
ALTER FUNCTION provision_scratch(text, text) OWNER TO bd_control;
REVOKE ALL ON FUNCTION sandbox_schema_name(text), sandbox_lock_schema(text), sandbox_create_tenant_tables(text),
  create_sandbox_schema(text), sandbox_schema_exists(text), sandbox_schema_stats(text),
  sandbox_fence(text), sandbox_make_schema(text, text), provision_sandbox(text, text),
  provision_scratch(text, text) FROM PUBLIC;
-- The other two call the first.
GRANT EXECUTE ON FUNCTION sandbox_schema_name(text), sandbox_schema_exists(text), sandbox_schema_stats(text)
  TO bd_worker, bd_client;
GRANT EXECUTE ON FUNCTION provision_sandbox(text, text), provision_scratch(text, text) TO bd_worker;

CALL sandbox_spread_over_keepers('public.provision_sandbox(text, text)');
CALL sandbox_spread_over_keepers('public.provision_scratch(text, text)');
