-- The control plane's tables: sandboxes, their guilds, the audit log, the outcomes of commands.
--
-- Only the workflow changes a status, through the worker. Its rules are triggers here, whatever the
-- writer's code.
CREATE TYPE sandbox_status AS ENUM ('pending', 'creating', 'running', 'expired', 'destroying', 'destroyed');

-- Several installations can share their servers; a sweep touches only its own resources.
CREATE TABLE sandbox_installation (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  id text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''),
  created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO sandbox_installation DEFAULT VALUES;

-- One row for each owner. A claim locks it: without a lock two claims could both pass the limit.
CREATE TABLE sandbox_owners (
  owner text PRIMARY KEY,
  -- Cuts what the owner's tokens may do, at each use (sql/100_identity.sql).
  role text NOT NULL DEFAULT 'developer' CHECK (role IN ('developer', 'operator'))
);

CREATE TABLE sandboxes (
  id text PRIMARY KEY CHECK (id ~ '^sb[a-z0-9]{10}$'),
  name text NOT NULL CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  owner text NOT NULL CHECK (owner ~ '^[A-Za-z0-9._@-]{1,64}$'),
  status sandbox_status NOT NULL DEFAULT 'pending',
  expires_at timestamptz NOT NULL,
  -- Every reset raises it: passwords derive from (master secret, id, rotation).
  rotation integer NOT NULL DEFAULT 0,
  -- What blocks a clean-up that is being retried; null while nothing fails.
  cleanup_error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  destroyed_at timestamptz,
  -- The rotation that the schema was made for. A late attempt of a finished reset finds it equal to
  -- `rotation`, and drops nothing of the new schema.
  provisioned_rotation integer NOT NULL DEFAULT 0,
  template text NOT NULL DEFAULT 'arrakis',
  template_version integer NOT NULL DEFAULT 1,
  -- The rotation that has the template's objects; null: none yet. Not used for a built-in template.
  template_rotation integer,
  template_attempt integer NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX sandboxes_live_name ON sandboxes (name)
  WHERE status IN ('pending', 'creating', 'running', 'expired');
CREATE INDEX sandboxes_name ON sandboxes (name);
CREATE INDEX sandboxes_status ON sandboxes (status);
CREATE INDEX sandboxes_owner ON sandboxes (owner);
-- Every claim counts an owner's live sandboxes, and rows are never deleted.
CREATE INDEX sandboxes_live_owner ON sandboxes (owner) WHERE status IN ('pending', 'creating', 'running', 'expired');
CREATE INDEX sandboxes_template ON sandboxes (template, template_version) WHERE status <> 'destroyed';
CREATE INDEX sandboxes_created_at ON sandboxes (created_at);
CREATE INDEX sandboxes_expires_at ON sandboxes (expires_at) WHERE status = 'running';

CREATE TABLE sandbox_guild_mapping (
  guild_id text PRIMARY KEY CHECK (guild_id ~ '^[1-9][0-9]{16,19}$' AND guild_id::numeric < 18446744073709551616),
  sandbox_id text NOT NULL REFERENCES sandboxes (id) ON DELETE CASCADE,
  -- False from the claim until the sandbox runs: the guild's events go to production meanwhile.
  active boolean NOT NULL DEFAULT false,
  -- The registration needed a grant, so it ends with that (domain/permissions.ts, `needsGrant`).
  by_grant boolean NOT NULL DEFAULT false,
  registered_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sandbox_guild_mapping_sandbox ON sandbox_guild_mapping (sandbox_id);
CREATE INDEX sandbox_guild_mapping_by_grant ON sandbox_guild_mapping (guild_id) WHERE by_grant;

CREATE TABLE sandbox_audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- No foreign key, since a refused create has no row. Null for an entry of no sandbox (a token).
  sandbox_id text,
  event_type text NOT NULL CHECK (event_type IN (
    'sandbox_created', 'status_changed', 'create_failed', 'ttl_extended', 'sandbox_reset',
    'guild_registered', 'guild_unregistered', 'sandbox_destroying', 'sandbox_destroyed',
    'credentials_read', 'token_created', 'token_revoked', 'guild_granted', 'guild_grant_revoked',
    'owner_role_set', 'template_added', 'template_removed')),
  actor text NOT NULL,
  details jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor_kind text NOT NULL CHECK (actor_kind IN ('person', 'service', 'sandbox', 'system')),
  actor_role text NOT NULL CHECK (actor_role IN ('developer', 'operator')),
  via text NOT NULL CHECK (via IN ('api', 'direct', 'temporal', 'system')),
  -- The token that the actor came with; null without one.
  token_id text
);
CREATE INDEX sandbox_audit_log_sandbox ON sandbox_audit_log (sandbox_id, created_at);
CREATE INDEX sandbox_audit_log_type ON sandbox_audit_log (event_type);

-- Outcomes of committed changes. A command that is repeated with its id gets its first outcome, so
-- a signature that is copied from a workflow's history changes nothing.
CREATE TABLE sandbox_commands (
  sandbox_id text NOT NULL,
  command_id text NOT NULL,
  outcome jsonb NOT NULL,
  committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (sandbox_id, command_id)
);

-- The status machine of domain/status.ts.
CREATE FUNCTION sandbox_check_transition() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
$$;
CREATE TRIGGER sandboxes_transition BEFORE INSERT OR UPDATE ON sandboxes
  FOR EACH ROW EXECUTE FUNCTION sandbox_check_transition();

-- An end cannot be taken back, so the row decides. A workflow that believes its sandbox expired too
-- early (it misread the expiry, a clock jumped) gets the row's expiry. An expiry never moves back.
CREATE FUNCTION sandbox_check_expiry() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
$$;
CREATE TRIGGER sandboxes_expiry BEFORE INSERT OR UPDATE ON sandboxes
  FOR EACH ROW EXECUTE FUNCTION sandbox_check_expiry();

ALTER TABLE sandbox_installation OWNER TO bd_control;
ALTER TABLE sandbox_owners OWNER TO bd_control;
ALTER TABLE sandboxes OWNER TO bd_control;
ALTER TABLE sandbox_guild_mapping OWNER TO bd_control;
ALTER TABLE sandbox_audit_log OWNER TO bd_control;
ALTER TABLE sandbox_commands OWNER TO bd_control;
ALTER FUNCTION sandbox_check_transition() OWNER TO bd_control;
ALTER FUNCTION sandbox_check_expiry() OWNER TO bd_control;
REVOKE ALL ON FUNCTION sandbox_check_transition(), sandbox_check_expiry() FROM PUBLIC;

-- bd_api answers list, get, status and logs, and asks the workflow for each change: it only reads.
GRANT SELECT ON sandbox_installation, sandboxes, sandbox_guild_mapping, sandbox_audit_log
  TO bd_worker, bd_client, bd_api;
-- A Redis may hold the routing tables of several installations; the router reads its own.
GRANT SELECT ON sandbox_installation TO bd_router;
-- The product deletes no sandbox's row, and the audit log only grows.
GRANT INSERT, UPDATE ON sandboxes TO bd_worker;
GRANT INSERT, UPDATE, DELETE ON sandbox_guild_mapping TO bd_worker;
GRANT INSERT ON sandbox_audit_log TO bd_worker;
-- A registration that is taken back updates its outcome.
GRANT SELECT, INSERT, UPDATE ON sandbox_commands TO bd_worker;
