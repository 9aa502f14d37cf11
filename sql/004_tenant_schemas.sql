-- Schemas of sandboxes. Ids are validated before they become identifiers, which the server itself quotes (%I).
-- Control-plane code never touches an object in a tenant's schema except to drop it (isolation.md): a tenant can hang its
-- own code on anything there. So a repair re-applies role and grants, and makes tables only in a schema that it just made.

-- Serialises calls for one schema: CREATE SCHEMA IF NOT EXISTS raced raises 23505. A row, not an advisory lock, since a
-- tenant could hold that.
CREATE TABLE sandbox_schema_locks (schema_name text PRIMARY KEY);

CREATE FUNCTION sandbox_schema_name(sandbox_id text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF sandbox_id IS NULL OR sandbox_id !~ '\A[a-z0-9_]{1,40}\Z' THEN
    RAISE EXCEPTION 'sandbox id % is not valid: use 1 to 40 of a-z, 0-9 and _', coalesce(quote_literal(left(sandbox_id, 80)), 'NULL')
      USING ERRCODE = 'SB008';
  END IF;
  RETURN 'sandbox_' || sandbox_id;
END
$$;

CREATE FUNCTION sandbox_lock_schema(schema_name text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO public.sandbox_schema_locks AS l VALUES (schema_name)
    ON CONFLICT ON CONSTRAINT sandbox_schema_locks_pkey DO UPDATE SET schema_name = EXCLUDED.schema_name;
$$;

-- The tenant tables, in a schema that the caller has just made.
CREATE FUNCTION sandbox_create_tenant_tables(schema_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format($ddl$
    CREATE TABLE %1$I.communities (
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
    );
    CREATE TABLE %1$I.profiles (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      community_id uuid NOT NULL REFERENCES %1$I.communities (id) ON DELETE CASCADE,
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
    );
    CREATE TABLE %1$I.badges (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      community_id uuid NOT NULL REFERENCES %1$I.communities (id) ON DELETE CASCADE,
      profile_id uuid NOT NULL REFERENCES %1$I.profiles (id) ON DELETE CASCADE,
      badge_type text NOT NULL,
      awarded_at timestamptz NOT NULL DEFAULT now(),
      awarded_by text,
      revoked_at timestamptz,
      metadata jsonb NOT NULL DEFAULT '{}',
      created_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (community_id, profile_id, badge_type)
    )
  $ddl$, schema_name);
END
$$;

CREATE FUNCTION create_sandbox_schema(sandbox_id text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target text := public.sandbox_schema_name(sandbox_id);
BEGIN
  PERFORM public.sandbox_lock_schema(target);
  IF to_regnamespace(quote_ident(target)) IS NULL THEN
    EXECUTE format('CREATE SCHEMA %I', target);
    PERFORM public.sandbox_create_tenant_tables(target);
    -- Production's own role reaches the plain schemas, as the original plan has it; never a sandbox with a role of its own.
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'arrakis_app') THEN
      EXECUTE format('GRANT USAGE ON SCHEMA %I TO arrakis_app', target);
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO arrakis_app', target);
    END IF;
  END IF;
  RETURN target;
END
$$;

CREATE FUNCTION sandbox_schema_exists(sandbox_id text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = public.sandbox_schema_name(sandbox_id));
$$;

-- From the catalogue alone: asking a tenant's table for its size would wait behind the tenant's locks.
CREATE FUNCTION sandbox_schema_stats(sandbox_id text, OUT tables bigint, OUT estimated_rows bigint, OUT bytes bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(*) FILTER (WHERE c.relkind IN ('r', 'p')),
         coalesce(sum(greatest(c.reltuples, 0)) FILTER (WHERE c.relkind = 'r'), 0)::bigint,
         coalesce(sum(c.relpages::bigint) * current_setting('block_size')::bigint, 0)::bigint
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = public.sandbox_schema_name(sandbox_id);
$$;

ALTER TABLE sandbox_schema_locks OWNER TO bd_control;
ALTER FUNCTION sandbox_schema_name(text) OWNER TO bd_control;
ALTER FUNCTION sandbox_lock_schema(text) OWNER TO bd_control;
ALTER FUNCTION sandbox_create_tenant_tables(text) OWNER TO bd_control;
ALTER FUNCTION create_sandbox_schema(text) OWNER TO bd_control;
ALTER FUNCTION sandbox_schema_exists(text) OWNER TO bd_control;
ALTER FUNCTION sandbox_schema_stats(text) OWNER TO bd_control;
REVOKE ALL ON FUNCTION sandbox_schema_name(text), sandbox_lock_schema(text), sandbox_create_tenant_tables(text),
  create_sandbox_schema(text), sandbox_schema_exists(text), sandbox_schema_stats(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sandbox_schema_name(text), sandbox_schema_exists(text), sandbox_schema_stats(text)
  TO bd_worker, bd_client;
