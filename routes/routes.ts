/**
 * The routes of a sandbox, distributed and confirmed by every live router: those of its guilds, and its own, by which
 * addressed events reach it.
 */
import { WORKFLOW_ACTOR, type Actor } from '../domain/actor.js';
import { redisRoutes } from '../routing/route.js';
import type { GuildId } from '../domain/guild.js';
import type { SandboxId } from '../domain/names.js';
import { inNats } from '../platform/nats-errors.js';
import type { NatsConnection } from '../platform/nats.js';
import { inRedis, type Redis } from '../platform/redis.js';
import type { Database } from '../store/database.js';
import {
  activateRoutes,
  addGuild,
  removeAllGuilds,
  removeGuild,
  routeVersion,
  type Registration,
} from '../store/guild-mappings.js';
import { confirmRoutes } from '../routing/barrier.js';
import { distributeRoutes } from './distribution.js';

/** How long a registration waits for the routers before it is rolled back as SANDBOX_009. */
const CONFIRM_MS = 3_000;

export const ROUTES = 'guild-routes';
/** The servers that the routes' steps wait for. Redis is not one: routers work without its copy. */
export const ROUTE_SERVERS = ['postgres', 'nats'] as const;

export interface RoutesContext {
  readonly database: Database;
  readonly redis: Redis;
  readonly nats: NatsConnection;
  readonly installation: string;
}

export interface Routes {
  readonly name: typeof ROUTES;
  /** Routes the guilds that the claim has written. @throws SANDBOX_007 once the sandbox is being destroyed */
  activate(sandboxId: SandboxId): Promise<void>;
  /** Returns once every live router sends the guild's events to the sandbox; rolled back if one cannot. */
  register(registration: Registration): Promise<void>;
  /** Returns once no router will store another of its events for the sandbox. */
  unregister(sandboxId: SandboxId, guildId: GuildId, actor: Actor): Promise<void>;
  /** The same for all of its guilds, and for its addressed events. */
  remove(sandboxId: SandboxId): Promise<void>;
  /** Entries of Redis' copy of the table, as the sweep looks through them. */
  list(): Promise<RouteFound[]>;
  /** Removes the entry of a sandbox without a live row, and writes Redis' copy anew from Postgres. */
  removeOrphan(found: { readonly sandboxId: SandboxId }): Promise<void>;
}

export interface RouteFound {
  readonly kind: 'route';
  readonly name: string;
  readonly sandboxId: SandboxId;
  readonly installation: string;
  readonly createdAt: Date;
}

export function openRoutes({ database, redis, nats, installation }: RoutesContext): Routes {
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

  async function remove(sandboxId: SandboxId): Promise<void> {
    await removeAllGuilds(database, sandboxId, WORKFLOW_ACTOR);
    // Also without a guild: `destroying` ends its addressed events, and each router must know.
    await distributeAndConfirm();
  }

  return {
    name: ROUTES,

    async activate(sandboxId) {
      await activateRoutes(database, sandboxId);
      await distributeAndConfirm();
    },

    remove,

    async register(registration) {
      const { sandboxId, guildId, actor } = registration;
      const { added } = await addGuild(database, registration);
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

    async removeOrphan({ sandboxId }) {
      await remove(sandboxId);
      await inRedis(async () => {
        await redis.del(keys.version, keys.map, keys.changes);
        await distributeRoutes(database, redis, installation);
      });
    },

    async list() {
      const routes = await inRedis(() => redis.hgetall(keys.map));
      // A route carries no time: old enough for any grace period.
      const mark = { installation, createdAt: new Date(0) };
      const found: RouteFound[] = [];
      for (const [key, text] of Object.entries(routes)) {
        // Whatever it says: what no row accounts for is an orphan, and the table is written anew.
        const sandboxId = text.slice(text.indexOf(':') + 1) as SandboxId;
        if (sandboxId !== '') found.push({ kind: 'route', name: key, sandboxId, ...mark });
      }
      return found;
    },
  };
}
