import { describe, expect, it } from 'vitest';
import type { Control } from '../../../domain/control.js';
import { SandboxError } from '../../../domain/errors.js';
import { parseGuildId } from '../../../domain/guild.js';
import { parseSandboxId } from '../../../domain/names.js';
import type { Sandbox } from '../../../domain/sandbox.js';
import { auditOf } from '../../support/audit.js';
import { leftoversOf } from '../../support/leftovers.js';
import {
  openAdmin,
  openClient,
  someGuild,
  someName,
  someOwner,
  stackState,
} from '../../support/stack.js';

const RACERS = 50;
const ids = (count: number): string[] =>
  Array.from({ length: count }, () => `sb${someName().slice(5, 15)}`);

interface Race {
  readonly winners: Sandbox[];
  /** The refused ids with their codes. */
  readonly refused: { readonly sandboxId: string; readonly code: string }[];
}

/** Runs all at once. Each ends as a sandbox, or as a refusal with a code. */
async function race(
  sandboxIds: readonly string[],
  create: (sandboxId: string, i: number) => Promise<Sandbox>,
): Promise<Race> {
  const outcomes = await Promise.allSettled(sandboxIds.map(create));
  const winners: Sandbox[] = [];
  const refused: Race['refused'] = [];
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') winners.push(outcome.value);
    else {
      const { reason } = outcome as { reason: unknown };
      refused.push({
        sandboxId: sandboxIds[i] ?? '',
        code: reason instanceof SandboxError ? reason.code : String(reason),
      });
    }
  }
  return { winners, refused };
}

/**
 * Each refused create left one `create_failed` entry, and nothing else: no row, no mapping, no
 * object on any server.
 */
async function expectOnlyAudit({ refused }: Race): Promise<void> {
  const admin = openAdmin();
  const sandboxIds = refused.map(({ sandboxId }) => sandboxId);
  expect(await admin`SELECT id FROM sandboxes WHERE id IN ${admin(sandboxIds)}`).toEqual([]);
  const audits =
    await admin`SELECT sandbox_id AS id, string_agg(event_type, ' ') AS events FROM sandbox_audit_log
    WHERE sandbox_id IN ${admin(sandboxIds)} GROUP BY 1 ORDER BY 1`;
  expect([...audits]).toEqual(
    [...sandboxIds].sort().map((id) => ({ id, events: 'create_failed' })),
  );
  for (const sandboxId of sandboxIds.slice(0, 3)) {
    expect(await leftoversOf(stackState().urls.admin, sandboxId)).toEqual([]);
  }
}

const codesOf = ({ refused }: Race): string[] => [...new Set(refused.map(({ code }) => code))];

async function destroyAll(client: Control, sandboxes: readonly Sandbox[]): Promise<void> {
  await Promise.all(sandboxes.map(({ id }) => client.destroy(id)));
  await Promise.all(sandboxes.map(({ id }) => client.waitUntilDestroyed(parseSandboxId(id))));
}

describe('policies under concurrency', () => {
  it(`gives a name to one of ${RACERS} racing creates, and SANDBOX_001 to the others`, async () => {
    const client = openClient();
    const name = someName();
    const outcome = await race(ids(RACERS), (sandboxId) =>
      client.create({ sandboxId, name, owner: someOwner(), ttl: '1h', guildIds: [someGuild()] }),
    );
    expect(outcome.winners).toHaveLength(1);
    expect(outcome.refused).toHaveLength(RACERS - 1);
    expect(codesOf(outcome)).toEqual(['SANDBOX_001']);
    expect((await client.get(name)).id).toBe(outcome.winners[0]?.id);
    await expectOnlyAudit(outcome);
    await destroyAll(client, outcome.winners);
  });

  it(`gives an owner at limit 3 exactly 3 of ${RACERS} racing creates, and SANDBOX_002 to the others`, async () => {
    const owner = someOwner();
    const client = openClient({ SANDBOX_OWNER: owner });
    const outcome = await race(ids(RACERS), (sandboxId) => client.create({ sandboxId, ttl: '1h' }));
    expect(outcome.winners).toHaveLength(3);
    expect(outcome.refused).toHaveLength(RACERS - 3);
    expect(codesOf(outcome)).toEqual(['SANDBOX_002']);
    expect(await client.list({ owner, all: true })).toHaveLength(3);
    await expectOnlyAudit(outcome);
    await destroyAll(client, outcome.winners);
  });

  it('gives a guild to one of 20 racing creates, and SANDBOX_003 to the others', async () => {
    const client = openClient();
    const guild = someGuild();
    // In different orders: locks in the order of the arguments would deadlock.
    const other = someGuild();
    const outcome = await race(ids(20), (sandboxId, i) =>
      client.create({
        sandboxId,
        owner: someOwner(),
        ttl: '1h',
        guildIds: i % 2 === 0 ? [guild, other] : [other, guild],
      }),
    );
    expect(outcome.winners).toHaveLength(1);
    expect(codesOf(outcome)).toEqual(['SANDBOX_003']);
    expect(outcome.winners[0]?.guildIds).toEqual([guild, other].sort());
    await expectOnlyAudit(outcome);
    await destroyAll(client, outcome.winners);
  });

  it('gives a guild to one of several running sandboxes that register it at once', async () => {
    const client = openClient();
    const made = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(() => client.create({ owner: someOwner(), ttl: '1h' })),
    );
    const guild = parseGuildId(someGuild());
    const outcomes = await Promise.allSettled(
      made.map(({ id }) => client.registerGuild(id, guild)),
    );
    const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: 'SANDBOX_003' });
    }
    const holders = (await Promise.all(made.map(({ id }) => client.get(id)))).filter(
      ({ guildIds }) => guildIds.includes(guild),
    );
    expect(holders.map(({ id }) => id)).toEqual(winners.map(({ value }) => value.id));
    await destroyAll(client, made);
  });

  it('frees name, place and guild at once, for one of the waiting creates', async () => {
    const owner = someOwner();
    const client = openClient({ SANDBOX_OWNER: owner });
    const [name, guild] = [someName(), someGuild()];
    const first = await client.create({ name, ttl: '1h', guildIds: [guild] });
    await destroyAll(client, [first]);
    const outcome = await race(ids(5), (sandboxId) =>
      client.create({ sandboxId, name, ttl: '1h', guildIds: [guild] }),
    );
    expect(outcome.winners.map((winner) => [winner.name, winner.guildIds])).toEqual([
      [name, [guild]],
    ]);
    expect((await client.get(name)).id).toBe(outcome.winners[0]?.id);
    expect((await client.get(first.id)).status).toBe('destroyed');
    await destroyAll(client, outcome.winners);
  });
});

