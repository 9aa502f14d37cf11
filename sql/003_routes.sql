-- What the routers read. The table follows the active mappings by trigger, so that a cascade or a correction by hand is
-- routed like any other change. The version is one counter row raised in the mapping's own transaction: a sequence would
-- let a later number commit first, and a reader asking for "what is newer than mine" would never see the earlier one.
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

ALTER TABLE sandbox_route_version OWNER TO bd_control;
ALTER TABLE sandbox_routes OWNER TO bd_control;
ALTER FUNCTION sandbox_follow_mapping() OWNER TO bd_control;
REVOKE ALL ON FUNCTION sandbox_follow_mapping() FROM PUBLIC;
GRANT SELECT ON sandbox_route_version, sandbox_routes TO bd_worker, bd_router, bd_client;
