/**
 * Dead routers on a NATS of this test: how the barrier treats them, what doctor reports, and a
 * server without streams.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { askLocalStack, askRouters } from '../../../cli/doctor/services.js';
import { DEFAULT_PRODUCTION_SUBJECTS } from '../../../domain/routing-settings.js';
import { memberKey } from '../../../routing/members.js';
import { routedSubjects, STREAMS } from '../../../routing/subjects.js';
import { migrateNats } from '../../../migrate/nats.js';
import { loadConfig } from '../../../platform/config.js';
import { closeNats, openNats, type NatsConnection } from '../../../platform/nats.js';
import { streamFacts, writeFence } from '../../../routing/routed-log.js';
import { memberShape, routerBucket } from '../../../routing/router-bucket.js';
import { confirmRoutes } from '../../../routing/barrier.js';
import { startOwnNats } from '../../support/own-nats.js';
import { openWorkerParts } from '../../support/resources.js';
import { stackConfig } from '../../support/stack.js';

async function connected(url: string): Promise<NatsConnection> {
  const nc = await openNats(url, 'test');
  onTestFinished(() => closeNats(nc));
  return nc;
}
async function migrated(): Promise<{ url: string; nc: NatsConnection }> {
  const url = await startOwnNats();
  await migrateNats(url, routedSubjects(DEFAULT_PRODUCTION_SUBJECTS));
  return { url, nc: await connected(url) };
}
const join = (nc: NatsConnection, routerId: string, role: string): Promise<number> =>
  routerBucket(nc).write(memberKey(routerId), { routerId, role, version: 3, metrics: null });

describe('a dead router', () => {
  it('is removed by the barrier if its log has no message', async () => {
    const { nc } = await migrated();
    await join(nc, 'dead', 'standby');
    await confirmRoutes(nc, 5, { timeoutMs: 2_000 });
    expect((await routerBucket(nc).read(memberKey('dead'), memberShape)).value).toBeNull();
    // No router is left to wait for.
    await confirmRoutes(nc, 6, { timeoutMs: 2_000 });
  });

  it('keeps the barrier waiting if a foreign message at the end of its log refuses the fence', async () => {
    const { nc } = await migrated();
    await join(nc, 'dead', 'standby');
    await nc.jetstream().publish('events.X', 'by hand');
    await expect(confirmRoutes(nc, 5, { timeoutMs: 200 })).rejects.toMatchObject({
      ...{ code: 'SANDBOX_009', message: expect.stringContaining('dead (no answer)') as string },
    });
    expect((await routerBucket(nc).read(memberKey('dead'), memberShape)).value).not.toBeNull();
  });
});

it('doctor reports whether there is no router, none that writes, or one that does', async () => {
  const { url, nc } = await migrated();
  const found = async (): Promise<string> =>
    (await askRouters(url)).map(({ state, detail }) => `${state}: ${detail}`).join();
  expect(await found()).toMatch(/^failed: none is alive/);
  await join(nc, 'one', 'standby');
  expect(await found()).toMatch(/^failed: none writes/);
  await join(nc, 'two', 'writer');
  expect(await found()).toBe('ok: 1 writer, 1 standby, routes at version 3');
});

it('doctor reports on the local stack only if there is one', async () => {
  const given = {
    ...{ TEMPORAL_ADDRESS: 'a:1', DATABASE_URL: 'postgres://b/x', REDIS_URL: 'redis://c' },
    ...{ NATS_URL: 'nats://d', SANDBOX_HOME: '/nonexistent' },
  };
  const statesOf = async (config: ReturnType<typeof loadConfig>) =>
    (await askLocalStack(config)).map(({ state }) => state);
  expect(await statesOf(stackConfig())).toEqual(['ok']);
  expect(await statesOf(loadConfig({ SANDBOX_HOME: '/nonexistent' }))).toEqual(['failed']);
  expect(await statesOf(loadConfig(given))).toEqual([]);
});

it('a NATS without the streams makes each question an error, never an empty answer', async () => {
  const nats = await connected(await startOwnNats());
  const { resources, inspector } = await openWorkerParts();
  const subjects = resources({ nats, natsAuthority: null, natsAccount: null }).get('nats-subjects');
  const target = { sandboxId: 'sb0000000000' as never, rotation: 0, createdAt: new Date() };
  const questions: (() => Promise<unknown>)[] = [
    () => streamFacts(nats, STREAMS.routed),
    () => writeFence(nats, { sequence: 0, rawSequence: 0 }, { length: 2, timeoutMs: 500 }),
    () =>
      inspector('nats-subjects', {
        ...{ nats: () => Promise.resolve(nats), natsAccount: null },
      }).inspect(target),
    () => subjects.list(),
    () => subjects.remove(target.sandboxId),
  ];
  for (const question of questions) await expect(question()).rejects.toThrow(/stream/);
});
