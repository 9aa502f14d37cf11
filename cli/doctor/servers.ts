/** Checks of each server: reachable, version, clock, and our permissions. */
import { StorageType } from 'nats';
import { messageOf } from '../../domain/errors.js';
import { redisRoutes } from '../../routing/route.js';
import { ROUTER_BUCKET } from '../../routing/members.js';
import { STREAMS } from '../../routing/subjects.js';
import { withoutLogin } from '../../platform/addresses/login.js';
import { closeNats, openNats } from '../../platform/nats.js';
import { natsApiPrefixOf } from '../../platform/nats-authority.js';
import { asPostgresError, closePostgres, openPostgres, type Sql } from '../../platform/postgres.js';
import { closeRedis, openRedis } from '../../platform/redis.js';
import { routerBucket } from '../../routing/router-bucket.js';
import { clock, failed, ok, version, warning, type Finding } from './check.js';

const NAME = 'bd doctor';

export async function askPostgres(url: string): Promise<readonly Finding[]> {
  const sql = openPostgres(url, { name: NAME, max: 1 });
  try {
    const from = Date.now();
    const [row] = await sql<
      { version: string; now: string; user: string; reads: boolean; open: string[] }[]
    >`
      SELECT current_setting('server_version') AS version, 
        floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint::text AS now, current_user AS user,
        coalesce(has_table_privilege(to_regclass('public.sandboxes'), 'SELECT'), false) AS reads,
        to_json(ARRAY(SELECT datname::text FROM pg_database WHERE datallowconn AND EXISTS (
          SELECT 1 FROM aclexplode(coalesce(datacl, acldefault('d', datdba)))
          WHERE grantee = 0 AND privilege_type IN ('CONNECT', 'TEMPORARY')) ORDER BY 1)) AS open`.catch(
      (error: unknown) => {
        throw asPostgresError(error);
      },
    );
    const to = Date.now();
    if (row === undefined) return [failed('postgres', 'gave no answer', 'Check DATABASE_URL.')];
    return [
      ok('postgres', `answers in ${to - from} ms`),
      version('postgres', row.version, [15, 0]),
      clock('postgres', Number(row.now), { from, to }),
      row.reads
        ? ok('postgres permission', `${row.user} reads the sandboxes`)
        : failed(
            'postgres permission',
            `${row.user} may not read the sandboxes, or there is no such table`,
            'Run `bd migrate` as an administrator of the database.',
          ),
      ...(row.reads ? [waitingCleanUps(await cleanUps(sql))] : []),
      databasesOf(row.open),
    ];
  } finally {
    await closePostgres(sql);
  }
}

/** Sandboxes whose clean-up is being retried, the oldest first. */
const cleanUps = (sql: Sql) => sql<{ id: string; error: string }[]>`
  SELECT id, cleanup_error AS error FROM public.sandboxes
  WHERE status = 'destroying' AND cleanup_error IS NOT NULL ORDER BY created_at`;

export function waitingCleanUps(found: readonly { id: string; error: string }[]): Finding {
  const [first] = found;
  if (first === undefined) return ok('clean-ups', 'none is waiting');
  return warning(
    'clean-ups',
    `${found.length} waiting; ${first.id} for: ${first.error}`,
    'They continue by themselves; `bd sandbox list --status destroying` shows which.',
  );
}

/**
 * The migration closes existing databases. A later database is open to all roles, also to those of
 * sandboxes.
 */
export function databasesOf(open: readonly string[]): Finding {
  const name = 'postgres databases';
  if (open.length === 0) return ok(name, 'none is open to every role');
  const [first = ''] = open;
  return warning(
    name,
    `sandboxes may connect to ${open.join(', ')}`,
    `\`REVOKE CONNECT, TEMPORARY ON DATABASE "${first}" FROM PUBLIC\`; grant it to the roles that need it.`,
  );
}

