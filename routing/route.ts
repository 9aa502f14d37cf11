/** One entry of the route table, and its form in Redis. */
import { isGuildId, type GuildId } from '../domain/guild.js';
import { isSandboxId, type SandboxId } from '../domain/names.js';

/** A guild, or a sandbox itself: the address of addressed events. No text is both. */
export type RouteKey = GuildId | SandboxId;

/**
 * An entry of the table; `sandboxId` null is a tombstone. A sandbox's own entry leads to itself, and stands for as long as
 * the sandbox takes addressed events.
 */
export interface Route {
  readonly key: RouteKey;
  readonly sandboxId: SandboxId | null;
  readonly version: number;
}

/** Whether an entry may be: a guild leads to any sandbox, a sandbox to itself alone. */
export function isRoute(key: string, sandboxId: string | null): key is RouteKey {
  if (sandboxId !== null && !isSandboxId(sandboxId)) return false;
  return isGuildId(key) || (isSandboxId(key) && (sandboxId === null || sandboxId === key));
}

/**
 * Redis distributes the table that Postgres owns: `map` is a hash key → `<version>:<sandboxId or nothing>`, `changes` a
 * sorted set of keys by version, so that a reader loads the difference, and `version` the newest that both hold.
 * Each installation has its own: two that share a Redis must never route by each other's table.
 */
export const redisRoutes = (installation: string): RedisRoutes => ({
  version: `sandbox:routes:${installation}:version`,
  map: `sandbox:routes:${installation}:map`,
  changes: `sandbox:routes:${installation}:changes`,
});

export interface RedisRoutes {
  readonly version: string;
  readonly map: string;
  readonly changes: string;
}

/** Told with each new version, and only a hint: routers compare versions anyway, so a lost one heals in ≤ 0.5 s. */
export const REDIS_ROUTES_CHANGED = 'sandbox:routes:changed';

/** Per-guild cache of the RouteProvider, for every reader but the router. */
export const redisRouteKey = (guildId: string): string => `sandbox:route:${guildId}`;

export function encodeRoute({ version, sandboxId }: Route): string {
  return `${version}:${sandboxId ?? ''}`;
}

/**
 * Null for a foreign entry: a writer to Redis must not be able to choose a subject (a sandbox of `a b` or
 * `>` would make another one of it) nor a version.
 */
export function decodeRoute(key: string, text: string): Route | null {
  const [, version = '', target = ''] = /^([1-9][0-9]{0,15}):(.*)$/s.exec(text) ?? [];
  const sandboxId = target === '' ? null : target;
  if (version === '' || !isRoute(key, sandboxId)) return null;
  return { key, version: Number(version), sandboxId: sandboxId as SandboxId | null };
}
