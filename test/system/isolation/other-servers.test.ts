/** Servers that are not the local stack's: a Redis that refuses ACL SETUSER, a NATS without accounts, a process without the secrets. */
import { describe, expect, it } from 'vitest';
import { parseSandboxId, type SandboxId } from '../../../domain/names.js';
import { tenantAccount } from '../../../resources/nats/permissions.js';
import type { NatsAuthority } from '../../../platform/nats-authority.js';
import { deriveNatsKey, signNatsToken } from '../../../platform/nkeys.js';
import { closeRedis, openRedis } from '../../../platform/redis.js';
import {
  accountKeyOf,
  deleteAccount,
  lookUpAccount,
  pushAccount,
} from '../../../resources/nats/account.js';
import { distributeRoutes } from '../../../routes/distribution.js';
import { redisRoutes } from '../../../routing/route.js';
import { routeVersion } from '../../../store/guild-mappings.js';
import { openWorkerParts } from '../../support/resources.js';
import { openClient, someGuild, someName, someOwner, stackState } from '../../support/stack.js';
import { TESTER } from '../../support/commands.js';

const someId = (): SandboxId => parseSandboxId(`sb${someName().slice(5, 15)}`);
const fresh = (sandboxId: SandboxId, rotation = 0) => ({
  sandboxId,
  rotation,
  createdAt: new Date(),
});

describe('a Redis without ACL', () => {
  it('gets no user; the key space is kept apart by its prefix, and emptied all the same', async () => {
    const parts = await openWorkerParts();
    const keyspace = parts.resources({ redisAcl: false }).get('redis-keyspace');
    const id = someId();
    const key = `sandbox:${id}:mine`;
    await keyspace.ensure(fresh(id));
    const inspector = parts.inspector('redis-keyspace', { redisAcl: false });
    expect(await inspector.inspect(fresh(id))).toMatchObject({
      ...{ state: 'ok', detail: expect.stringContaining('separation by prefix only') as string },
    });
    expect(await parts.redis.call('ACL', 'GETUSER', `sandbox_${id}`)).toBeNull();
    await parts.redis.set(key, '1');
    await keyspace.reset(fresh(id, 1));
    expect(await parts.redis.exists(key)).toBe(0);
    expect((await keyspace.list()).filter(({ sandboxId }) => sandboxId === id)).toMatchObject([
      { kind: 'keyspace', name: `sandbox:${id}:`, installation: parts.installation },
    ]);
    await parts.redis.set(key, '1');
    await keyspace.remove(id);
    expect(await parts.redis.exists(key, `sandbox:rotation:${id}`)).toBe(0);
    expect((await keyspace.list()).some(({ sandboxId }) => sandboxId === id)).toBe(false);
  });

  it('makes `connect` name no user that is not there', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner(), SANDBOX_REDIS_ACL: 'off' });
    const { id } = await client.create({ ttl: '1h' });
    const { environment } = await client.connection(id);
    expect(Object.keys(environment)).toEqual(expect.arrayContaining(['DATABASE_URL', 'NATS_URL']));
    expect(environment).not.toHaveProperty('REDIS_URL');
    await client.destroy(id);
  });
});

describe('a NATS without accounts', () => {
  it('gets a consumer, and no account; one that has them repairs it later', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandbox = await client.create({ ttl: '1h' });
    const id = parseSandboxId(sandbox.id);
    const target = { ...fresh(id), createdAt: new Date(sandbox.createdAt) };
    const parts = await openWorkerParts();
    const subjects = parts
      .resources({ natsAuthority: null, natsAccount: null })
      .get('nats-subjects');
    const jsm = await parts.nats.jetstreamManager();
    await jsm.consumers.delete('ROUTED', `sb_${id}`);

    await subjects.ensure(target);
    const inspector = parts.inspector('nats-subjects', { natsAccount: null });
    expect(await inspector.inspect(target)).toMatchObject({
      ...{ state: 'ok', detail: expect.stringContaining('separation by subject only') as string },
    });
    const own = (await subjects.list()).filter(({ sandboxId }) => sandboxId === id);
    expect(own.map(({ kind }) => kind)).toEqual(['consumer']);
    // What is missing for those who look with accounts in mind: its account, which its consumer does not name.
    expect((await client.status(id)).health).toBe('degraded');
    await parts.resources().get('nats-subjects').ensure(target);
    expect((await client.status(id)).health).toBe('healthy');

    // Such a worker cannot end an account: it leaves it to one that can.
    await subjects.revoke(id);
    expect((await client.status(id)).health).toBe('healthy');
    await client.destroy(id);
  });

  it('removes no account by another operator’s word, and says so', async () => {
    const parts = await openWorkerParts();
    const { nats, natsAuthority: authority, natsAccount, masterSecret } = parts;
    if (authority === null || natsAccount === null) throw new Error('the stack has accounts');
    const keys = { nats, authority, masterSecret, controlAccount: natsAccount };
    const stranger = { ...authority, operator: deriveNatsKey('x'.repeat(32), 'operator', 'other') };
    const id = someId();
    const { publicKey } = accountKeyOf(masterSecret, id);
    const facts = { rotation: 3, installation: null, createdAt: null };
    await pushAccount(keys, id, facts);
    await expect(deleteAccount({ ...keys, authority: stranger }, id)).rejects.toThrow(
      /NATS refuses \$SYS\.REQ\.CLAIMS\.DELETE/,
    );
    expect(await lookUpAccount(nats, publicKey)).toMatchObject({ rotation: 3 });
    await deleteAccount(keys, id);
    await deleteAccount(keys, id);
    expect(await lookUpAccount(nats, publicKey)).toBeNull();
  });
});

