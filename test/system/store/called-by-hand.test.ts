/** Activities called past the workflow: a worker that anybody with access to Temporal runs calls them with any arguments. */
import { MockActivityEnvironment } from '@temporalio/testing';
import pino from 'pino';
import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { lifecycleMetrics } from '../../../activities/metrics.js';
import { sandboxActivities } from '../../../activities/sandbox-activities.js';
import type { Control } from '../../../domain/control.js';
import type { Command } from '../../../domain/command.js';
import { parseGuildId } from '../../../domain/guild.js';
import {
  parseOwner,
  parseSandboxId,
  parseSandboxName,
  type SandboxId,
} from '../../../domain/names.js';
import { signCommand } from '../../../platform/signature.js';
import { RESOURCE_KINDS } from '../../../resources/index.js';
import { actorKey, commandOf, signed, TESTER } from '../../support/commands.js';
import { openWorkerParts } from '../../support/resources.js';
import {
  openAdmin,
  openClient,
  someGuild,
  someName,
  someOwner,
  stackConfig,
} from '../../support/stack.js';
import { openWorld } from '../../support/world.js';

type Activities = Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>;
type Call = (name: string, ...args: unknown[]) => Promise<unknown>;

async function openActivities(): Promise<Call> {
  const { database, resources, routes } = await openWorkerParts();
  const activities = sandboxActivities({
    ...{ database, resources: resources(), routes: routes(), policy: stackConfig().policy },
    ...{ metrics: lifecycleMetrics(new Registry()), log: pino({ level: 'silent' }) },
    ...{ actorKey: actorKey(), guildPolicy: 'any' },
  }) as unknown as Activities;
  const environment = { startToCloseTimeoutMs: 10_000 };
  return (name, ...args) =>
    new MockActivityEnvironment(environment).run(() =>
      (activities[name] ?? (() => Promise.reject(new Error(name))))(...args),
    );
}

const isRefused = { type: 'SANDBOX_010', nonRetryable: true };
const someId = (): SandboxId => parseSandboxId(`sb${someName().slice(5, 15)}`);
const createOf = (sandboxId: SandboxId): Command<'create'> =>
  commandOf('create', sandboxId, {
    ...{ name: parseSandboxName(someName()), owner: parseOwner(someOwner()) },
    ...{ ttlMs: 60_000, guildIds: [] },
  });
const longAgo = <C extends Command>(command: C) =>
  signCommand(actorKey(), command, Date.now() - 16 * 60_000);

let call: Call;
let client: Control;
beforeEach(async () => {
  call = await openActivities();
  client = openClient({ SANDBOX_OWNER: someOwner() });
});
const made = async (...guildIds: string[]): Promise<SandboxId> =>
  parseSandboxId((await client.create({ ttl: '1h', guildIds })).id);

describe('a sandbox that runs', () => {
  it.each([
    ...['revokeAll', 'removeRoutes'],
    ...RESOURCE_KINDS.flatMap(({ name }) => [`${name}.remove`, `${name}.finishRemoval`]),
  ])('is not touched by %s; one that was destroyed may be cleaned up again', async (name) => {
    const sandboxId = await made(someGuild());
    const world = await openWorld();
    const before = await world(sandboxId);
    await expect(call(name, sandboxId)).rejects.toMatchObject(isRefused);
    expect(await world(sandboxId)).toEqual(before);
    expect((await client.status(sandboxId)).health).toBe('healthy');
    await client.destroy(sandboxId);
    await client.waitUntilDestroyed(sandboxId);
    await call(name, sandboxId);
    // Nor is there anything to protect where no row ever was.
    await call(name, someId());
  });

  it.each(RESOURCE_KINDS.map(({ name }) => name))(
    'keeps the credentials that its row names, whatever %s is made with',
    async (name) => {
      const sandboxId = await made();
      await client.reset(sandboxId);
      const world = await openWorld();
      const before = await world(sandboxId);
      for (const verb of ['ensure', 'reset'])
        await call(`${name}.${verb}`, { sandboxId, fresh: true, rotation: 0, createdAt: 0 });
      expect(await world(sandboxId)).toEqual(before);
      expect((await client.status(sandboxId)).health).toBe('healthy');
      await client.destroy(sandboxId);
    },
  );

  it.each(['expired', 'create failed', 'cancelled', 'destroyed'] as const)(
    'that somebody ends as “%s” without a signature ends by Temporal in the audit',
    async (reason) => {
      const sandboxId = await made();
      await call('markDestroying', createOf(sandboxId), { reason });
      const [entry] = await openAdmin()`
        SELECT actor, actor_kind AS kind FROM sandbox_audit_log
        WHERE sandbox_id = ${sandboxId} AND event_type = 'sandbox_destroying'`;
      expect(entry).toEqual({ actor: 'temporal', kind: 'system' });
      await client.destroy(sandboxId);
    },
  );

  it('that is said to run by somebody else is not', async () => {
    const sandboxId = await made();
    const create = createOf(sandboxId);
    await expect(call('markRunning', create, 1)).rejects.toMatchObject(isRefused);
    await call('reportCreateFailure', create, { step: 'x', code: 'SANDBOX_009', message: 'm' }, 1);
    const events = (await client.audit(sandboxId)).map(({ eventType }) => eventType);
    expect(events).not.toContain('create_failed');
    await client.destroy(sandboxId);
  });
});

