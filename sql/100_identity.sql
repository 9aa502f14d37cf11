-- API tokens, guild grants, owners' roles, and the requests that a caller may repeat.
--
-- bd_api and bd_client change these rows only through the functions below. Neither can read a
-- secret's hash from the table: `api_token` gives bd_api the hash of one token, by its id.
CREATE TABLE sandbox_api_tokens (
  id text PRIMARY KEY CHECK (id ~ '^[0-9A-Za-z]{12}$'),
  kind text NOT NULL CHECK (kind IN ('person', 'service', 'sandbox')),
  owner text NOT NULL CHECK (owner ~ '^[A-Za-z0-9._@-]{1,64}$'),
  sandbox_id text REFERENCES sandboxes (id) ON DELETE CASCADE,
  role text NOT NULL CHECK (role IN ('developer', 'operator')),
  scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
  name text CHECK (length(name) BETWEEN 1 AND 100),
  -- SHA-256 of the secret, which has 238 random bits: a slow hash would protect no better.
  secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_by text NOT NULL,
  -- The token that minted this one.
  parent_id text REFERENCES sandbox_api_tokens (id) ON DELETE CASCADE,
  -- A day more than the longest life: the clocks of client and server may differ.
  expires_at timestamptz NOT NULL CHECK (expires_at <= created_at + interval '366 days'),
  last_used_at timestamptz,
  revoked_at timestamptz,
  CHECK ((kind = 'sandbox') = (sandbox_id IS NOT NULL)),
  CHECK (kind <> 'sandbox' OR role = 'developer')
);
CREATE INDEX sandbox_api_tokens_owner ON sandbox_api_tokens (owner);
CREATE INDEX sandbox_api_tokens_parent ON sandbox_api_tokens (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX sandbox_api_tokens_sandbox ON sandbox_api_tokens (sandbox_id) WHERE sandbox_id IS NOT NULL;
CREATE INDEX sandbox_api_tokens_created_at ON sandbox_api_tokens (created_at);

-- An operator's permission for an owner to register a guild.
CREATE TABLE sandbox_guild_grants (
  guild_id text NOT NULL CHECK (guild_id ~ '^[1-9][0-9]{16,19}$' AND guild_id::numeric < 18446744073709551616),
  owner text NOT NULL CHECK (owner ~ '^[A-Za-z0-9._@-]{1,64}$'),
  granted_by text NOT NULL,
  granted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  until timestamptz, -- null: until it is revoked
  PRIMARY KEY (guild_id, owner)
);
CREATE INDEX sandbox_guild_grants_owner ON sandbox_guild_grants (owner);

-- Every replica of the API reads this number twice a second, and forgets the tokens that it knows
-- when the number has changed (control/authentication.ts).
CREATE TABLE sandbox_token_revision (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  revision bigint NOT NULL DEFAULT 0
);
INSERT INTO sandbox_token_revision DEFAULT VALUES;

-- Requests with an Idempotency-Key. `answer` holds no secret.
CREATE TABLE sandbox_requests (
  actor text NOT NULL,
  method text NOT NULL,
  path text NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  body_hash text NOT NULL,
  -- The id of the change: a repeated request names the same change.
  command_id text NOT NULL,
  status integer, -- null: no answer yet
  answer jsonb,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (actor, method, path, key)
);
CREATE INDEX sandbox_requests_created_at ON sandbox_requests (created_at);

-- Whatever makes a token weaker raises the revision in its own transaction, whoever writes it.
CREATE FUNCTION sandbox_raise_token_revision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE public.sandbox_token_revision SET revision = revision + 1;
  RETURN NULL;
END
$$;
CREATE TRIGGER sandbox_api_tokens_weaker
  AFTER UPDATE OF kind, owner, sandbox_id, role, scopes, secret_hash, parent_id, expires_at, revoked_at OR DELETE
  ON sandbox_api_tokens FOR EACH STATEMENT EXECUTE FUNCTION sandbox_raise_token_revision();
CREATE TRIGGER sandbox_owners_tokens AFTER UPDATE OF role ON sandbox_owners
  FOR EACH ROW WHEN (OLD.role IS DISTINCT FROM NEW.role) EXECUTE FUNCTION sandbox_raise_token_revision();

-- A sandbox's tokens die with it. `create_api_token` locks the sandbox's row, so none comes behind.
CREATE FUNCTION sandbox_end_tokens() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM public.sandbox_api_tokens WHERE sandbox_id = NEW.id) THEN
    UPDATE public.sandbox_token_revision SET revision = revision + 1;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER sandboxes_tokens AFTER UPDATE OF status ON sandboxes
  FOR EACH ROW WHEN (NEW.status IN ('destroying', 'destroyed') AND OLD.status IS DISTINCT FROM NEW.status)
  EXECUTE FUNCTION sandbox_end_tokens();

