/**
 * The routes of a sandbox, distributed and confirmed by every live router: those of its guilds, and its own, by which
 * addressed events reach it.
 */
import { WORKFLOW_ACTOR, type Actor } from '../domain/actor.js';
import { counted } from '../domain/counted.js';
import { decodeRoute, redisRoutes } from '../routing/route.js';
import type { GuildId } from '../domain/guild.js';
import type { SandboxId } from '../domain/names.js';
import { inNats } from '../platform/nats-errors.js';
import { inRedis } from '../platform/redis.js';
import {
  activateRoutes,
  addGuild,
  guildsOf,
  removeAllGuilds,
  removeGuild,
  routeVersion,
} from '../store/guild-mappings.js';
import type { Found, Inspection, Resource, ResourceContext } from '../resources/resource.js';
import { confirmRoutes } from '../routing/barrier.js';
import { distributeRoutes } from './distribution.js';

/** How long a registration waits for the routers before it is rolled back as SANDBOX_009. */
const CONFIRM_MS = 3_000;

export interface GuildRoutes extends Resource {
  /** Returns once every live router sends the guild's events to the sandbox; rolled back if one cannot. */
  register(sandboxId: SandboxId, guildId: GuildId, actor: Actor): Promise<void>;
  /** Writes Redis' copy of the table anew from Postgres: for entries that no mapping accounts for. */
  rebuild(): Promise<void>;
  /** Returns once no router will store another of its events for the sandbox. */
  unregister(sandboxId: SandboxId, guildId: GuildId, actor: Actor): Promise<void>;
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
      await activateRoutes(database, sandboxId);
      await distributeAndConfirm();
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
        const routed = [sandboxId, ...guilds.map(({ guildId }) => guildId)];
        const entries = await redis.hmget(keys.map, ...routed);
        const [own, ...wrong] = routed.map((key, i) => {
          const entry = entries[i];
          const stands = entry != null && decodeRoute(key, entry)?.sandboxId === sandboxId;
          return stands ? null : key;
        });
        const lacking = wrong.filter((key) => key !== null);
        if (lacking.length > 0) {
          return {
            state: 'missing',
            detail: `Redis lacks the route of guild ${lacking.join(', ')}`,
          };
        }
        if (own !== null) return { state: 'missing', detail: "Redis lacks the sandbox's address" };
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
      await removeAllGuilds(database, sandboxId, WORKFLOW_ACTOR);
      // Also without a guild: `destroying` has made it no addressee, and each router must know.
      await distributeAndConfirm();
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
      for (const [key, text] of Object.entries(routes)) {
        // Whatever it says: what no row accounts for is an orphan, and the table is written anew.
        const sandboxId = text.slice(text.indexOf(':') + 1) as SandboxId;
        if (sandboxId !== '') found.push({ kind: 'route', name: key, sandboxId, ...mark });
      }
      return found;
    },
  };
}
