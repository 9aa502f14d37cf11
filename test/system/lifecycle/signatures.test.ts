/**
 * Attacks by somebody who has access to Temporal and nothing else: updates, starts and activities with forged, copied and
 * expired signatures. Each is refused, and Postgres, Redis and NATS hold what they held before.
 */
import type { WorkflowHandle } from '@temporalio/client';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Control } from '../../../domain/control.js';
import type { Command, CommandAction, CommandArgs } from '../../../domain/command.js';
import { parseGuildId } from '../../../domain/guild.js';
import {
  parseOwner,
  parseSandboxId,
  parseSandboxName,
  workflowId,
  type SandboxId,
} from '../../../domain/names.js';
import { SANDBOX_WORKFLOW, type SandboxView } from '../../../domain/sandbox.js';
import { signCommand } from '../../../platform/signature.js';
import { actorKey, commandOf, signed, TESTER } from '../../support/commands.js';
import {
  openAdmin,
  openClient,
  someGuild,
  someName,
  someOwner,
  stackConfig,
  until,
} from '../../support/stack.js';
import { openRunTemporal, workflowOf } from '../../support/temporal.js';
import { openTenant } from '../../support/tenant.js';
import { openWorld } from '../../support/world.js';

const MINUTE = 60_000;
const someId = (): SandboxId => parseSandboxId(`sb${someName().slice(5, 15)}`);
const isRefused = { cause: { type: 'SANDBOX_010' } };
const MALLORY = { ...TESTER, name: parseOwner('mallory') };

const longAgo = <C extends Command>(command: C) =>
  signCommand(actorKey(), command, Date.now() - 16 * MINUTE);

/** A valid command, and what somebody without the key can make of it. */
const FORGERIES: readonly [string, (command: Command) => unknown][] = [
  ['without a signature', (command) => command],
  ['with an empty signature', (command) => ({ ...command, signature: { expiresAt: 0, mac: '' } })],
  [
    'with the signature of another sandbox',
    (command) => ({
      ...command,
      signature: signed({ ...command, sandboxId: someId() }).signature,
    }),
  ],
  [
    'with the signature of another action',
    (command) => ({
      ...command,
      signature: signed({ ...command, action: 'destroy', args: {} }).signature,
    }),
  ],
  [
    'with another actor than its signature’s',
    (command) => ({ ...signed(command), actor: MALLORY }),
  ],
  [
    'with other arguments than its signature’s',
    (command) => {
      const other = { byMs: 7 * MINUTE, clamp: true, guildId: someGuild(), name: someName() };
      return { ...signed(command), args: { ...command.args, ...other } };
    },
  ],
  ['with another id than its signature’s', (command) => ({ ...signed(command), commandId: 'x1' })],
  [
    'with a signature of which the expiry was moved',
    (command) => {
      const { signature, ...rest } = longAgo(command);
      return { ...rest, signature: { ...signature, expiresAt: Date.now() + MINUTE } };
    },
  ],
  ['with a signature that has expired', longAgo],
];

let sent = 0;
const send = (handle: WorkflowHandle, command: { readonly action: string }): Promise<unknown> =>
  handle.executeUpdate(command.action, { args: [command], updateId: `forged-${(sent += 1)}` });

