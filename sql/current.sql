-- The database as `bd migrate` leaves it, at one look. Nothing applies this file.
-- `npm run schema` writes it from the catalogue; test/system/store/current-schema.test.ts compares it.
-- bd_keeper_N stands for each of the keepers bd_keeper_0 to bd_keeper_f, DB for the database.

-- Roles

CREATE ROLE bd_api LOGIN;

CREATE ROLE bd_client LOGIN;

CREATE ROLE bd_control NOLOGIN CREATEROLE;

-- 16 times
CREATE ROLE bd_keeper_N NOLOGIN CREATEROLE;

CREATE ROLE bd_router LOGIN;

CREATE ROLE bd_worker LOGIN;

-- 16 times
GRANT bd_control TO bd_keeper_N;

GRANT SET ON PARAMETER temp_file_limit TO bd_control;

-- 16 times
GRANT SET ON PARAMETER temp_file_limit TO bd_keeper_N;

-- Settings of the services in this database

ALTER ROLE bd_api, bd_client, bd_router, bd_worker IN DATABASE DB SET
  DateStyle=ISO, MDY,
  IntervalStyle=postgres,
  TimeZone=UTC,
  bytea_output=hex,
  client_encoding=UTF8,
  default_transaction_deferrable=off,
  default_transaction_isolation=read committed,
  default_transaction_read_only=off,
  extra_float_digits=1,
  idle_in_transaction_session_timeout=0,
  idle_session_timeout=0,
  lock_timeout=0,
  row_security=on,
  search_path=public,
  standard_conforming_strings=on,
  statement_timeout=0;

-- Database, schemas and types

-- DATABASE DB
GRANT CONNECT ON DATABASE DB TO bd_api, bd_client, bd_router, bd_worker;
GRANT CONNECT ON DATABASE DB TO bd_control WITH GRANT OPTION;
GRANT CREATE ON DATABASE DB TO bd_control;

-- 16 times
CREATE SCHEMA bd_keeper_N AUTHORIZATION bd_keeper_N;
GRANT USAGE ON SCHEMA bd_keeper_N TO bd_control;

CREATE SCHEMA public;
GRANT CREATE, USAGE ON SCHEMA public TO bd_control;
GRANT USAGE ON SCHEMA public TO bd_api, bd_client, bd_router, bd_worker;

CREATE TYPE sandbox_status AS ENUM ('pending', 'creating', 'running', 'expired', 'destroying', 'destroyed');
GRANT USAGE ON TYPE sandbox_status TO PUBLIC;

-- Tables

CREATE TABLE sandbox_addressees (
  sandbox_id text NOT NULL,
  active boolean NOT NULL,
  version bigint NOT NULL,
  CONSTRAINT sandbox_addressees_pkey PRIMARY KEY (sandbox_id)
);
ALTER TABLE sandbox_addressees OWNER TO bd_control;
CREATE INDEX sandbox_addressees_by_version ON public.sandbox_addressees USING btree (version);
GRANT SELECT ON TABLE sandbox_addressees TO bd_client, bd_router, bd_worker;

CREATE TABLE sandbox_api_tokens (
  id text NOT NULL,
  kind text NOT NULL,
  owner text NOT NULL,
  sandbox_id text,
  role text NOT NULL,
  scopes text[] NOT NULL,
  name text,
  secret_hash bytea NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  created_by text NOT NULL,
  parent_id text,
  expires_at timestamp with time zone NOT NULL,
  last_used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  CONSTRAINT sandbox_api_tokens_check CHECK ((expires_at <= (created_at + '366 days'::interval))),
  CONSTRAINT sandbox_api_tokens_check1 CHECK (((kind = 'sandbox'::text) = (sandbox_id IS NOT NULL))),
  CONSTRAINT sandbox_api_tokens_check2 CHECK (((kind <> 'sandbox'::text) OR (role = 'developer'::text))),
  CONSTRAINT sandbox_api_tokens_id_check CHECK ((id ~ '^[0-9A-Za-z]{12}$'::text)),
  CONSTRAINT sandbox_api_tokens_kind_check CHECK ((kind = ANY (ARRAY['person'::text, 'service'::text, 'sandbox'::text]))),
  CONSTRAINT sandbox_api_tokens_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
  CONSTRAINT sandbox_api_tokens_owner_check CHECK ((owner ~ '^[A-Za-z0-9._@-]{1,64}$'::text)),
  CONSTRAINT sandbox_api_tokens_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES sandbox_api_tokens(id) ON DELETE CASCADE,
  CONSTRAINT sandbox_api_tokens_pkey PRIMARY KEY (id),
  CONSTRAINT sandbox_api_tokens_role_check CHECK ((role = ANY (ARRAY['developer'::text, 'operator'::text]))),
  CONSTRAINT sandbox_api_tokens_sandbox_id_fkey FOREIGN KEY (sandbox_id) REFERENCES sandboxes(id) ON DELETE CASCADE,
  CONSTRAINT sandbox_api_tokens_scopes_check CHECK ((cardinality(scopes) > 0)),
  CONSTRAINT sandbox_api_tokens_secret_hash_check CHECK ((length(secret_hash) = 32))
);
ALTER TABLE sandbox_api_tokens OWNER TO bd_control;
CREATE INDEX sandbox_api_tokens_created_at ON public.sandbox_api_tokens USING btree (created_at);
CREATE INDEX sandbox_api_tokens_owner ON public.sandbox_api_tokens USING btree (owner);
CREATE INDEX sandbox_api_tokens_parent ON public.sandbox_api_tokens USING btree (parent_id) WHERE (parent_id IS NOT NULL);
CREATE INDEX sandbox_api_tokens_sandbox ON public.sandbox_api_tokens USING btree (sandbox_id) WHERE (sandbox_id IS NOT NULL);
CREATE TRIGGER sandbox_api_tokens_weaker AFTER DELETE OR UPDATE OF kind, owner, sandbox_id, role, scopes, secret_hash, parent_id, expires_at, revoked_at ON public.sandbox_api_tokens FOR EACH STATEMENT EXECUTE FUNCTION sandbox_raise_token_revision();

CREATE TABLE sandbox_audit_log (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  sandbox_id text,
  event_type text NOT NULL,
  actor text NOT NULL,
  details jsonb NOT NULL DEFAULT '{}'::jsonb,
  created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  actor_kind text NOT NULL,
  actor_role text NOT NULL,
  via text NOT NULL,
  token_id text,
  CONSTRAINT sandbox_audit_log_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['person'::text, 'service'::text, 'sandbox'::text, 'system'::text]))),
  CONSTRAINT sandbox_audit_log_actor_role_check CHECK ((actor_role = ANY (ARRAY['developer'::text, 'operator'::text]))),
  CONSTRAINT sandbox_audit_log_event_type_check CHECK ((event_type = ANY (ARRAY['sandbox_created'::text, 'status_changed'::text, 'create_failed'::text, 'ttl_extended'::text, 'sandbox_reset'::text, 'guild_registered'::text, 'guild_unregistered'::text, 'sandbox_destroying'::text, 'sandbox_destroyed'::text, 'credentials_read'::text, 'token_created'::text, 'token_revoked'::text, 'guild_granted'::text, 'guild_grant_revoked'::text, 'owner_role_set'::text, 'template_added'::text, 'template_removed'::text]))),
  CONSTRAINT sandbox_audit_log_pkey PRIMARY KEY (id),
  CONSTRAINT sandbox_audit_log_via_check CHECK ((via = ANY (ARRAY['api'::text, 'direct'::text, 'temporal'::text, 'system'::text])))
);
ALTER TABLE sandbox_audit_log OWNER TO bd_control;
CREATE INDEX sandbox_audit_log_sandbox ON public.sandbox_audit_log USING btree (sandbox_id, created_at);
CREATE INDEX sandbox_audit_log_type ON public.sandbox_audit_log USING btree (event_type);
GRANT INSERT, SELECT ON TABLE sandbox_audit_log TO bd_worker;
GRANT SELECT ON TABLE sandbox_audit_log TO bd_api, bd_client;

CREATE TABLE sandbox_commands (
  sandbox_id text NOT NULL,
  command_id text NOT NULL,
  outcome jsonb NOT NULL,
  committed_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT sandbox_commands_pkey PRIMARY KEY (sandbox_id, command_id)
);
ALTER TABLE sandbox_commands OWNER TO bd_control;
GRANT INSERT, SELECT, UPDATE ON TABLE sandbox_commands TO bd_worker;

CREATE TABLE sandbox_guild_grants (
  guild_id text NOT NULL,
  owner text NOT NULL,
  granted_by text NOT NULL,
  granted_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  until timestamp with time zone,
  CONSTRAINT sandbox_guild_grants_guild_id_check CHECK (((guild_id ~ '^[1-9][0-9]{16,19}$'::text) AND ((guild_id)::numeric < '18446744073709551616'::numeric))),
  CONSTRAINT sandbox_guild_grants_owner_check CHECK ((owner ~ '^[A-Za-z0-9._@-]{1,64}$'::text)),
  CONSTRAINT sandbox_guild_grants_pkey PRIMARY KEY (guild_id, owner)
);
ALTER TABLE sandbox_guild_grants OWNER TO bd_control;
CREATE INDEX sandbox_guild_grants_owner ON public.sandbox_guild_grants USING btree (owner);
GRANT SELECT ON TABLE sandbox_guild_grants TO bd_api, bd_client, bd_worker;

