/** The guild routes of a sandbox: active mappings, distributed and confirmed by every live router. */
import { counted } from '../domain/counted.js';
import { decodeRoute, redisRoutes } from '../domain/routing.js';
import type { GuildId } from '../domain/guild.js';
import type { SandboxId } from '../domain/names.js';
import { inNats } from '../platform/nats-errors.js';
import { inRedis } from '../platform/redis.js';
import {
  activateGuilds,
  addGuild,
  guildsOf,
  removeAllGuilds,
  removeGuild,
  routeVersion,
} from '../store/guild-mappings.js';
import type { Found, Inspection, Resource, ResourceContext } from './resource.js';
import { confirmRoutes } from './route-barrier.js';
import { distributeRoutes } from './route-distribution.js';

/** How long a registration waits for the routers before it is rolled back as SANDBOX_009. */
const CONFIRM_MS = 3_000;

export interface GuildRoutes extends Resource {
  /** Returns once every live router sends the guild's events to the sandbox; rolled back if one cannot. */
  register(sandboxId: SandboxId, guildId: GuildId, actor: string): Promise<void>;
  /** Writes Redis' copy of the table anew from Postgres: for entries that no mapping accounts for. */
  rebuild(): Promise<void>;
  /** Returns once no router will store another of its events for the sandbox. */
  unregister(sandboxId: SandboxId, guildId: GuildId, actor: string): Promise<void>;
}

export function guildRoutes({ database, redis, nats, installation }: ResourceContext): GuildRoutes {
  const keys = redisRoutes(installation);

  /**
   * Distribution through Redis is the fast way, not the needed one: with Redis away the barrier makes the routers
   * read Postgres.
   */
  async function distributeAndConfirm(): Promise<void> {
    const distributed = await distributeRoutes(database, redis, installation).catch(() => null);
    const version = distributed ?? (await routeVersion(database));
    await inNats(() => confirmRoutes(nats, version, { timeoutMs: CONFIRM_MS }));
  }

  return {
    name: 'guild-routes',
    // Redis’ part in the routes is never waited for.
    servers: ['postgres', 'nats'],

    async ensure({ sandboxId }) {
      if ((await activateGuilds(database, sandboxId)) > 0) await distributeAndConfirm();
    },

    async inspect({ sandboxId }): Promise<Inspection> {
      const guilds = await guildsOf(database, sandboxId);
      const inactive = guilds.filter(({ active }) => !active);
      if (inactive.length > 0) {
        return {
          state: 'error',
          detail: `not yet routed: ${inactive.length} of ${counted(guilds.length, 'guild')}`,
        };
      }
      return inRedis(async () => {
        const entries =
          guilds.length === 0 ? [] : await redis.hmget(keys.map, ...guilds.map((g) => g.guildId));
        const wrong = guilds.filter(({ guildId }, i) => {
          const entry = entries[i];
          return entry == null || decodeRoute(guildId, entry)?.sandboxId !== sandboxId;
        });
        if (wrong.length > 0) {
          return {
            state: 'missing',
            detail: `Redis lacks the route of guild ${wrong.map((g) => g.guildId).join(', ')}`,
          };
        }
        return {
          state: 'ok',
          detail: guilds.length === 0 ? 'no guilds' : `${counted(guilds.length, 'guild')} routed`,
        };
      });
    },

    async revoke() {
      // Routes have no credentials.
    },

    async remove(sandboxId) {
      // Registered is what the audit says it ever was: an attempt that was rolled back may have reached a router.
      if (await removeAllGuilds(database, sandboxId, 'workflow')) await distributeAndConfirm();
    },

    async register(sandboxId, guildId, actor) {
      const { added } = await addGuild(database, sandboxId, guildId, actor);
      try {
        await distributeAndConfirm();
      } catch (error) {
        if (added) {
          await removeGuild(database, sandboxId, guildId, actor);
          await distributeRoutes(database, redis, installation).catch(() => undefined);
        }
        throw error;
      }
    },

    async unregister(sandboxId, guildId, actor) {
      await removeGuild(database, sandboxId, guildId, actor);
      await distributeAndConfirm();
    },

    async rebuild() {
      await inRedis(async () => {
        await redis.del(keys.version, keys.map, keys.changes);
        await distributeRoutes(database, redis, installation);
      });
    },

    async list(): Promise<Found[]> {
      const routes = await inRedis(() => redis.hgetall(keys.map));
      // A route carries no time: old enough for any grace period.
      const mark = { installation, createdAt: new Date(0) };
      const found: Found[] = [];
      for (const [guildId, text] of Object.entries(routes)) {
        // Whatever it says: what no row accounts for is an orphan, and the table is written anew.
        const sandboxId = text.slice(text.indexOf(':') + 1) as SandboxId;
        if (sandboxId !== '') found.push({ kind: 'route', name: guildId, sandboxId, ...mark });
      }
      return found;
    },
  };
}
