/** The servers that routing needs, and nothing else; routes are changed as the worker does. */
import { Redis } from 'ioredis';
import { delay } from '../../platform/deadline.js';
import { closeNats, openNats } from '../../platform/nats.js';
import { closePostgres, openPostgres } from '../../platform/postgres.js';
import { confirmRoutes } from '../../resources/route-barrier.js';
import { guild, setRoute } from '../router/routes.js';
import { startServers } from '../router/servers.js';
import { fixedSandboxes } from './events.js';
import type { SandboxId } from '../../domain/names.js';
import type { Base } from './world.js';

export async function lightBase(): Promise<Base> {
  const servers = await startServers();
  const nc = await openNats(servers.natsUrl, 'worker in test');
  const sql = openPostgres(servers.databaseUrl, { name: 'chaos', max: 2 });
  const redis = new Redis(servers.redisUrl, { maxRetriesPerRequest: 1 });
  // It is killed on purpose.
  redis.on('error', () => undefined);
  return {
    natsUrl: servers.natsUrl,
    natsPort: Number(new URL(servers.natsUrl).port),
    routerServers: servers,
    ownStack: false,
    sandboxOf: fixedSandboxes,
    async kill(server, forMs) {
      if (server === 'worker' || server === 'temporal') return;
      await servers[server].end('SIGKILL');
      await delay(forMs);
      await servers[server].start();
    },
    async setRoute(g, registered) {
      const sandboxId = registered ? (fixedSandboxes(g) as SandboxId) : null;
      const version = await setRoute(
        sql,
        redis.status === 'ready' ? redis : null,
        guild(g),
        sandboxId,
      );
      await confirmRoutes(nc, version, { timeoutMs: 3_000 });
    },
    async close() {
      redis.disconnect();
      await closePostgres(sql);
      await closeNats(nc);
      await servers.close();
    },
  };
}