CREATE TABLE sandbox_guild_mapping (
  guild_id text NOT NULL,
  sandbox_id text NOT NULL,
  active boolean NOT NULL DEFAULT false,
  by_grant boolean NOT NULL DEFAULT false,
  registered_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT sandbox_guild_mapping_guild_id_check CHECK (((guild_id ~ '^[1-9][0-9]{16,19}$'::text) AND ((guild_id)::numeric < '18446744073709551616'::numeric))),
  CONSTRAINT sandbox_guild_mapping_pkey PRIMARY KEY (guild_id),
  CONSTRAINT sandbox_guild_mapping_sandbox_id_fkey FOREIGN KEY (sandbox_id) REFERENCES sandboxes(id) ON DELETE CASCADE
);
ALTER TABLE sandbox_guild_mapping OWNER TO bd_control;
CREATE INDEX sandbox_guild_mapping_by_grant ON public.sandbox_guild_mapping USING btree (guild_id) WHERE by_grant;
CREATE INDEX sandbox_guild_mapping_sandbox ON public.sandbox_guild_mapping USING btree (sandbox_id);
CREATE TRIGGER sandbox_guild_mapping_routes AFTER INSERT OR DELETE OR UPDATE ON public.sandbox_guild_mapping FOR EACH ROW EXECUTE FUNCTION sandbox_follow_mapping();
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE sandbox_guild_mapping TO bd_worker;
GRANT SELECT ON TABLE sandbox_guild_mapping TO bd_api, bd_client;

CREATE TABLE sandbox_installation (
  only_row boolean NOT NULL DEFAULT true,
  id text NOT NULL DEFAULT replace((gen_random_uuid())::text, '-'::text, ''::text),
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT sandbox_installation_only_row_check CHECK (only_row),
  CONSTRAINT sandbox_installation_pkey PRIMARY KEY (only_row)
);
ALTER TABLE sandbox_installation OWNER TO bd_control;
GRANT SELECT ON TABLE sandbox_installation TO bd_api, bd_client, bd_router, bd_worker;

CREATE TABLE sandbox_migrations (
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT sandbox_migrations_pkey PRIMARY KEY (name)
);
GRANT SELECT ON TABLE sandbox_migrations TO bd_client, bd_router, bd_worker;

CREATE TABLE sandbox_owners (
  owner text NOT NULL,
  role text NOT NULL DEFAULT 'developer'::text,
  CONSTRAINT sandbox_owners_pkey PRIMARY KEY (owner),
  CONSTRAINT sandbox_owners_role_check CHECK ((role = ANY (ARRAY['developer'::text, 'operator'::text])))
);
ALTER TABLE sandbox_owners OWNER TO bd_control;
CREATE TRIGGER sandbox_owners_tokens AFTER UPDATE OF role ON public.sandbox_owners FOR EACH ROW WHEN ((old.role IS DISTINCT FROM new.role)) EXECUTE FUNCTION sandbox_raise_token_revision();
GRANT SELECT ON TABLE sandbox_owners TO bd_api, bd_client;

CREATE TABLE sandbox_requests (
  actor text NOT NULL,
  method text NOT NULL,
  path text NOT NULL,
  key text NOT NULL,
  body_hash text NOT NULL,
  command_id text NOT NULL,
  status integer,
  answer jsonb,
  created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT sandbox_requests_key_check CHECK (((length(key) >= 1) AND (length(key) <= 255))),
  CONSTRAINT sandbox_requests_pkey PRIMARY KEY (actor, method, path, key)
);
ALTER TABLE sandbox_requests OWNER TO bd_control;
CREATE INDEX sandbox_requests_created_at ON public.sandbox_requests USING btree (created_at);

CREATE TABLE sandbox_route_version (
  only_row boolean NOT NULL DEFAULT true,
  version bigint NOT NULL DEFAULT 0,
  CONSTRAINT sandbox_route_version_only_row_check CHECK (only_row),
  CONSTRAINT sandbox_route_version_pkey PRIMARY KEY (only_row)
);
ALTER TABLE sandbox_route_version OWNER TO bd_control;
GRANT SELECT ON TABLE sandbox_route_version TO bd_client, bd_router, bd_worker;

CREATE TABLE sandbox_routes (
  guild_id text NOT NULL,
  sandbox_id text,
  version bigint NOT NULL,
  CONSTRAINT sandbox_routes_pkey PRIMARY KEY (guild_id)
);
ALTER TABLE sandbox_routes OWNER TO bd_control;
CREATE INDEX sandbox_routes_by_version ON public.sandbox_routes USING btree (version);
GRANT SELECT ON TABLE sandbox_routes TO bd_client, bd_router, bd_worker;

CREATE TABLE sandbox_schema_locks (
  schema_name text NOT NULL,
  CONSTRAINT sandbox_schema_locks_pkey PRIMARY KEY (schema_name)
);
ALTER TABLE sandbox_schema_locks OWNER TO bd_control;

