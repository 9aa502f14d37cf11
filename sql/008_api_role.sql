-- The role of the REST API: it answers `list`, `get`, `status` and `logs` from the rows and the catalogue, and changes
-- things by asking the workflow. So it reads what those read, and has no right to write a row or to call what makes,
-- revokes or drops anything. Not bd_client's role, which reads the routes and the migrations besides.
DO $$
BEGIN
  BEGIN
    CREATE ROLE bd_api NOLOGIN;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
  END;
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO bd_api', current_database());
END
$$;
GRANT USAGE ON SCHEMA public TO bd_api;
GRANT SELECT ON sandbox_installation, sandboxes, sandbox_guild_mapping, sandbox_audit_log TO bd_api;
-- The first is what the other two call.
GRANT EXECUTE ON FUNCTION sandbox_schema_name(text), sandbox_schema_exists(text), sandbox_schema_stats(text) TO bd_api;
