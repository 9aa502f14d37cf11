-- What the routers read: the guilds' routes and the addressees, under one version.
--
-- The version is a counter row that the change's own transaction raises. A sequence would let a
-- later number commit first, and a reader of "newer than mine" would never see the earlier one.
CREATE TABLE sandbox_route_version (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version bigint NOT NULL DEFAULT 0
);
INSERT INTO sandbox_route_version DEFAULT VALUES;

CREATE TABLE sandbox_routes (
  guild_id text PRIMARY KEY,
  sandbox_id text, -- null: a tombstone, the guild went back to production
  version bigint NOT NULL
);
CREATE INDEX sandbox_routes_by_version ON sandbox_routes (version);

-- Sandboxes that take addressed events (docs/routing.md, "Addressed events"). They share the
-- routes' version, so that one difference and one barrier cover both.
CREATE TABLE sandbox_addressees (
  sandbox_id text PRIMARY KEY,
  active boolean NOT NULL, -- false: a tombstone
  version bigint NOT NULL
);
CREATE INDEX sandbox_addressees_by_version ON sandbox_addressees (version);

-- The routes follow the active mappings by trigger, so that a cascade or a correction by hand is
-- routed like any other change.
CREATE FUNCTION sandbox_follow_mapping() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  guild text;
  next_version bigint;
  target text;
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.active = OLD.active AND NEW.sandbox_id = OLD.sandbox_id
     AND NEW.guild_id = OLD.guild_id THEN
    RETURN NULL;
  END IF;
  IF TG_OP <> 'INSERT' AND OLD.active THEN
    guild := OLD.guild_id;
  ELSIF TG_OP <> 'DELETE' AND NEW.active THEN
    guild := NEW.guild_id;
  ELSE
    RETURN NULL;
  END IF;
  IF TG_OP = 'UPDATE' AND NEW.guild_id <> OLD.guild_id THEN
    RAISE EXCEPTION 'a mapping cannot change its guild' USING ERRCODE = 'SB007';
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.active THEN target := NEW.sandbox_id; END IF;
  UPDATE public.sandbox_route_version SET version = version + 1 RETURNING version INTO next_version;
  INSERT INTO public.sandbox_routes (guild_id, sandbox_id, version) VALUES (guild, target, next_version)
    ON CONFLICT (guild_id) DO UPDATE SET sandbox_id = EXCLUDED.sandbox_id, version = EXCLUDED.version;
  RETURN NULL;
END
$$;
CREATE TRIGGER sandbox_guild_mapping_routes AFTER INSERT OR UPDATE OR DELETE ON sandbox_guild_mapping
  FOR EACH ROW EXECUTE FUNCTION sandbox_follow_mapping();

-- No change raises no version: a step that runs twice wakes no router. A sandbox that was never
-- active needs no tombstone.
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

-- The status decides, whoever writes it: a running sandbox is an addressee, and one that ends is
-- none from the same transaction on.
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

-- The last step of a create before `running`; the barrier follows. The row's lock keeps a late
-- attempt from activating routes behind a destroy. Raises SB010 where a grant ended since the claim.
CREATE FUNCTION activate_sandbox_routes(p_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  current public.sandbox_status;
  holder text;
  granted jsonb;
BEGIN
  SELECT status, owner INTO current, holder FROM public.sandboxes WHERE id = p_id FOR SHARE;
  IF current IS NULL OR current NOT IN ('creating', 'running') THEN
    RAISE EXCEPTION 'sandbox % is %', p_id, coalesce(current::text, 'unknown') USING ERRCODE = 'SB007';
  END IF;
  SELECT jsonb_agg(guild_id ORDER BY guild_id) INTO granted FROM public.sandbox_guild_mapping
    WHERE sandbox_id = p_id AND by_grant AND NOT active;
  IF granted IS NOT NULL THEN PERFORM public.sandbox_require_grants(holder, granted); END IF;
  UPDATE public.sandbox_guild_mapping SET active = true WHERE sandbox_id = p_id AND NOT active;
  PERFORM public.sandbox_set_addressee(p_id, true);
END
$$;

ALTER TABLE sandbox_route_version OWNER TO bd_control;
ALTER TABLE sandbox_routes OWNER TO bd_control;
ALTER TABLE sandbox_addressees OWNER TO bd_control;
ALTER FUNCTION sandbox_follow_mapping() OWNER TO bd_control;
ALTER FUNCTION sandbox_set_addressee(text, boolean) OWNER TO bd_control;
ALTER FUNCTION sandbox_follow_status() OWNER TO bd_control;
ALTER FUNCTION activate_sandbox_routes(text) OWNER TO bd_control;
REVOKE ALL ON FUNCTION sandbox_follow_mapping(), sandbox_set_addressee(text, boolean), sandbox_follow_status(),
  activate_sandbox_routes(text) FROM PUBLIC;
GRANT SELECT ON sandbox_route_version, sandbox_routes, sandbox_addressees TO bd_worker, bd_router, bd_client;
GRANT EXECUTE ON FUNCTION activate_sandbox_routes(text) TO bd_worker;
