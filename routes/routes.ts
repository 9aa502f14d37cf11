/**
 * The routes of a sandbox, distributed and confirmed by every live router: its guilds' routes, and
 * its own route for addressed events.
 */
import { WORKFLOW_ACTOR } from '../domain/actor.js';
import type { VerifiedCommand } from '../domain/command.js';
import type { GuildPolicy } from '../domain/permissions.js';
import { redisRoutes } from '../routing/route.js';
import type { SandboxId } from '../domain/names.js';
import { withDeadline } from '../platform/deadline.js';
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
  takeGuildBack,
} from '../store/guild-mappings.js';
import { confirmRoutes } from '../routing/barrier.js';
import { distributeRoutes } from './distribution.js';

/** How long a registration waits for the routers. Then it is rolled back with SANDBOX_009. */
const CONFIRM_MS = 3_000;
/** A Redis that stands still must leave time for the routers, within an activity's 4 s. */
const DISTRIBUTE_MS = 500;

export const ROUTES = 'guild-routes';
/** The servers that the routes' steps need. Redis is not one: routers work without its copy. */
export const ROUTE_SERVERS = ['postgres', 'nats'] as const;

export interface RoutesContext {
  readonly database: Database;
  readonly redis: Redis;
  readonly nats: NatsConnection;
  readonly installation: string;
}

export interface Routes {
  readonly name: typeof ROUTES;
  /** Routes the guilds of the claim. @throws SANDBOX_007 if the sandbox is being destroyed */
  activate(sandboxId: SandboxId): Promise<void>;
  /**
   * Returns once every live router sends the guild's events to the sandbox. @throws SANDBOX_009 if one cannot: the caller tries
   * again, or takes it back; SANDBOX_010 for a guild that `policy` wants granted and that is not
   */
  register(command: VerifiedCommand<'registerGuild'>, policy: GuildPolicy): Promise<void>;
  /** Undoes a registration that was not confirmed; returns as `unregister` does. */
  takeBack(command: VerifiedCommand<'registerGuild'>): Promise<void>;
  /** Returns once no router will store another of the guild's events for the sandbox. */
  unregister(command: VerifiedCommand<'unregisterGuild'>): Promise<void>;
  /** The same for all guilds, and for addressed events. */
  remove(sandboxId: SandboxId): Promise<void>;
  /** Entries of Redis' copy of the table, for the sweep. */
  list(): Promise<RouteFound[]>;
  /** Removes the entry of a sandbox without a live row, and rewrites Redis' copy from Postgres. */
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
   * Redis is the fast way, but not a required one. With Redis away the barrier makes the routers
   * read Postgres.
   */
  async function distributeAndConfirm(): Promise<void> {
    const distributing = distributeRoutes(database, redis, installation);
    const distributed = await withDeadline(distributing, DISTRIBUTE_MS, 'Redis').catch(() => null);
    const version = distributed ?? (await routeVersion(database));
    await inNats(() => confirmRoutes(nats, version, { timeoutMs: CONFIRM_MS }));
  }

  async function remove(sandboxId: SandboxId): Promise<void> {
    await removeAllGuilds(database, sandboxId, WORKFLOW_ACTOR);
    // Also without a guild: `destroying` ends addressed events, and each router must know.
    await distributeAndConfirm();
  }

  return {
    name: ROUTES,

    async activate(sandboxId) {
      await activateRoutes(database, sandboxId);
      await distributeAndConfirm();
    },

    remove,

    async register(command, policy) {
      await addGuild(database, command, policy);
      await distributeAndConfirm();
    },

    async takeBack(command) {
      await takeGuildBack(database, command);
      await distributeAndConfirm();
    },

    async unregister(command) {
      await removeGuild(database, command);
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
      // A route has no time: old enough for any grace period.
      const mark = { installation, createdAt: new Date(0) };
      const found: RouteFound[] = [];
      for (const [key, text] of Object.entries(routes)) {
        // An entry without a row is an orphan, whatever its text. Then the table is rewritten.
        const sandboxId = text.slice(text.indexOf(':') + 1) as SandboxId;
        if (sandboxId !== '') found.push({ kind: 'route', name: key, sandboxId, ...mark });
      }
      return found;
    },
  };
}
