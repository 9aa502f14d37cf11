/** One entry of the route table, and its form in Redis. */
import { isGuildId, type GuildId } from '../domain/guild.js';
import { isSandboxId, type SandboxId } from '../domain/names.js';

/** A guild, or a sandbox as the address of addressed events. No text is both. */
export type RouteKey = GuildId | SandboxId;

/**
 * An entry of the table; a null `sandboxId` is a tombstone. A sandbox's own entry leads to itself,
 * and exists while the sandbox takes addressed events.
 */
export interface Route {
  readonly key: RouteKey;
  readonly sandboxId: SandboxId | null;
  readonly version: number;
}

/** True for a valid entry: a guild leads to any sandbox, a sandbox only to itself. */
export function isRoute(key: string, sandboxId: string | null): key is RouteKey {
  if (sandboxId !== null && !isSandboxId(sandboxId)) return false;
  return isGuildId(key) || (isSandboxId(key) && (sandboxId === null || sandboxId === key));
}

/**
 * Redis' copy of Postgres' table: `map` is a hash key → `<version>:<sandboxId or nothing>`,
 * `changes` a sorted set of keys by version for loading a difference, `version` the newest of both.
 * Each installation has its own, so two on one Redis never mix.
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

/**
 * Published with each new version. Only a hint: routers compare versions, so a lost message is
 * repaired in ≤ 0.5 s.
 */
export const REDIS_ROUTES_CHANGED = 'sandbox:routes:changed';

/** The RouteProvider's cache per guild, for every reader but the router. */
export const redisRouteKey = (guildId: string): string => `sandbox:route:${guildId}`;

export function encodeRoute({ version, sandboxId }: Route): string {
  return `${version}:${sandboxId ?? ''}`;
}

/**
 * Null for a foreign entry: a writer to Redis must not choose a subject (a sandbox `a b` or `>`
 * would make another subject) or a version.
 */
export function decodeRoute(key: string, text: string): Route | null {
  const [, version = '', target = ''] = /^([1-9][0-9]{0,15}):(.*)$/s.exec(text) ?? [];
  const sandboxId = target === '' ? null : target;
  if (version === '' || !isRoute(key, sandboxId)) return null;
  return { key, version: Number(version), sandboxId: sandboxId as SandboxId | null };
}
