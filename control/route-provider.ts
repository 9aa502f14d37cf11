/**
 * RouteProvider: the sandbox of a guild, for programs other than the router (the router has its own
 * table). A cache in Redis answers first. Postgres answers on a miss, or if Redis does not answer.
 */
import { SandboxError } from '../domain/errors.js';
import { isGuildId, parseGuildId, type GuildId } from '../domain/guild.js';
import { isSandboxId, parseSandboxId, type SandboxId } from '../domain/names.js';
import { redisRouteKey } from '../routing/route.js';
import type { Sandbox } from '../domain/sandbox.js';
import type { Config } from '../platform/config.js';
import { withDeadline } from '../platform/deadline.js';
import type { Redis } from '../platform/redis.js';
import {
  activeMappings,
  guildsOf,
  mappingOf,
  routesSince,
  routeVersion,
} from '../store/guild-mappings.js';
import { Connections } from './connections.js';
import type { Control } from '../domain/control.js';
import { openDirectControl } from './direct-control.js';

/** A slower cache costs more than it saves. */
const CACHE_MS = 500;
/** The cached value for a guild without a sandbox. */
const NONE = '-';

export class RouteProvider {
  private readonly connections: Connections;
  private control: Control | undefined;

  /**
   * Opens no connection yet. @throws SANDBOX_009 if neither environment nor local stack names the
   * servers
   */
  constructor(private readonly config: Config) {
    this.connections = new Connections(config);
  }

  /**
   * The sandbox of this guild, or null for production. Cached for `SANDBOX_ROUTE_CACHE_TTL_MS`,
   * also a null. A change through the product shows at once; a change made directly in the database
   * shows when the entry expires.
   * @throws SANDBOX_008, SANDBOX_009
   */
  async getSandboxForGuild(guildId: string): Promise<SandboxId | null> {
    const guild = parseGuildId(guildId);
    const cached = await this.inCache((redis) => redis.get(redisRouteKey(guild)));
    if (cached === NONE) return null;
    if (isSandboxId(cached)) return cached;
    let route = await this.ask(guild);
    for (;;) {
      await this.store([[guild, route]]);
      // A change between Postgres' answer and our write would leave an old entry. The second read
      // finds it.
      const again = await this.ask(guild);
      if (again === route) return route;
      route = again;
    }
  }

  /**
   * Returns once every live router sends the guild's events to the sandbox. @throws SANDBOX_003,
   * _004, _007, _008, _009
   */
  async registerGuild(sandboxId: string, guildId: string): Promise<Sandbox> {
    const sandbox = await this.sandboxes().registerGuild(parseSandboxId(sandboxId), guildId);
    await this.invalidate(guildId);
    return sandbox;
  }

  /**
   * After its return no further event of the guild is stored for its sandbox. @throws SANDBOX_004,
   * _007, _008, _009
   */
  async unregisterGuild(guildId: string): Promise<Sandbox> {
    const sandbox = await this.sandboxes().unregisterGuild(guildId);
    await this.invalidate(guildId);
    return sandbox;
  }

  /** From Postgres: the active ones, sorted. */
  async getGuildsForSandbox(sandboxId: string): Promise<GuildId[]> {
    const mappings = await guildsOf(this.connections.database, parseSandboxId(sandboxId));
    return mappings.filter(({ active }) => active).map(({ guildId }) => guildId);
  }

  /** Removes a guild's cached entry. Needed only after a change that bypassed the product. */
  async invalidate(guildId: string): Promise<void> {
    const guild = parseGuildId(guildId);
    await this.inCache((redis) => redis.del(redisRouteKey(guild)));
  }

  /** Caches every mapping; returns how many. */
  async warmCache(): Promise<number> {
    const { database } = this.connections;
    const before = await routeVersion(database);
    const mappings = await activeMappings(database);
    await this.store(mappings.map(({ guildId, sandboxId }) => [guildId, sandboxId]));
    // A mapping that changed meanwhile may be cached in its old form.
    for (const { key } of await routesSince(database, before))
      if (isGuildId(key)) await this.invalidate(key);
    return mappings.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    await Promise.all([this.connections.close(), this.control?.close()]);
  }

  private sandboxes(): Control {
    return (this.control ??= openDirectControl(this.config));
  }

  private async ask(guild: GuildId): Promise<SandboxId | null> {
    const mapping = await mappingOf(this.connections.database, guild);
    return mapping?.active === true ? mapping.sandboxId : null;
  }

  private async store(routes: readonly (readonly [GuildId, SandboxId | null])[]): Promise<void> {
    const ttl = this.config.routes.cacheTtlMs;
    for (let start = 0; start < routes.length; start += 1_000) {
      await this.inCache(async (redis) => {
        const pipeline = redis.pipeline();
        for (const [guild, sandboxId] of routes.slice(start, start + 1_000)) {
          pipeline.set(redisRouteKey(guild), sandboxId ?? NONE, 'PX', ttl);
        }
        await pipeline.exec();
      });
    }
  }

  /** Null if Redis does not answer: the cache is optional. */
  private async inCache<T>(work: (redis: Redis) => Promise<T>): Promise<T | null> {
    try {
      return await withDeadline(this.connections.redis().then(work), CACHE_MS, 'Redis');
    } catch (error) {
      if (error instanceof SandboxError && error.code === 'SANDBOX_008') throw error;
      return null;
    }
  }
}
