/** Updates that come past the client, by the Temporal CLI or another program: what is not valid never enters the history. */
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { parseSandboxId } from '../../domain/names.js';
import { UPDATES } from '../../domain/sandbox.js';
import { openClient, someGuild, someOwner } from '../support/stack.js';
import { workflowOf } from '../support/temporal.js';

describe('an update', () => {
  it('with a value that is none is refused with its code, and nothing is written of it', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandbox = await client.create({ ttl: '1h' });
    const handle = await workflowOf(parseSandboxId(sandbox.id));
    const length = async (): Promise<number> => (await handle.fetchHistory()).events?.length ?? 0;
    const before = await length();
    const refused: [string, unknown][] = [
      ...['12', 'sandbox:*', '', null, 12345678901234567].flatMap((guild): [string, unknown][] => [
        [UPDATES.registerGuild, guild],
        [UPDATES.unregisterGuild, guild],
      ]),
      ...[0, -1, 1.5, 4e11, 'soon', null].map((byMs): [string, unknown] => [UPDATES.extend, byMs]),
    ];
    for (const [update, value] of refused) {
      const failure: unknown = await handle
        .executeUpdate(update, { args: [value, 'somebody'] })
        .catch((error: unknown) => error);
      expect(failure, `${update} ${JSON.stringify(value)}`).toBeInstanceOf(
        WorkflowUpdateFailedError,
      );
      expect((failure as WorkflowUpdateFailedError).cause).toMatchObject({ type: 'SANDBOX_008' });
    }
    expect(await length()).toBe(before);
    expect(await client.get(sandbox.id)).toEqual(sandbox);
    await client.destroy(sandbox.id);
  });

  it('to a sandbox that is being destroyed is refused as not possible in its state', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '1h', guildIds: [someGuild()] });
    const handle = await workflowOf(parseSandboxId(id));
    const destroying = client.destroy(id);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () =>
        handle.executeUpdate(UPDATES.extend, { args: [60_000, 'x'] }).then(
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
    expect((await client.destroyed(parseSandboxId(id))).status).toBe('destroyed');
  });
});