describe('an update by a bare Temporal client', () => {
  let client: Control;
  let sandboxId: SandboxId;
  let guildId: string;
  let handle: WorkflowHandle;
  let world: () => Promise<unknown>;

  beforeEach(async () => {
    client = openClient({ SANDBOX_OWNER: someOwner() });
    guildId = someGuild();
    sandboxId = parseSandboxId((await client.create({ ttl: '1h', guildIds: [guildId] })).id);
    handle = await workflowOf(sandboxId);
    const tenant = await openTenant(client, sandboxId);
    await tenant.redis.set(`sandbox:${sandboxId}:mine`, 'kept');
    const read = await openWorld();
    world = () => read(sandboxId);
  });

  const changes = (): Command[] => {
    const args: { [A in CommandAction]?: CommandArgs[A] } = {
      extend: { byMs: MINUTE, clamp: false },
      registerGuild: { guildId: parseGuildId(someGuild()) },
      unregisterGuild: { guildId: parseGuildId(guildId) },
      reset: {},
    };
    return Object.entries(args).map(([action, of]) =>
      commandOf(action as CommandAction, sandboxId, of),
    );
  };

  it.each(FORGERIES)('%s changes nothing', async (_, forge) => {
    const before = await world();
    for (const change of changes()) {
      const forged = forge(change) as Command;
      // A reset has no arguments to change.
      if (change.action === 'reset' && forge === FORGERIES[5]?.[1]) continue;
      await expect(send(handle, forged), change.action).rejects.toMatchObject(isRefused);
    }
    expect(await world()).toEqual(before);
    expect((await client.status(sandboxId)).health).toBe('healthy');
    await client.destroy(sandboxId);
  });

  it('that was signed is carried out', async () => {
    for (const change of changes()) await send(handle, signed(change));
    const events = (await client.audit(sandboxId)).map(({ eventType, actor }) => ({
      ...{ eventType, actor },
    }));
    for (const eventType of [
      ...['ttl_extended', 'guild_registered', 'guild_unregistered', 'sandbox_reset'],
    ])
      expect(events).toContainEqual({ eventType, actor: TESTER.name });
    await client.destroy(sandboxId);
  });

  it('with a signature copied from the history does nothing', async () => {
    const added = someGuild();
    await client.extend(sandboxId, '10m');
    await client.registerGuild(sandboxId, added);
    await client.unregisterGuild(added);
    await client.registerGuild(sandboxId, added);
    await client.unregisterGuild(guildId);
    await client.reset(sandboxId);
    await client.registerGuild(sandboxId, guildId);
    const tenant = await openTenant(client, sandboxId);
    await tenant.redis.set(`sandbox:${sandboxId}:since`, 'kept');
    const copies = await commandsIn(handle);
    expect(copies.map(({ action }) => action)).toEqual([
      ...['extend', 'registerGuild', 'unregisterGuild', 'registerGuild'],
      ...['unregisterGuild', 'reset', 'registerGuild'],
    ]);
    const before = await world();
    for (const copy of copies) await send(handle, copy);
    expect(await world()).toEqual(before);
    // The first outcome is answered, unless it has been undone since.
    await client.unregisterGuild(added);
    const [registration] = copies.filter(({ action }) => action === 'registerGuild');
    await expect(send(handle, { ...registration, action: 'registerGuild' })).rejects.toMatchObject(
      isRefused,
    );
    expect((await client.get(sandboxId)).guildIds).toEqual([guildId]);
    expect(await tenant.redis.get(`sandbox:${sandboxId}:since`)).toBe('kept');
    await client.destroy(sandboxId);
  });
});

/** The signed commands of the updates that the history holds. */
async function commandsIn(handle: WorkflowHandle): Promise<Command[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionUpdateAcceptedEventAttributes: update }) => {
    const [payload] = update?.acceptedRequest?.input?.args?.payloads ?? [];
    if (payload?.data === undefined || payload.data === null) return [];
    return [JSON.parse(Buffer.from(payload.data).toString('utf8')) as Command];
  });
}

