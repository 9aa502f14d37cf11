-- The roles of the product: the services, the owner of its functions, and its sixteen keepers.
--
-- No service may make roles or schemas. SECURITY DEFINER functions of bd_control and of its keepers
-- do that, and nobody can log in as those. On Postgres 15 a login role with CREATEROLE could grant
-- itself pg_execute_server_program. Roles belong to the cluster: another database may have made
-- them.
DO $$
DECLARE
  wanted text;
  db record;
  app record;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['bd_control', 'bd_worker', 'bd_router', 'bd_client', 'bd_api'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END LOOP;
  IF NOT (SELECT rolcreaterole FROM pg_roles WHERE rolname = 'bd_control') THEN
    ALTER ROLE bd_control CREATEROLE;
  END IF;
  -- A managed server's administrator is no superuser: only a member may give objects to a role.
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('GRANT bd_control TO %I', current_user);
  ELSE
    -- Keeps a tenant's sorts from filling the disk. Only a superuser may set it, or grant that.
    GRANT SET ON PARAMETER temp_file_limit TO bd_control;
  END IF;

  -- Each tenant gets CONNECT on this database alone, so PUBLIC must not have it on any database.
  -- Roles that could connect until now keep that right, such as production's own application.
  FOR db IN
    SELECT d.datname FROM pg_database d
    WHERE d.datallowconn AND EXISTS (
      SELECT 1 FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
      WHERE a.grantee = 0 AND a.privilege_type IN ('CONNECT', 'TEMPORARY'))
      AND pg_has_role(d.datdba, 'USAGE')
  LOOP
    FOR app IN
      SELECT rolname FROM pg_roles
      WHERE rolcanlogin AND NOT rolsuper AND rolname !~ '^(sandbox_sb[a-z0-9]{10}|bd_[a-z]+)$'
    LOOP
      EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO %I', db.datname, app.rolname);
    END LOOP;
    EXECUTE format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', db.datname);
  END LOOP;

  EXECUTE format('GRANT CONNECT ON DATABASE %I TO bd_worker, bd_router, bd_client, bd_api', current_database());
  -- Without GRANT OPTION the functions' GRANT to a tenant is only a warning.
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO bd_control WITH GRANT OPTION', current_database());
  EXECUTE format('GRANT CREATE ON DATABASE %I TO bd_control', current_database());
  IF NOT has_database_privilege('bd_control', current_database(), 'CONNECT WITH GRANT OPTION') THEN
    RAISE EXCEPTION 'bd_control did not get CONNECT WITH GRANT OPTION on %', current_database();
  END IF;

  REVOKE ALL ON SCHEMA public FROM PUBLIC;
  GRANT USAGE ON SCHEMA public TO bd_worker, bd_router, bd_client, bd_api;
  GRANT USAGE, CREATE ON SCHEMA public TO bd_control;
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'arrakis_app') THEN
    GRANT USAGE ON SCHEMA public TO arrakis_app;
  END IF;
END
$$;

-- A role's maker stays a member of it, and Postgres walks all memberships to decide whether the
-- maker may alter another role: with 2,700 sandboxes each of a create's ten ALTER ROLE took 4 ms.
-- So sixteen keepers share the sandboxes. A keeper has bd_control's rights, cannot log in, and owns
-- only its copies of the functions that `sandbox_spread_over_keepers` names.
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
    -- As for bd_control above.
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

-- Takes a function whose first argument is a sandbox's id. Gives each keeper a copy of it, and
-- makes the function itself call the copy of that sandbox's keeper. A migration that replaces such
-- a function must call this again.
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
        -- The copy validates the id before it uses its name for anything.
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
