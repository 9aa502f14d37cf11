-- Templates: the text of the schemas that sandboxes begin with.
--
-- A template's text is foreign code: its functions run in defaults, checks and partition bounds. So
-- only a session of the sandbox's own role runs it (resources/postgres/template.ts). A version is
-- never changed; a refresh adds one.
CREATE TABLE sandbox_templates (
  name text NOT NULL CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  version integer NOT NULL CHECK (version > 0),
  -- {"kind": "built-in"}, {"kind": "schema", "schema": …} or {"kind": "sql", "files": […]}
  source jsonb NOT NULL,
  -- [{"phase": …, "kind": …, "name": …, "sql": …}], in the order to run, with unqualified names.
  statements jsonb NOT NULL,
  statement_count integer GENERATED ALWAYS AS (jsonb_array_length(statements)) STORED,
  -- Names of extensions that the database must have.
  extensions text[] NOT NULL DEFAULT '{}',
  -- What the copy does otherwise than its source, for a person.
  notes jsonb NOT NULL DEFAULT '[]',
  tables integer NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- New sandboxes get this version. False: kept for the sandboxes that have it.
  is_current boolean NOT NULL DEFAULT true,
  PRIMARY KEY (name, version)
);
CREATE UNIQUE INDEX sandbox_templates_current ON sandbox_templates (name) WHERE is_current;

INSERT INTO sandbox_templates (name, version, source, statements, tables, created_by)
SELECT 'arrakis', 1, '{"kind": "built-in"}', jsonb_agg(jsonb_build_object(
  'phase', 'graph', 'kind', 'table', 'name', t.name, 'sql', t.sql) ORDER BY t.n), 3, 'bd'
FROM (VALUES
  (1, 'communities', $ddl$CREATE TABLE communities (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  theme_id text NOT NULL DEFAULT 'basic',
  subscription_tier text NOT NULL DEFAULT 'free',
  discord_guild_id text UNIQUE,
  telegram_chat_id text UNIQUE,
  is_active boolean NOT NULL DEFAULT true,
  settings jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
)$ddl$),
  (2, 'profiles', $ddl$CREATE TABLE profiles (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  community_id uuid NOT NULL REFERENCES communities (id) ON DELETE CASCADE,
  discord_id text,
  telegram_id text,
  wallet_address text,
  tier text,
  current_rank integer,
  activity_score integer NOT NULL DEFAULT 0,
  conviction_score integer NOT NULL DEFAULT 0,
  joined_at timestamptz,
  last_seen_at timestamptz,
  first_claim_at timestamptz,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (community_id, discord_id),
  UNIQUE (community_id, telegram_id)
)$ddl$),
  (3, 'badges', $ddl$CREATE TABLE badges (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  community_id uuid NOT NULL REFERENCES communities (id) ON DELETE CASCADE,
  profile_id uuid NOT NULL REFERENCES profiles (id) ON DELETE CASCADE,
  badge_type text NOT NULL,
  awarded_at timestamptz NOT NULL DEFAULT now(),
  awarded_by text,
  revoked_at timestamptz,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (community_id, profile_id, badge_type)
)$ddl$)
) AS t (n, name, sql);

-- For a bot whose own tool makes the schema: some tools refuse one that holds tables of others.
INSERT INTO sandbox_templates (name, version, source, statements, tables, created_by)
VALUES ('empty', 1, '{"kind": "built-in"}', '[]', 0, 'bd');

-- The version that a new sandbox gets, locked against its removal. Raises SB004.
CREATE FUNCTION sandbox_current_template(p_name text) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_version integer;
BEGIN
  SELECT version INTO found_version FROM public.sandbox_templates WHERE name = p_name AND is_current FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no template %', p_name USING ERRCODE = 'SB004', DETAIL = json_build_object('template', p_name)::text;
  END IF;
  RETURN found_version;
END
$$;

-- Stores a new version, which new sandboxes get from now on. Raises SB008 for the built-in name.
CREATE FUNCTION put_template(p_template jsonb, p_actor jsonb) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted text := p_template->>'name';
  next_version integer;
BEGIN
  IF p_template->'source'->>'kind' NOT IN ('schema', 'sql')
    OR EXISTS (SELECT 1 FROM public.sandbox_templates WHERE name = wanted AND source->>'kind' = 'built-in') THEN
    RAISE EXCEPTION 'the template % is built in', wanted USING ERRCODE = 'SB008';
  END IF;
  -- One at a time for a name: the lock of its index, which a first version takes as well.
  PERFORM 1 FROM public.sandbox_templates WHERE name = wanted FOR UPDATE;
  SELECT coalesce(max(version), 0) + 1 INTO next_version FROM public.sandbox_templates WHERE name = wanted;
  UPDATE public.sandbox_templates SET is_current = false WHERE name = wanted AND is_current;
  INSERT INTO public.sandbox_templates (name, version, source, statements, extensions, notes, tables, created_by)
    VALUES (wanted, next_version, p_template->'source', p_template->'statements',
      ARRAY(SELECT jsonb_array_elements_text(p_template->'extensions')), p_template->'notes',
      (p_template->>'tables')::integer, p_actor->>'name');
  PERFORM public.sandbox_forget_templates(wanted);
  PERFORM public.sandbox_write_audit(NULL, 'template_added', p_actor,
    jsonb_build_object('template', wanted, 'version', next_version, 'source', p_template->'source'));
  RETURN next_version;
END
$$;

