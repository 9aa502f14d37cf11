import { describe, expect, it, onTestFinished } from 'vitest';
import { RouteProvider } from '../../../control/index.js';
import { closeRedis, openRedis } from '../../../platform/redis.js';
import {
  openAdmin,
  openClient,
  someGuild,
  someOwner,
  stackConfig,
  stackState,
} from '../../support/stack.js';

function openProvider(env: Record<string, string> = {}): RouteProvider {
  const provider = new RouteProvider(stackConfig(env));
  onTestFinished(() => provider.close());
  return provider;
}

async function openCache() {
  const redis = await openRedis(stackState().urls.admin.redis, 'test');
  onTestFinished(() => {
    closeRedis(redis);
  });
  return redis;
}

describe('RouteProvider', () => {
  it('answers from the cache, also for unknown guilds, and sees changes at once', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const provider = openProvider();
    const [redis, guild] = [await openCache(), someGuild()];
    const { id } = await client.create({ ttl: '1h' });

    expect(await provider.getSandboxForGuild(guild)).toBeNull();
    expect(await redis.get(`sandbox:route:${guild}`)).toBe('-');
    expect(await redis.pttl(`sandbox:route:${guild}`)).toBeGreaterThan(50_000);

    await provider.registerGuild(id, guild);
    expect(await provider.getSandboxForGuild(guild)).toBe(id);
    expect(await redis.get(`sandbox:route:${guild}`)).toBe(id);
    expect(await provider.getGuildsForSandbox(id)).toEqual([guild]);

    // By another client: the product itself invalidates the cache.
    await client.unregisterGuild(guild);
    expect(await provider.getSandboxForGuild(guild)).toBeNull();
    await client.destroy(id);
  });

  it('trusts the cache until it is invalidated', async () => {
    const provider = openProvider();
    const [redis, guild] = [await openCache(), someGuild()];
    await redis.set(`sandbox:route:${guild}`, 'sb0123456789', 'PX', 60_000);
    expect(await provider.getSandboxForGuild(guild)).toBe('sb0123456789');
    await provider.invalidate(guild);
    expect(await provider.getSandboxForGuild(guild)).toBeNull();
  });

  it('falls back to Postgres if Redis does not answer, and warms its cache', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const guild = someGuild();
    const { id } = await client.create({ ttl: '1h', guildIds: [guild] });
    const away = openProvider({
      ...{ DATABASE_URL: stackState().urls.client.database, REDIS_URL: 'redis://127.0.0.1:1' },
      ...{ NATS_URL: stackState().urls.client.nats },
      TEMPORAL_ADDRESS: stackState().temporal.address,
    });
    expect(await away.getSandboxForGuild(guild)).toBe(id);

    const [provider, redis] = [openProvider(), await openCache()];
    expect(await provider.warmCache()).toBeGreaterThan(0);
    expect(await redis.get(`sandbox:route:${guild}`)).toBe(id);
    await client.destroy(id);
    await expect.poll(() => redis.get(`sandbox:route:${guild}`), { timeout: 15_000 }).not.toBe(id);
  });

  it.each(['', '12', '12345678901234567890123', 'sandbox:*', '1234567890123456789\n'])(
    'refuses %j as a guild, before any server is asked',
    async (guild) => {
      const provider = openProvider();
      await expect(provider.getSandboxForGuild(guild)).rejects.toMatchObject({
        code: 'SANDBOX_008',
      });
      await expect(provider.invalidate(guild)).rejects.toMatchObject({ code: 'SANDBOX_008' });
    },
  );

  it('ignores a guild that is only claimed', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const guild = someGuild();
    const { id } = await client.create({ ttl: '1h', guildIds: [guild] });
    await openAdmin()`UPDATE sandbox_guild_mapping SET active = false WHERE guild_id = ${guild}`;
    const provider = openProvider();
    await provider.invalidate(guild);
    expect(await provider.getSandboxForGuild(guild)).toBeNull();
    expect(await provider.getGuildsForSandbox(id)).toEqual([]);
    await client.destroy(id);
  });
});