describe('an account that another version, or a hand, has made', () => {
  it.each([
    ['without tags', []],
    ['with a rotation that is none', ['rotation:x', 'installation:y', 'created:1']],
  ])('%s is nobody’s orphan, and its sandbox lacks one', async (_what, tags) => {
    const { nats, natsAuthority, natsAccount, masterSecret, resources } = await openWorkerParts();
    const id = someId();
    const { publicKey } = accountKeyOf(masterSecret, id);
    const token = signNatsToken((natsAuthority as NatsAuthority).operator, {
      ...{ sub: publicKey, name: `sandbox_${id}` },
      nats: tenantAccount(id, natsAccount ?? '', tags),
    });
    await nats.request('$SYS.REQ.CLAIMS.UPDATE', token, { timeout: 5_000 });
    expect(await lookUpAccount(nats, publicKey)).toBeNull();
    const found = (await resources().get('nats-subjects').list()).filter(
      ({ sandboxId }) => sandboxId === id,
    );
    expect(found).toEqual([
      {
        kind: 'nats-account',
        name: `sandbox_${id}`,
        sandboxId: id,
        installation: null,
        createdAt: null,
      },
    ]);
    await resources().get('nats-subjects').revoke(id);
  });

  it('with a rotation alone is known by that', async () => {
    const { nats, natsAuthority, natsAccount, masterSecret, resources } = await openWorkerParts();
    const id = someId();
    const { publicKey } = accountKeyOf(masterSecret, id);
    const token = signNatsToken((natsAuthority as NatsAuthority).operator, {
      ...{ sub: publicKey, name: `sandbox_${id}` },
      nats: tenantAccount(id, natsAccount ?? '', ['rotation:4']),
    });
    await nats.request('$SYS.REQ.CLAIMS.UPDATE', token, { timeout: 5_000 });
    expect(await lookUpAccount(nats, publicKey)).toEqual({
      rotation: 4,
      installation: null,
      createdAt: null,
    });
    await resources().get('nats-subjects').revoke(id);
  });

  it('has the same key again behind more sandboxes than are remembered', () => {
    const ids = Array.from({ length: 1_002 }, (_, n) =>
      parseSandboxId(`sb${String(n).padStart(10, '0')}`),
    );
    const keyOf = (id: SandboxId): string => accountKeyOf('s'.repeat(32), id).publicKey;
    const first = ids.slice(0, 3).map(keyOf);
    expect(new Set(ids.map(keyOf)).size).toBe(ids.length);
    expect(ids.slice(0, 3).map(keyOf)).toEqual(first);
  });
});

describe('the copy of the routes in Redis', () => {
  it('is not needed for a registration: the routers read Postgres', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandbox = await client.create({ ttl: '1h' });
    const [id, guild] = [parseSandboxId(sandbox.id), someGuild() as never];
    const away = await openRedis(stackState().urls.worker.redis, 'test');
    closeRedis(away);
    const parts = await openWorkerParts();
    const routes = parts.routes({ redis: away });
    await routes.register({ sandboxId: id, guildId: guild, actor: TESTER, policy: 'any' });
    expect((await client.get(id)).guildIds).toEqual([guild]);
    await routes.unregister(id, guild, TESTER);
    expect((await client.get(id)).guildIds).toEqual([]);
    // A step that is done again has nothing to activate.
    await routes.activate(id);
    await client.destroy(id);
  });

  it('that is ahead of Postgres, as after a backup was restored, is written anew', async () => {
    const parts = await openWorkerParts();
    const { version } = redisRoutes(parts.installation);
    await parts.redis.set(version, '8000000000');
    const newest = await distributeRoutes(parts.database, parts.redis, parts.installation);
    expect(newest).toBe(await routeVersion(parts.database));
    expect(Number(await parts.redis.get(version))).toBe(newest);
  });
});

describe('what bears no mark of this product', () => {
  it.each([
    ['no JSON', 'mine'],
    ['JSON that is no mark', '"mine"'],
    ['nothing', 'null'],
    ['half a mark', '{"installation":"x"}'],
    ['a mark of no time', '{"installation":"x","createdAt":"soon"}'],
  ])('is never an orphan: %s', async (_what, mark) => {
    const { redis, resources } = await openWorkerParts();
    const id = someId();
    await redis.hset('sandbox:registry', id, mark, `no id ${id}`, mark);
    const found = (await resources().get('redis-keyspace').list()).filter(({ name }) =>
      name.includes(id),
    );
    expect(found).toHaveLength(2);
    for (const { installation, createdAt } of found)
      expect([installation, createdAt]).toEqual([null, null]);
    expect(new Set(found.map(({ sandboxId }) => sandboxId))).toEqual(new Set([id, null]));
    const { orphans } = await openClient().sweep({ dryRun: true });
    expect(orphans.filter(({ name }) => name.includes(id))).toEqual([]);
    await redis.hdel('sandbox:registry', id, `no id ${id}`);
  });

  it('among the consumers of ROUTED is nobody’s', async () => {
    const { nats, resources } = await openWorkerParts();
    const jsm = await nats.jetstreamManager();
    const name = someName();
    await jsm.consumers.add('ROUTED', { durable_name: name, filter_subject: 'events.x' });
    expect(
      (await resources().get('nats-subjects').list()).some((found) => found.name === name),
    ).toBe(false);
    await jsm.consumers.delete('ROUTED', name);
  });
});
