/** A worker with SANDBOX_GUILD_POLICY=granted: an owner registers what an operator granted, as long as the grant lasts. */
import { describe, expect, it } from 'vitest';
import { directActor, type Actor } from '../../../domain/actor.js';
import { parseGuildId, type GuildId } from '../../../domain/guild.js';
import type { Sandbox } from '../../../domain/sandbox.js';
import { addGuild, mappingOf } from '../../../store/guild-mappings.js';
import { lapsedRoutes } from '../../../store/grants.js';
import { parseSandboxId } from '../../../domain/names.js';
import { startGrantedWorker } from '../../support/granted-worker.js';
import { openServices, ROOT, type Services } from '../../support/identity.js';
import { openWorkerParts } from '../../support/resources.js';
import { openAdmin, someGuild, someName, someOwner, until } from '../../support/stack.js';

const developer = (): Actor => ({ ...directActor(someOwner()), role: 'developer', via: 'api' });
const newGuild = (): GuildId => parseGuildId(someGuild());

const notGranted = (guildId: string, { name: owner }: Actor) => ({
  ...{ code: 'SANDBOX_010', exitCode: 8, httpStatus: 403 },
  hint: `An operator grants it: \`bd guild grant ${guildId} ${owner}\`.`,
  details: expect.objectContaining({ lacks: { kind: 'grant', guildId, owner } }) as unknown,
});

async function openGranted(): Promise<Services> {
  const taskQueue = `granted-${someName()}`;
  await startGrantedWorker(taskQueue);
  return openServices({ SANDBOX_TASK_QUEUE: taskQueue });
}

const guildsOf = async (
  { sandboxes }: Services,
  actor: Actor,
  { id }: Sandbox,
): Promise<readonly string[]> => (await sandboxes.get(actor, id)).guildIds;

describe('a guild that is not granted', () => {
  it('is refused in a create and in a registration, and taken once it is granted', async () => {
    const services = await openGranted();
    const { sandboxes, identity } = services;
    const [ada, guildId] = [developer(), newGuild()];
    const create = { ttl: '1h', guildIds: [guildId] };
    const refusal = notGranted(guildId, ada);
    await expect(sandboxes.create(ada, create)).rejects.toMatchObject(refusal);
    // A repeated create gets the same refusal.
    const sandboxId = `sb${someGuild().slice(0, 10)}`;
    for (const wishes of [create, create])
      await expect(sandboxes.create(ada, { ...wishes, sandboxId })).rejects.toMatchObject(refusal);
    const sandbox = await sandboxes.create(ada, { ttl: '1h' });
    const register = () => sandboxes.registerGuild(ada, sandbox.id, guildId);
    await expect(register()).rejects.toMatchObject(refusal);
    expect(await guildsOf(services, ada, sandbox)).toEqual([]);
    // Another's grant, and one of another guild, do not count.
    await identity.grantGuild(ROOT, { guildId, owner: developer().name });
    await identity.grantGuild(ROOT, { guildId: newGuild(), owner: ada.name });
    await expect(register()).rejects.toMatchObject(refusal);
    await identity.grantGuild(ROOT, { guildId, owner: ada.name });
    expect((await register()).guildIds).toEqual([guildId]);
    await sandboxes.destroy(ada, sandbox.id);
    await sandboxes.waitUntilDestroyed(ada, sandbox.id);
    const second = await sandboxes.create(ada, create);
    expect(second.guildIds).toEqual([guildId]);
    await sandboxes.destroy(ada, second.id);
  });

  it('is registered by an operator, and stays when there is no grant', async () => {
    const services = await openGranted();
    const [ada, guildId] = [developer(), newGuild()];
    const sandbox = await services.sandboxes.create(ada, { ttl: '1h' });
    await services.sandboxes.registerGuild(ROOT, sandbox.id, guildId);
    const { database } = await openWorkerParts();
    expect((await lapsedRoutes(database)).map((route) => route.guildId)).not.toContain(guildId);
    expect(await guildsOf(services, ada, sandbox)).toEqual([guildId]);
    await services.sandboxes.destroy(ada, sandbox.id);
  });

  it('names no holder to an owner without the grant', async () => {
    const services = await openGranted();
    const [ada, eve, guildId] = [developer(), developer(), newGuild()];
    await services.identity.grantGuild(ROOT, { guildId, owner: ada.name });
    const holder = await services.sandboxes.create(ada, { ttl: '1h', guildIds: [guildId] });
    const sandbox = await services.sandboxes.create(eve, { ttl: '1h' });
    for (const attempt of [
      () => services.sandboxes.registerGuild(eve, sandbox.id, guildId),
      () => services.sandboxes.create(eve, { ttl: '1h', guildIds: [guildId] }),
    ])
      await expect(attempt()).rejects.toMatchObject(notGranted(guildId, eve));
    for (const [actor, { id }] of [
      [ada, holder],
      [eve, sandbox],
    ] as const)
      await services.sandboxes.destroy(actor, id);
  });
});

