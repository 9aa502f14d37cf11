-- What nobody's settings may change: how our services' sessions read and write, and when a sandbox ends.

-- A role's settings in one database win over `ALTER ROLE … SET` and `ALTER DATABASE … SET`, and hold behind a pooler, which
-- passes few parameters on. Unset, a database with DateStyle German or a time-out of a second would change what we read and do.
DO $$
DECLARE
  service text;
  wanted record;
BEGIN
  FOREACH service IN ARRAY ARRAY['bd_worker', 'bd_router', 'bd_client', 'bd_api'] LOOP
    FOR wanted IN
      SELECT w.name, w.value FROM (VALUES
        ('DateStyle', 'ISO, MDY'), ('IntervalStyle', 'postgres'), ('TimeZone', 'UTC'),
        ('client_encoding', 'UTF8'), ('standard_conforming_strings', 'on'), ('bytea_output', 'hex'),
        ('extra_float_digits', '1'), ('search_path', 'public'), ('row_security', 'on'),
        ('default_transaction_isolation', 'read committed'), ('default_transaction_read_only', 'off'),
        ('default_transaction_deferrable', 'off'), ('statement_timeout', '0'), ('lock_timeout', '0'),
        ('idle_in_transaction_session_timeout', '0'), ('idle_session_timeout', '0'), ('transaction_timeout', '0')
      ) w (name, value)
      -- The last one is younger than Postgres 15.
      JOIN pg_settings s ON lower(s.name) = lower(w.name)
    LOOP
      EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %I = %L', service, current_database(), wanted.name, wanted.value);
    END LOOP;
  END LOOP;
END
$$;

-- To end a sandbox cannot be taken back, so the row has the last word: a workflow that takes it for expired (its own expiry was
-- misread, a clock jumped) is told the expiry that stands. And an expiry never moves back.
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
ALTER FUNCTION sandbox_check_expiry() OWNER TO bd_control;
REVOKE ALL ON FUNCTION sandbox_check_expiry() FROM PUBLIC;
