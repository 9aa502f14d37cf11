-- Which sandboxes take addressed events (docs/routing.md, "Addressed events"). They share the routes' version, so that one
-- difference tells a router of both, and one barrier waits for both.
CREATE TABLE sandbox_addressees (
  sandbox_id text PRIMARY KEY,
  active boolean NOT NULL, -- false: a tombstone
  version bigint NOT NULL
);
CREATE INDEX sandbox_addressees_by_version ON sandbox_addressees (version);

-- No change, no version: a step that runs twice wakes no router. What never was active needs no tombstone.
CREATE FUNCTION sandbox_set_addressee(p_id text, p_active boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  next_version bigint;
BEGIN
  IF p_active IS NOT DISTINCT FROM
     coalesce((SELECT active FROM public.sandbox_addressees WHERE sandbox_id = p_id), false) THEN
    RETURN;
  END IF;
  UPDATE public.sandbox_route_version SET version = version + 1 RETURNING version INTO next_version;
  INSERT INTO public.sandbox_addressees (sandbox_id, active, version) VALUES (p_id, p_active, next_version)
    ON CONFLICT (sandbox_id) DO UPDATE SET active = EXCLUDED.active, version = EXCLUDED.version;
END
$$;

-- The status decides, whoever writes it: what runs is an addressee, what ends is none from the same transaction on.
CREATE FUNCTION sandbox_follow_status() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM public.sandbox_set_addressee(OLD.id, false);
  ELSIF NEW.status = 'running' THEN
    PERFORM public.sandbox_set_addressee(NEW.id, true);
  ELSIF NEW.status IN ('expired', 'destroying', 'destroyed') THEN
    PERFORM public.sandbox_set_addressee(NEW.id, false);
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER sandboxes_addressees AFTER UPDATE OF status OR DELETE ON sandboxes
  FOR EACH ROW EXECUTE FUNCTION sandbox_follow_status();

-- The last step of a create before `running`: its guilds are routed and the sandbox takes addressed events, and the barrier
-- follows. The row's lock keeps a late attempt from doing so behind a destroy.
CREATE FUNCTION activate_sandbox_routes(p_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  current public.sandbox_status;
BEGIN
  SELECT status INTO current FROM public.sandboxes WHERE id = p_id FOR SHARE;
  IF current IS NULL OR current NOT IN ('creating', 'running') THEN
    RAISE EXCEPTION 'sandbox % is %', p_id, coalesce(current::text, 'unknown') USING ERRCODE = 'SB007';
  END IF;
  UPDATE public.sandbox_guild_mapping SET active = true WHERE sandbox_id = p_id AND NOT active;
  PERFORM public.sandbox_set_addressee(p_id, true);
END
$$;

-- Sandboxes that live while this is applied; one that is being made may be past the step that would add it.
SELECT sandbox_set_addressee(id, true) FROM sandboxes WHERE status IN ('creating', 'running') ORDER BY id;

ALTER TABLE sandbox_addressees OWNER TO bd_control;
ALTER FUNCTION sandbox_set_addressee(text, boolean) OWNER TO bd_control;
ALTER FUNCTION sandbox_follow_status() OWNER TO bd_control;
ALTER FUNCTION activate_sandbox_routes(text) OWNER TO bd_control;
REVOKE ALL ON FUNCTION sandbox_set_addressee(text, boolean), sandbox_follow_status(), activate_sandbox_routes(text) FROM PUBLIC;
GRANT SELECT ON sandbox_addressees TO bd_worker, bd_router, bd_client;
GRANT EXECUTE ON FUNCTION activate_sandbox_routes(text) TO bd_worker;
