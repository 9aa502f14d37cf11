-- The control plane: sandboxes, the guilds they claim, the audit log. Only the workflow writes a status (through the worker).
CREATE TYPE sandbox_status AS ENUM ('pending', 'creating', 'running', 'expired', 'destroying', 'destroyed');

-- Which installation this is: several can share servers, and the sweep touches only its own resources.
CREATE TABLE sandbox_installation (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  id text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''),
  created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO sandbox_installation DEFAULT VALUES;

-- One row an owner, locked while a place under the limit is claimed: counting without a lock is check-then-insert.
CREATE TABLE sandbox_owners (owner text PRIMARY KEY);

CREATE TABLE sandboxes (
  id text PRIMARY KEY CHECK (id ~ '^sb[a-z0-9]{10}$'),
  name text NOT NULL CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  owner text NOT NULL CHECK (owner ~ '^[A-Za-z0-9._@-]{1,64}$'),
  status sandbox_status NOT NULL DEFAULT 'pending',
  expires_at timestamptz NOT NULL,
  -- Raised by every reset: a sandbox's passwords derive from (master secret, id, rotation).
  rotation integer NOT NULL DEFAULT 0,
  -- What a clean-up that is being retried waits for; null while nothing fails.
  cleanup_error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  destroyed_at timestamptz
);
CREATE UNIQUE INDEX sandboxes_live_name ON sandboxes (name)
  WHERE status IN ('pending', 'creating', 'running', 'expired');
CREATE INDEX sandboxes_name ON sandboxes (name);
CREATE INDEX sandboxes_status ON sandboxes (status);
CREATE INDEX sandboxes_owner ON sandboxes (owner);
CREATE INDEX sandboxes_created_at ON sandboxes (created_at);
CREATE INDEX sandboxes_expires_at ON sandboxes (expires_at) WHERE status = 'running';

CREATE TABLE sandbox_guild_mapping (
  guild_id text PRIMARY KEY CHECK (guild_id ~ '^[1-9][0-9]{16,19}$' AND guild_id::numeric < 18446744073709551616),
  sandbox_id text NOT NULL REFERENCES sandboxes (id) ON DELETE CASCADE,
  -- Claimed at create, active from when the sandbox runs: until then the guild's events go to production.
  active boolean NOT NULL DEFAULT false,
  registered_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sandbox_guild_mapping_sandbox ON sandbox_guild_mapping (sandbox_id);

-- No foreign key: a refused create leaves its audit without a row.
CREATE TABLE sandbox_audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sandbox_id text NOT NULL,
  event_type text NOT NULL CHECK (event_type IN (
    'sandbox_created', 'status_changed', 'create_failed', 'ttl_extended', 'sandbox_reset',
    'guild_registered', 'guild_unregistered', 'sandbox_destroying', 'sandbox_destroyed')),
  actor text NOT NULL,
  details jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX sandbox_audit_log_sandbox ON sandbox_audit_log (sandbox_id, created_at);
CREATE INDEX sandbox_audit_log_type ON sandbox_audit_log (event_type);

-- The status machine of domain/status.ts, for every writer whatever its code.
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

ALTER TABLE sandbox_installation OWNER TO bd_control;
ALTER TABLE sandbox_owners OWNER TO bd_control;
ALTER TABLE sandboxes OWNER TO bd_control;
ALTER TABLE sandbox_guild_mapping OWNER TO bd_control;
ALTER TABLE sandbox_audit_log OWNER TO bd_control;
ALTER FUNCTION sandbox_check_transition() OWNER TO bd_control;
REVOKE ALL ON FUNCTION sandbox_check_transition() FROM PUBLIC;

GRANT SELECT ON sandbox_installation, sandboxes, sandbox_guild_mapping, sandbox_audit_log TO bd_worker, bd_client;
GRANT SELECT, INSERT, UPDATE ON sandbox_owners TO bd_worker;
-- Rows are never deleted by the product, and the audit log only grows.
GRANT INSERT, UPDATE ON sandboxes TO bd_worker;
GRANT INSERT, UPDATE, DELETE ON sandbox_guild_mapping TO bd_worker;
GRANT INSERT ON sandbox_audit_log TO bd_worker;