describe('policies, one at a time', () => {
  it('merges a guild that is named twice, and audits it once', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const guild = someGuild();
    const sandbox = await client.create({ ttl: '1h', guildIds: [guild, guild, guild] });
    expect(sandbox.guildIds).toEqual([guild]);
    for (let i = 0; i < 2; i += 1) {
      expect((await client.registerGuild(sandbox.id, guild)).guildIds).toEqual([guild]);
    }
    const events = await auditOf(openAdmin(), sandbox.id);
    expect(events.filter((event) => event === 'guild_registered')).toHaveLength(1);
    await destroyAll(client, [sandbox]);
  });

  it('refuses a TTL beyond its bounds, and names the bound', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    await expect(client.create({ ttl: '31d' })).rejects.toMatchObject({
      code: 'SANDBOX_008',
      message: expect.stringContaining('30d') as string,
    });
  });

  it('caps an extension at now + maximum, reports it, and audits the result', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandbox = await client.create({ ttl: '1h' });
    const before = Date.now();
    const capped = await client.extend(sandbox.id, '30d', { clamp: true });
    expect(capped.clamped).toBe(true);
    expect(capped.expiresAt).toBeGreaterThanOrEqual(before + 30 * 86_400_000);
    expect(capped.expiresAt).toBeLessThanOrEqual(Date.now() + 30 * 86_400_000);
    expect(Date.parse(capped.sandbox.expiresAt)).toBe(capped.expiresAt);
    // Already at the maximum: the expiry never moves back.
    const again = await client.extend(sandbox.id, '1h', { clamp: true });
    expect(again.expiresAt).toBeGreaterThanOrEqual(capped.expiresAt);
    const [entry] = await openAdmin()`SELECT actor, details FROM sandbox_audit_log
      WHERE sandbox_id = ${sandbox.id} AND event_type = 'ttl_extended' ORDER BY id LIMIT 1`;
    expect(entry?.details).toMatchObject({
      clamped: true,
      from: sandbox.expiresAt,
      to: new Date(capped.expiresAt).toISOString(),
    });
    await destroyAll(client, [sandbox]);
  });

  it('adds up simultaneous extensions', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandbox = await client.create({ ttl: '1h' });
    await Promise.all(Array.from({ length: 8 }, () => client.extend(sandbox.id, '1h')));
    const after = await client.get(sandbox.id);
    expect(Date.parse(after.expiresAt) - Date.parse(sandbox.expiresAt)).toBe(8 * 3_600_000);
    await destroyAll(client, [sandbox]);
  });

  it('extends and registers only a running sandbox', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandbox = await client.create({ ttl: '1h' });
    await client.destroy(sandbox.id);
    // Its clean-up may still run, or may have ended.
    for (let i = 0; i < 2; i += 1) {
      await expect(client.extend(sandbox.id, '1h')).rejects.toMatchObject({ code: 'SANDBOX_007' });
      await expect(client.registerGuild(sandbox.id, someGuild())).rejects.toMatchObject({
        code: 'SANDBOX_007',
      });
      await client.waitUntilDestroyed(parseSandboxId(sandbox.id));
    }
    expect((await client.get(sandbox.id)).expiresAt).toBe(sandbox.expiresAt);
  });
});
