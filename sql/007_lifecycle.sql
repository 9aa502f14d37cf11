-- The lifecycle's own changes, each one statement for the worker: a claim took ten round trips and a transition six, and
-- those were a third of a create's time over the DDL. What each must keep: all or nothing, once however often it is called.

-- How many an owner has is counted at every claim, and rows are never deleted.
CREATE INDEX sandboxes_live_owner ON sandboxes (owner) WHERE status IN ('pending', 'creating', 'running', 'expired');

-- Who counts an owner's sandboxes, or claims for him, holds his row. Locked where it exists: the upsert writes a new version.
CREATE FUNCTION sandbox_lock_owner(p_owner text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM 1 FROM public.sandbox_owners WHERE owner = p_owner FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO public.sandbox_owners (owner) VALUES (p_owner)
      ON CONFLICT (owner) DO UPDATE SET owner = EXCLUDED.owner;
  END IF;
END
$$;

-- One entry an id, the first: what a caller has been told once stays true.
CREATE FUNCTION record_create_failure(p_id text, p_actor text, p_details jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO public.sandbox_audit_log (sandbox_id, event_type, actor, details)
  SELECT p_id, 'create_failed', p_actor, p_details
  WHERE NOT EXISTS (SELECT 1 FROM public.sandbox_audit_log WHERE sandbox_id = p_id AND event_type = 'create_failed');
$$;

-- Name, place under the owner's limit and guilds: the row is `creating` when it returns, the guilds are claimed and not active.
-- Again for the same id: the times of the first. Raises SB002, SB003 (its detail says who has the guild), unique_violation
-- for a name that is taken, SB007 for an id that is being destroyed, and for an id that was refused before what it was told.
CREATE FUNCTION claim_sandbox(p_id text, p_name text, p_owner text, p_guilds jsonb, p_expires_at timestamptz, p_max integer,
  OUT created_ms double precision, OUT expires_ms double precision)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known record;
  told record;
  taken record;
  live integer;
BEGIN
  PERFORM public.sandbox_lock_owner(p_owner);
  SELECT status, created_at, expires_at INTO known FROM public.sandboxes WHERE id = p_id;
  IF FOUND THEN
    IF known.status IN ('destroying', 'destroyed') THEN
      RAISE EXCEPTION 'sandbox % is %', p_id, known.status USING ERRCODE = 'SB007';
    END IF;
  ELSE
    SELECT details->>'code' AS code, details->>'message' AS message INTO told FROM public.sandbox_audit_log
      WHERE sandbox_id = p_id AND event_type = 'create_failed' LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION '%', told.message
        USING ERRCODE = CASE WHEN told.code ~ '^SANDBOX_0[0-9]{2}$' THEN 'SB' || right(told.code, 3) ELSE 'SB007' END;
    END IF;
    SELECT count(*) INTO live FROM public.sandboxes
      WHERE owner = p_owner AND status IN ('pending', 'creating', 'running', 'expired');
    IF live >= p_max THEN
      RAISE EXCEPTION '% has % live sandboxes; the limit is %', p_owner, live, p_max USING ERRCODE = 'SB002';
    END IF;
    INSERT INTO public.sandboxes (id, name, owner, expires_at) VALUES (p_id, p_name, p_owner, p_expires_at)
      RETURNING created_at, expires_at INTO known;
    IF p_guilds <> '[]' THEN
      INSERT INTO public.sandbox_guild_mapping (guild_id, sandbox_id)
        SELECT g.id, p_id FROM jsonb_array_elements_text(p_guilds) WITH ORDINALITY AS g (id, n) ORDER BY g.n
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
    INSERT INTO public.sandbox_audit_log (sandbox_id, event_type, actor, details)
      SELECT p_id, e.event, p_owner, e.details FROM (
        SELECT 0 AS n, 'sandbox_created' AS event, jsonb_build_object('name', p_name, 'guildIds', p_guilds,
          'expiresAt', to_char(p_expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) AS details
        UNION ALL
        SELECT g.n, 'guild_registered', jsonb_build_object('guildId', g.id)
          FROM jsonb_array_elements_text(p_guilds) WITH ORDINALITY AS g (id, n)
        UNION ALL
        SELECT jsonb_array_length(p_guilds) + 1, 'status_changed', jsonb_build_object('from', 'pending', 'to', 'creating')
      ) e ORDER BY e.n;
  END IF;
  created_ms := floor(extract(epoch FROM known.created_at) * 1000);
  expires_ms := floor(extract(epoch FROM known.expires_at) * 1000);
END
$$;

-- Gives an unclaimed id up for good: a claim whose time ran out may still be under way, and would otherwise make a row that no
-- workflow owns. False where the row is there after all.
CREATE FUNCTION give_up_claim(p_id text, p_owner text, p_actor text, p_details jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM public.sandbox_lock_owner(p_owner);
  IF EXISTS (SELECT 1 FROM public.sandboxes WHERE id = p_id) THEN RETURN false; END IF;
  PERFORM public.record_create_failure(p_id, p_actor, p_details);
  RETURN true;
END
$$;

-- Moves a row, with its audit: `status_changed`, and `p_event` of the same moment where one is given. A status at or past
-- `p_to` counts as reached, so that a step may run twice; but nothing is made of what is being destroyed (SB007, as for
-- everything that sandbox_check_transition forbids). SB004 without a row.
CREATE FUNCTION transition_sandbox(p_id text, p_to public.sandbox_status, p_actor text, p_details jsonb, p_event text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
  INSERT INTO public.sandbox_audit_log (sandbox_id, event_type, actor, details)
    VALUES (p_id, 'status_changed', p_actor, p_details || jsonb_build_object('from', current, 'to', p_to));
  IF p_event IS NOT NULL THEN
    INSERT INTO public.sandbox_audit_log (sandbox_id, event_type, actor, details) VALUES (p_id, p_event, p_actor, p_details);
  END IF;
END
$$;

-- Schema and role of what is being destroyed, as far as one transaction may go. Tells what its caller has to do next:
-- `removed` nothing; `login` revoke first, since a connection made before NOLOGIN is committed would survive; `sessions` some
-- were told to end, call again in a moment; `objects` a batch is gone, call again.
CREATE FUNCTION remove_sandbox(p_id text, p_limit integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
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
$$;

ALTER FUNCTION sandbox_lock_owner(text) OWNER TO bd_control;
ALTER FUNCTION record_create_failure(text, text, jsonb) OWNER TO bd_control;
ALTER FUNCTION claim_sandbox(text, text, text, jsonb, timestamptz, integer) OWNER TO bd_control;
ALTER FUNCTION give_up_claim(text, text, text, jsonb) OWNER TO bd_control;
ALTER FUNCTION transition_sandbox(text, public.sandbox_status, text, jsonb, text) OWNER TO bd_control;
ALTER FUNCTION remove_sandbox(text, integer) OWNER TO bd_control;
REVOKE ALL ON FUNCTION sandbox_lock_owner(text), record_create_failure(text, text, jsonb),
  claim_sandbox(text, text, text, jsonb, timestamptz, integer), give_up_claim(text, text, text, jsonb),
  transition_sandbox(text, public.sandbox_status, text, jsonb, text), remove_sandbox(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_create_failure(text, text, jsonb),
  claim_sandbox(text, text, text, jsonb, timestamptz, integer), give_up_claim(text, text, text, jsonb),
  transition_sandbox(text, public.sandbox_status, text, jsonb, text), remove_sandbox(text, integer) TO bd_worker;