-- No new sandbox gets it; those that have it keep it. Returns false for an unknown name.
CREATE FUNCTION remove_template(p_name text, p_actor jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM public.sandbox_templates WHERE name = p_name AND source->>'kind' = 'built-in') THEN
    RAISE EXCEPTION 'the template % is built in', p_name USING ERRCODE = 'SB008';
  END IF;
  UPDATE public.sandbox_templates SET is_current = false WHERE name = p_name AND is_current;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM public.sandbox_forget_templates(p_name);
  PERFORM public.sandbox_write_audit(NULL, 'template_removed', p_actor, jsonb_build_object('template', p_name));
  RETURN true;
END
$$;

-- Deletes versions that no new sandbox gets and no live sandbox has.
CREATE FUNCTION sandbox_forget_templates(p_name text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM public.sandbox_templates t WHERE t.name = p_name AND NOT t.is_current AND NOT EXISTS (
    SELECT 1 FROM public.sandboxes s
    WHERE s.template = t.name AND s.template_version = t.version AND s.status <> 'destroyed');
$$;

-- The text is run by a session outside of this transaction. An attempt has a number, and only the
-- newest one counts: a late one can neither empty the schema nor call it finished. A repair that had
-- to make the schema anew begins the template again, although it was finished once.
CREATE FUNCTION begin_sandbox_template(p_id text, p_fresh boolean) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  begun record;
BEGIN
  UPDATE public.sandboxes SET template_attempt = template_attempt + 1, template_rotation = NULL
    WHERE id = p_id AND (p_fresh OR template_rotation IS DISTINCT FROM rotation)
    RETURNING template, template_version, template_attempt INTO begun;
  IF NOT FOUND THEN RETURN NULL; END IF;
  RETURN jsonb_build_object('name', begun.template, 'version', begun.template_version,
    'attempt', begun.template_attempt, 'fresh', p_fresh);
END
$$;

CREATE FUNCTION sandbox_template_fence(p_id text, p_attempt integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM 1 FROM public.sandboxes WHERE id = p_id FOR UPDATE;
  PERFORM public.sandbox_fence(p_id);
  IF NOT EXISTS (SELECT 1 FROM public.sandboxes
    WHERE id = p_id AND template_attempt = p_attempt AND template_rotation IS DISTINCT FROM rotation) THEN
    RAISE EXCEPTION 'attempt % for the template of sandbox % is over', p_attempt, p_id USING ERRCODE = 'SB007';
  END IF;
END
$$;

-- One batch of an earlier attempt's objects, as drop_sandbox_objects.
CREATE FUNCTION clear_sandbox_template(p_id text, p_attempt integer, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
BEGIN
  PERFORM public.sandbox_template_fence(p_id, p_attempt);
  RETURN public.drop_sandbox_objects(p_id, p_limit);
END
$$;

-- Then the rest of them, and a new schema: a new attempt. Returns as provision_sandbox.
CREATE FUNCTION restart_sandbox_template(p_id text, p_attempt integer, p_verifier text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
  target text := public.sandbox_schema_name(p_id);
BEGIN
  PERFORM public.sandbox_template_fence(p_id, p_attempt);
  PERFORM public.sandbox_lock_schema(target);
  EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', target);
  PERFORM public.sandbox_drop_owned(p_id);
  RETURN public.provision_sandbox(p_id, p_verifier);
END
$$;

-- The template's text ran as the sandbox's role, and a role may change its own password and settings.
-- They are made right again before anybody gets the sandbox.
CREATE FUNCTION finish_sandbox_template(p_id text, p_attempt integer, p_verifier text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM public.sandbox_template_fence(p_id, p_attempt);
  PERFORM public.sandbox_make_schema(p_id, p_verifier);
  UPDATE public.sandboxes SET template_rotation = rotation WHERE id = p_id;
END
$$;

ALTER TABLE sandbox_templates OWNER TO bd_control;
GRANT SELECT ON sandbox_templates TO bd_worker, bd_client, bd_api;
ALTER FUNCTION sandbox_current_template(text) OWNER TO bd_control;
ALTER FUNCTION put_template(jsonb, jsonb) OWNER TO bd_control;
ALTER FUNCTION remove_template(text, jsonb) OWNER TO bd_control;
ALTER FUNCTION sandbox_forget_templates(text) OWNER TO bd_control;
ALTER FUNCTION begin_sandbox_template(text, boolean) OWNER TO bd_control;
ALTER FUNCTION sandbox_template_fence(text, integer) OWNER TO bd_control;
ALTER FUNCTION clear_sandbox_template(text, integer, integer) OWNER TO bd_control;
ALTER FUNCTION restart_sandbox_template(text, integer, text) OWNER TO bd_control;
ALTER FUNCTION finish_sandbox_template(text, integer, text) OWNER TO bd_control;
REVOKE ALL ON FUNCTION sandbox_current_template(text), put_template(jsonb, jsonb), remove_template(text, jsonb),
  sandbox_forget_templates(text), begin_sandbox_template(text, boolean), sandbox_template_fence(text, integer),
  clear_sandbox_template(text, integer, integer), restart_sandbox_template(text, integer, text),
  finish_sandbox_template(text, integer, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION put_template(jsonb, jsonb), remove_template(text, jsonb) TO bd_client, bd_api;
GRANT EXECUTE ON FUNCTION clear_sandbox_template(text, integer, integer),
  restart_sandbox_template(text, integer, text), finish_sandbox_template(text, integer, text) TO bd_worker;

CALL sandbox_spread_over_keepers('public.clear_sandbox_template(text, integer, integer)');
CALL sandbox_spread_over_keepers('public.restart_sandbox_template(text, integer, text)');
CALL sandbox_spread_over_keepers('public.finish_sandbox_template(text, integer, text)');
