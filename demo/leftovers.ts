/**
 * Finds a sandbox's leftovers on the servers, with the administrator's rights instead of the
 * product.
 */
import { closeNats, newInbox, openNats } from '../platform/nats.js';
import { openPostgres, closePostgres } from '../platform/postgres.js';
import { closeRedis, openRedis } from '../platform/redis.js';
import type { ServerUrls } from '../platform/stack-file.js';

/** One line per leftover. Empty if only the sandbox's row and audit remain. */
export async function leftoversOf(urls: ServerUrls, sandboxId: string): Promise<string[]> {
  const found = await Promise.all([
    inPostgres(urls.database, sandboxId),
    inRedis(urls.redis, sandboxId),
    inNats(urls.nats, sandboxId),
  ]);
  return found.flat();
}

async function inPostgres(url: string, sandboxId: string): Promise<string[]> {
  const sql = openPostgres(url, { name: 'leftovers', max: 1 });
  try {
    const name = `sandbox_${sandboxId}`;
    const rows = await sql<{ found: string }[]>`
      SELECT 'Postgres schema ' || nspname AS found FROM pg_namespace WHERE nspname = ${name}
      UNION ALL SELECT 'Postgres role ' || rolname FROM pg_roles WHERE rolname = ${name}
      UNION ALL SELECT 'Postgres session ' || pid FROM pg_stat_activity WHERE usename = ${name}
      UNION ALL SELECT 'Postgres mapping ' || guild_id FROM sandbox_guild_mapping WHERE sandbox_id = ${sandboxId}
      UNION ALL SELECT 'Postgres route ' || guild_id FROM sandbox_routes WHERE sandbox_id = ${sandboxId}
      UNION ALL SELECT 'Postgres addressee ' || sandbox_id FROM sandbox_addressees WHERE sandbox_id = ${sandboxId} AND active
      UNION ALL SELECT 'Postgres lock row ' || schema_name FROM sandbox_schema_locks WHERE schema_name = ${name}`;
    return rows.map((row) => row.found);
  } finally {
    await closePostgres(sql);
  }
}

async function inRedis(url: string, sandboxId: string): Promise<string[]> {
  const redis = await openRedis(url, 'leftovers');
  try {
    const found: string[] = [];
    let cursor = '0';
    do {
      const [next, keys] = await redis.scan(
        cursor,
        'MATCH',
        `sandbox:${sandboxId}:*`,
        'COUNT',
        1_000,
      );
      found.push(...keys.map((key) => `Redis key ${key}`));
      cursor = next;
    } while (cursor !== '0');
    const users = (await redis.call('ACL', 'USERS')) as string[];
    if (users.includes(`sandbox_${sandboxId}`)) found.push(`Redis user sandbox_${sandboxId}`);
    if ((await redis.hexists('sandbox:registry', sandboxId)) === 1)
      found.push('Redis registry entry');
    for (const map of await redis.keys('sandbox:routes:*:map')) {
      for (const [guild, entry] of Object.entries(await redis.hgetall(map))) {
        if (entry.endsWith(`:${sandboxId}`)) found.push(`Redis route ${guild}`);
      }
    }
    return found;
  } finally {
    closeRedis(redis);
  }
}

async function inNats(url: string, sandboxId: string): Promise<string[]> {
  const nc = await openNats(url, 'leftovers');
  try {
    const jsm = await nc.jetstreamManager();
    const found: string[] = [];
    for await (const name of jsm.consumers.list('ROUTED')) {
      if (name.name === `sb_${sandboxId}`) found.push(`NATS consumer ${name.name}`);
    }
    const { state } = await jsm.streams.info('ROUTED', {
      subjects_filter: `sandbox.${sandboxId}.>`,
    });
    for (const [subject, count] of Object.entries(state.subjects ?? {})) {
      found.push(`NATS ${count} messages on ${subject}`);
    }
    // All account tokens, one message each, then an empty message.
    const inbox = newInbox(nc);
    const accounts = nc.subscribe(inbox);
    nc.publish('$SYS.REQ.CLAIMS.PACK', '', { reply: inbox });
    for await (const message of accounts) {
      if (message.data.length === 0) break;
      const [, claims = ''] = message.string().split('|')[1]?.split('.') ?? [];
      if (Buffer.from(claims, 'base64url').toString().includes(`"sandbox_${sandboxId}"`))
        found.push(`NATS account sandbox_${sandboxId}`);
    }
    return found;
  } finally {
    await closeNats(nc);
  }
}
