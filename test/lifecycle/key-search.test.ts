import { expect, it, onTestFinished } from 'vitest';
import { parseSandboxId, redisPrefix, type SandboxId } from '../../domain/names.js';
import { closeRedis, openRedis } from '../../platform/redis.js';
import { keySearch } from '../../resources/redis-scan.js';
import { someName, stackState } from '../support/stack.js';

it('finds each sandbox’s keys and nobody else’s, alone and when several are looked for at once', async () => {
  const redis = await openRedis(stackState().urls.admin.redis, 'test');
  const sandboxes = Array.from({ length: 6 }, () => parseSandboxId(`sb${someName().slice(5, 15)}`));
  const keysOf = (i: number): string[] => {
    const prefix = redisPrefix(sandboxes[i] as SandboxId);
    return Array.from({ length: 3_000 }, (_, n) => `${prefix}key:${n}`);
  };
  const everything = sandboxes.flatMap((_, i) => keysOf(i));
  onTestFinished(async () => {
    await redis.unlink(...everything);
    closeRedis(redis);
  });
  await redis.mset(...everything.flatMap((key) => [key, '1']));
  const search = keySearch(redis);
  const found = async (i: number): Promise<string[]> => {
    const seen = new Set<string>();
    await search(sandboxes[i] as SandboxId, (keys) => {
      for (const key of keys) seen.add(key);
      return Promise.resolve();
    });
    return [...seen].sort();
  };

  expect(await found(0)).toEqual(keysOf(0).sort());
  const failing = search(sandboxes[1] as SandboxId, () => Promise.reject(new Error('refused')));
  const [refused, ...others] = await Promise.allSettled([failing, ...[2, 3, 4].map(found)]);
  expect(refused.status).toBe('rejected');
  for (const [n, outcome] of others.entries()) {
    expect(outcome).toEqual({ status: 'fulfilled', value: keysOf(n + 2).sort() });
  }
  expect(await redis.exists(...keysOf(5))).toBe(3_000);
});
