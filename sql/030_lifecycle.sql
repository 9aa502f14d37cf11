-- The lifecycle's changes to rows, each one call of the worker: claim, give up, transition.
--
-- Without them a claim took ten round trips and a transition six, a third of a create's time beside
-- its DDL. Each is all or nothing, and leaves the same state however often it is called.

-- A claim and a count of an owner's sandboxes hold the owner's row. An upsert alone would write a
-- new version of the row each time.
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

CREATE FUNCTION sandbox_write_audit(p_id text, p_event text, p_actor jsonb, p_details jsonb) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO public.sandbox_audit_log (sandbox_id, event_type, actor, actor_kind, actor_role, via, token_id, details)
  VALUES (p_id, p_event, p_actor->>'name', p_actor->>'kind', p_actor->>'role', p_actor->>'via', p_actor->>'tokenId', p_details);
$$;

-- The first failure of an id is final: a repeated create gets the same answer.
CREATE FUNCTION record_create_failure(p_id text, p_actor jsonb, p_details jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT public.sandbox_write_audit(p_id, 'create_failed', p_actor, p_details)
  WHERE NOT EXISTS (SELECT 1 FROM public.sandbox_audit_log WHERE sandbox_id = p_id AND event_type = 'create_failed');
$$;

-- Claims the name, a place under the owner's limit, and the guilds, which stay inactive. The row is
-- `creating` afterwards. Repeated by the same command: the times of the first claim, also when its
-- signature has expired. Raises SB002, SB003 (its detail names the guild's holder), SB010 for a
-- missing grant (its detail names it), for another command and for an expired signature, SB004 for an
-- unknown template,
-- unique_violation for a taken name, SB007 for an id that is being destroyed, and the first refusal
-- again for an id that was refused.
CREATE FUNCTION claim_sandbox(p_id text, p_name text, p_owner text, p_guilds jsonb, p_needs_grant boolean,
  p_expires_at timestamptz, p_max integer, p_actor jsonb, p_command text, p_expired boolean, p_template text,
  OUT created_ms double precision, OUT expires_ms double precision, OUT template text, OUT template_version integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;

-- Gives up an unclaimed id for good. A claim that timed out may still be in flight; without this
-- entry it would make a row without a workflow. Returns false if the row exists after all.
CREATE FUNCTION give_up_claim(p_id text, p_owner text, p_actor jsonb, p_details jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM public.sandbox_lock_owner(p_owner);
  IF EXISTS (SELECT 1 FROM public.sandboxes WHERE id = p_id) THEN RETURN false; END IF;
  PERFORM public.record_create_failure(p_id, p_actor, p_details);
  RETURN true;
END
$$;

-- Moves a row and writes `status_changed`, and `p_event` if it is given. A status at or past `p_to`
-- counts as reached, so that a step may run twice. Raises SB007 for a sandbox that is being
-- destroyed and for a transition that `sandbox_check_transition` forbids, SB004 without a row.
CREATE FUNCTION transition_sandbox(p_id text, p_to public.sandbox_status, p_actor jsonb, p_details jsonb, p_event text)
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
$$;

ALTER FUNCTION sandbox_lock_owner(text) OWNER TO bd_control;
ALTER FUNCTION sandbox_write_audit(text, text, jsonb, jsonb) OWNER TO bd_control;
ALTER FUNCTION record_create_failure(text, jsonb, jsonb) OWNER TO bd_control;
ALTER FUNCTION claim_sandbox(text, text, text, jsonb, boolean, timestamptz, integer, jsonb, text, boolean, text) OWNER TO bd_control;
ALTER FUNCTION give_up_claim(text, text, jsonb, jsonb) OWNER TO bd_control;
ALTER FUNCTION transition_sandbox(text, public.sandbox_status, jsonb, jsonb, text) OWNER TO bd_control;
REVOKE ALL ON FUNCTION sandbox_lock_owner(text), sandbox_write_audit(text, text, jsonb, jsonb),
  record_create_failure(text, jsonb, jsonb),
  claim_sandbox(text, text, text, jsonb, boolean, timestamptz, integer, jsonb, text, boolean, text), give_up_claim(text, text, jsonb, jsonb),
  transition_sandbox(text, public.sandbox_status, jsonb, jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_create_failure(text, jsonb, jsonb),
  claim_sandbox(text, text, text, jsonb, boolean, timestamptz, integer, jsonb, text, boolean, text), give_up_claim(text, text, jsonb, jsonb),
  transition_sandbox(text, public.sandbox_status, jsonb, jsonb, text) TO bd_worker;
