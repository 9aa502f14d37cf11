/** Permissions: only a sandbox's owner and operators change it, and the audit log names them. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { SandboxService } from '../../../control/sandbox-service.js';
import { directActor, SCOPES, type Actor } from '../../../domain/actor.js';
import { parseOwner } from '../../../domain/names.js';
import { openAdmin, openClient, someGuild, someOwner, stackConfig } from '../../support/stack.js';

const developer = (name: string): Actor => ({
  ...directActor(name),
  role: 'developer',
  via: 'api',
});

function openService(): SandboxService {
  const service = new SandboxService(stackConfig());
  onTestFinished(() => service.close());
  return service;
}

const refused = { code: 'SANDBOX_010', exitCode: 8 };

describe('a developer', () => {
  it('changes, connects to and reads events of their own sandbox', async () => {
    const service = openService();
    const ada = developer(someOwner());
    const sandbox = await service.create(ada, { ttl: '1h' });
    expect(sandbox.owner).toBe(ada.name);
    const guild = someGuild();
    expect((await service.registerGuild(ada, sandbox.id, guild)).guildIds).toEqual([guild]);
    expect((await service.unregisterGuild(ada, guild)).guildIds).toEqual([]);
    expect((await service.extend(ada, sandbox.id, '1h', {})).clamped).toBe(false);
    expect((await service.reset(ada, sandbox.id)).status).toBe('running');
    expect((await service.connection(ada, sandbox.id)).withoutCredentials).toBeNull();
    expect((await service.destroy(ada, sandbox.id)).alreadyDestroyed).toBe(false);
  });

  it('may do none of that to another owner’s sandbox, and changes nothing of it', async () => {
    const service = openService();
    const [ada, eve] = [developer(someOwner()), developer(someOwner())];
    const guild = someGuild();
    const sandbox = await service.create(ada, { ttl: '1h', guildIds: [guild] });
    const events = service.events(eve, sandbox.id, { signal: AbortSignal.timeout(10_000) });
    const attempts: Record<string, () => Promise<unknown>> = {
      extend: () => service.extend(eve, sandbox.name, '1h', {}),
      reset: () => service.reset(eve, sandbox.id),
      destroy: () => service.destroy(eve, sandbox.id),
      registerGuild: () => service.registerGuild(eve, sandbox.id, someGuild()),
      unregisterGuild: () => service.unregisterGuild(eve, guild),
      connection: () => service.connection(eve, sandbox.id),
      events: () => events.next(),
      create: () => service.create(eve, { owner: ada.name, ttl: '1h' }),
      sweep: () => service.sweep(eve, { dryRun: true }),
    };
    for (const [what, attempt] of Object.entries(attempts))
      await expect(attempt(), what).rejects.toMatchObject(refused);
    expect(await service.get(eve, sandbox.id)).toEqual(sandbox);
    expect(await service.list(eve, { owner: ada.name })).toEqual([sandbox]);
    await service.destroy(ada, sandbox.id);
  });

  it('may do nothing without its scope, and neither may an operator', async () => {
    const service = openService();
    const ada = developer(someOwner());
    const sandbox = await service.create(ada, { ttl: '1h' });
    const reader: Actor = { ...ada, scopes: ['sandbox:read'] };
    const operator: Actor = { ...directActor('grace'), scopes: ['sandbox:read'] };
    for (const actor of [reader, operator]) {
      await expect(service.destroy(actor, sandbox.id)).rejects.toMatchObject({
        ...refused,
        message: expect.stringContaining('sandbox:write') as string,
      });
      expect((await service.get(actor, sandbox.id)).status).toBe('running');
    }
    const blind: Actor = { ...ada, scopes: SCOPES.filter((scope) => scope !== 'sandbox:read') };
    await expect(service.list(blind, {})).rejects.toMatchObject(refused);
    await service.destroy(ada, sandbox.id);
  });

  it('gets "not found" for an unknown sandbox before any refusal', async () => {
    const eve = developer(someOwner());
    await expect(openService().destroy(eve, 'no-such')).rejects.toMatchObject({
      code: 'SANDBOX_004',
    });
  });

  it('may not end another owner’s create that has just begun', async () => {
    const service = openService();
    const [ada, eve] = [developer(someOwner()), developer(someOwner())];
    const sandboxId = `sb${someGuild().slice(0, 10)}`;
    const creating = service.create(ada, { sandboxId, ttl: '1h' });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => service.destroy(eve, sandboxId)),
    );
    expect((await creating).status).toBe('running');
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: expect.stringMatching(/^SANDBOX_0(04|10)$/) as string },
      });
    await service.destroy(ada, sandboxId);
  });
});

describe('the audit', () => {
  it('names the actor of each change, with kind, role and channel', async () => {
    const service = openService();
    const ada = developer(someOwner());
    const bot: Actor = { ...developer(someOwner()), kind: 'service', role: 'operator' };
    const sandbox = await service.create(bot, { owner: ada.name, ttl: '1h' });
    await service.extend(ada, sandbox.id, '1h', {});
    await service.reset(ada, sandbox.id);
    await service.destroy(ada, sandbox.id);
    await service.waitUntilDestroyed(ada, sandbox.id);
    const rows = await openAdmin()`SELECT event_type AS event, actor, actor_kind AS kind,
      actor_role AS role, via FROM sandbox_audit_log WHERE sandbox_id = ${sandbox.id} ORDER BY id`;
    const by = ({ name, kind, role, via }: Actor) => ({ actor: name, kind, role, via });
    const itself = { actor: 'workflow', kind: 'system', role: 'operator', via: 'system' };
    expect([...rows]).toEqual([
      { event: 'sandbox_created', ...by(bot) },
      { event: 'status_changed', ...by(bot) },
      { event: 'status_changed', ...by(bot) },
      { event: 'ttl_extended', ...by(ada) },
      { event: 'sandbox_reset', ...by(ada) },
      { event: 'status_changed', ...by(ada) },
      { event: 'sandbox_destroying', ...by(ada) },
      { event: 'status_changed', ...itself },
      { event: 'sandbox_destroyed', ...itself },
    ]);
  });

  it('names an operator for a direct call', async () => {
    const owner = someOwner();
    const client = openClient({ SANDBOX_OWNER: owner });
    const sandbox = await client.create({ ttl: '1h', owner: someOwner() });
    const [created] = await client.audit(sandbox.id);
    expect(created).toMatchObject({
      ...{ actor: owner, actorKind: 'person', actorRole: 'operator', via: 'direct' },
    });
    await client.destroy(sandbox.id);
  });

  it('names the actor of a refused create', async () => {
    const service = openService();
    const ada = developer(someOwner());
    const { id, name } = await service.create(ada, { ttl: '1h' });
    const bob = developer(someOwner());
    const sandboxId = `sb${someGuild().slice(0, 10)}`;
    await expect(service.create(bob, { sandboxId, name })).rejects.toMatchObject({
      code: 'SANDBOX_001',
    });
    const [entry] = await openAdmin()`SELECT actor, via FROM sandbox_audit_log
      WHERE sandbox_id = ${sandboxId} AND event_type = 'create_failed'`;
    expect(entry).toEqual({ actor: bob.name, via: 'api' });
    await service.destroy(ada, id);
  });
});

it('an owner with an invalid name cannot act', () => {
  expect(() => openClient({ SANDBOX_OWNER: "o'neill" })).toThrow(
    expect.objectContaining({ code: 'SANDBOX_008' }),
  );
  expect(parseOwner('ada')).toBe('ada');
});
