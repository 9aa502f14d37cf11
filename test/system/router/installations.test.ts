import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeRoute, redisRoutes } from '../../../routing/route.js';
import { delay } from '../../../platform/deadline.js';
import { NOTHING_WRONG } from './checker.js';
import { drained, Flood, verdict, type EventPlan } from './flood.js';
import { RouterProcess } from './router-process.js';
import { guild, sandbox } from '../../support/ids.js';
import { tellRedis } from './routes.js';
import { INSTALLATION } from './servers.js';
import { inTurn, openWorld, type TestWorld } from './world.js';

const MOVED = 15;

describe('a Redis that serves two installations', () => {
  let world: TestWorld;
  let router: RouterProcess;
  let flood: Flood;

  beforeAll(async () => {
    world = await openWorld();
    flood = new Flood(world.nc);
    router = await RouterProcess.start(world.servers);
    // From here on only Redis reports changes to the router.
    await world.servers.postgres.end('SIGKILL');
  });
  afterAll(async () => {
    await router.end('SIGKILL');
    await world.close();
  });

  /** As the worker of `installation` writes it: the next version, with one new route. */
  async function moveInRedis(installation: string): Promise<void> {
    const version = 1 + Number(await world.redis.get(redisRoutes(INSTALLATION).version));
    const [guildId, sandboxId] = [guild(MOVED), sandbox(1)];
    const text = encodeRoute({ key: guildId, sandboxId, version });
    await tellRedis(world.redis, redisRoutes(installation), { key: guildId, text, version });
    // Longer than the time between two polls.
    await delay(1_000);
  }

  async function floodOf(plan: (n: number) => EventPlan): Promise<void> {
    await flood.run(200, 2_000, plan);
    await drained(world.nc);
    expect(await verdict(world.nc, flood)).toEqual(NOTHING_WRONG);
  }

  it('has a table for each: the other installation’s routes are ignored', async () => {
    await moveInRedis('another-installation');
    await floodOf(inTurn);
  });

  it('and routes of its own arrive in the same way', async () => {
    await moveInRedis(INSTALLATION);
    await floodOf((n) => {
      const plan = inTurn(n);
      if (plan.guildId !== guild(MOVED)) return plan;
      return { ...plan, allowed: [`sandbox.${sandbox(1)}.events.MESSAGE_CREATE`] };
    });
  });
});
