/**
 * SANDBOX_STREAM_PROFILE=best-effort: its losses when nats-server is killed, and the promises that
 * still hold.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDirectControl } from '../../../control/direct-control.js';
import { signalService, up } from '../../../deploy/stack/index.js';
import { DEFAULT_PRODUCTION_SUBJECTS } from '../../../domain/routing-settings.js';
import { routedSubjects, STREAMS } from '../../../routing/subjects.js';
import { migrateNats } from '../../../migrate/nats.js';
import { delay } from '../../../platform/deadline.js';
import { closeNats, openNats } from '../../../platform/nats.js';
import { streamFacts } from '../../../routing/routed-log.js';
import { ownHome } from '../stack/home.js';
import { bd } from '../../support/bd.js';
import { until } from '../../support/stack.js';
import { NOTHING_WRONG } from './checker.js';
import { drained, Flood, verdict } from './flood.js';
import { routerInProcess } from './in-process.js';
import { inTurn, openWorld, type TestWorld } from './world.js';

const profile = 'best-effort';
const subjects = routedSubjects(DEFAULT_PRODUCTION_SUBJECTS);

describe('the best-effort profile', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(async () => {
    await world.close();
  });

  it('is refused for a ROUTED on disk with a remedy, and created if there is none', async () => {
    const { servers, jsm } = world;
    const migrated = (check: boolean) => migrateNats(servers.natsUrl, subjects, { check, profile });
    expect(await migrated(true)).toEqual([
      'NATS: stream ROUTED differs in storage, max_age, max_bytes',
    ]);
    await expect(migrated(false)).rejects.toMatchObject({
      code: 'SANDBOX_007',
      message: expect.stringMatching(/ROUTED has file storage.*wants memory/) as string,
      hint: expect.stringContaining('nats stream rm ROUTED') as string,
    });
    expect((await jsm.streams.info(STREAMS.routed)).config.storage).toBe('file');
    await jsm.streams.delete(STREAMS.routed);
    await migrated(false);
    expect(await migrated(true)).toEqual([]);
    const { config } = await jsm.streams.info(STREAMS.routed);
    expect(config).toMatchObject({ storage: 'memory', retention: 'limits', max_age: 300e9 });
    // The ingress keeps its storage.
    expect((await jsm.streams.info(STREAMS.raw)).config.storage).toBe('file');
  });

  it('loses the content of ROUTED with a killed nats-server; the router continues from its checkpoint, with an alarm', async () => {
    const { servers, nc } = world;
    const running = await routerInProcess(servers);
    try {
      const flood = new Flood(nc);
      const flooding = flood.run(12_000, 4_000, inTurn);
      await delay(1_500);
      await servers.nats.end('SIGKILL');
      await servers.nats.start();
      const before = flood.published.length;
      await migrateNats(servers.natsUrl, subjects, { profile });
      await flooding;
      await drained(nc);
      const { lost, ...rest } = await verdict(nc, flood);
      const { lost: _none, ...nothing } = NOTHING_WRONG;
      expect(rest).toEqual(nothing);
      console.log(`lost ${lost.length} of ${before} events before nats-server was back`);
      expect(lost.length).toBeGreaterThan(0);
      // No event after the restart is lost.
      expect(Math.max(...lost)).toBeLessThan(before);
      const alarms = await running.router.metrics.registry.getSingleMetricAsString(
        'sandbox_router_alarms_total',
      );
      expect(alarms).toMatch(/sandbox_router_alarms_total [1-9]/);
    } finally {
      await running.stop();
    }
  });
});

it('a stack with the profile recreates ROUTED and its consumers when nats-server is killed, and doctor warns', async () => {
  const config = await ownHome({ SANDBOX_STREAM_PROFILE: profile });
  const env = { SANDBOX_HOME: config.home, SANDBOX_STREAM_PROFILE: profile };
  const { urls } = await up(config);
  await using service = openDirectControl(config);
  const guild = '11111111111111111';
  const { id } = await service.create({ name: 'kept', guildIds: [guild] });
  const nc = await openNats(urls.admin.nats, 'test');
  try {
    const madeAt = async () =>
      (await streamFacts(nc, STREAMS.routed).catch(() => null))?.created ?? null;
    const first = await madeAt();
    await signalService(config, 'nats', 'SIGKILL');
    await until('ROUTED is made anew', async () => {
      const made = await madeAt();
      return made !== null && made !== first;
    });
    await until(
      'the sandbox is healthy',
      async () => (await service.status(id)).health === 'healthy',
    );
    const event = ['sandbox', 'emit', 'MESSAGE_CREATE', '--to', id];
    await until('an event is taken', async () => (await bd(event, env)).code === 0);
    await until('it waits for the bot', async () =>
      JSON.stringify(await service.status(id)).includes('1 event waiting'),
    );
  } finally {
    await closeNats(nc);
  }
  // Router and worker may still be reconnecting.
  const doctor = await until('doctor finds nothing that failed', async () => {
    const ran = await bd(['doctor', '--json'], env);
    return ran.code === 0 ? ran : null;
  });
  expect(doctor.stdout).toMatch(/best-effort: unread events go/);
  await service.destroy(id);
}, 180_000);
