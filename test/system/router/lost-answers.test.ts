/** The answer about a guild is the truth, even if Postgres commits and dies before it answers. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Connections } from '../../../control/connections.js';
import { Lifecycle } from '../../../control/lifecycle.js';
import type { Control } from '../../../domain/control.js';
import { openDirectControl } from '../../../control/direct-control.js';
import { down, up } from '../../../deploy/stack/index.js';
import { SandboxError } from '../../../domain/errors.js';
import { parseGuildId } from '../../../domain/guild.js';
import { parseSandboxId, type SandboxId } from '../../../domain/names.js';
import { redisRoutes } from '../../../routing/route.js';
import type { Config } from '../../../platform/config.js';
import { closeNats, openNats, type NatsConnection } from '../../../platform/nats.js';
import type { Sql } from '../../../platform/postgres.js';
import { readSubkey } from '../../../platform/subkeys.js';
import { PostgresProxy } from '../../support/postgres-proxy.js';
import { historiesOf, replayFailures } from '../../support/replay.js';
import { until } from '../../support/stack.js';
import { drained, Flood, readRouted } from './flood.js';
import { ownPostgres, type OwnPostgres } from './own-postgres.js';
import { guild } from '../../support/ids.js';
import { commandOf } from '../../support/commands.js';

const TYPE = 'MESSAGE_CREATE';
/** Longer than the quick attempts' 1.5 s. */
const AWAY_MS = 5_000;
/** Longer than the 1.2 s of an extension or a reset. */
const BRISKLY_AWAY_MS = 2_500;
/** Longer than all quick attempts take together. */
const STILL_MS = 14_000;

