/** Discord guild ids: snowflakes above 2^53, so they stay strings everywhere. */
import { invalid } from './errors.js';

declare const brand: unique symbol;
export type GuildId = string & { readonly [brand]: 'GuildId' };

const SNOWFLAKE = /^[1-9][0-9]{16,19}$/;
const LIMIT = 1n << 64n;

export function isGuildId(value: unknown): value is GuildId {
  return (
    typeof value === 'string' &&
    SNOWFLAKE.test(value) &&
    (value.length < 20 || BigInt(value) < LIMIT)
  );
}

/** @throws SANDBOX_008 */
export function parseGuildId(value: unknown): GuildId {
  if (isGuildId(value)) return value;
  throw invalid('guild', value, 'a Discord guild id has 17 to 20 digits and is below 2^64');
}

/**
 * Parsed, without duplicates, in a fixed order. So two claims of the same guilds cannot deadlock.
 */
export function parseGuildIds(values: readonly unknown[], limit = 100): GuildId[] {
  const unique = [...new Set(values.map(parseGuildId))].sort();
  if (unique.length > limit) {
    throw invalid('guild list', `${unique.length} guilds`, `at most ${limit} guilds a sandbox`);
  }
  return unique;
}
