/** What Postgres shows of other sandboxes, and actions that it does not refuse. */

/**
 * Views that hide rows and refuse nothing: a query that must find none, and one that finds the
 * sandbox's own.
 */
export const POSTGRES_UNSEEN: readonly (readonly [string, string, string])[] = [
  [
    'what others run',
    `SELECT query FROM pg_stat_activity WHERE usename <> current_user AND query <> '<insufficient privilege>'`,
    `SELECT query FROM pg_stat_activity WHERE usename = current_user AND query LIKE '%pg_stat_activity%'`,
  ],
  [
    'where others come from',
    'SELECT client_port FROM pg_stat_activity WHERE usename <> current_user AND client_port IS NOT NULL',
    'SELECT client_port FROM pg_stat_activity WHERE usename = current_user AND client_port IS NOT NULL',
  ],
  [
    'what the planner knows of a neighbour’s rows',
    `SELECT most_common_vals FROM pg_stats WHERE schemaname = 'sandbox_{b}'`,
    `SELECT most_common_vals FROM pg_stats WHERE schemaname = 'sandbox_{a}'`,
  ],
  [
    'a neighbour’s columns, where tools look for them',
    `SELECT 1 FROM information_schema.columns WHERE table_schema = 'sandbox_{b}'`,
    `SELECT 1 FROM information_schema.columns WHERE table_schema = 'sandbox_{a}'`,
  ],
  [
    'where a neighbour’s sequence stands',
    `SELECT 1 FROM pg_sequences WHERE schemaname = 'sandbox_{b}' AND last_value IS NOT NULL`,
    `SELECT 1 FROM pg_sequences WHERE schemaname = 'sandbox_{a}' AND last_value IS NOT NULL`,
  ],
];

/**
 * Postgres refuses none of these (docs/isolation.md, "Possible"). The query shows that they work.
 */
export const POSTGRES_POSSIBLE: readonly (readonly [string, string])[] = [
  ['see names of others’ schemas', `SELECT 1 FROM pg_namespace WHERE nspname = 'sandbox_{b}'`],
  [
    'see names of others’ tables',
    `SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname = 'sandbox_{b}'`,
  ],
  ['see who is connected', `SELECT 1 FROM pg_stat_activity WHERE usename = 'bd_worker'`],
  ['notify on any channel', `SELECT 1 FROM pg_notify('anything', '')`],
  ['take any advisory lock', 'SELECT 1 WHERE pg_try_advisory_xact_lock(1)'],
  ['sleep', 'SELECT 1 FROM pg_sleep(0)'],
  [
    'read what a neighbour’s functions, views and defaults say',
    `SELECT 1 FROM pg_proc WHERE pronamespace = 'sandbox_{b}'::regnamespace AND prosrc <> ''`,
  ],
  [
    'see how much a neighbour keeps',
    `SELECT pg_relation_size(oid) FROM pg_class WHERE relnamespace = 'sandbox_{b}'::regnamespace`,
  ],
  [
    'see how often a neighbour’s tables are written',
    `SELECT n_tup_ins FROM pg_stat_all_tables WHERE schemaname = 'sandbox_{b}'`,
  ],
  ['see others’ locks', `SELECT 1 FROM pg_locks WHERE pid <> pg_backend_pid()`],
  [
    'write a message into the write-ahead log',
    `SELECT 1 WHERE pg_logical_emit_message(false, 'x', 'y') IS NOT NULL`,
  ],
  ['hold an old view of the database', 'SELECT 1 WHERE pg_export_snapshot() IS NOT NULL'],
  ['keep large objects', 'SELECT 1 WHERE lo_unlink(lo_create(0)) = 1'],
];