describe('a create by a bare Temporal client', () => {
  const createOf = (sandboxId: SandboxId): Command<'create'> =>
    commandOf('create', sandboxId, {
      ...{ name: parseSandboxName(someName()), owner: parseOwner(someOwner()) },
      ...{ ttlMs: MINUTE, guildIds: [parseGuildId(someGuild())] },
    });

  async function start(sandboxId: SandboxId, ...args: unknown[]): Promise<WorkflowHandle> {
    const { client } = await openRunTemporal();
    const { taskQueue } = stackConfig();
    const options = { workflowId: workflowId(sandboxId), taskQueue, args };
    return client.workflow.start(SANDBOX_WORKFLOW, options);
  }

  it.each(FORGERIES)('%s leaves nothing', async (_, forge) => {
    const world = await openWorld();
    const sandboxId = someId();
    const before = await world(sandboxId);
    const handle = await start(sandboxId, forge(createOf(sandboxId)));
    const { failure } = (await handle.result()) as SandboxView;
    expect(failure).toMatchObject({ step: 'claim', code: 'SANDBOX_010' });
    expect(await world(sandboxId)).toEqual(before);
  });

  it('that was signed makes a sandbox', async () => {
    const sandboxId = someId();
    const create = createOf(sandboxId);
    const handle = await start(sandboxId, signed(create));
    const client = openClient();
    await until('it runs', async () => {
      const sandbox = await client.get(sandboxId).catch(() => null);
      return sandbox?.status === 'running' && sandbox.owner === create.args.owner;
    });
    await client.destroy(sandboxId);
    await handle.result();
  });

  it('that pretends to go on from another state changes neither expiry, data nor passwords', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandboxId = parseSandboxId((await client.create({ ttl: '1h' })).id);
    await client.reset(sandboxId);
    const tenant = await openTenant(client, sandboxId);
    await tenant.redis.set(`sandbox:${sandboxId}:mine`, 'kept');
    const read = await openWorld();
    const before = await read(sandboxId);
    const old = await workflowOf(sandboxId);
    await old.terminate('forged');
    const state = {
      ...{ status: 'running', createdAt: Date.now() - 2 * MINUTE, expiresAt: Date.now() - MINUTE },
      ...{ guildIds: [], resources: ['redis-keyspace', 'postgres-schema', 'nats-subjects'] },
      ...{ resetting: true, rotation: 7 },
    };
    await start(sandboxId, createOf(sandboxId), { kind: 'resume', state });
    await until('the row has refused the expiry', async () => {
      const view = await (await workflowOf(sandboxId)).query<SandboxView>('view');
      return view.expiresAt === Date.parse((await client.get(sandboxId)).expiresAt);
    });
    expect(await read(sandboxId)).toEqual(before);
    expect((await client.status(sandboxId)).health).toBe('healthy');
    await client.destroy(sandboxId);
  });
});

describe('a destroy by a bare Temporal client', () => {
  it.each<[string, string, (handle: WorkflowHandle, sandboxId: SandboxId) => Promise<unknown>]>([
    [
      'an unsigned update',
      'temporal',
      (handle, sandboxId) => send(handle, commandOf('destroy', sandboxId, {})),
    ],
    [
      'an update of a forged actor',
      'temporal',
      (handle, sandboxId) =>
        send(handle, { ...signed(commandOf('destroy', sandboxId, {})), actor: MALLORY } as Command),
    ],
    ['a signal by hand', 'temporal', (handle) => handle.signal('destroy')],
    [
      'a signal of a forged actor',
      'temporal',
      (handle, sandboxId) =>
        handle.signal('destroy', { ...commandOf('destroy', sandboxId, {}), actor: MALLORY }),
    ],
    ['a cancellation', 'temporal', (handle) => handle.cancel()],
    [
      'a signed update',
      TESTER.name,
      (handle, sandboxId) => send(handle, signed(commandOf('destroy', sandboxId, {}))),
    ],
    [
      'a signal whose signature has expired',
      TESTER.name,
      (handle, sandboxId) => handle.signal('destroy', longAgo(commandOf('destroy', sandboxId, {}))),
    ],
  ])('as %s is audited as %s', async (_, name, destroy) => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandboxId = parseSandboxId((await client.create({ ttl: '1h' })).id);
    await destroy(await workflowOf(sandboxId), sandboxId);
    await client.waitUntilDestroyed(sandboxId);
    const [entry] = await openAdmin()`
      SELECT actor, actor_kind AS kind, via FROM sandbox_audit_log
      WHERE sandbox_id = ${sandboxId} AND event_type = 'sandbox_destroying'`;
    const expected =
      name === 'temporal'
        ? { actor: 'temporal', kind: 'system', via: 'temporal' }
        : { actor: name, kind: 'person', via: 'direct' };
    expect(entry).toEqual(expected);
  });
});
