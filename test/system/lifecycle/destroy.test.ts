import { describe, expect, it, onTestFinished } from 'vitest';
import { signalService } from '../../../deploy/stack/index.js';
import { SandboxError } from '../../../domain/errors.js';
import {
  parseOwner,
  parseSandboxId,
  parseSandboxName,
  type SandboxId,
} from '../../../domain/names.js';
import { BUILT_IN_TEMPLATE } from '../../../domain/template.js';
import { delay } from '../../../platform/deadline.js';
import { claimSandbox } from '../../../store/claim.js';
import { giveUpClaim } from '../../../store/create-failures.js';
import { commandOf, verified } from '../../support/commands.js';
import { openDatabase } from '../../../store/database.js';
import { auditOf, repeated } from '../../support/audit.js';
import { leftoversOf } from '../../support/leftovers.js';
import {
  openAdmin,
  openClient,
  someGuild,
  someName,
  someOwner,
  stackConfig,
  stackState,
  until,
} from '../../support/stack.js';
import { workflowOf } from '../../support/temporal.js';
import { WORKFLOW_ACTOR } from '../../../domain/actor.js';

const someId = (): SandboxId => parseSandboxId(`sb${someName().slice(5, 15)}`);

/**
 * Expects the end: destroyed, one audit entry per transition, `destroyed_at` set once, and nothing
 * left on any server.
 */
async function expectEnded(sandboxId: SandboxId): Promise<string[]> {
  const admin = openAdmin();
  const [row] = await until(`${sandboxId} destroyed`, async () => {
    const rows = await admin`SELECT status, destroyed_at, cleanup_error FROM sandboxes
      WHERE id = ${sandboxId}`;
    return rows[0]?.status === 'destroyed' ? rows : null;
  });
  expect(row?.destroyed_at).toBeInstanceOf(Date);
  expect(row?.cleanup_error).toBeNull();
  const events = await auditOf(admin, sandboxId);
  expect(repeated(events)).toEqual([]);
  expect(events.slice(-2)).toEqual(['status_changed destroyed', 'sandbox_destroyed']);
  expect(await leftoversOf(stackState().urls.admin, sandboxId)).toEqual([]);
  const again = openClient();
  const { sandbox } = await again.destroy(sandboxId);
  expect(sandbox.destroyedAt).toBe((row?.destroyed_at as Date).toISOString());
  return events;
}

describe('destroy at any moment', () => {
  it('ends a create that has just begun, at whatever step it is', async () => {
    const client = openClient();
    const moments = [0, 0, 5, 10, 15, 20, 25, 30, 40, 60];
    const made = await Promise.all(
      moments.map(async (millis) => {
        const sandboxId = someId();
        const options = { sandboxId, owner: someOwner(), ttl: '1h', guildIds: [someGuild()] };
        await client.create({ ...options, wait: false });
        await delay(millis);
        await client.destroy(sandboxId);
        return sandboxId;
      }),
    );
    for (const sandboxId of made) await expectEnded(sandboxId);
  });

  it('reports the destroy to a caller that waits for the create', async () => {
    const client = openClient();
    const sandboxId = someId();
    const created = client.create({ sandboxId, owner: someOwner(), ttl: '1h' }).then(
      () => 'created',
      (error: unknown) => (error instanceof SandboxError ? error.code : String(error)),
    );
    const handle = await workflowOf(sandboxId);
    await until('the workflow is there', () =>
      handle.cancel().then(
        () => true,
        () => false,
      ),
    );
    expect(['created', 'SANDBOX_007']).toContain(await created);
    await expectEnded(sandboxId);
  });

  it('gives a hundred callers the same result', async () => {
    const client = openClient();
    const sandbox = await client.create({ owner: someOwner(), ttl: '1h', guildIds: [someGuild()] });
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, async () => {
        await client.destroy(sandbox.id);
        return client.waitUntilDestroyed(sandbox.id);
      }),
    );
    expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
    expect(outcomes[0]?.status).toBe('destroyed');
    await expectEnded(sandbox.id);
  });

  it('races the expiry without harm', async () => {
    const client = openClient();
    const ended = await Promise.all(
      [-40, -20, -10, 0, 0, 5, 10, 20, 40].map(async (offset) => {
        const { id, expiresAt } = await client.create({ owner: someOwner(), ttl: '1s' });
        await delay(Date.parse(expiresAt) + offset - Date.now());
        await client.destroy(id);
        return id;
      }),
    );
    for (const sandboxId of ended) await expectEnded(sandboxId);
  });

  it('also follows a cancellation or a destroy signal in the Web UI', async () => {
    const client = openClient();
    for (const end of ['cancel', 'signal', 'signal with an actor that is none'] as const) {
      const { id } = await client.create({
        owner: someOwner(),
        ttl: '1h',
        guildIds: [someGuild()],
      });
      const handle = await workflowOf(id);
      if (end === 'cancel') await handle.cancel();
      else await handle.signal('destroy', ...(end === 'signal' ? [] : [{ actor: 'root' }]));
      expect(await handle.result()).toMatchObject({ status: 'destroyed' });
      await expectEnded(id);
      const [entry] = await openAdmin()`SELECT actor, actor_kind, via FROM sandbox_audit_log
        WHERE sandbox_id = ${id} AND event_type = 'sandbox_destroying'`;
      expect(entry).toEqual({ actor: 'temporal', actor_kind: 'system', via: 'temporal' });
    }
  });

  it('repairs and destroys a sandbox whose workflow was terminated in the Web UI', async () => {
    const client = openClient();
    const { id } = await client.create({ owner: someOwner(), ttl: '1h', guildIds: [someGuild()] });
    await (await workflowOf(id)).terminate('by an operator');
    await Promise.all([client.destroy(id), client.destroy(id), client.destroy(id)]);
    expect((await client.waitUntilDestroyed(id)).status).toBe('destroyed');
    await expectEnded(id);
  });
});

