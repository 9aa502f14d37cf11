/** A sandbox's limits on Redis: the connection guard, and settings of the server. */
import type { Limit } from '../resource.js';

export const MAX_REDIS_CONNECTIONS = 200;

export const REDIS_LIMITS: readonly Limit[] = [
  {
    what: 'Redis connections, subscribers included',
    limit: `${MAX_REDIS_CONNECTIONS}; above that the worker ends them (checked every 2 s). If the server's \`default\` user is off, the worker also ends every connection that has not logged in`,
    raisable: false,
  },
  {
    what: 'name of a Redis connection',
    limit:
      'some 4,000 bytes; above that the worker ends the connection, because `CLIENT LIST` contains all names',
    raisable: false,
  },
  {
    what: 'unread Redis answers',
    limit:
      '64 MB a connection, a quarter of the memory for all (settings of the local stack and the compose file)',
    raisable: false,
  },
  {
    what: 'Redis memory',
    limit: '`maxmemory` for all sandboxes together (see below)',
    raisable: null,
  },
];
