import { describe, expect, it } from 'vitest';
import { openClient, someGuild, someName, someOwner, until } from '../../support/stack.js';
import { openRunTemporal } from '../../support/temporal.js';
import { workflowId } from '../../../domain/names.js';

const text = (data: Uint8Array | null | undefined): string =>
  Buffer.from(data ?? []).toString('utf8');

describe('Temporal alone shows of a sandbox', () => {
  it('its owner, its state, the purpose of each step and timer, and its expiry', async () => {
    const owner = someOwner();
    const name = someName();
    const client = openClient({ SANDBOX_OWNER: owner });
    const guild = someGuild();
    const sandbox = await client.create({ name, ttl: '1h', guildIds: [guild] });
    const temporal = await openRunTemporal();
    const handle = temporal.client.workflow.getHandle(workflowId(sandbox.id));

    const query = `SandboxOwner = '${owner}' AND SandboxStatus = 'running' AND SandboxGuilds = '${guild}'`;
    const found = await until('it is found by its search attributes', async () => {
      for await (const one of temporal.client.workflow.list({ query })) return one;
      return null;
    });
    expect(found.workflowId).toBe(sandbox.workflowId);
    expect(found.memo).toEqual({ sandboxId: sandbox.id, name, owner, ttlMs: 3_600_000 });
    const raw = found.raw.searchAttributes?.indexedFields ?? {};
    expect(text(raw.SandboxName?.data)).toContain(name);
    expect(new Date(JSON.parse(text(raw.SandboxExpiresAt?.data)) as string).toISOString()).toBe(
      sandbox.expiresAt,
    );

    const details = await handle.query<string>('__temporal_workflow_metadata').then(JSON.stringify);
    for (const fact of [name, 'running', owner, guild, sandbox.expiresAt]) {
      expect(details).toContain(fact);
    }

    await client.destroy(sandbox.id);
    await client.waitUntilDestroyed(sandbox.id);
    const { events } = await handle.fetchHistory();
    const summaries = (events ?? []).map(({ userMetadata }) => text(userMetadata?.summary?.data));
    for (const summary of [
      `${name} (${owner})`,
      `expires ${sandbox.expiresAt}`,
      'claim name, place and guilds',
      'make postgres-schema',
      'mark running',
      'mark destroying',
      'revoke credentials',
      'remove redis-keyspace',
      'mark destroyed',
    ]) {
      expect(summaries).toContain(JSON.stringify(summary));
    }
  });
});

it('a refused create is a completed workflow, not a failed one: no part of the system has failed', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const { id, name } = await client.create({ ttl: '1h' });
  const temporal = await openRunTemporal();
  const refused = async (code: string, options: { name?: string; ttl?: string }) => {
    const sandboxId = `sb${someName().slice(5, 15)}`;
    await expect(client.create({ ...options, sandboxId })).rejects.toMatchObject({ code });
    const handle = temporal.client.workflow.getHandle(workflowId(sandboxId as typeof id));
    expect((await handle.describe()).status.name).toBe('COMPLETED');
    expect(await handle.result()).toMatchObject({ status: 'destroyed', failure: { code } });
    // A repeated create with the same id gets the same answer.
    await expect(client.create({ ...options, sandboxId })).rejects.toMatchObject({ code });
  };
  await refused('SANDBOX_001', { name });
  await refused('SANDBOX_008', { ttl: '90d' });
  await client.destroy(id);
});
