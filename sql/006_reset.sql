-- Reset: an empty schema and a new password for a running sandbox, same id. `rotation` is what was asked for,
-- `provisioned_rotation` what the schema was made for: an attempt that was given up on and goes on later finds them equal
-- and drops nothing of the new schema.
ALTER TABLE sandboxes ADD COLUMN provisioned_rotation integer NOT NULL DEFAULT 0;

-- Raises SB007 unless this very reset is still to be done.
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

-- True where the reset is still to be done; false where it has been.
CREATE FUNCTION sandbox_reset_pending(p_id text, p_rotation integer) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT rotation = p_rotation AND provisioned_rotation < p_rotation FROM public.sandboxes WHERE id = p_id;
$$;

-- One batch of the old schema's objects (as drop_sandbox_objects), while the reset is to be done.
CREATE FUNCTION reset_sandbox_objects(p_id text, p_rotation integer, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
BEGIN
  PERFORM public.sandbox_reset_fence(p_id, p_rotation);
  RETURN public.drop_sandbox_objects(p_id, p_limit);
END
$$;

-- The rest of the old schema, whatever the role owned or was granted, and then the schema anew, in one transaction.
CREATE FUNCTION reset_sandbox_schema(p_id text, p_rotation integer, p_verifier text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
  target text := 'sandbox_' || p_id;
BEGIN
  PERFORM public.sandbox_reset_fence(p_id, p_rotation);
  PERFORM public.sandbox_lock_schema(target);
  EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', target);
  PERFORM 1 FROM public.sandbox_installation FOR UPDATE;
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = target) THEN
    EXECUTE format('DROP OWNED BY %I CASCADE', target);
  END IF;
  PERFORM public.provision_sandbox(p_id, p_verifier);
  UPDATE public.sandboxes SET provisioned_rotation = p_rotation WHERE id = p_id;
END
$$;

ALTER FUNCTION sandbox_reset_fence(text, integer) OWNER TO bd_control;
ALTER FUNCTION sandbox_reset_pending(text, integer) OWNER TO bd_control;
ALTER FUNCTION reset_sandbox_objects(text, integer, integer) OWNER TO bd_control;
ALTER FUNCTION reset_sandbox_schema(text, integer, text) OWNER TO bd_control;
REVOKE ALL ON FUNCTION sandbox_reset_fence(text, integer), sandbox_reset_pending(text, integer),
  reset_sandbox_objects(text, integer, integer), reset_sandbox_schema(text, integer, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sandbox_reset_pending(text, integer), reset_sandbox_objects(text, integer, integer),
  reset_sandbox_schema(text, integer, text) TO bd_worker;