describe('a claim that was given up', () => {
  it('cannot succeed later, and repeats its first result', async () => {
    const admin = openAdmin();
    const database = openDatabase(stackState().urls.admin.database, { name: 'test', max: 2 });
    onTestFinished(() => database.close());
    const [sandboxId, owner] = [someId(), parseOwner(someOwner())];
    const details = { step: 'claim', code: 'SANDBOX_009', message: 'Postgres did not answer' };
    const giveUp = (): Promise<boolean> =>
      giveUpClaim(database, sandboxId, owner, { actor: WORKFLOW_ACTOR, details });
    expect([await giveUp(), await giveUp()]).toEqual([true, true]);
    const args = { owner, name: parseSandboxName(someName()), guildIds: [], ttlMs: null };
    const claim = {
      create: verified(commandOf('create', sandboxId, args)),
      expiresAt: new Date(Date.now() + 60_000),
      maxPerOwner: 3,
      guildPolicy: 'any' as const,
      defaultTemplate: BUILT_IN_TEMPLATE,
    };
    await expect(claimSandbox(database, claim)).rejects.toMatchObject({
      code: 'SANDBOX_009',
      message: details.message,
    });
    expect(await auditOf(admin, sandboxId)).toEqual(['create_failed']);
    expect(await admin`SELECT 1 FROM sandboxes WHERE id = ${sandboxId}`).toEqual([]);
  });
});

describe('a worker that stops', () => {
  it('during a create or a destroy leaves the rest to the next worker', async () => {
    const client = openClient();
    const running = await client.create({ owner: someOwner(), ttl: '1h', guildIds: [someGuild()] });
    const options = { owner: someOwner(), ttl: '1h', guildIds: [someGuild()] };
    const creating = [someId(), someId(), someId()].map((sandboxId) =>
      client.create({ ...options, sandboxId, owner: someOwner(), guildIds: [someGuild()] }),
    );
    const destroying = client.destroy(running.id);
    await signalService(stackConfig(), 'worker', 'SIGTERM');
    for (const sandbox of await Promise.all(creating)) {
      expect((await client.status(sandbox.id)).health).toBe('healthy');
      await client.destroy(sandbox.id);
      await expectEnded(sandbox.id);
    }
    await destroying;
    await expectEnded(running.id);
  });

  it('and resumes later makes nothing for a sandbox that ended meanwhile', async () => {
    const client = openClient();
    const ids = [someId(), someId()];
    for (const sandboxId of ids) {
      await client.create({ sandboxId, owner: someOwner(), ttl: '1h', wait: false });
    }
    await signalService(stackConfig(), 'worker', 'SIGSTOP');
    const destroyed = Promise.all(ids.map((sandboxId) => client.destroy(sandboxId)));
    // Longer than the workflow task's time-out, so its later work counts as given up.
    await delay(3_500);
    await signalService(stackConfig(), 'worker', 'SIGCONT');
    await destroyed;
    for (const sandboxId of ids) await expectEnded(sandboxId);
  });
});
