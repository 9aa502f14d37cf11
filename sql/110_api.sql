-- What the API writes by itself; every other change goes through a workflow.

-- bd_api may add this one event and no other, so that no API can forge an audit.
CREATE FUNCTION record_credentials_read(p_sandbox_id text, p_actor jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT public.sandbox_write_audit(p_sandbox_id, 'credentials_read', p_actor, '{}');
$$;
ALTER FUNCTION record_credentials_read(text, jsonb) OWNER TO bd_control;
REVOKE ALL ON FUNCTION record_credentials_read(text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_credentials_read(text, jsonb) TO bd_api;

-- A page of the list goes on behind a row of it.
CREATE INDEX sandboxes_pages ON sandboxes (created_at DESC, id);