-- What counts of a token at this moment: the lesser of its role and its owner's, the earliest
-- expiry of itself and the tokens that it comes from. Null for an id that is unknown.
CREATE FUNCTION api_token(p_id text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;

-- Returns false where the id exists: a repeated request. The minter is a token, or comes without
-- one (direct). What a token may mint is decided in domain/minting.ts; the bounds here hold against
-- a revocation and a destroy at the same moment.
CREATE FUNCTION create_api_token(p_token jsonb, p_actor jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;

-- Revokes a token and all that it minted. Returns false for an unknown id; again: changes nothing.
-- A token is minted under a lock of its minter's row, so each level sees what the last one minted.
CREATE FUNCTION revoke_api_token(p_id text, p_actor jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;

-- At most one write a minute for each token: a busy token would make as many dead rows as requests.
CREATE FUNCTION touch_api_token(p_id text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE public.sandbox_api_tokens SET last_used_at = clock_timestamp()
    WHERE id = p_id AND (last_used_at IS NULL OR last_used_at < clock_timestamp() - interval '1 minute');
$$;

CREATE FUNCTION set_owner_role(p_owner text, p_role text, p_actor jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;

-- Again for the same guild and owner: the new `until` counts.
CREATE FUNCTION grant_guild(p_guild text, p_owner text, p_until timestamptz, p_actor jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;

-- Waits for a registration that holds the grant. Returns false where there is no such grant.
CREATE FUNCTION revoke_guild_grant(p_guild text, p_owner text, p_actor jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM public.sandbox_guild_grants WHERE guild_id = p_guild AND owner = p_owner;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM public.sandbox_write_audit(NULL, 'guild_grant_revoked', p_actor,
    jsonb_build_object('guildId', p_guild, 'owner', p_owner));
  RETURN true;
END
$$;

-- For the transaction of a registration. Raises SB010 naming the first guild without a grant. Its
-- locks keep a grant until the registration has committed: a revocation then finds its mapping.
CREATE FUNCTION sandbox_require_grants(p_owner text, p_guilds jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;

-- The first request of a key keeps its command's id; a repetition gets it, and the answer where
-- there is one. Raises SB014 for another body. Requests older than a day are forgotten.
CREATE FUNCTION begin_request(p_actor text, p_method text, p_path text, p_key text, p_body_hash text, p_command_id text)
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;

-- The first answer stays.
CREATE FUNCTION finish_request(p_actor text, p_method text, p_path text, p_key text, p_status integer, p_answer jsonb)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE public.sandbox_requests SET status = p_status, answer = p_answer
    WHERE actor = p_actor AND method = p_method AND path = p_path AND key = p_key AND status IS NULL;
$$;

ALTER TABLE sandbox_api_tokens OWNER TO bd_control;
ALTER TABLE sandbox_guild_grants OWNER TO bd_control;
ALTER TABLE sandbox_token_revision OWNER TO bd_control;
ALTER TABLE sandbox_requests OWNER TO bd_control;
ALTER FUNCTION sandbox_raise_token_revision() OWNER TO bd_control;
ALTER FUNCTION sandbox_end_tokens() OWNER TO bd_control;
ALTER FUNCTION api_token(text) OWNER TO bd_control;
ALTER FUNCTION create_api_token(jsonb, jsonb) OWNER TO bd_control;
ALTER FUNCTION revoke_api_token(text, jsonb) OWNER TO bd_control;
ALTER FUNCTION touch_api_token(text) OWNER TO bd_control;
ALTER FUNCTION set_owner_role(text, text, jsonb) OWNER TO bd_control;
ALTER FUNCTION grant_guild(text, text, timestamptz, jsonb) OWNER TO bd_control;
ALTER FUNCTION revoke_guild_grant(text, text, jsonb) OWNER TO bd_control;
ALTER FUNCTION sandbox_require_grants(text, jsonb) OWNER TO bd_control;
ALTER FUNCTION begin_request(text, text, text, text, text, text) OWNER TO bd_control;
ALTER FUNCTION finish_request(text, text, text, text, integer, jsonb) OWNER TO bd_control;
REVOKE ALL ON FUNCTION sandbox_raise_token_revision(), sandbox_end_tokens(), api_token(text),
  create_api_token(jsonb, jsonb), revoke_api_token(text, jsonb), touch_api_token(text),
  set_owner_role(text, text, jsonb), grant_guild(text, text, timestamptz, jsonb),
  revoke_guild_grant(text, text, jsonb), sandbox_require_grants(text, jsonb),
  begin_request(text, text, text, text, text, text),
  finish_request(text, text, text, text, integer, jsonb) FROM PUBLIC;

-- Every column but the hash.
GRANT SELECT (id, kind, owner, sandbox_id, role, scopes, name, created_at, created_by, parent_id, expires_at,
  last_used_at, revoked_at) ON sandbox_api_tokens TO bd_api, bd_client;
GRANT SELECT ON sandbox_guild_grants TO bd_api, bd_client, bd_worker;
GRANT SELECT ON sandbox_owners TO bd_api, bd_client;
GRANT SELECT ON sandbox_token_revision TO bd_api;
GRANT EXECUTE ON FUNCTION create_api_token(jsonb, jsonb), revoke_api_token(text, jsonb),
  set_owner_role(text, text, jsonb), grant_guild(text, text, timestamptz, jsonb),
  revoke_guild_grant(text, text, jsonb) TO bd_api, bd_client;
-- `bd` in direct mode signs nobody in, and repeats no request.
GRANT EXECUTE ON FUNCTION api_token(text), touch_api_token(text), begin_request(text, text, text, text, text, text),
  finish_request(text, text, text, text, integer, jsonb) TO bd_api;
GRANT EXECUTE ON FUNCTION sandbox_require_grants(text, jsonb) TO bd_worker;