describe('a signature that has expired', () => {
  it('claims nothing; the command that has claimed a row goes on with it, and no other', async () => {
    const [create, late] = [createOf(someId()), createOf(someId())];
    await expect(call('claim', longAgo(late))).rejects.toMatchObject(isRefused);
    const world = await openWorld();
    expect(await world(late.sandboxId)).toMatchObject({ row: [], audit: [], commands: [] });
    const times = await call('claim', signed(create));
    expect(await call('claim', longAgo(create))).toEqual(times);
    const before = await world(create.sandboxId);
    const other = { ...createOf(create.sandboxId), commandId: 'other' };
    await expect(call('claim', signed(other))).rejects.toMatchObject(isRefused);
    expect(await world(create.sandboxId)).toEqual(before);
    await client.destroy(create.sandboxId);
    await client.waitUntilDestroyed(create.sandboxId);
  });

  it('completes what was committed before: an extension, a reset, guilds', async () => {
    const guildId = parseGuildId(someGuild());
    const sandboxId = await made();
    const steps: [string, Command][] = [
      ['extend', commandOf('extend', sandboxId, { byMs: 60_000, clamp: false })],
      ['beginReset', commandOf('reset', sandboxId, {})],
      ['registerGuild', commandOf('registerGuild', sandboxId, { guildId })],
      ['unregisterGuild', commandOf('unregisterGuild', sandboxId, { guildId })],
    ];
    for (const [name, command] of steps) {
      await expect(call(name, longAgo(command))).rejects.toMatchObject(isRefused);
      const outcome = await call(name, signed(command));
      expect(await call(name, longAgo(command))).toEqual(outcome);
    }
    await client.destroy(sandboxId);
  });

  it('takes a guild back that it has added, and none that was registered since', async () => {
    const guildId = parseGuildId(someGuild());
    const sandboxId = await made();
    const register = commandOf('registerGuild', sandboxId, { guildId });
    const guilds = async () => (await client.get(sandboxId)).guildIds;
    await call('registerGuild', signed(register));
    await expect(call('takeGuildBack', register)).rejects.toMatchObject(isRefused);
    expect(await guilds()).toEqual([guildId]);
    await call('takeGuildBack', longAgo(register));
    expect(await guilds()).toEqual([]);
    // An attempt that comes late adds nothing, and another registration stays.
    await expect(call('registerGuild', signed(register))).rejects.toMatchObject(isRefused);
    await client.registerGuild(sandboxId, guildId);
    await call('takeGuildBack', signed(register));
    expect(await guilds()).toEqual([guildId]);
    const earlier = commandOf('registerGuild', sandboxId, { guildId });
    await call('registerGuild', signed(earlier));
    await call('takeGuildBack', signed(earlier));
    expect(await guilds()).toEqual([guildId]);
    const entries = await client.audit(sandboxId);
    expect(entries.find(({ eventType }) => eventType === 'guild_unregistered')?.actor).toBe(
      'workflow',
    );
    expect(entries.find(({ eventType }) => eventType === 'guild_registered')?.actor).toBe(
      TESTER.name,
    );
    await client.destroy(sandboxId);
  });
});
