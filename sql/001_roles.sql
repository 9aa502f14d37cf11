-- The product's roles. None may log in with rights over others: schemas and roles of sandboxes are made only inside SECURITY
-- DEFINER functions of bd_control, which nobody can log in as. (On PG 15 a login role with CREATEROLE could grant itself
-- pg_execute_server_program.) Roles belong to the cluster: another installation may have made them already.
DO $$
DECLARE
  wanted text;
  db record;
  app record;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['bd_control', 'bd_worker', 'bd_router', 'bd_client'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END LOOP;
  IF NOT (SELECT rolcreaterole FROM pg_roles WHERE rolname = 'bd_control') THEN
    ALTER ROLE bd_control CREATEROLE;
  END IF;
  -- A migration run by a managed server's administrator, who is no superuser, must be able to give objects away.
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('GRANT bd_control TO %I', current_user);
  ELSE
    -- So that a tenant's sorts cannot fill the disk: a setting that only a superuser may change, or whom he lets.
    GRANT SET ON PARAMETER temp_file_limit TO bd_control;
  END IF;

  -- Tenants get CONNECT on this database one by one, so PUBLIC must not have it anywhere. Roles that could connect until
  -- now keep what they had: locking production's own application out would be a poor start.
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

  EXECUTE format('GRANT CONNECT ON DATABASE %I TO bd_worker, bd_router, bd_client', current_database());
  -- WITH GRANT OPTION: without it the functions' GRANT to a tenant is only a warning.
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO bd_control WITH GRANT OPTION', current_database());
  EXECUTE format('GRANT CREATE ON DATABASE %I TO bd_control', current_database());
  IF NOT has_database_privilege('bd_control', current_database(), 'CONNECT WITH GRANT OPTION') THEN
    RAISE EXCEPTION 'bd_control did not get CONNECT WITH GRANT OPTION on %', current_database();
  END IF;

  REVOKE ALL ON SCHEMA public FROM PUBLIC;
  GRANT USAGE ON SCHEMA public TO bd_worker, bd_router, bd_client;
  GRANT USAGE, CREATE ON SCHEMA public TO bd_control;
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'arrakis_app') THEN
    GRANT USAGE ON SCHEMA public TO arrakis_app;
  END IF;
END
$$;
