/**
 * Routing in the whole product: worker, Temporal and router of a stack, whose Postgres the test
 * kills.
 */
import { AckPolicy, DeliverPolicy } from 'nats';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Connections } from '../../../control/connections.js';
import { Lifecycle } from '../../../control/lifecycle.js';
import type { Control } from '../../../domain/control.js';
import { openDirectControl } from '../../../control/direct-control.js';
import { down, up } from '../../../deploy/stack/index.js';
import { parseSandboxId } from '../../../domain/names.js';
import { FENCE_SUBJECT, STREAMS } from '../../../routing/subjects.js';
import type { Config } from '../../../platform/config.js';
import { delay } from '../../../platform/deadline.js';
import { closeNats, openNats, type NatsConnection } from '../../../platform/nats.js';
import type { Sql } from '../../../platform/postgres.js';
import { streamFacts } from '../../../routing/routed-log.js';
import { until } from '../../support/stack.js';
import { check, NOTHING_WRONG, type StoredEvent } from './checker.js';
import { describeTimes, flipsOr, flipUnderLoad, judge } from './flips.js';
import { drained, Flood, numberOf, readRouted, verdict } from './flood.js';
import { ownPostgres, type OwnPostgres } from './own-postgres.js';
import { guild } from '../../support/ids.js';
import { commandOf } from '../../support/commands.js';
import { readSubkey } from '../../../platform/subkeys.js';

const FLIPS = flipsOr(40);
const TYPE = 'MESSAGE_CREATE';
const PRODUCTION = `events.${TYPE}`;
const placeOf = (sandboxId: string): string => `sandbox.${sandboxId}.events.${TYPE}`;

