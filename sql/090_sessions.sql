-- The settings of the services' sessions, which no administrator's setting may change.
--
-- A role's settings in one database win over `ALTER ROLE … SET` and `ALTER DATABASE … SET`. They
-- hold behind a pooler too, which passes few parameters on. Without them a database with DateStyle
-- German or a time-out of a second would change what the services read and do.
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
      -- Postgres 15 and 16 do not know transaction_timeout.
      JOIN pg_settings s ON lower(s.name) = lower(w.name)
    LOOP
      EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %I = %L', service, current_database(), wanted.name, wanted.value);
    END LOOP;
  END LOOP;
END
$$;
