/** Attacks by the users of the API, as a program would try them that has taken over its process. */

/** Name and statement; `{b}` is a sandbox. An operator's user may do each. */
export const POSTGRES_BY_THE_API: readonly (readonly [string, string])[] = [
  ['make a role', 'CREATE ROLE forged'],
  ['make a superuser of itself', 'ALTER ROLE bd_api SUPERUSER'],
  ['join the role that makes sandboxes', 'GRANT bd_control TO bd_api'],
  ['become it', 'SET ROLE bd_control'],
  ['become the worker', 'SET ROLE bd_worker'],
  ['become a sandbox', 'SET ROLE sandbox_{b}'],
  ['change a sandbox’s password', `ALTER ROLE sandbox_{b} PASSWORD 'x'`],
  ['lock a sandbox out', 'ALTER ROLE sandbox_{b} NOLOGIN'],
  ['read the passwords of all roles', 'SELECT rolname, rolpassword FROM pg_authid'],
  ['make a schema', 'CREATE SCHEMA forged'],
  ['drop a sandbox’s schema', 'DROP SCHEMA sandbox_{b} CASCADE'],
  ['give itself a sandbox’s schema', 'GRANT USAGE ON SCHEMA sandbox_{b} TO bd_api'],
  ['make a table in a sandbox', 'CREATE TABLE sandbox_{b}.forged (x int)'],
  ['make a table in the control plane', 'CREATE TABLE public.forged (x int)'],
  ['read a sandbox’s table', 'TABLE sandbox_{b}.communities'],
  ['write a sandbox’s table', `INSERT INTO sandbox_{b}.communities (name) VALUES ('x')`],
  ['copy a sandbox’s table', 'COPY sandbox_{b}.communities TO STDOUT'],
  ['call a sandbox’s function', 'SELECT sandbox_{b}.f()'],
  ['read hashes of tokens', 'SELECT secret_hash FROM sandbox_api_tokens'],
  [
    'write the audit by its own function',
    `SELECT sandbox_write_audit('{b}', 'ttl_extended', '{"name":"a","kind":"person","role":"operator","via":"api"}', '{}')`,
  ],
  [
    'replace a function that runs with more rights',
    `ALTER FUNCTION api_token(text) OWNER TO bd_api`,
  ],
  ['take a trigger away from the audit', 'ALTER TABLE sandbox_audit_log DISABLE TRIGGER ALL'],
  ['change a setting for everybody', `ALTER ROLE bd_worker SET search_path = forged`],
  ['read a file', `SELECT pg_read_file('PG_VERSION')`],
];

/** What a sandbox does to an object of its own, which the API has not. */
export const NOT_BY_THE_API = [
  'give a table to a neighbour',
  'move a table into a neighbour’s schema',
];

/** An operator's user may do each. */
export const REDIS_BY_THE_API: readonly string[] = [
  'GET sandbox:{b}:k',
  'SET sandbox:{b}:k x',
  'DEL sandbox:{b}:none',
  'HGETALL sandbox:registry',
  'HEXISTS sandbox:registry {b}',
  'HMGET sandbox:routes:x:map 1234567890123456789',
  'ACL GETUSER bd_worker',
  'HSET sandbox:registry forged x',
  'HDEL sandbox:registry {b}',
  'HMGET sandbox:{b}:k x',
  'HEXISTS sandbox:{b}:k x',
  'GET sandbox:route:1234567890123456789',
  'SET sandbox:route:1234567890123456789 x',
  'HSET sandbox:routes:x:map 1234567890123456789 {b}',
  'PUBLISH sandbox:routes x',
  'SUBSCRIBE sandbox:routes',
  'KEYS *',
  'SCAN 0',
  'FLUSHALL',
  'EVAL return 1 0',
  'CONFIG GET *',
  'CONFIG SET requirepass x',
  'ACL LIST',
  'ACL USERS',
  'ACL SETUSER bd_api +@all',
  'ACL SETUSER sandbox_{b} nopass',
  'ACL DELUSER sandbox_{b}',
  'ACL SAVE',
  'CLIENT LIST',
  'CLIENT KILL TYPE normal',
  'MONITOR',
  'SHUTDOWN NOSAVE',
  'REPLICAOF 127.0.0.1 1',
];

/** What its user may not publish, besides what a sandbox may not. */
export const NATS_BY_THE_API: readonly string[] = [
  'SB.API.STREAM.INFO.RAW',
  'SB.API.STREAM.INFO.DLQ',
  'SB.API.STREAM.INFO.KV_ROUTERS',
  'SB.API.STREAM.MSG.GET.RAW',
  'SB.API.STREAM.MSG.GET.KV_ROUTERS',
  'SB.API.DIRECT.GET.RAW',
  'SB.API.CONSUMER.CREATE.ROUTED',
  'SB.API.CONSUMER.MSG.NEXT.ROUTED.sb_{b}',
  'SB.API.CONSUMER.DELETE.ROUTED.sb_{b}',
  'SB.API.STREAM.UPDATE.ROUTED',
  'SB.API.STREAM.DELETE.ROUTED',
];

/** What `bd` asks for `status`, and the API a worker. */
export const NATS_BY_BD: readonly string[] = [
  'SB.API.CONSUMER.INFO.ROUTED.sb_{b}',
  '$SYS.REQ.ACCOUNT.x.CLAIMS.LOOKUP',
];

/** What the corpora of sandboxes try and the API's user may, each for a reason. */
export const RIGHTS_OF_THE_API: readonly string[] = [
  // Streams: reading ROUTED.
  'SB.API.STREAM.INFO.ROUTED',
  'SB.API.STREAM.MSG.GET.ROUTED',
  'SB.API.DIRECT.GET.ROUTED',
  // `emit`: an event that names one sandbox.
  'events.raw.for.{a}.MESSAGE_CREATE',
  'events.raw.for.{b}.MESSAGE_CREATE',
  'commands.raw.for.{a}.INTERACTION_CREATE',
];
