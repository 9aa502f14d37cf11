/** Removes a sandbox's keys. SCAN walks all keys, so simultaneous removals share one walk. */
import { redisPrefix, type SandboxId } from '../../domain/names.js';
import type { Redis } from '../../platform/redis.js';

/**
 * Keys per call. A million other keys take 0.25 s of CPU with 1,000 as with 10,000 (measured).
 * Fewer mean more round trips; more block the server longer each time.
 */
const SCAN_COUNT = 2_000;
/** Average limit in bytes for the names in one call: a tenant's names may be long. */
const NAMES_BYTES = 16 * 1_048_576;

/**
 * One step of a walk for several sandboxes. Names stay in the server: they may be binary or too
 * long for a client. KEYS: each sandbox's rotation. ARGV: cursor, count, pattern, then per sandbox
 * its prefix and the rotation (or nothing) below which its keys go, so a late step removes nothing
 * new.
 */
const UNLINK_STEP = `
local gone = {}
for i, rotation in ipairs(KEYS) do
  local before = ARGV[3 + 2 * i]
  if before == '' or tonumber(redis.call('GET', rotation) or '-1') < tonumber(before) then gone[ARGV[2 + 2 * i]] = true end
end
local reply = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[3], 'COUNT', ARGV[2])
for _, key in ipairs(reply[2]) do
  if gone[string.sub(key, 1, #ARGV[4])] then redis.call('UNLINK', key) end
end
return reply[1]`;

/** The rotation of the user and the keys. It is watched, so that an older one never returns. */
export const rotationKey = (sandboxId: SandboxId): string => `sandbox:rotation:${sandboxId}`;

interface Removal {
  readonly sandboxId: SandboxId;
  readonly before: number | undefined;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Removes every key that the sandbox had at the call.
 * @param before only while the sandbox's rotation is lower
 */
export type KeyRemoval = (sandboxId: SandboxId, before?: number) => Promise<void>;

export function keyRemoval(redis: Redis): KeyRemoval {
  let waiting: Removal[] = [];
  let walking = false;

  async function walkForAll(): Promise<void> {
    if (walking) return;
    walking = true;
    while (waiting.length > 0) {
      // A caller during a walk waits for the next: this walk may have passed its keys.
      const removals = waiting;
      waiting = [];
      await walk(redis, removals).then(
        () => {
          for (const { done } of removals) done();
        },
        (error: unknown) => {
          for (const { failed } of removals) failed(error);
        },
      );
    }
    walking = false;
  }

  return (sandboxId, before) =>
    new Promise((done, failed) => {
      waiting.push({ sandboxId, before, done, failed });
      void walkForAll();
    });
}

async function walk(redis: Redis, removals: readonly Removal[]): Promise<void> {
  const prefixes = removals.map(({ sandboxId }) => redisPrefix(sandboxId));
  // For one sandbox alone the server itself skips other keys.
  const pattern = prefixes.length === 1 ? `${prefixes[0]}*` : 'sandbox:sb*';
  const sandboxes = removals.flatMap(({ before = '' }, i) => [prefixes[i] ?? '', before]);
  const rotations = removals.map(({ sandboxId }) => rotationKey(sandboxId));
  const count = await countFor(redis);
  let cursor = '0';
  do {
    const args = [...rotations, cursor, count, pattern, ...sandboxes];
    cursor = (await redis.eval(UNLINK_STEP, rotations.length, ...args)) as string;
  } while (cursor !== '0');
}

/** Keys per call. A single key's size is unknown before, but the total is known. */
async function countFor(redis: Redis): Promise<number> {
  const [keys, info] = await Promise.all([redis.dbsize(), redis.info('memory')]);
  const used = Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? 0);
  const affordable = Math.floor((NAMES_BYTES * keys) / Math.max(used, 1));
  return Math.min(SCAN_COUNT, Math.max(10, affordable));
}
