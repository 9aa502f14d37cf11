/**
 * Updates from the Temporal CLI or another program, without our client: an invalid one never enters
 * the history.
 */
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import type { GuildId } from '../../../domain/guild.js';
import { parseOwner, parseSandboxId, parseSandboxName } from '../../../domain/names.js';
import { UPDATES } from '../../../domain/sandbox.js';
import { commandOf, signed, TESTER } from '../../support/commands.js';
import { openClient, someGuild, someName, someOwner, stackConfig } from '../../support/stack.js';
import { openRunTemporal, workflowOf } from '../../support/temporal.js';

describe('an update', () => {
  it('with an invalid value is refused with its code, and the history does not contain it', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandbox = await client.create({ ttl: '1h' });
    const handle = await workflowOf(parseSandboxId(sandbox.id));
    const length = async (): Promise<number> => (await handle.fetchHistory()).events?.length ?? 0;
    const before = await length();
    const id = parseSandboxId(sandbox.id);
    const reset = commandOf('reset', id, {});
    const refused: [string, unknown][] = [
      ...['12', 'sandbox:*', '', null, 12345678901234567].flatMap((guild): [string, unknown][] => {
        const args = { guildId: guild as GuildId };
        return [
          [UPDATES.registerGuild, commandOf('registerGuild', id, args)],
          [UPDATES.unregisterGuild, commandOf('unregisterGuild', id, args)],
        ];
      }),
      ...[0, -1, 1.5, 4e11, NaN, 'soon', null].map((byMs): [string, unknown] => [
        UPDATES.extend,
        commandOf('extend', id, { byMs: byMs as number, clamp: true }),
      ]),
      // No command of this sandbox, or a command without an actor.
      ...[
        ...[null, 'reset', [], { ...reset, commandId: '' }, { ...reset, commandId: undefined }],
        ...[
          { ...reset, action: 'destroy' },
          { ...reset, sandboxId: 'sb0000000000' },
        ],
        ...[
          { ...reset, args: null },
          { ...reset, actor: 'tester' },
        ],
        ...[{ ...reset, actor: { ...TESTER, role: 'root' } }],
      ].map((command): [string, unknown] => [UPDATES.reset, command]),
      [UPDATES.destroy, { ...commandOf('destroy', id, {}), actor: null }],
    ];
    for (const [update, command] of refused) {
      const failure: unknown = await handle
        .executeUpdate(update, { args: [command] })
        .catch((error: unknown) => error);
      expect(failure, `${update} ${JSON.stringify(command)}`).toBeInstanceOf(
        WorkflowUpdateFailedError,
      );
      expect((failure as WorkflowUpdateFailedError).cause).toMatchObject({ type: 'SANDBOX_008' });
    }
    expect(await length()).toBe(before);
    expect(await client.get(sandbox.id)).toEqual(sandbox);
    await client.destroy(sandbox.id);
  });

  it('to a sandbox in its clean-up is refused because of its state', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '1h', guildIds: [someGuild()] });
    const handle = await workflowOf(parseSandboxId(id));
    const extend = () =>
      signed(commandOf('extend', parseSandboxId(id), { byMs: 60_000, clamp: false }));
    const destroying = client.destroy(id);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () =>
        handle.executeUpdate(UPDATES.extend, { args: [extend()] }).then(
          () => 'extended',
          (error: unknown) => {
            const { cause, name } = error as WorkflowUpdateFailedError;
            return (cause as { type?: string } | undefined)?.type ?? name;
          },
        ),
      ),
    );
    await destroying;
    for (const outcome of outcomes)
      expect(['extended', 'SANDBOX_007', 'WorkflowNotFoundError', 'ServiceError']).toContain(
        outcome,
      );
    expect((await client.waitUntilDestroyed(parseSandboxId(id))).status).toBe('destroyed');
  });
});

describe('a workflow that another program starts', () => {
  it.each([
    ['without a command', () => []],
    ['with what is none', () => [{ sandboxId: 'sb0000000001' }]],
    ['with a create of another id', () => [createOf('sb0000000002')]],
    ['with another action', () => [{ ...createOf('sb0000000001'), action: 'destroy' }]],
  ])('%s fails as invalid input, and makes nothing', async (_what, args) => {
    const temporal = await openRunTemporal();
    const handle = await temporal.client.workflow.start('sandboxWorkflow', {
      workflowId: `sandbox-sb0000000001`,
      taskQueue: stackConfig().taskQueue,
      args: args(),
    });
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'SANDBOX_008' } });
    expect(await openClient().list({ all: true, owner: 'past-us' })).toEqual([]);
  });

  function createOf(id: string) {
    const name = parseSandboxName(someName());
    const args = { name, owner: parseOwner('past-us'), ttlMs: 60_000, guildIds: [] };
    return commandOf('create', parseSandboxId(id), args);
  }
});