export async function askRedis(url: string, acl: boolean): Promise<readonly Finding[]> {
  const redis = await openRedis(url, NAME);
  try {
    const from = Date.now();
    const [seconds = 0, micros = 0] = (await redis.time()).map(Number);
    const to = Date.now();
    const info = `${await redis.info('server')}\n${await redis.info('memory')}`;
    const line = (key: string) => new RegExp(`^${key}:(.*)$`, 'm').exec(info)?.[1]?.trim();
    const found = line('valkey_version');
    const text = found === undefined ? `Redis ${line('redis_version') ?? '0'}` : `Valkey ${found}`;
    return [
      ok('redis', `answers in ${to - from} ms`),
      version('redis', text, [7, 0]),
      clock('redis', Math.floor(seconds * 1_000 + micros / 1_000), { from, to }),
      await permission(
        'redis permission',
        'reads the routes',
        'Give its user `%R~sandbox:*` and +@read.',
        () => redis.get(redisRoutes('doctor').version),
      ),
      await separationOf(url, acl),
      memoryOf({
        used: Number(line('used_memory') ?? 0),
        limit: Number(line('maxmemory') ?? 0),
        policy: line('maxmemory_policy') ?? '',
      }),
    ];
  } finally {
    closeRedis(redis);
  }
}

/**
 * By default Redis accepts connections without a login. Then its users do not separate sandboxes.
 */
async function separationOf(url: string, acl: boolean): Promise<Finding> {
  const name = 'redis acl';
  if (!acl) {
    return warning(
      name,
      'SANDBOX_REDIS_ACL=off: only the key prefix separates sandboxes',
      'Use a Redis that allows ACL SETUSER.',
    );
  }
  const anybody = await openRedis(withoutLogin(url), NAME).catch(() => null);
  if (anybody === null) return ok(name, 'a user for each sandbox');
  closeRedis(anybody);
  const remedy = 'Give its user `default` a password, or turn it off (`ACL SETUSER default off`).';
  return failed(name, 'accepts connections without a password, also from sandboxes', remedy);
}

/** No server limits the memory of one user. This checks the limit for all users together. */
export function memoryOf(redis: { used: number; limit: number; policy: string }): Finding {
  const { used, limit, policy } = redis;
  const name = 'redis memory';
  if (limit === 0) {
    const remedy = 'Set `maxmemory`, and `maxmemory-policy noeviction`.';
    return warning(name, 'no maxmemory: one sandbox can take all of the machine’s', remedy);
  }
  if (policy !== 'noeviction') {
    const remedy = 'Set `maxmemory-policy noeviction`.';
    return warning(name, `${policy} would remove routes and sandboxes’ keys`, remedy);
  }
  const text = `${Math.round((used / limit) * 100)} % of ${Math.round(limit / 1_048_576)} MiB`;
  if (used < limit * 0.8) return ok(name, text);
  return warning(name, text, 'Destroy the sandbox that fills it, or raise `maxmemory`.');
}

export async function askNats(url: string): Promise<readonly Finding[]> {
  const from = Date.now();
  const nc = await openNats(url, NAME);
  const apiPrefix = natsApiPrefixOf(url);
  const given = apiPrefix === undefined ? {} : { apiPrefix };
  try {
    const to = Date.now();
    const permitted = await permission(
      'nats permission',
      'sees the streams',
      `Run \`bd migrate\`, and let its user publish to ${apiPrefix ?? '$JS.API'}.STREAM.INFO.*.`,
      async () =>
        (await nc.jetstreamManager({ checkAPI: false, ...given })).streams.info(STREAMS.routed),
    );
    const asked = Date.now();
    const time = await routerBucket(nc, { apiPrefix })
      .keys('member.')
      .then(
        ({ now }) => clock('nats', now, { from: asked, to: Date.now() }),
        () => failed('nats clock', `no bucket ${ROUTER_BUCKET} to ask`, 'Run `bd migrate`.'),
      );
    const manager = await nc.jetstreamManager({ checkAPI: false, ...given });
    const storage = await manager.streams.info(STREAMS.routed).then(
      ({ config }) => config.storage,
      () => null,
    );
    return [
      ok('nats', `connected in ${to - from} ms`),
      version('nats', nc.info?.version ?? '0', [2, 14]),
      time,
      permitted,
      ...(storage === null ? [] : [streamsOf(storage)]),
    ];
  } finally {
    await closeNats(nc);
  }
}

/** The storage of `ROUTED`. In memory it ends with the server's process. */
export function streamsOf(storage: StorageType): Finding {
  const name = 'nats streams';
  if (storage === StorageType.File) return ok(name, 'kept on disk');
  return warning(
    name,
    'best-effort: unread events go after 5 min or with nats-server',
    'Meant for trials. `SANDBOX_STREAM_PROFILE=durable` keeps them (docs/routing.md).',
  );
}

async function permission(
  name: string,
  may: string,
  remedy: string,
  attempt: () => Promise<unknown>,
): Promise<Finding> {
  try {
    await attempt();
    return ok(name, may);
  } catch (error) {
    return failed(name, messageOf(error), remedy);
  }
}
