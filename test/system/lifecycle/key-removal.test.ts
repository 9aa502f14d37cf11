import { expect, it, onTestFinished } from 'vitest';
import { parseSandboxId, redisPrefix, type SandboxId } from '../../../domain/names.js';
import { closeRedis, openRedis, type Redis } from '../../../platform/redis.js';
import { keyRemoval, rotationKey } from '../../../resources/redis/scan.js';
import { makeTenant, redisAs } from '../isolation/tenants.js';
import { leftoversOf } from '../../support/leftovers.js';
import { openClient, someName, someOwner, stackState } from '../../support/stack.js';

const someId = (): SandboxId => parseSandboxId(`sb${someName().slice(5, 15)}`);

async function openAdminRedis(): Promise<Redis> {
  const redis = await openRedis(stackState().urls.admin.redis, 'test');
  onTestFinished(() => {
    closeRedis(redis);
  });
  return redis;
}

it('removes the keys of one sandbox or of several at once, and no others', async () => {
  const redis = await openAdminRedis();
  const sandboxes = Array.from({ length: 6 }, someId);
  const [alone, ...others] = sandboxes as [SandboxId, ...SandboxId[]];
  const kept = others.pop() as SandboxId;
  const keysOf = (sandboxId: SandboxId): string[] =>
    Array.from({ length: 3_000 }, (_, n) => `${redisPrefix(sandboxId)}key:${n}`);
  const left = (sandboxId: SandboxId): Promise<number> => redis.exists(...keysOf(sandboxId));
  await redis.mset(...sandboxes.flatMap(keysOf).flatMap((key) => [key, '1']));
  onTestFinished(() => void redis.unlink(...keysOf(kept)));
  const remove = keyRemoval(redis);

  await remove(alone);
  expect(await left(alone)).toBe(0);
  await Promise.all([remove(others[0] as SandboxId), ...others.slice(1).map((id) => remove(id))]);
  expect(await Promise.all(others.map(left))).toEqual(others.map(() => 0));
  expect(await left(kept)).toBe(3_000);
});

it('keeps keys of a later rotation, and reports a server’s failure to each caller', async () => {
  const redis = await openAdminRedis();
  const [renewed, old] = [someId(), someId()];
  const keyOf = (sandboxId: SandboxId): string => `${redisPrefix(sandboxId)}k`;
  await redis.mset(keyOf(renewed), '1', keyOf(old), '1', rotationKey(renewed), 2);
  const remove = keyRemoval(redis);
  await Promise.all([remove(someId()), remove(renewed, 2), remove(old, 2)]);
  expect(await redis.exists(keyOf(renewed))).toBe(1);
  expect(await redis.exists(keyOf(old))).toBe(0);
  await remove(renewed, 3);
  expect(await redis.exists(keyOf(renewed))).toBe(0);

  await redis.unlink(rotationKey(renewed));
  redis.disconnect();
  const outcomes = await Promise.allSettled([remove(renewed), remove(old)]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

it('removes a sandbox with binary keys or with keys longer than a client’s answer, and its neighbour', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const [hostile, neighbour] = [await makeTenant(client), await makeTenant(client)];
  const redis = await redisAs(hostile.env);
  const prefix = `sandbox:${hostile.id}:`;
  await redis.set(Buffer.concat([Buffer.from(prefix), Buffer.from([0xff, 0x80, 0])]), '1');
  for (let i = 0; i < 3; i += 1) await redis.set(`${prefix}${i}${'k'.repeat(400_000)}`, '1');
  redis.disconnect();
  // The server closes a connection with more output waiting than this. The local stack's limit of
  // 64 MB would take the test seconds.
  const admin = await openAdminRedis();
  const limit = 'client-output-buffer-limit';
  const [, before = ''] = (await admin.config('GET', limit)) as string[];
  await admin.config('SET', limit, 'normal 1mb 1mb 10');
  onTestFinished(async () => {
    await admin.config('SET', limit, before);
  });
  const both = [hostile.id, neighbour.id];
  await Promise.all(both.map((id) => client.destroy(id)));
  for (const id of both) {
    expect((await client.waitUntilDestroyed(parseSandboxId(id))).status).toBe('destroyed');
    expect(await leftoversOf(stackState().urls.admin, id)).toEqual([]);
  }
});
