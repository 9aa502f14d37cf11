/** Finds a sandbox's keys. SCAN walks everybody's, so those that are looked for at the same time share one walk. */
import { redisPrefix, type SandboxId } from '../domain/names.js';
import type { Redis } from '../platform/redis.js';

/**
 * Of one call. A million foreign keys cost the server 0.25 s of CPU with 1,000 as with 10,000 (measured): fewer a call
 * take more round trips, more of them hold everybody up for longer each time.
 */
const SCAN_COUNT = 2_000;

/**
 * The same walk for several sandboxes: the server picks their keys, instead of sending everybody's. A thousand sandboxes
 * that expire in one second would else walk a thousand times.
 */
const SCAN_FOR_SEVERAL = `
local wanted = {}
for i = 3, #ARGV do wanted[ARGV[i]] = true end
local reply = redis.call('SCAN', ARGV[1], 'MATCH', 'sandbox:sb*', 'COUNT', ARGV[2])
local found = {}
for _, key in ipairs(reply[2]) do
  if wanted[string.sub(key, 1, #ARGV[3])] then found[#found + 1] = key end
end
return {reply[1], found}`;

type Each = (keys: string[]) => Promise<unknown>;

interface Search {
  readonly prefix: string;
  readonly each: Each;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Gives `each` every key of the sandbox that was there when it was called, in batches. */
export type KeySearch = (sandboxId: SandboxId, each: Each) => Promise<void>;

/** SCAN, never KEYS, and no key prefix of the client (traps.md 34). */
export function keySearch(redis: Redis): KeySearch {
  let waiting: Search[] = [];
  let walking = false;

  async function walkForAll(): Promise<void> {
    if (walking) return;
    walking = true;
    while (waiting.length > 0) {
      // Whoever comes during a walk waits for the next: what this one has passed may hold his keys.
      const searches = waiting;
      waiting = [];
      await walk(redis, searches);
    }
    walking = false;
  }

  return (sandboxId, each) =>
    new Promise((done, failed) => {
      waiting.push({ prefix: redisPrefix(sandboxId), each, done, failed });
      void walkForAll();
    });
}

/** One sandbox's failure is its own; the server's is everybody's. */
async function walk(redis: Redis, searches: readonly Search[]): Promise<void> {
  const found = new Map(searches.map((search) => [search, Promise.resolve<unknown>(undefined)]));
  try {
    for (let cursor: string | null = '0'; cursor !== null;) {
      const [next, keys] = await scan(redis, cursor, searches);
      for (const [search, before] of found) {
        const own = keys.filter((key) => key.startsWith(search.prefix));
        if (own.length === 0) continue;
        const work = before.then(() => search.each(own));
        work.catch(() => undefined);
        found.set(search, work);
      }
      cursor = next === '0' ? null : next;
    }
  } catch (error) {
    for (const { failed } of searches) failed(error);
    return;
  }
  for (const [{ done, failed }, work] of found) work.then(done, failed);
}

async function scan(
  redis: Redis,
  cursor: string,
  searches: readonly Search[],
): Promise<[string, string[]]> {
  const [first, ...more] = searches.map(({ prefix }) => prefix);
  if (more.length === 0) {
    return redis.scan(cursor, 'MATCH', `${first ?? ''}*`, 'COUNT', SCAN_COUNT);
  }
  const args = [cursor, SCAN_COUNT, first ?? '', ...more];
  return (await redis.eval(SCAN_FOR_SEVERAL, 0, ...args)) as [string, string[]];
}
