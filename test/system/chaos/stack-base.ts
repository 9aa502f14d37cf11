/** The product's own local stack, with worker and Temporal. The product's client changes routes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectControl } from '../../../control/direct-control.js';
import { down, signalService, status, up } from '../../../deploy/stack/index.js';
import { loadConfig } from '../../../platform/config.js';
import { delay, withDeadline } from '../../../platform/deadline.js';
import { guild } from '../../support/ids.js';
import { FLIPPING, MAPPED } from './events.js';
import type { Base } from './world.js';

/** The most sandboxes that one owner may have. */
const SANDBOXES = 3;
const BACK_MS = 60_000;
const CHANGE_MS = 20_000;

export async function stackBase(): Promise<Base> {
  const home = await mkdtemp(join(tmpdir(), 'sandbox-chaos-'));
  const config = loadConfig({ SANDBOX_HOME: home, SANDBOX_OWNER: 'chaos', LOG_LEVEL: 'info' });
  const state = await up(config, { only: ['temporal', 'postgres', 'redis', 'nats', 'worker'] });
  const client = openDirectControl(config);
  const ids: string[] = [];
  for (let i = 0; i < SANDBOXES; i++) ids.push((await client.create({ ttl: '7d' })).id);
  const sandboxOf = (g: number): string | null => ids[g % ids.length] ?? null;
  const { admin, router } = state.urls;
  return {
    natsUrl: admin.nats,
    natsPort: Number(new URL(admin.nats).port),
    routerServers: {
      natsUrl: router.nats,
      redisUrl: router.redis,
      databaseUrl: router.database,
      directory: home,
    },
    ownStack: true,
    sandboxOf: (g) => (g < FLIPPING ? sandboxOf(g) : null),
    async kill(server) {
      const pid = await signalService(config, server, 'SIGKILL');
      // The supervisor restarts it.
      for (let waited = 0; waited < BACK_MS; waited += 50) {
        await delay(50);
        const entry = (await status(config)).find(({ name }) => name === server);
        if (entry?.state === 'running' && entry.pid !== pid) return;
      }
      throw new Error(`${server} did not come back`);
    },
    async setRoute(g, registered) {
      const change = registered
        ? client.registerGuild(sandboxOf(g) ?? '', guild(g))
        : client.unregisterGuild(guild(g));
      await withDeadline(change, g < MAPPED ? BACK_MS : CHANGE_MS, 'the change of a route');
    },
    async close() {
      await client.close();
      await down(config, { purge: true });
      await rm(home, { recursive: true, force: true });
    },
  };
}