describe('the product under load', () => {
  let postgres: OwnPostgres;
  let sql: Sql;
  let config: Config;
  let client: Control;
  let nc: NatsConnection;
  let flood: Flood;

  beforeAll(async () => {
    postgres = await ownPostgres('router-product-');
    ({ sql } = postgres);
    config = postgres.configFor(postgres.url);
    const { urls } = await up(config);
    client = openDirectControl(config);
    nc = await openNats(urls.admin.nats, 'test');
  });
  beforeEach(async () => {
    await (await nc.jetstreamManager()).streams.purge(STREAMS.raw);
    flood = new Flood(nc);
  });
  afterAll(async () => {
    await client.close();
    await closeNats(nc);
    await down(config, { purge: true });
    await postgres.close();
  });

  /** Events stored since `after`. */
  const storedSince = async (after: number): Promise<StoredEvent[]> =>
    (await readRouted(nc)).filter(({ sequence }) => sequence > after);
  const lastStored = async (): Promise<number> =>
    (await streamFacts(nc, STREAMS.routed)).lastSequence;

  it('Postgres killed: routing continues, a registration is SANDBOX_009, and nothing is registered afterwards', async () => {
    const [mapped, free] = [guild(10), guild(11)];
    const { id } = await client.create({ ttl: '1h', guildIds: [mapped] });
    const connections = new Connections(config);
    onTestFinished(() => connections.close());
    const lifecycle = new Lifecycle(await connections.temporal(), {
      ...config,
      actorKey: readSubkey(config, 'actors'),
    });
    await postgres.process.end('SIGKILL');
    const flooding = flood.run(4_000, 1_000, (n) =>
      n % 2 === 0
        ? { guildId: mapped, type: TYPE, allowed: [placeOf(id)] }
        : { guildId: free, type: TYPE, allowed: [PRODUCTION] },
    );
    const refused = {
      code: 'SANDBOX_009',
      message: expect.stringContaining('Postgres') as string,
    };
    // As every caller sees it, and as it is if the sandbox's row was read just before.
    await expect(client.registerGuild(id, free)).rejects.toMatchObject(refused);
    const register = commandOf('registerGuild', parseSandboxId(id), { guildId: free });
    await expect(lifecycle.update(register)).rejects.toMatchObject(refused);
    await flooding;
    await drained(nc);
    expect(flood.acknowledged).toBe(4_000);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);

    await postgres.process.start();
    expect((await until('it answers', () => client.get(id).catch(() => null))).guildIds).toEqual([
      mapped,
    ]);
    expect(await sql`SELECT FROM sandbox_guild_mapping WHERE guild_id = ${free}`).toHaveLength(0);
    expect(await sql`SELECT FROM sandbox_routes WHERE guild_id = ${free}`).toHaveLength(0);
    const before = await lastStored();
    flood.publish({ guildId: free, type: TYPE, allowed: [PRODUCTION] });
    await flood.quiet();
    await drained(nc);
    expect((await storedSince(before)).map(({ subject }) => subject)).toEqual([PRODUCTION]);
    // Now it can be registered.
    await until('the worker reads it again', () =>
      client.registerGuild(id, free).catch(() => null),
    );
    flood.publish({ guildId: free, type: TYPE, allowed: [placeOf(id)] });
    await flood.quiet();
    await drained(nc);
    expect((await readRouted(nc)).at(-1)?.subject).toBe(placeOf(id));
  }, 120_000);

  it('messages that an administrator stored by hand: routing continues, with only a router’s rights', async () => {
    const jetstream = nc.jetstream();
    for (let i = 0; i < 30; i++) await jetstream.publish(PRODUCTION, 'by hand');
    const before = await lastStored();
    flood.publish({ guildId: guild(20), type: TYPE, allowed: [PRODUCTION] });
    await flood.quiet();
    await drained(nc);
    const stored = await storedSince(before);
    expect(stored.map(numberOf).filter((n) => n !== null)).toEqual([0]);
  });

  it(
    `a guild registered and unregistered by the product’s client, ${FLIPS} changes under load: each is effective when it returns`,
    async () => {
      const guildId = guild(30);
      const { id: sandboxId } = await client.create({ ttl: '2h' });
      const before = await lastStored();
      const run = await flipUnderLoad({
        nc,
        flood,
        flips: FLIPS,
        guildId,
        type: TYPE,
        sandboxId,
        change: async (registered) => {
          if (registered) await client.registerGuild(sandboxId, guildId);
          else await client.unregisterGuild(guildId);
        },
      });
      await flood.quiet();
      await drained(nc);
      const stored = await storedSince(before);
      expect(check(flood.events(), stored, numberOf)).toEqual(NOTHING_WRONG);
      const { judged, misplaced } = judge(stored, run.settled);
      expect(misplaced).toEqual([]);
      expect(judged).toBeGreaterThan(2 * FLIPS);
      console.info(
        `by the client under load, ${describeTimes(run.times)}; ${judged} events judged`,
      );
    },
    60_000 + FLIPS * 400,
  );

  it('a sandbox destroyed, and a guild unregistered, with events in flight: later events go to production, leftovers are purged, none is lost or duplicated', async () => {
    const guilds = [20, 21, 22, 23].map(guild);
    const [first = '', second = '', moved = ''] = guilds;
    const doomed = await client.create({ ttl: '1h', guildIds: [first, second] });
    const living = await client.create({ ttl: '1h', guildIds: [moved] });
    const before = await lastStored();
    const bot = await backlogOf(nc, doomed.id, before);
    const flooding = flood.run(12_000, 3_000, (n) => ({
      guildId: guilds[n % 4] ?? null,
      type: TYPE,
      allowed: [PRODUCTION, placeOf(doomed.id), placeOf(living.id)],
    }));
    await delay(800);
    await client.unregisterGuild(moved);
    const unregisteredAt = await lastStored();
    await delay(300);
    await client.destroy(doomed.id);
    await client.waitUntilDestroyed(doomed.id);
    const destroyedAt = await lastStored();
    await flooding;
    await drained(nc);
    expect(flood.acknowledged).toBe(12_000);
    expect(destroyedAt - before).toBeLessThan(12_000);

    // Each sequence of the log is one event or one message of the routers: nothing is lost or
    // duplicated.
    const after = await lastStored();
    expect(after - before - (await fencesSince(nc, before))).toBe(12_000);
    const stored = await storedSince(before);
    const left = stored.filter(({ subject }) => subject.startsWith(`sandbox.${doomed.id}.`));
    expect(left).toEqual([]);
    const late = stored.filter(
      ({ subject, sequence }) => subject === placeOf(living.id) && sequence > unregisteredAt,
    );
    expect(late).toEqual([]);

    // From one switch point on, production has the rest of each guild in order. The sandbox's bot
    // saw the beginning.
    const seen = bot();
    for (const [g, guildId] of guilds.entries()) {
      const all = Array.from({ length: 3_000 }, (_, i) => 4 * i + g);
      const numbers = (events: readonly StoredEvent[], place: string): (number | null)[] =>
        events
          .filter(({ subject }) => subject === place)
          .map(numberOf)
          .filter((n) => n !== null && n % 4 === g);
      const production = numbers(stored, PRODUCTION);
      expect(production, guildId).toEqual(all.slice(all.length - production.length));
      const switched = all.length - production.length;
      if (g < 2) {
        const read = numbers(seen, placeOf(doomed.id));
        expect(read).toEqual(all.slice(0, read.length));
        expect(read.length).toBeLessThanOrEqual(switched);
        expect(read.length).toBeGreaterThan(100);
      } else {
        // The unread events of a guild that is only unregistered stay with the bot.
        expect(numbers(stored, placeOf(living.id))).toEqual(all.slice(0, switched));
        expect(switched > 0).toBe(guildId === moved);
      }
    }
  }, 120_000);
});

/** Reads a sandbox's events as its bot would; returns the events read so far. */
async function backlogOf(
  nc: NatsConnection,
  sandboxId: string,
  after: number,
): Promise<() => StoredEvent[]> {
  const jsm = await nc.jetstreamManager();
  const { name } = await jsm.consumers.add(STREAMS.routed, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: after + 1,
    filter_subject: `sandbox.${sandboxId}.>`,
    mem_storage: true,
    inactive_threshold: 60_000_000_000,
  });
  const consumer = await nc.jetstream().consumers.get(STREAMS.routed, name);
  const seen: StoredEvent[] = [];
  const messages = await consumer.consume({
    callback: ({ seq, subject, data }) => {
      seen.push({ sequence: seq, subject, payload: data, headers: [] });
    },
  });
  onTestFinished(async () => {
    await messages.close();
  });
  return () => seen;
}

/** The number of messages of the routers after `after`. */
async function fencesSince(nc: NatsConnection, after: number): Promise<number> {
  const jsm = await nc.jetstreamManager();
  const { num_pending: pending } = await jsm.consumers.add(STREAMS.routed, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: after + 1,
    filter_subject: FENCE_SUBJECT,
    mem_storage: true,
    inactive_threshold: 5_000_000_000,
  });
  return pending;
}
