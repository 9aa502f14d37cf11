-- The guard of the server's lock table, which has no limit for a role.
--
-- One session took 35,582 advisory locks in 146 ms (Postgres 18), and every other session's next
-- write failed with "out of shared memory". Migration tools need advisory locks, and locks on own
-- tables do the same harm. resources/postgres/lock-guard.ts watches, and calls this.

-- Ends the sessions of sandboxes that hold more than a quarter of the table. If all together hold
-- more than three quarters, ends those of the largest holder. Returns the names of their roles.
CREATE FUNCTION end_lock_hogs() RETURNS SETOF text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
ALTER FUNCTION end_lock_hogs() OWNER TO bd_control;
REVOKE ALL ON FUNCTION end_lock_hogs() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION end_lock_hogs() TO bd_worker;
