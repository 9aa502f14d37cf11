/** What Postgres, Redis and NATS hold of one sandbox, to compare before and after an attack. */
import { onTestFinished } from 'vitest';
import { consumerName, type SandboxId } from '../../domain/names.js';
import { closeNats, openNats } from '../../platform/nats.js';
import { closeRedis, openRedis } from '../../platform/redis.js';
import { redisRoutes } from '../../routing/route.js';
import { STREAMS } from '../../routing/subjects.js';
import { installationId } from '../../store/sandboxes.js';
import { openDatabase } from '../../store/database.js';
import { leftoversOf } from './leftovers.js';
import { openAdmin, stackState } from './stack.js';

/** Its connections close when the test ends. */
export async function openWorld(): Promise<(sandboxId: SandboxId) => Promise<unknown>> {
  const { admin } = stackState().urls;
  const sql = openAdmin();
  const database = openDatabase(admin.database, { name: 'test', max: 1 });
  const [redis, nats] = await Promise.all([
    openRedis(admin.redis, 'test'),
    openNats(admin.nats, 'test'),
  ]);
  onTestFinished(async () => {
    closeRedis(redis);
    await Promise.all([closeNats(nats), database.close()]);
  });
  const routes = redisRoutes(await installationId(database)).map;
  const { consumers } = await nats.jetstreamManager();
  return async (sandboxId) => {
    const keys = await redis.keys(`sandbox:${sandboxId}:*`);
    const consumer = await consumers
      .info(STREAMS.routed, consumerName(sandboxId))
      .catch(() => null);
    const found = await leftoversOf(admin, sandboxId);
    return {
      row: await sql`SELECT * FROM sandboxes WHERE id = ${sandboxId}`,
      guilds: await sql`SELECT * FROM sandbox_guild_mapping WHERE sandbox_id = ${sandboxId}`,
      audit: await sql`SELECT * FROM sandbox_audit_log WHERE sandbox_id = ${sandboxId} ORDER BY id`,
      commands: await sql`SELECT * FROM sandbox_commands WHERE sandbox_id = ${sandboxId}`,
      keys: await Promise.all(keys.sort().map(async (key) => [key, await redis.get(key)])),
      rotation: await redis.get(`sandbox:rotation:${sandboxId}`),
      routes: Object.entries(await redis.hgetall(routes)).filter(([, to]) =>
        to.endsWith(`:${sandboxId}`),
      ),
      consumer: consumer?.config,
      // A tenant's sessions come and go.
      servers: found.filter((line) => !line.startsWith('Postgres session')).sort(),
    };
  };
}