describe('an answer of Postgres that is lost', () => {
  let postgres: OwnPostgres;
  let proxy: PostgresProxy;
  let sql: Sql;
  let redis: Redis;
  let config: Config;
  let client: Control;
  let connections: Connections;
  let lifecycle: Lifecycle;
  let nc: NatsConnection;
  let installation: string;

  beforeAll(async () => {
    postgres = await ownPostgres('lost-answers-');
    ({ sql } = postgres);
    proxy = await PostgresProxy.start(Number(new URL(postgres.url).port));
    const behind = new URL(postgres.url);
    behind.port = String(proxy.port);
    config = postgres.configFor(behind.href);
    const { urls } = await up(config);
    client = openDirectControl(config);
    connections = new Connections(config);
    // Without the client, whose own read of the sandbox's row would meet the same Postgres.
    lifecycle = new Lifecycle(await connections.temporal(), {
      ...config,
      actorKey: readSubkey(config, 'actors'),
    });
    nc = await openNats(urls.admin.nats, 'test');
    redis = new Redis(urls.admin.redis);
    const [row] = await sql<{ id: string }[]>`SELECT id FROM sandbox_installation`;
    installation = row?.id ?? '';
  });
  afterAll(async () => {
    redis.disconnect();
    await connections.close();
    await client.close();
    await closeNats(nc);
    await down(config, { purge: true });
    await proxy.close();
    await postgres.close();
  });

  /**
   * The sandbox of the guild in Postgres, in Redis, and for an event of the router; null:
   * production.
   */
  async function standing(guildId: string): Promise<(string | null)[]> {
    const [row] = await sql<{ id: string }[]>`
      SELECT sandbox_id AS id FROM sandbox_guild_mapping WHERE guild_id = ${guildId} AND active`;
    const entry = await redis.hget(redisRoutes(installation).map, guildId);
    const flood = new Flood(nc);
    flood.publish({ guildId, type: TYPE, allowed: [] });
    await flood.quiet();
    await drained(nc);
    const { subject = '' } = (await readRouted(nc)).at(-1) ?? {};
    return [
      row?.id ?? null,
      entry?.split(':')[1] || null,
      /^sandbox\.([a-z0-9]+)\./.exec(subject)?.[1] ?? null,
    ];
  }

  const everywhere = (sandboxId: string | null): (string | null)[] => [
    sandboxId,
    sandboxId,
    sandboxId,
  ];

  /** The caller's result: null or the error. */
  const told = (call: Promise<unknown>): Promise<SandboxError | null> =>
    call.then(
      () => null,
      (error: unknown) => {
        if (error instanceof SandboxError) return error;
        throw error;
      },
    );

  /** Checks at once if the answer was final. If work continued, it waits until that is done. */
  async function expectStanding(
    answer: SandboxError | null,
    guildId: string,
    sandboxId: SandboxId | null,
  ): Promise<void> {
    if (answer?.message.includes('goes on until it is done') === true) {
      await until('the continuing work is done', async () => {
        const found = await standing(guildId);
        return JSON.stringify(found) === JSON.stringify(everywhere(sandboxId));
      });
    } else if (answer !== null) {
      expect(answer.message).toMatch(/Postgres|register/);
    }
    expect(await standing(guildId)).toEqual(everywhere(sandboxId));
    const { guildIds } = await client.get(sandboxOfTest);
    expect(guildIds.includes(parseGuildId(guildId))).toBe(sandboxId !== null);
  }

  let sandboxOfTest: string;
  const lived: SandboxId[] = [];
  async function someSandbox(...guildIds: string[]): Promise<SandboxId> {
    const { id } = await client.create({ ttl: '1h', guildIds });
    sandboxOfTest = id;
    lived.push(parseSandboxId(id));
    return parseSandboxId(id);
  }

  it('of a registration, away for 5 s: it is refused and undone; the guild can then be registered', async () => {
    const guildId = parseGuildId(guild(40));
    const sandboxId = await someSandbox();
    const lost = proxy.loseCommit(guildId, AWAY_MS);
    const answer = await told(
      lifecycle.update(commandOf('registerGuild', sandboxId, { guildId: guildId })),
    );
    await lost;
    expect(answer?.code).toBe('SANDBOX_009');
    await expectStanding(answer, guildId, null);
    expect(
      await told(lifecycle.update(commandOf('registerGuild', sandboxId, { guildId: guildId }))),
    ).toBe(null);
    await expectStanding(null, guildId, sandboxId);
  });

  it('of a registration, back at once: it is confirmed and holds', async () => {
    const guildId = parseGuildId(guild(41));
    const sandboxId = await someSandbox();
    const lost = proxy.loseCommit(guildId, 200);
    const answer = await told(
      lifecycle.update(commandOf('registerGuild', sandboxId, { guildId: guildId })),
    );
    await lost;
    expect(answer).toBe(null);
    await expectStanding(answer, guildId, sandboxId);
  });

  it('of an unregistration, away for 5 s: it is completed all the same, and the caller learns it', async () => {
    const guildId = parseGuildId(guild(42));
    const sandboxId = await someSandbox(guildId);
    await expectStanding(null, guildId, sandboxId);
    const lost = proxy.loseCommit(guildId, AWAY_MS);
    const answer = await told(
      lifecycle.update(commandOf('unregisterGuild', sandboxId, { guildId: guildId })),
    );
    await lost;
    if (answer !== null) expect(answer.message).toContain('goes on until it is done');
    await expectStanding(answer, guildId, null);
  });

  it('that comes late, from a frozen Postgres: an attempt that was given up is not committed after the refusal', async () => {
    const guildId = parseGuildId(guild(43));
    const sandboxId = await someSandbox();
    const still = proxy.standStill(guildId, STILL_MS);
    const answer = await told(
      lifecycle.update(commandOf('registerGuild', sandboxId, { guildId: guildId })),
    );
    await still;
    expect(answer?.code).toBe('SANDBOX_009');
    await until('Postgres goes on', () => client.get(sandboxId).catch(() => null));
    await expectStanding(answer, guildId, null);
  });

  it('for longer than the caller waits: the error says that work continues, and other changes succeed when Postgres is back', async () => {
    const [guildId, other] = [parseGuildId(guild(45)), parseGuildId(guild(46))];
    const sandboxId = await someSandbox();
    const lost = proxy.loseCommit(guildId, 2 * AWAY_MS);
    const answering = told(
      lifecycle.update(commandOf('registerGuild', sandboxId, { guildId: guildId })),
    );
    await lost;
    const answer = await answering;
    expect(answer).toMatchObject({ code: 'SANDBOX_009' });
    expect(answer?.message).toContain(`goes on until it is done: take guild ${guildId} back`);
    // These changes meet each step of the continuing work.
    const changed = await until('Postgres is back', async () => {
      const [extended] = await Promise.allSettled([
        lifecycle.extend(commandOf('extend', sandboxId, { byMs: 60_000, clamp: false })),
        lifecycle.update(commandOf('registerGuild', sandboxId, { guildId: other })),
      ]);
      return extended.status === 'fulfilled' ? extended.value : null;
    });
    expect(changed.extension.clamped).toBe(false);
    await expectStanding(answer, guildId, null);
    await until('the other is registered', () =>
      lifecycle.update(commandOf('registerGuild', sandboxId, { guildId: other })).then(
        () => true,
        () => null,
      ),
    );
    await expectStanding(null, other, sandboxId);
  });

  it('while a destroy is requested: the sandbox ends, and the guild belongs to production', async () => {
    const guildId = parseGuildId(guild(44));
    const sandboxId = await someSandbox();
    const lost = proxy.loseCommit(guildId, AWAY_MS);
    const answering = told(
      lifecycle.update(commandOf('registerGuild', sandboxId, { guildId: guildId })),
    );
    await lost;
    await lifecycle.destroy(commandOf('destroy', sandboxId, {})).catch(() => undefined);
    expect((await answering)?.code).toMatch(/^SANDBOX_00[79]$/);
    await lifecycle.waitUntilEnded(sandboxId);
    await expectStanding(null, guildId, null);
  });

  it('of an extension: it is completed all the same, and the next one adds to it', async () => {
    const sandboxId = await someSandbox();
    const before = Date.parse((await client.get(sandboxId)).expiresAt);
    const lost = proxy.loseCommit('ttl_extended', BRISKLY_AWAY_MS);
    const answer = await told(
      lifecycle.extend(commandOf('extend', sandboxId, { byMs: 3_600_000, clamp: false })),
    );
    await lost;
    if (answer !== null)
      expect(answer.message).toMatch(/Postgres.*goes on until it is done: extend by tester/);
    const next = await lifecycle.extend(
      commandOf('extend', sandboxId, { byMs: 60_000, clamp: false }),
    );
    expect(next.extension).toEqual({ expiresAt: before + 3_660_000, clamped: false });
    const events = (await client.audit(sandboxId)).map(({ eventType }) => eventType);
    expect(events.filter((event) => event === 'ttl_extended')).toHaveLength(2);
  });

  it('of a reset that has begun: it is completed, and the credentials of connect are valid', async () => {
    const sandboxId = await someSandbox();
    const lost = proxy.loseCommit('sandbox_reset', BRISKLY_AWAY_MS);
    expect(await told(lifecycle.update(commandOf('reset', sandboxId, {})))).toBe(null);
    await lost;
    const { environment } = await client.connection(sandboxId);
    const tenant = new Redis(environment.REDIS_URL ?? '', { lazyConnect: true });
    await tenant.connect();
    expect(await tenant.get(`sandbox:${sandboxId}:key`)).toBeNull();
    tenant.disconnect();
    expect((await client.status(sandboxId)).health).toBe('healthy');
  });

  it('leaves histories that replay', async () => {
    expect(lived.length).toBeGreaterThan(4);
    const temporal = await connections.temporal();
    expect(await replayFailures(historiesOf(temporal, lived))).toEqual({});
  });
});
