-- The lock table is one for the whole server and has no limit of its own for a role: one session that took 35,582 advisory
-- locks (146 ms, seen on PG 18) made every other session's next write fail with "out of shared memory", creates included.
-- Advisory locks cannot be taken away from honest code, migration tools use them, and locks on its own tables would do the
-- same. So the worker watches (resources/postgres/lock-guard.ts), and calls this, which ends the sessions of roles that hold too much.

-- Names of the sandboxes' roles whose sessions were ended: those that hold more than a quarter of the table; and where all
-- together hold more than three quarters, the one that holds most.
CREATE FUNCTION end_lock_hogs() RETURNS SETOF text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH size AS (
    SELECT current_setting('max_locks_per_transaction')::bigint
      * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint) AS locks
  ), held AS (
    -- Locks of the fast path are in a session's own array, not in the shared table.
    SELECT a.usename AS role, count(*) AS locks, array_agg(DISTINCT l.pid) AS pids
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE NOT l.fastpath AND a.usename ~ '\Asandbox_sb[a-z0-9]{10}\Z'
    GROUP BY a.usename
  ), hogs AS (
    SELECT role, pids FROM held, size
    WHERE held.locks > size.locks / 4
      OR (SELECT sum(locks) FROM held) > size.locks * 3 / 4 AND held.locks = (SELECT max(locks) FROM held)
  )
  SELECT DISTINCT role::text FROM hogs, unnest(pids) AS pid WHERE pg_terminate_backend(pid);
$$;
ALTER FUNCTION end_lock_hogs() OWNER TO bd_control;
REVOKE ALL ON FUNCTION end_lock_hogs() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION end_lock_hogs() TO bd_worker;
