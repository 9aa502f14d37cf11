/** A sandbox's limits on Postgres: the role's settings (sql/, provision_sandbox) and the guards. */
import type { Limit } from '../resource.js';

export const POSTGRES_LIMITS: readonly Limit[] = [
  { what: 'Postgres connections', limit: '20', raisable: false },
  {
    what: 'Postgres temporary files',
    limit: '1 GB a session (if a superuser ran the migration)',
    raisable: false,
  },
  {
    what: 'Postgres `statement_timeout` 30 s, `lock_timeout` 10 s, `idle_in_transaction_session_timeout` 60 s, `work_mem` 8 MB',
    limit: 'defaults for correct code',
    raisable: true,
  },
  {
    what: 'Postgres locks',
    limit:
      'a quarter of the lock table; above that the worker ends the sessions (checked every 200 ms; every second while no sandbox is connected)',
    raisable: false,
  },
  {
    what: 'Postgres locks that make the worker wait',
    limit:
      'the worker ends the sessions of that sandbox (checked every 200 ms; every second while no sandbox is connected)',
    raisable: false,
  },
];