describe('the end of a grant', () => {
  it('by revocation removes the route before it returns, and no other route', async () => {
    const services = await openGranted();
    const { sandboxes, identity } = services;
    const [ada, ended, kept] = [developer(), newGuild(), newGuild()];
    for (const guildId of [ended, kept])
      await identity.grantGuild(ROOT, { guildId, owner: ada.name });
    const sandbox = await sandboxes.create(ada, { ttl: '1h', guildIds: [ended, kept] });
    const grant = await identity.revokeGrant(ROOT, ended, ada.name);
    expect(grant).toMatchObject({
      guildId: ended,
      owner: ada.name,
      grantedBy: 'root',
      until: null,
    });
    expect(await guildsOf(services, ada, sandbox)).toEqual([kept]);
    await expect(sandboxes.registerGuild(ada, sandbox.id, ended)).rejects.toMatchObject(
      notGranted(ended, ada),
    );
    await expect(identity.revokeGrant(ROOT, ended, ada.name)).rejects.toMatchObject({
      code: 'SANDBOX_004',
    });
    await sandboxes.destroy(ada, sandbox.id);
  });

  it('by its time removes the route within 5 s, as the audit says', async () => {
    const services = await openGranted();
    const { sandboxes, identity } = services;
    const [ada, guildId] = [developer(), newGuild()];
    const sandbox = await sandboxes.create(ada, { ttl: '1h' });
    const end = new Date(Date.now() + 4_000);
    await identity.grantGuild(ROOT, { guildId, owner: ada.name, until: end.toISOString() });
    await sandboxes.registerGuild(ada, sandbox.id, guildId);
    await until(
      'the route is gone',
      async () => (await guildsOf(services, ada, sandbox)).length === 0,
    );
    expect(Date.now()).toBeGreaterThan(end.getTime());
    expect(Date.now() - end.getTime()).toBeLessThan(5_000);
    const entry = (await sandboxes.audit(ada, sandbox.id)).at(-1);
    expect(entry).toMatchObject({
      ...{ eventType: 'guild_unregistered', actor: 'grants', actorKind: 'system', via: 'system' },
    });
    await expect(sandboxes.registerGuild(ada, sandbox.id, guildId)).rejects.toMatchObject(
      notGranted(guildId, ada),
    );
    await sandboxes.destroy(ada, sandbox.id);
  });

  it('between a claim and the start keeps the route from becoming active', async () => {
    const services = await openGranted();
    const [ada, guildId] = [developer(), newGuild()];
    const sandbox = await services.sandboxes.create(ada, { ttl: '1h' });
    const admin = openAdmin();
    // As a claim leaves it.
    await admin`INSERT INTO sandbox_guild_mapping (guild_id, sandbox_id, active, by_grant)
      VALUES (${guildId}, ${sandbox.id}, false, true)`;
    const parts = await openWorkerParts();
    await expect(parts.routes().activate(parseSandboxId(sandbox.id))).rejects.toMatchObject({
      ...{ code: 'SANDBOX_010', details: { lacks: { kind: 'grant', guildId, owner: ada.name } } },
    });
    expect((await mappingOf(parts.database, guildId))?.active).toBe(false);
    await services.identity.grantGuild(ROOT, { guildId, owner: ada.name });
    await parts.routes().activate(parseSandboxId(sandbox.id));
    expect((await mappingOf(parts.database, guildId))?.active).toBe(true);
    await services.sandboxes.destroy(ada, sandbox.id);
  });

  it('waits for a registration that is under way, and then finds its route', async () => {
    const services = await openGranted();
    const [ada, guildId] = [developer(), newGuild()];
    const sandbox = await services.sandboxes.create(ada, { ttl: '1h' });
    const sandboxId = parseSandboxId(sandbox.id);
    const { database } = await openWorkerParts();
    for (let round = 0; round < 10; round += 1) {
      await services.identity.grantGuild(ROOT, { guildId, owner: ada.name });
      const registration = { sandboxId, guildId, actor: ada, policy: 'granted' } as const;
      await Promise.all([
        services.identity.revokeGrant(ROOT, guildId, ada.name),
        addGuild(database, registration).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'SANDBOX_010' });
        }),
      ]);
      expect(await mappingOf(database, guildId)).toBeNull();
    }
    await services.sandboxes.destroy(ada, sandbox.id);
  });
});

describe('grants', () => {
  it('are given, listed and ended by operators; an owner sees its own', async () => {
    const { identity } = openServices();
    const [ada, eve, guildId] = [developer(), developer(), newGuild()];
    for (const attempt of [
      () => identity.grantGuild(ada, { guildId, owner: ada.name }),
      () => identity.revokeGrant(ada, guildId, ada.name),
      () => identity.listGrants(eve, { owner: ada.name }),
    ])
      await expect(attempt()).rejects.toMatchObject({ code: 'SANDBOX_010' });
    await identity.grantGuild(ROOT, { guildId, owner: ada.name, until: '2999-01-01' });
    const again = await identity.grantGuild(ROOT, { guildId, owner: ada.name });
    expect(again.until).toBeNull();
    expect(await identity.listGrants(ada, {})).toEqual([again]);
    expect(await identity.listGrants(eve, {})).toEqual([]);
    expect(await identity.listGrants(ROOT, { guild: guildId })).toEqual([again]);
    for (const when of ['2020-01-01T00:00:00Z', 'soon', '1', '2999-13-01', '2999-01-01T00:00'])
      await expect(
        identity.grantGuild(ROOT, { guildId, owner: ada.name, until: when }),
        when,
      ).rejects.toMatchObject({ code: 'SANDBOX_008' });
    const events = await openAdmin()`SELECT event_type AS event, actor FROM sandbox_audit_log
      WHERE details->>'guildId' = ${guildId} ORDER BY id`;
    const granted = { event: 'guild_granted', actor: 'root' };
    expect([...events]).toEqual([granted, granted]);
  });
});