CREATE TABLE sandbox_templates (
  name text NOT NULL,
  version integer NOT NULL,
  source jsonb NOT NULL,
  statements jsonb NOT NULL,
  statement_count integer DEFAULT jsonb_array_length(statements),
  extensions text[] NOT NULL DEFAULT '{}'::text[],
  notes jsonb NOT NULL DEFAULT '[]'::jsonb,
  tables integer NOT NULL,
  created_by text NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  is_current boolean NOT NULL DEFAULT true,
  CONSTRAINT sandbox_templates_name_check CHECK ((name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'::text)),
  CONSTRAINT sandbox_templates_pkey PRIMARY KEY (name, version),
  CONSTRAINT sandbox_templates_version_check CHECK ((version > 0))
);
ALTER TABLE sandbox_templates OWNER TO bd_control;
CREATE UNIQUE INDEX sandbox_templates_current ON public.sandbox_templates USING btree (name) WHERE is_current;
GRANT SELECT ON TABLE sandbox_templates TO bd_api, bd_client, bd_worker;

CREATE TABLE sandbox_token_revision (
  only_row boolean NOT NULL DEFAULT true,
  revision bigint NOT NULL DEFAULT 0,
  CONSTRAINT sandbox_token_revision_only_row_check CHECK (only_row),
  CONSTRAINT sandbox_token_revision_pkey PRIMARY KEY (only_row)
);
ALTER TABLE sandbox_token_revision OWNER TO bd_control;
GRANT SELECT ON TABLE sandbox_token_revision TO bd_api;

CREATE TABLE sandboxes (
  id text NOT NULL,
  name text NOT NULL,
  owner text NOT NULL,
  status sandbox_status NOT NULL DEFAULT 'pending'::sandbox_status,
  expires_at timestamp with time zone NOT NULL,
  rotation integer NOT NULL DEFAULT 0,
  cleanup_error text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  destroyed_at timestamp with time zone,
  provisioned_rotation integer NOT NULL DEFAULT 0,
  template text NOT NULL DEFAULT 'arrakis'::text,
  template_version integer NOT NULL DEFAULT 1,
  template_rotation integer,
  template_attempt integer NOT NULL DEFAULT 0,
  CONSTRAINT sandboxes_id_check CHECK ((id ~ '^sb[a-z0-9]{10}$'::text)),
  CONSTRAINT sandboxes_name_check CHECK ((name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'::text)),
  CONSTRAINT sandboxes_owner_check CHECK ((owner ~ '^[A-Za-z0-9._@-]{1,64}$'::text)),
  CONSTRAINT sandboxes_pkey PRIMARY KEY (id)
);
ALTER TABLE sandboxes OWNER TO bd_control;
CREATE INDEX sandboxes_created_at ON public.sandboxes USING btree (created_at);
CREATE INDEX sandboxes_expires_at ON public.sandboxes USING btree (expires_at) WHERE (status = 'running'::sandbox_status);
CREATE UNIQUE INDEX sandboxes_live_name ON public.sandboxes USING btree (name) WHERE (status = ANY (ARRAY['pending'::sandbox_status, 'creating'::sandbox_status, 'running'::sandbox_status, 'expired'::sandbox_status]));
CREATE INDEX sandboxes_live_owner ON public.sandboxes USING btree (owner) WHERE (status = ANY (ARRAY['pending'::sandbox_status, 'creating'::sandbox_status, 'running'::sandbox_status, 'expired'::sandbox_status]));
CREATE INDEX sandboxes_name ON public.sandboxes USING btree (name);
CREATE INDEX sandboxes_owner ON public.sandboxes USING btree (owner);
CREATE INDEX sandboxes_pages ON public.sandboxes USING btree (created_at DESC, id);
CREATE INDEX sandboxes_status ON public.sandboxes USING btree (status);
CREATE INDEX sandboxes_template ON public.sandboxes USING btree (template, template_version) WHERE (status <> 'destroyed'::sandbox_status);
CREATE TRIGGER sandboxes_addressees AFTER DELETE OR UPDATE OF status ON public.sandboxes FOR EACH ROW EXECUTE FUNCTION sandbox_follow_status();
CREATE TRIGGER sandboxes_expiry BEFORE INSERT OR UPDATE ON public.sandboxes FOR EACH ROW EXECUTE FUNCTION sandbox_check_expiry();
CREATE TRIGGER sandboxes_tokens AFTER UPDATE OF status ON public.sandboxes FOR EACH ROW WHEN (((new.status = ANY (ARRAY['destroying'::sandbox_status, 'destroyed'::sandbox_status])) AND (old.status IS DISTINCT FROM new.status))) EXECUTE FUNCTION sandbox_end_tokens();
CREATE TRIGGER sandboxes_transition BEFORE INSERT OR UPDATE ON public.sandboxes FOR EACH ROW EXECUTE FUNCTION sandbox_check_transition();
GRANT INSERT, SELECT, UPDATE ON TABLE sandboxes TO bd_worker;
GRANT SELECT ON TABLE sandboxes TO bd_api, bd_client;

-- Functions

CREATE OR REPLACE FUNCTION public.activate_sandbox_routes(p_id text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION public.activate_sandbox_routes(p_id text) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.activate_sandbox_routes(p_id text) TO bd_worker;

CREATE OR REPLACE FUNCTION public.api_token(p_id text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  WITH RECURSIVE line AS (
    SELECT id, parent_id, expires_at, revoked_at FROM public.sandbox_api_tokens WHERE id = p_id
    UNION
    SELECT p.id, p.parent_id, p.expires_at, p.revoked_at
      FROM public.sandbox_api_tokens p JOIN line ON p.id = line.parent_id
  )
  SELECT jsonb_build_object(
    'tokenId', t.id, 'kind', t.kind, 'owner', t.owner, 'sandboxId', t.sandbox_id,
    'role', CASE WHEN t.role = 'operator' AND o.role = 'operator' THEN 'operator' ELSE 'developer' END,
    'scopes', to_jsonb(t.scopes), 'secretHash', encode(t.secret_hash, 'hex'),
    'expiresAt', (SELECT floor(extract(epoch FROM min(expires_at)) * 1000)::bigint FROM line),
    'revoked', EXISTS (SELECT 1 FROM line WHERE revoked_at IS NOT NULL)
      OR coalesce(s.status IN ('destroying', 'destroyed'), false))
  FROM public.sandbox_api_tokens t
    LEFT JOIN public.sandbox_owners o ON o.owner = t.owner
    LEFT JOIN public.sandboxes s ON s.id = t.sandbox_id
  WHERE t.id = p_id;
$function$;
ALTER FUNCTION public.api_token(p_id text) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.api_token(p_id text) TO bd_api;

CREATE OR REPLACE FUNCTION public.begin_request(p_actor text, p_method text, p_path text, p_key text, p_body_hash text, p_command_id text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  known record;
  oldest timestamptz := clock_timestamp() - interval '24 hours';
BEGIN
  DELETE FROM public.sandbox_requests WHERE (actor, method, path, key) IN (
    SELECT actor, method, path, key FROM public.sandbox_requests WHERE created_at < oldest
      LIMIT 100 FOR UPDATE SKIP LOCKED);
  INSERT INTO public.sandbox_requests AS r (actor, method, path, key, body_hash, command_id)
    VALUES (p_actor, p_method, p_path, p_key, p_body_hash, p_command_id)
    ON CONFLICT (actor, method, path, key) DO UPDATE
      SET body_hash = EXCLUDED.body_hash, command_id = EXCLUDED.command_id, status = NULL, answer = NULL,
        created_at = clock_timestamp()
      WHERE r.created_at < oldest;
  IF FOUND THEN
    RETURN jsonb_build_object('isNew', true, 'commandId', p_command_id, 'status', NULL, 'body', NULL);
  END IF;
  SELECT body_hash, command_id, status, answer INTO STRICT known FROM public.sandbox_requests
    WHERE actor = p_actor AND method = p_method AND path = p_path AND key = p_key;
  IF known.body_hash <> p_body_hash THEN
    RAISE EXCEPTION 'this Idempotency-Key was used for another request' USING ERRCODE = 'SB014';
  END IF;
  RETURN jsonb_build_object('isNew', false, 'commandId', known.command_id, 'status', known.status, 'body', known.answer);
END
$function$;
ALTER FUNCTION public.begin_request(p_actor text, p_method text, p_path text, p_key text, p_body_hash text, p_command_id text) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.begin_request(p_actor text, p_method text, p_path text, p_key text, p_body_hash text, p_command_id text) TO bd_api;

CREATE OR REPLACE FUNCTION public.begin_sandbox_template(p_id text, p_fresh boolean)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION public.begin_sandbox_template(p_id text, p_fresh boolean) OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.claim_sandbox(p_id text, p_name text, p_owner text, p_guilds jsonb, p_needs_grant boolean, p_expires_at timestamp with time zone, p_max integer, p_actor jsonb, p_command text, p_expired boolean, p_template text, OUT created_ms double precision, OUT expires_ms double precision, OUT template text, OUT template_version integer)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  known record;
  told record;
  taken record;
  live integer;
BEGIN
  PERFORM public.sandbox_lock_owner(p_owner);
  SELECT s.status, s.created_at, s.expires_at, s.template, s.template_version INTO known
    FROM public.sandboxes s WHERE s.id = p_id;
  IF FOUND THEN
    IF known.status IN ('destroying', 'destroyed') THEN
      RAISE EXCEPTION 'sandbox % is %', p_id, known.status USING ERRCODE = 'SB007';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM public.sandbox_commands WHERE sandbox_id = p_id AND command_id = p_command) THEN
      RAISE EXCEPTION 'sandbox % was claimed by another command', p_id USING ERRCODE = 'SB010';
    END IF;
  ELSE
    SELECT details->>'code' AS code, details->>'message' AS message,
      CASE WHEN details ? 'lacks' THEN jsonb_build_object('lacks', details->'lacks')::text ELSE '' END AS facts
      INTO told FROM public.sandbox_audit_log
      WHERE sandbox_id = p_id AND event_type = 'create_failed' LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION '%', told.message
        USING ERRCODE = CASE WHEN told.code ~ '^SANDBOX_0[0-9]{2}$' THEN 'SB' || right(told.code, 3) ELSE 'SB007' END,
          DETAIL = told.facts;
    END IF;
    IF p_expired THEN
      RAISE EXCEPTION 'the create of sandbox % waited longer than its signature is valid', p_id USING ERRCODE = 'SB010';
    END IF;
    SELECT count(*) INTO live FROM public.sandboxes
      WHERE owner = p_owner AND status IN ('pending', 'creating', 'running', 'expired');
    IF live >= p_max THEN
      RAISE EXCEPTION '% has % live sandboxes; the limit is %', p_owner, live, p_max USING ERRCODE = 'SB002';
    END IF;
    INSERT INTO public.sandboxes AS s (id, name, owner, expires_at, template, template_version)
      VALUES (p_id, p_name, p_owner, p_expires_at, p_template, public.sandbox_current_template(p_template))
      RETURNING s.created_at, s.expires_at, s.template, s.template_version INTO known;
    IF p_guilds <> '[]' THEN
      -- Before the holders: a caller without a grant learns nothing of them.
      IF p_needs_grant THEN PERFORM public.sandbox_require_grants(p_owner, p_guilds); END IF;
      INSERT INTO public.sandbox_guild_mapping (guild_id, sandbox_id, by_grant)
        SELECT g.id, p_id, p_needs_grant FROM jsonb_array_elements_text(p_guilds) WITH ORDINALITY AS g (id, n) ORDER BY g.n
        ON CONFLICT DO NOTHING;
      SELECT g.id AS guild, m.sandbox_id AS holder INTO taken
        FROM jsonb_array_elements_text(p_guilds) WITH ORDINALITY AS g (id, n)
        LEFT JOIN public.sandbox_guild_mapping m ON m.guild_id = g.id
        WHERE m.sandbox_id IS DISTINCT FROM p_id ORDER BY g.n LIMIT 1;
      IF FOUND THEN
        RAISE EXCEPTION 'guild % is taken', taken.guild
          USING ERRCODE = 'SB003', DETAIL = json_build_object('guildId', taken.guild, 'sandboxId', taken.holder)::text;
      END IF;
    END IF;
    UPDATE public.sandboxes SET status = 'creating' WHERE id = p_id;
    INSERT INTO public.sandbox_commands (sandbox_id, command_id, outcome) VALUES (p_id, p_command, '{}');
    PERFORM public.sandbox_write_audit(p_id, e.event, p_actor, e.details) FROM (
        SELECT 0 AS n, 'sandbox_created' AS event, jsonb_build_object('name', p_name, 'template', p_template, 'guildIds', p_guilds,
          'expiresAt', to_char(p_expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) AS details
        UNION ALL
        SELECT g.n, 'guild_registered', jsonb_build_object('guildId', g.id)
          FROM jsonb_array_elements_text(p_guilds) WITH ORDINALITY AS g (id, n)
        UNION ALL
        SELECT jsonb_array_length(p_guilds) + 1, 'status_changed', jsonb_build_object('from', 'pending', 'to', 'creating')
        ORDER BY 1
      ) e;
  END IF;
  created_ms := floor(extract(epoch FROM known.created_at) * 1000);
  expires_ms := floor(extract(epoch FROM known.expires_at) * 1000);
  template := known.template;
  template_version := known.template_version;
END
$function$;
ALTER FUNCTION public.claim_sandbox(p_id text, p_name text, p_owner text, p_guilds jsonb, p_needs_grant boolean, p_expires_at timestamp with time zone, p_max integer, p_actor jsonb, p_command text, p_expired boolean, p_template text, OUT created_ms double precision, OUT expires_ms double precision, OUT template text, OUT template_version integer) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.claim_sandbox(p_id text, p_name text, p_owner text, p_guilds jsonb, p_needs_grant boolean, p_expires_at timestamp with time zone, p_max integer, p_actor jsonb, p_command text, p_expired boolean, p_template text, OUT created_ms double precision, OUT expires_ms double precision, OUT template text, OUT template_version integer) TO bd_worker;

CREATE OR REPLACE FUNCTION public.clear_sandbox_template(p_id text, p_attempt integer, p_limit integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
      DECLARE
        outcome integer;
      BEGIN
        -- The copy validates the id before it uses its name for anything.
        EXECUTE format('SELECT %I.clear_sandbox_template($1, $2, $3)', public.sandbox_keeper(coalesce($1, ''))) INTO outcome USING $1, $2, $3;
        RETURN outcome;
      END
      $function$;
ALTER FUNCTION public.clear_sandbox_template(p_id text, p_attempt integer, p_limit integer) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.clear_sandbox_template(p_id text, p_attempt integer, p_limit integer) TO bd_worker;

-- 16 times
CREATE OR REPLACE FUNCTION bd_keeper_N.clear_sandbox_template(p_id text, p_attempt integer, p_limit integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '3s'
AS $function$
BEGIN
  PERFORM public.sandbox_template_fence(p_id, p_attempt);
  RETURN public.drop_sandbox_objects(p_id, p_limit);
END
$function$;
ALTER FUNCTION bd_keeper_N.clear_sandbox_template(p_id text, p_attempt integer, p_limit integer) OWNER TO bd_keeper_N;
GRANT EXECUTE ON FUNCTION bd_keeper_N.clear_sandbox_template(p_id text, p_attempt integer, p_limit integer) TO bd_control;

CREATE OR REPLACE FUNCTION public.create_api_token(p_token jsonb, p_actor jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  minter record;
  sandbox record;
  expiry timestamptz := (p_token->>'expiresAt')::timestamptz;
BEGIN
  IF p_actor->>'tokenId' IS NOT NULL THEN
    SELECT kind, expires_at, revoked_at INTO minter FROM public.sandbox_api_tokens
      WHERE id = p_actor->>'tokenId' FOR SHARE;
    IF NOT FOUND OR minter.kind = 'sandbox' OR minter.revoked_at IS NOT NULL OR minter.expires_at < expiry THEN
      RAISE EXCEPTION 'token % mints no such token', p_actor->>'tokenId' USING ERRCODE = 'SB010';
    END IF;
  END IF;
  IF p_token->>'sandboxId' IS NOT NULL THEN
    SELECT owner, status INTO sandbox FROM public.sandboxes WHERE id = p_token->>'sandboxId' FOR SHARE;
    IF NOT FOUND OR sandbox.owner <> p_token->>'owner' THEN
      RAISE EXCEPTION '% owns no sandbox %', p_token->>'owner', p_token->>'sandboxId' USING ERRCODE = 'SB010';
    END IF;
    IF sandbox.status IN ('destroying', 'destroyed') THEN
      RAISE EXCEPTION 'sandbox % is %', p_token->>'sandboxId', sandbox.status USING ERRCODE = 'SB007';
    END IF;
  END IF;
  INSERT INTO public.sandbox_api_tokens
    (id, kind, owner, sandbox_id, role, scopes, name, secret_hash, created_by, parent_id, expires_at)
    VALUES (p_token->>'id', p_token->>'kind', p_token->>'owner', p_token->>'sandboxId', p_token->>'role',
      ARRAY(SELECT jsonb_array_elements_text(p_token->'scopes')), p_token->>'name',
      decode(p_token->>'secretHash', 'hex'), p_actor->>'name', p_actor->>'tokenId', expiry)
    ON CONFLICT (id) DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM public.sandbox_write_audit(p_token->>'sandboxId', 'token_created', p_actor,
    jsonb_build_object('tokenId', p_token->'id') || (p_token - 'id' - 'secretHash' - 'sandboxId'));
  RETURN true;
END
$function$;
ALTER FUNCTION public.create_api_token(p_token jsonb, p_actor jsonb) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.create_api_token(p_token jsonb, p_actor jsonb) TO bd_api, bd_client;

CREATE OR REPLACE FUNCTION public.create_sandbox_schema(sandbox_id text)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION public.create_sandbox_schema(sandbox_id text) OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.drop_sandbox_objects(p_id text, p_limit integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
      DECLARE
        outcome integer;
      BEGIN
        -- The copy validates the id before it uses its name for anything.
        EXECUTE format('SELECT %I.drop_sandbox_objects($1, $2)', public.sandbox_keeper(coalesce($1, ''))) INTO outcome USING $1, $2;
        RETURN outcome;
      END
      $function$;
ALTER FUNCTION public.drop_sandbox_objects(p_id text, p_limit integer) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.drop_sandbox_objects(p_id text, p_limit integer) TO bd_worker;

-- 16 times
CREATE OR REPLACE FUNCTION bd_keeper_N.drop_sandbox_objects(p_id text, p_limit integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '3s'
AS $function$
DECLARE
  target text := public.sandbox_schema_name(p_id);
  space oid := to_regnamespace(quote_ident(public.sandbox_schema_name(p_id)));
  -- In objects, which count as locks: a table with a key has nine.
  at_once CONSTANT integer := 1000;
  room integer := 2000;
  seed record;
  thing record;
  current_class oid;
  current_object oid;
  classes oid[];
  objects oid[];
  size integer;
  dropped integer := 0;
BEGIN
  IF space IS NOT NULL AND (SELECT count(*) FROM public.sandbox_goes_with('pg_namespace'::regclass, space, room)) >= room THEN
    <<seeds>>
    FOR seed IN
      SELECT classid AS class, objid AS object FROM pg_depend
      WHERE refclassid = 'pg_namespace'::regclass AND refobjid = space ORDER BY objid DESC
    LOOP
      current_class := seed.class;
      current_object := seed.object;
      <<nearer>>
      FOR jump IN 1..100 LOOP
        SELECT array_agg(w.class), array_agg(w.object) INTO classes, objects
          FROM public.sandbox_goes_with(current_class, current_object, at_once + 1) w;
        size := cardinality(classes);
        IF size <= at_once OR jump = 100 THEN
          IF public.sandbox_drop_object(current_class, current_object) THEN
            dropped := dropped + 1;
            room := room - size;
          END IF;
          EXIT nearer;
        END IF;
        -- It has too many dependents: drop the farthest objects first.
        FOR n IN REVERSE size..2 LOOP
          SELECT count(*) INTO size FROM public.sandbox_goes_with(classes[n], objects[n], at_once + 1);
          IF size > at_once THEN
            current_class := classes[n];
            current_object := objects[n];
            CONTINUE nearer;
          END IF;
          IF public.sandbox_drop_object(classes[n], objects[n]) THEN
            dropped := dropped + 1;
            room := room - size;
          END IF;
          EXIT seeds WHEN dropped >= p_limit OR room <= 0;
        END LOOP;
        EXIT nearer;
      END LOOP;
      EXIT seeds WHEN dropped >= p_limit OR room <= 0;
    END LOOP;
    IF dropped > 0 THEN RETURN greatest(dropped, p_limit); END IF;
  END IF;
  FOR thing IN
    SELECT m.oid FROM pg_largeobject_metadata m JOIN pg_roles r ON r.oid = m.lomowner
    WHERE r.rolname = target LIMIT p_limit
  LOOP
    PERFORM lo_unlink(thing.oid);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END
$function$;
ALTER FUNCTION bd_keeper_N.drop_sandbox_objects(p_id text, p_limit integer) OWNER TO bd_keeper_N;
GRANT EXECUTE ON FUNCTION bd_keeper_N.drop_sandbox_objects(p_id text, p_limit integer) TO bd_control;

CREATE OR REPLACE FUNCTION public.drop_sandbox_schema(sandbox_id text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
      DECLARE
        outcome text;
      BEGIN
        -- The copy validates the id before it uses its name for anything.
        EXECUTE format('SELECT %I.drop_sandbox_schema($1)', public.sandbox_keeper(coalesce($1, ''))) INTO outcome USING $1;
        RETURN;
      END
      $function$;
ALTER FUNCTION public.drop_sandbox_schema(sandbox_id text) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.drop_sandbox_schema(sandbox_id text) TO bd_worker;

-- 16 times
CREATE OR REPLACE FUNCTION bd_keeper_N.drop_sandbox_schema(sandbox_id text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '3s'
AS $function$
DECLARE
  target text := public.sandbox_schema_name(sandbox_id);
BEGIN
  IF EXISTS (SELECT 1 FROM public.sandboxes s WHERE s.id = drop_sandbox_schema.sandbox_id
             AND s.status NOT IN ('destroying', 'destroyed')) THEN
    RAISE EXCEPTION 'sandbox % is live: destroy it instead', sandbox_id USING ERRCODE = 'SB007';
  END IF;
  PERFORM public.sandbox_lock_schema(target);
  EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', target);
  IF target ~ '\Asandbox_sb[a-z0-9]{10}\Z' AND EXISTS (SELECT 1 FROM pg_roles WHERE rolname = target) THEN
    PERFORM public.sandbox_drop_owned(sandbox_id);
    EXECUTE format('DROP ROLE %I', target);
  END IF;
  DELETE FROM public.sandbox_schema_locks WHERE schema_name = target;
END
$function$;
ALTER FUNCTION bd_keeper_N.drop_sandbox_schema(sandbox_id text) OWNER TO bd_keeper_N;
GRANT EXECUTE ON FUNCTION bd_keeper_N.drop_sandbox_schema(sandbox_id text) TO bd_control;

CREATE OR REPLACE FUNCTION public.end_lock_hogs()
 RETURNS SETOF text
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  WITH size AS (
    SELECT current_setting('max_locks_per_transaction')::bigint
      * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint) AS locks
  ), held AS (
    -- Fast-path locks are in the session's own array, not in the shared table.
    SELECT a.usename AS role, count(*) AS locks
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE NOT l.fastpath AND a.usename ~ '\Asandbox_sb[a-z0-9]{10}\Z'
    GROUP BY a.usename
  ), hogs AS (
    SELECT role FROM held, size
    WHERE held.locks > size.locks / 4
      OR (SELECT sum(locks) FROM held) > size.locks * 3 / 4 AND held.locks = (SELECT max(locks) FROM held)
  )
  SELECT role::text FROM hogs WHERE public.terminate_sandbox(substr(role::text, 9)) > 0;
$function$;
ALTER FUNCTION public.end_lock_hogs() OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.end_lock_hogs() TO bd_worker;

CREATE OR REPLACE FUNCTION public.finish_request(p_actor text, p_method text, p_path text, p_key text, p_status integer, p_answer jsonb)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  UPDATE public.sandbox_requests SET status = p_status, answer = p_answer
    WHERE actor = p_actor AND method = p_method AND path = p_path AND key = p_key AND status IS NULL;
$function$;
ALTER FUNCTION public.finish_request(p_actor text, p_method text, p_path text, p_key text, p_status integer, p_answer jsonb) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.finish_request(p_actor text, p_method text, p_path text, p_key text, p_status integer, p_answer jsonb) TO bd_api;

CREATE OR REPLACE FUNCTION public.finish_sandbox_template(p_id text, p_attempt integer)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM public.sandbox_template_fence(p_id, p_attempt);
  UPDATE public.sandboxes SET template_rotation = rotation WHERE id = p_id;
END
$function$;
ALTER FUNCTION public.finish_sandbox_template(p_id text, p_attempt integer) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.finish_sandbox_template(p_id text, p_attempt integer) TO bd_worker;

CREATE OR REPLACE FUNCTION public.give_up_claim(p_id text, p_owner text, p_actor jsonb, p_details jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM public.sandbox_lock_owner(p_owner);
  IF EXISTS (SELECT 1 FROM public.sandboxes WHERE id = p_id) THEN RETURN false; END IF;
  PERFORM public.record_create_failure(p_id, p_actor, p_details);
  RETURN true;
END
$function$;
ALTER FUNCTION public.give_up_claim(p_id text, p_owner text, p_actor jsonb, p_details jsonb) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.give_up_claim(p_id text, p_owner text, p_actor jsonb, p_details jsonb) TO bd_worker;

CREATE OR REPLACE FUNCTION public.grant_guild(p_guild text, p_owner text, p_until timestamp with time zone, p_actor jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  IF p_until <= clock_timestamp() THEN
    RAISE EXCEPTION 'a grant until % has ended already', p_until USING ERRCODE = 'SB008';
  END IF;
  INSERT INTO public.sandbox_guild_grants (guild_id, owner, granted_by, until)
    VALUES (p_guild, p_owner, p_actor->>'name', p_until)
    ON CONFLICT (guild_id, owner) DO UPDATE
      SET granted_by = EXCLUDED.granted_by, granted_at = clock_timestamp(), until = EXCLUDED.until;
  PERFORM public.sandbox_write_audit(NULL, 'guild_granted', p_actor, jsonb_build_object('guildId', p_guild,
    'owner', p_owner, 'until', to_char(p_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')));
END
$function$;
ALTER FUNCTION public.grant_guild(p_guild text, p_owner text, p_until timestamp with time zone, p_actor jsonb) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.grant_guild(p_guild text, p_owner text, p_until timestamp with time zone, p_actor jsonb) TO bd_api, bd_client;

CREATE OR REPLACE FUNCTION public.provision_sandbox(p_id text, p_verifier text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
      DECLARE
        outcome jsonb;
      BEGIN
        -- The copy validates the id before it uses its name for anything.
        EXECUTE format('SELECT %I.provision_sandbox($1, $2)', public.sandbox_keeper(coalesce($1, ''))) INTO outcome USING $1, $2;
        RETURN outcome;
      END
      $function$;
ALTER FUNCTION public.provision_sandbox(p_id text, p_verifier text) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.provision_sandbox(p_id text, p_verifier text) TO bd_worker;

-- 16 times
CREATE OR REPLACE FUNCTION bd_keeper_N.provision_sandbox(p_id text, p_verifier text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION bd_keeper_N.provision_sandbox(p_id text, p_verifier text) OWNER TO bd_keeper_N;
GRANT EXECUTE ON FUNCTION bd_keeper_N.provision_sandbox(p_id text, p_verifier text) TO bd_control;

CREATE OR REPLACE FUNCTION public.provision_scratch(p_id text, p_verifier text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
      DECLARE
        outcome text;
      BEGIN
        -- The copy validates the id before it uses its name for anything.
        EXECUTE format('SELECT %I.provision_scratch($1, $2)', public.sandbox_keeper(coalesce($1, ''))) INTO outcome USING $1, $2;
        RETURN;
      END
      $function$;
ALTER FUNCTION public.provision_scratch(p_id text, p_verifier text) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.provision_scratch(p_id text, p_verifier text) TO bd_worker;

-- 16 times
CREATE OR REPLACE FUNCTION bd_keeper_N.provision_scratch(p_id text, p_verifier text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  IF p_id !~ '\Asb[a-z0-9]{10}\Z' OR EXISTS (SELECT 1 FROM public.sandboxes WHERE id = p_id) THEN
    RAISE EXCEPTION 'not an id of a scratch schema' USING ERRCODE = 'SB008';
  END IF;
  PERFORM public.sandbox_make_schema(p_id, p_verifier);
END
$function$;
ALTER FUNCTION bd_keeper_N.provision_scratch(p_id text, p_verifier text) OWNER TO bd_keeper_N;
GRANT EXECUTE ON FUNCTION bd_keeper_N.provision_scratch(p_id text, p_verifier text) TO bd_control;

CREATE OR REPLACE FUNCTION public.put_template(p_template jsonb, p_actor jsonb)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION public.put_template(p_template jsonb, p_actor jsonb) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.put_template(p_template jsonb, p_actor jsonb) TO bd_api, bd_client;

CREATE OR REPLACE FUNCTION public.record_create_failure(p_id text, p_actor jsonb, p_details jsonb)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  SELECT public.sandbox_write_audit(p_id, 'create_failed', p_actor, p_details)
  WHERE NOT EXISTS (SELECT 1 FROM public.sandbox_audit_log WHERE sandbox_id = p_id AND event_type = 'create_failed');
$function$;
ALTER FUNCTION public.record_create_failure(p_id text, p_actor jsonb, p_details jsonb) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.record_create_failure(p_id text, p_actor jsonb, p_details jsonb) TO bd_worker;

CREATE OR REPLACE FUNCTION public.record_credentials_read(p_sandbox_id text, p_actor jsonb)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  SELECT public.sandbox_write_audit(p_sandbox_id, 'credentials_read', p_actor, '{}');
$function$;
ALTER FUNCTION public.record_credentials_read(p_sandbox_id text, p_actor jsonb) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.record_credentials_read(p_sandbox_id text, p_actor jsonb) TO bd_api;

CREATE OR REPLACE FUNCTION public.remove_sandbox(p_id text, p_limit integer)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
      DECLARE
        outcome text;
      BEGIN
        -- The copy validates the id before it uses its name for anything.
        EXECUTE format('SELECT %I.remove_sandbox($1, $2)', public.sandbox_keeper(coalesce($1, ''))) INTO outcome USING $1, $2;
        RETURN outcome;
      END
      $function$;
ALTER FUNCTION public.remove_sandbox(p_id text, p_limit integer) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.remove_sandbox(p_id text, p_limit integer) TO bd_worker;

-- 16 times
CREATE OR REPLACE FUNCTION bd_keeper_N.remove_sandbox(p_id text, p_limit integer)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '3s'
AS $function$
DECLARE
  target text := public.sandbox_schema_name(p_id);
BEGIN
  IF EXISTS (SELECT 1 FROM public.sandboxes WHERE id = p_id AND status NOT IN ('destroying', 'destroyed')) THEN
    RAISE EXCEPTION 'sandbox % is live: destroy it instead', p_id USING ERRCODE = 'SB007';
  END IF;
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = target AND rolcanlogin) THEN RETURN 'login'; END IF;
  IF public.terminate_sandbox(p_id) > 0 THEN RETURN 'sessions'; END IF;
  IF public.drop_sandbox_objects(p_id, p_limit) >= p_limit THEN RETURN 'objects'; END IF;
  PERFORM public.drop_sandbox_schema(p_id);
  RETURN 'removed';
END
$function$;
ALTER FUNCTION bd_keeper_N.remove_sandbox(p_id text, p_limit integer) OWNER TO bd_keeper_N;
GRANT EXECUTE ON FUNCTION bd_keeper_N.remove_sandbox(p_id text, p_limit integer) TO bd_control;

CREATE OR REPLACE FUNCTION public.remove_template(p_name text, p_actor jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION public.remove_template(p_name text, p_actor jsonb) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.remove_template(p_name text, p_actor jsonb) TO bd_api, bd_client;

CREATE OR REPLACE FUNCTION public.reset_sandbox_objects(p_id text, p_rotation integer, p_limit integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
      DECLARE
        outcome integer;
      BEGIN
        -- The copy validates the id before it uses its name for anything.
        EXECUTE format('SELECT %I.reset_sandbox_objects($1, $2, $3)', public.sandbox_keeper(coalesce($1, ''))) INTO outcome USING $1, $2, $3;
        RETURN outcome;
      END
      $function$;
ALTER FUNCTION public.reset_sandbox_objects(p_id text, p_rotation integer, p_limit integer) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.reset_sandbox_objects(p_id text, p_rotation integer, p_limit integer) TO bd_worker;

-- 16 times
CREATE OR REPLACE FUNCTION bd_keeper_N.reset_sandbox_objects(p_id text, p_rotation integer, p_limit integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '3s'
AS $function$
BEGIN
  PERFORM public.sandbox_reset_fence(p_id, p_rotation);
  RETURN public.drop_sandbox_objects(p_id, p_limit);
END
$function$;
ALTER FUNCTION bd_keeper_N.reset_sandbox_objects(p_id text, p_rotation integer, p_limit integer) OWNER TO bd_keeper_N;
GRANT EXECUTE ON FUNCTION bd_keeper_N.reset_sandbox_objects(p_id text, p_rotation integer, p_limit integer) TO bd_control;

CREATE OR REPLACE FUNCTION public.reset_sandbox_schema(p_id text, p_rotation integer, p_verifier text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
      DECLARE
        outcome jsonb;
      BEGIN
        -- The copy validates the id before it uses its name for anything.
        EXECUTE format('SELECT %I.reset_sandbox_schema($1, $2, $3)', public.sandbox_keeper(coalesce($1, ''))) INTO outcome USING $1, $2, $3;
        RETURN outcome;
      END
      $function$;
ALTER FUNCTION public.reset_sandbox_schema(p_id text, p_rotation integer, p_verifier text) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.reset_sandbox_schema(p_id text, p_rotation integer, p_verifier text) TO bd_worker;

-- 16 times
CREATE OR REPLACE FUNCTION bd_keeper_N.reset_sandbox_schema(p_id text, p_rotation integer, p_verifier text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '3s'
AS $function$
DECLARE
  target text := 'sandbox_' || p_id;
  left_to_run jsonb;
BEGIN
  PERFORM public.sandbox_reset_fence(p_id, p_rotation);
  PERFORM public.sandbox_lock_schema(target);
  EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', target);
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = target) THEN
    PERFORM public.sandbox_drop_owned(p_id);
  END IF;
  left_to_run := public.provision_sandbox(p_id, p_verifier);
  UPDATE public.sandboxes SET provisioned_rotation = p_rotation WHERE id = p_id;
  RETURN left_to_run;
END
$function$;
ALTER FUNCTION bd_keeper_N.reset_sandbox_schema(p_id text, p_rotation integer, p_verifier text) OWNER TO bd_keeper_N;
GRANT EXECUTE ON FUNCTION bd_keeper_N.reset_sandbox_schema(p_id text, p_rotation integer, p_verifier text) TO bd_control;

CREATE OR REPLACE FUNCTION public.restart_sandbox_template(p_id text, p_attempt integer, p_verifier text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
      DECLARE
        outcome jsonb;
      BEGIN
        -- The copy validates the id before it uses its name for anything.
        EXECUTE format('SELECT %I.restart_sandbox_template($1, $2, $3)', public.sandbox_keeper(coalesce($1, ''))) INTO outcome USING $1, $2, $3;
        RETURN outcome;
      END
      $function$;
ALTER FUNCTION public.restart_sandbox_template(p_id text, p_attempt integer, p_verifier text) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.restart_sandbox_template(p_id text, p_attempt integer, p_verifier text) TO bd_worker;

-- 16 times
CREATE OR REPLACE FUNCTION bd_keeper_N.restart_sandbox_template(p_id text, p_attempt integer, p_verifier text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '3s'
AS $function$
DECLARE
  target text := public.sandbox_schema_name(p_id);
BEGIN
  PERFORM public.sandbox_template_fence(p_id, p_attempt);
  PERFORM public.sandbox_lock_schema(target);
  EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', target);
  PERFORM public.sandbox_drop_owned(p_id);
  RETURN public.provision_sandbox(p_id, p_verifier);
END
$function$;
ALTER FUNCTION bd_keeper_N.restart_sandbox_template(p_id text, p_attempt integer, p_verifier text) OWNER TO bd_keeper_N;
GRANT EXECUTE ON FUNCTION bd_keeper_N.restart_sandbox_template(p_id text, p_attempt integer, p_verifier text) TO bd_control;

CREATE OR REPLACE FUNCTION public.revoke_api_token(p_id text, p_actor jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  token record;
  level text[] := ARRAY[p_id];
  minted integer := 0;
BEGIN
  SELECT owner, sandbox_id, revoked_at INTO token FROM public.sandbox_api_tokens WHERE id = p_id FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  IF token.revoked_at IS NOT NULL THEN RETURN true; END IF;
  UPDATE public.sandbox_api_tokens SET revoked_at = clock_timestamp() WHERE id = p_id;
  LOOP
    WITH gone AS (
      UPDATE public.sandbox_api_tokens SET revoked_at = clock_timestamp()
        WHERE parent_id = ANY (level) AND revoked_at IS NULL RETURNING id
    )
    SELECT array_agg(id) INTO level FROM gone;
    EXIT WHEN level IS NULL;
    minted := minted + cardinality(level);
  END LOOP;
  PERFORM public.sandbox_write_audit(token.sandbox_id, 'token_revoked', p_actor,
    jsonb_build_object('tokenId', p_id, 'owner', token.owner, 'minted', minted));
  RETURN true;
END
$function$;
ALTER FUNCTION public.revoke_api_token(p_id text, p_actor jsonb) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.revoke_api_token(p_id text, p_actor jsonb) TO bd_api, bd_client;

CREATE OR REPLACE FUNCTION public.revoke_guild_grant(p_guild text, p_owner text, p_actor jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  DELETE FROM public.sandbox_guild_grants WHERE guild_id = p_guild AND owner = p_owner;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM public.sandbox_write_audit(NULL, 'guild_grant_revoked', p_actor,
    jsonb_build_object('guildId', p_guild, 'owner', p_owner));
  RETURN true;
END
$function$;
ALTER FUNCTION public.revoke_guild_grant(p_guild text, p_owner text, p_actor jsonb) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.revoke_guild_grant(p_guild text, p_owner text, p_actor jsonb) TO bd_api, bd_client;

CREATE OR REPLACE FUNCTION public.revoke_sandbox(p_id text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
      DECLARE
        outcome text;
      BEGIN
        -- The copy validates the id before it uses its name for anything.
        EXECUTE format('SELECT %I.revoke_sandbox($1)', public.sandbox_keeper(coalesce($1, ''))) INTO outcome USING $1;
        RETURN;
      END
      $function$;
ALTER FUNCTION public.revoke_sandbox(p_id text) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.revoke_sandbox(p_id text) TO bd_worker;

-- 16 times
CREATE OR REPLACE FUNCTION bd_keeper_N.revoke_sandbox(p_id text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  target text := public.sandbox_schema_name(p_id);
BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = target AND rolcanlogin) THEN
    EXECUTE format('ALTER ROLE %I NOLOGIN', target);
  END IF;
END
$function$;
ALTER FUNCTION bd_keeper_N.revoke_sandbox(p_id text) OWNER TO bd_keeper_N;
GRANT EXECUTE ON FUNCTION bd_keeper_N.revoke_sandbox(p_id text) TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_check_expiry()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  IF NEW.expires_at NOT BETWEEN make_timestamptz(2015, 1, 1, 0, 0, 0, 'UTC') AND make_timestamptz(9999, 12, 31, 0, 0, 0, 'UTC') THEN
    RAISE EXCEPTION 'an expiry of % is no time of a sandbox', NEW.expires_at USING ERRCODE = 'SB008';
  END IF;
  IF TG_OP = 'INSERT' THEN RETURN NEW; END IF;
  IF NEW.expires_at < OLD.expires_at THEN
    RAISE EXCEPTION 'sandbox % ends at %, not earlier', NEW.id, OLD.expires_at USING ERRCODE = 'SB007';
  END IF;
  -- A minute: the clocks of Temporal and of this server may differ.
  IF NEW.status = 'expired' AND OLD.status <> 'expired' AND NEW.expires_at > clock_timestamp() + interval '1 minute' THEN
    RAISE EXCEPTION 'sandbox % has not expired: it ends at %', NEW.id, NEW.expires_at USING ERRCODE = 'SB007',
      DETAIL = json_build_object('expiresAt', floor(extract(epoch FROM NEW.expires_at) * 1000)::bigint)::text;
  END IF;
  RETURN NEW;
END
$function$;
ALTER FUNCTION public.sandbox_check_expiry() OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_check_transition()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'pending' THEN
      RAISE EXCEPTION 'a sandbox begins as pending, not %', NEW.status USING ERRCODE = 'SB007';
    END IF;
    RETURN NEW;
  END IF;
  NEW.updated_at := clock_timestamp();
  IF OLD.status = 'destroyed' AND NEW.destroyed_at IS DISTINCT FROM OLD.destroyed_at THEN
    NEW.destroyed_at := OLD.destroyed_at;
  END IF;
  IF NEW.status = OLD.status THEN RETURN NEW; END IF;
  IF (OLD.status::text, NEW.status::text) NOT IN (
    ('pending', 'creating'), ('pending', 'destroying'),
    ('creating', 'running'), ('creating', 'destroying'),
    ('running', 'expired'), ('running', 'destroying'),
    ('expired', 'destroying'), ('destroying', 'destroyed'))
  THEN
    RAISE EXCEPTION 'a sandbox cannot go from % to %', OLD.status, NEW.status USING ERRCODE = 'SB007';
  END IF;
  IF NEW.status = 'destroyed' THEN NEW.destroyed_at := clock_timestamp(); END IF;
  RETURN NEW;
END
$function$;
ALTER FUNCTION public.sandbox_check_transition() OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_create_tenant_tables(schema_name text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION public.sandbox_create_tenant_tables(schema_name text) OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_current_template(p_name text)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  found_version integer;
BEGIN
  SELECT version INTO found_version FROM public.sandbox_templates WHERE name = p_name AND is_current FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no template %', p_name USING ERRCODE = 'SB004', DETAIL = json_build_object('template', p_name)::text;
  END IF;
  RETURN found_version;
END
$function$;
ALTER FUNCTION public.sandbox_current_template(p_name text) OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_drop_object(p_class oid, p_object oid)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  statement text;
BEGIN
  IF EXISTS (SELECT 1 FROM pg_depend WHERE classid = p_class AND objid = p_object AND deptype IN ('i', 'P', 'S', 'e')) THEN
    RETURN false;
  END IF;
  CASE p_class
    WHEN 'pg_class'::regclass THEN
      SELECT format('DROP %s %s CASCADE', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
          WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE' WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX'
          WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END, oid::regclass)
        INTO statement FROM pg_class WHERE oid = p_object AND relkind <> 't';
    WHEN 'pg_proc'::regclass THEN
      SELECT format('DROP ROUTINE %s CASCADE', oid::regprocedure) INTO statement FROM pg_proc WHERE oid = p_object;
    WHEN 'pg_type'::regclass THEN
      SELECT format('DROP TYPE %s CASCADE', oid::regtype) INTO statement FROM pg_type WHERE oid = p_object;
    WHEN 'pg_constraint'::regclass THEN
      SELECT CASE WHEN conrelid = 0 THEN format('ALTER DOMAIN %s DROP CONSTRAINT %I CASCADE', contypid::regtype, conname)
          ELSE format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', conrelid::regclass, conname) END
        INTO statement FROM pg_constraint
        WHERE oid = p_object AND coninhcount = 0 AND conparentid = 0 AND contype IN ('c', 'f', 'p', 'u', 'x');
    WHEN 'pg_trigger'::regclass THEN
      SELECT format('DROP TRIGGER %I ON %s CASCADE', tgname, tgrelid::regclass)
        INTO statement FROM pg_trigger WHERE oid = p_object AND NOT tgisinternal AND tgparentid = 0;
    WHEN 'pg_rewrite'::regclass THEN
      SELECT format('DROP RULE %I ON %s CASCADE', rulename, ev_class::regclass)
        INTO statement FROM pg_rewrite WHERE oid = p_object AND rulename <> '_RETURN';
    WHEN 'pg_policy'::regclass THEN
      SELECT format('DROP POLICY %I ON %s', polname, polrelid::regclass) INTO statement FROM pg_policy WHERE oid = p_object;
    WHEN 'pg_statistic_ext'::regclass THEN
      SELECT format('DROP STATISTICS %s', i.identity) INTO statement
        FROM pg_identify_object(p_class, p_object, 0) i WHERE i.identity IS NOT NULL;
    WHEN 'pg_operator'::regclass, 'pg_opfamily'::regclass, 'pg_cast'::regclass, 'pg_collation'::regclass,
         'pg_conversion'::regclass, 'pg_ts_config'::regclass, 'pg_ts_dict'::regclass THEN
      SELECT format('DROP %s %s CASCADE', i.type, i.identity) INTO statement
        FROM pg_identify_object(p_class, p_object, 0) i WHERE i.identity IS NOT NULL;
    ELSE
  END CASE;
  IF statement IS NULL THEN RETURN false; END IF;
  EXECUTE statement;
  RETURN true;
END
$function$;
ALTER FUNCTION public.sandbox_drop_object(p_class oid, p_object oid) OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_drop_owned(p_id text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
      DECLARE
        outcome text;
      BEGIN
        -- The copy validates the id before it uses its name for anything.
        EXECUTE format('SELECT %I.sandbox_drop_owned($1)', public.sandbox_keeper(coalesce($1, ''))) INTO outcome USING $1;
        RETURN;
      END
      $function$;
ALTER FUNCTION public.sandbox_drop_owned(p_id text) OWNER TO bd_control;

-- 16 times
CREATE OR REPLACE FUNCTION bd_keeper_N.sandbox_drop_owned(p_id text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  target text := public.sandbox_schema_name(p_id);
  own_keeper text := public.sandbox_keeper(p_id);
  granters text[];
  granter text;
BEGIN
  -- One at a time: it changes the database's list of grants, and neighbours may have granted to each
  -- other.
  PERFORM 1 FROM public.sandbox_installation FOR UPDATE;
  SELECT coalesce(array_agg(DISTINCT substr(r.rolname, 9)), '{}') INTO granters
    FROM pg_shdepend granted
    JOIN pg_shdepend owned ON owned.classid = granted.classid AND owned.objid = granted.objid AND owned.dbid = granted.dbid
    JOIN pg_roles r ON r.oid = owned.refobjid
    WHERE granted.refclassid = 'pg_authid'::regclass AND granted.refobjid = quote_ident(target)::regrole
      AND granted.deptype = 'a' AND granted.classid <> 'pg_database'::regclass AND owned.deptype = 'o'
      AND r.rolname ~ '\Asandbox_sb[a-z0-9]{10}\Z' AND r.rolname <> target;
  FOREACH granter IN ARRAY granters LOOP
    IF public.sandbox_keeper(granter) <> own_keeper THEN PERFORM public.sandbox_lend(granter, own_keeper); END IF;
  END LOOP;
  EXECUTE format('DROP OWNED BY %I CASCADE', target);
  FOREACH granter IN ARRAY granters LOOP
    IF public.sandbox_keeper(granter) <> own_keeper THEN PERFORM public.sandbox_take_back(granter, own_keeper); END IF;
  END LOOP;
END
$function$;
ALTER FUNCTION bd_keeper_N.sandbox_drop_owned(p_id text) OWNER TO bd_keeper_N;
GRANT EXECUTE ON FUNCTION bd_keeper_N.sandbox_drop_owned(p_id text) TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_end_tokens()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  IF EXISTS (SELECT 1 FROM public.sandbox_api_tokens WHERE sandbox_id = NEW.id) THEN
    UPDATE public.sandbox_token_revision SET revision = revision + 1;
  END IF;
  RETURN NULL;
END
$function$;
ALTER FUNCTION public.sandbox_end_tokens() OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_fence(p_id text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION public.sandbox_fence(p_id text) OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_follow_mapping()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION public.sandbox_follow_mapping() OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_follow_status()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION public.sandbox_follow_status() OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_forget_templates(p_name text)
 RETURNS void
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  DELETE FROM public.sandbox_templates t WHERE t.name = p_name AND NOT t.is_current AND NOT EXISTS (
    SELECT 1 FROM public.sandboxes s
    WHERE s.template = t.name AND s.template_version = t.version AND s.status <> 'destroyed');
$function$;
ALTER FUNCTION public.sandbox_forget_templates(p_name text) OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_goes_with(p_class oid, p_object oid, p_limit integer)
 RETURNS TABLE(class oid, object oid)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  WITH RECURSIVE gone AS (
    SELECT p_class AS class, p_object AS object
    UNION
    SELECT d.class, d.object FROM gone g CROSS JOIN LATERAL (
      SELECT classid AS class, objid AS object FROM pg_depend WHERE refclassid = g.class AND refobjid = g.object
      UNION ALL
      -- Dropping a part drops its whole: a view's rule drops the view.
      SELECT refclassid, refobjid FROM pg_depend WHERE classid = g.class AND objid = g.object AND deptype = 'i'
    ) d
  )
  SELECT gone.class, gone.object FROM gone LIMIT p_limit;
$function$;
ALTER FUNCTION public.sandbox_goes_with(p_class oid, p_object oid, p_limit integer) OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_keeper(p_id text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  SELECT 'bd_keeper_' || left(md5(p_id), 1);
$function$;
ALTER FUNCTION public.sandbox_keeper(p_id text) OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_lend(p_id text, p_keeper text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
      DECLARE
        outcome text;
      BEGIN
        -- The copy validates the id before it uses its name for anything.
        EXECUTE format('SELECT %I.sandbox_lend($1, $2)', public.sandbox_keeper(coalesce($1, ''))) INTO outcome USING $1, $2;
        RETURN;
      END
      $function$;
ALTER FUNCTION public.sandbox_lend(p_id text, p_keeper text) OWNER TO bd_control;

-- 16 times
CREATE OR REPLACE FUNCTION bd_keeper_N.sandbox_lend(p_id text, p_keeper text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  EXECUTE format('GRANT %I TO %I', public.sandbox_schema_name(p_id), p_keeper);
EXCEPTION WHEN undefined_object THEN NULL; -- Destroyed meanwhile, and its grants with it.
END
$function$;
ALTER FUNCTION bd_keeper_N.sandbox_lend(p_id text, p_keeper text) OWNER TO bd_keeper_N;
GRANT EXECUTE ON FUNCTION bd_keeper_N.sandbox_lend(p_id text, p_keeper text) TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_lock_owner(p_owner text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM 1 FROM public.sandbox_owners WHERE owner = p_owner FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO public.sandbox_owners (owner) VALUES (p_owner)
      ON CONFLICT (owner) DO UPDATE SET owner = EXCLUDED.owner;
  END IF;
END
$function$;
ALTER FUNCTION public.sandbox_lock_owner(p_owner text) OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_lock_schema(schema_name text)
 RETURNS void
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  INSERT INTO public.sandbox_schema_locks AS l VALUES (schema_name)
    ON CONFLICT ON CONSTRAINT sandbox_schema_locks_pkey DO UPDATE SET schema_name = EXCLUDED.schema_name;
$function$;
ALTER FUNCTION public.sandbox_lock_schema(schema_name text) OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_make_schema(p_id text, p_verifier text)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION public.sandbox_make_schema(p_id text, p_verifier text) OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_raise_token_revision()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  UPDATE public.sandbox_token_revision SET revision = revision + 1;
  RETURN NULL;
END
$function$;
ALTER FUNCTION public.sandbox_raise_token_revision() OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_require_grants(p_owner text, p_guilds jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  lacking text;
BEGIN
  PERFORM 1 FROM public.sandbox_guild_grants
    WHERE owner = p_owner AND guild_id IN (SELECT jsonb_array_elements_text(p_guilds))
    ORDER BY guild_id FOR SHARE;
  SELECT g.id INTO lacking FROM jsonb_array_elements_text(p_guilds) WITH ORDINALITY AS g (id, n)
    WHERE NOT EXISTS (SELECT 1 FROM public.sandbox_guild_grants
      WHERE guild_id = g.id AND owner = p_owner AND (until IS NULL OR until > clock_timestamp()))
    ORDER BY g.n LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'guild % is not granted to %', lacking, p_owner USING ERRCODE = 'SB010',
      DETAIL = json_build_object('lacks', json_build_object('kind', 'grant', 'guildId', lacking, 'owner', p_owner))::text;
  END IF;
END
$function$;
ALTER FUNCTION public.sandbox_require_grants(p_owner text, p_guilds jsonb) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.sandbox_require_grants(p_owner text, p_guilds jsonb) TO bd_worker;

CREATE OR REPLACE FUNCTION public.sandbox_reset_fence(p_id text, p_rotation integer)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  sandbox record;
BEGIN
  PERFORM public.sandbox_fence(p_id);
  SELECT rotation, provisioned_rotation INTO sandbox FROM public.sandboxes WHERE id = p_id;
  IF sandbox.rotation <> p_rotation OR sandbox.provisioned_rotation >= p_rotation THEN
    RAISE EXCEPTION 'reset % of sandbox % is over', p_rotation, p_id USING ERRCODE = 'SB007';
  END IF;
END
$function$;
ALTER FUNCTION public.sandbox_reset_fence(p_id text, p_rotation integer) OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_reset_pending(p_id text, p_rotation integer)
 RETURNS boolean
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  SELECT rotation = p_rotation AND provisioned_rotation < p_rotation FROM public.sandboxes WHERE id = p_id;
$function$;
ALTER FUNCTION public.sandbox_reset_pending(p_id text, p_rotation integer) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.sandbox_reset_pending(p_id text, p_rotation integer) TO bd_worker;

CREATE OR REPLACE FUNCTION public.sandbox_schema_exists(sandbox_id text)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = public.sandbox_schema_name(sandbox_id));
$function$;
ALTER FUNCTION public.sandbox_schema_exists(sandbox_id text) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.sandbox_schema_exists(sandbox_id text) TO bd_client, bd_worker;

CREATE OR REPLACE FUNCTION public.sandbox_schema_name(sandbox_id text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  IF sandbox_id IS NULL OR sandbox_id !~ '\A[a-z0-9_]{1,40}\Z' THEN
    RAISE EXCEPTION 'sandbox id % is not valid: use 1 to 40 of a-z, 0-9 and _',
      coalesce(quote_literal(left(sandbox_id, 80)), 'NULL')
      USING ERRCODE = 'SB008';
  END IF;
  RETURN 'sandbox_' || sandbox_id;
END
$function$;
ALTER FUNCTION public.sandbox_schema_name(sandbox_id text) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.sandbox_schema_name(sandbox_id text) TO bd_client, bd_worker;

CREATE OR REPLACE FUNCTION public.sandbox_schema_stats(sandbox_id text, OUT tables bigint, OUT estimated_rows bigint, OUT bytes bigint)
 RETURNS record
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION public.sandbox_schema_stats(sandbox_id text, OUT tables bigint, OUT estimated_rows bigint, OUT bytes bigint) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.sandbox_schema_stats(sandbox_id text, OUT tables bigint, OUT estimated_rows bigint, OUT bytes bigint) TO bd_client, bd_worker;

CREATE OR REPLACE FUNCTION public.sandbox_set_addressee(p_id text, p_active boolean)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
ALTER FUNCTION public.sandbox_set_addressee(p_id text, p_active boolean) OWNER TO bd_control;

CREATE OR REPLACE PROCEDURE public.sandbox_spread_over_keepers(IN p_function regprocedure)
 LANGUAGE plpgsql
AS $procedure$
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
$procedure$;

CREATE OR REPLACE FUNCTION public.sandbox_take_back(p_id text, p_keeper text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
      DECLARE
        outcome text;
      BEGIN
        -- The copy validates the id before it uses its name for anything.
        EXECUTE format('SELECT %I.sandbox_take_back($1, $2)', public.sandbox_keeper(coalesce($1, ''))) INTO outcome USING $1, $2;
        RETURN;
      END
      $function$;
ALTER FUNCTION public.sandbox_take_back(p_id text, p_keeper text) OWNER TO bd_control;

-- 16 times
CREATE OR REPLACE FUNCTION bd_keeper_N.sandbox_take_back(p_id text, p_keeper text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  EXECUTE format('REVOKE %I FROM %I', public.sandbox_schema_name(p_id), p_keeper);
EXCEPTION WHEN undefined_object THEN NULL;
END
$function$;
ALTER FUNCTION bd_keeper_N.sandbox_take_back(p_id text, p_keeper text) OWNER TO bd_keeper_N;
GRANT EXECUTE ON FUNCTION bd_keeper_N.sandbox_take_back(p_id text, p_keeper text) TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_template_fence(p_id text, p_attempt integer)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM 1 FROM public.sandboxes WHERE id = p_id FOR UPDATE;
  PERFORM public.sandbox_fence(p_id);
  IF NOT EXISTS (SELECT 1 FROM public.sandboxes
    WHERE id = p_id AND template_attempt = p_attempt AND template_rotation IS DISTINCT FROM rotation) THEN
    RAISE EXCEPTION 'attempt % for the template of sandbox % is over', p_attempt, p_id USING ERRCODE = 'SB007';
  END IF;
END
$function$;
ALTER FUNCTION public.sandbox_template_fence(p_id text, p_attempt integer) OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.sandbox_write_audit(p_id text, p_event text, p_actor jsonb, p_details jsonb)
 RETURNS void
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  INSERT INTO public.sandbox_audit_log (sandbox_id, event_type, actor, actor_kind, actor_role, via, token_id, details)
  VALUES (p_id, p_event, p_actor->>'name', p_actor->>'kind', p_actor->>'role', p_actor->>'via', p_actor->>'tokenId', p_details);
$function$;
ALTER FUNCTION public.sandbox_write_audit(p_id text, p_event text, p_actor jsonb, p_details jsonb) OWNER TO bd_control;

CREATE OR REPLACE FUNCTION public.set_owner_role(p_owner text, p_role text, p_actor jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  earlier text;
BEGIN
  PERFORM public.sandbox_lock_owner(p_owner);
  SELECT role INTO earlier FROM public.sandbox_owners WHERE owner = p_owner;
  IF earlier = p_role THEN RETURN; END IF;
  UPDATE public.sandbox_owners SET role = p_role WHERE owner = p_owner;
  PERFORM public.sandbox_write_audit(NULL, 'owner_role_set', p_actor,
    jsonb_build_object('owner', p_owner, 'from', earlier, 'to', p_role));
END
$function$;
ALTER FUNCTION public.set_owner_role(p_owner text, p_role text, p_actor jsonb) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.set_owner_role(p_owner text, p_role text, p_actor jsonb) TO bd_api, bd_client;

CREATE OR REPLACE FUNCTION public.terminate_sandbox(p_id text)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
      DECLARE
        outcome integer;
      BEGIN
        -- The copy validates the id before it uses its name for anything.
        EXECUTE format('SELECT %I.terminate_sandbox($1)', public.sandbox_keeper(coalesce($1, ''))) INTO outcome USING $1;
        RETURN outcome;
      END
      $function$;
ALTER FUNCTION public.terminate_sandbox(p_id text) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.terminate_sandbox(p_id text) TO bd_worker;

-- 16 times
CREATE OR REPLACE FUNCTION bd_keeper_N.terminate_sandbox(p_id text)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  SELECT count(pg_terminate_backend(pid))::int FROM pg_stat_get_activity(NULL)
  WHERE usesysid = (SELECT oid FROM pg_roles WHERE rolname = public.sandbox_schema_name(p_id));
$function$;
ALTER FUNCTION bd_keeper_N.terminate_sandbox(p_id text) OWNER TO bd_keeper_N;
GRANT EXECUTE ON FUNCTION bd_keeper_N.terminate_sandbox(p_id text) TO bd_control;

CREATE OR REPLACE FUNCTION public.touch_api_token(p_id text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  UPDATE public.sandbox_api_tokens SET last_used_at = clock_timestamp()
    WHERE id = p_id AND (last_used_at IS NULL OR last_used_at < clock_timestamp() - interval '1 minute');
$function$;
ALTER FUNCTION public.touch_api_token(p_id text) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.touch_api_token(p_id text) TO bd_api;

CREATE OR REPLACE FUNCTION public.transition_sandbox(p_id text, p_to sandbox_status, p_actor jsonb, p_details jsonb, p_event text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  current public.sandbox_status;
BEGIN
  SELECT status INTO current FROM public.sandboxes WHERE id = p_id FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'sandbox % has no row', p_id USING ERRCODE = 'SB004';
  END IF;
  IF current >= p_to AND NOT (current >= 'destroying' AND p_to < 'expired') THEN RETURN; END IF;
  UPDATE public.sandboxes
    SET status = p_to, cleanup_error = CASE WHEN p_to = 'destroyed' THEN NULL ELSE cleanup_error END WHERE id = p_id;
  PERFORM public.sandbox_write_audit(p_id, 'status_changed', p_actor, p_details || jsonb_build_object('from', current, 'to', p_to));
  IF p_event IS NOT NULL THEN
    PERFORM public.sandbox_write_audit(p_id, p_event, p_actor, p_details);
  END IF;
  IF p_to = 'destroyed' THEN
    -- It takes no more commands. It may be the last one with an old version of its template.
    DELETE FROM public.sandbox_commands WHERE sandbox_id = p_id;
    PERFORM public.sandbox_forget_templates(s.template) FROM public.sandboxes s WHERE s.id = p_id;
  END IF;
END
$function$;
ALTER FUNCTION public.transition_sandbox(p_id text, p_to sandbox_status, p_actor jsonb, p_details jsonb, p_event text) OWNER TO bd_control;
GRANT EXECUTE ON FUNCTION public.transition_sandbox(p_id text, p_to sandbox_status, p_actor jsonb, p_details jsonb, p_event text) TO bd_worker;
