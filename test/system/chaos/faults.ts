/**
 * The killer's plan: each fault, its time and duration. The seed decides it before the run, so a
 * run can be repeated.
 */
import { delay } from '../../../platform/deadline.js';
import type { Random } from '../../support/random.js';
import type { World } from './world.js';

export interface Fault {
  readonly name: string;
  /** Pause before the fault. */
  readonly afterMs: number;
  readonly forMs: number;
  /** Which of the two routers, if it concerns one. */
  readonly router: 0 | 1;
}

type Act = (world: World, fault: Fault) => Promise<void>;

const killed =
  (server: 'nats' | 'redis' | 'postgres' | 'worker' | 'temporal'): Act =>
  async (world, { forMs }) => {
    await world.kill(server, forMs);
  };

const ACTS: Readonly<Record<string, Act>> = {
  'router killed': async (world, { router, forMs }) => {
    await world.killRouter(router);
    await delay(forMs / 4);
    world.startRouter(router);
  },
  'both routers killed': async (world, { forMs }) => {
    await Promise.all([world.killRouter(0), world.killRouter(1)]);
    await delay(forMs);
    world.startRouter(0);
    world.startRouter(1);
  },
  'router stopped (SIGSTOP)': async (world, { router, forMs }) => {
    world.signalRouter(router, 'SIGSTOP');
    await delay(800 + forMs);
    world.signalRouter(router, 'SIGCONT');
  },
  'nats-server killed': killed('nats'),
  'Redis killed, back empty': killed('redis'),
  'Postgres killed': killed('postgres'),
  'worker killed': killed('worker'),
  'Temporal killed': killed('temporal'),
  'router killed while nats-server is down': async (world, { router, forMs }) => {
    const down = world.kill('nats', forMs);
    await world.killRouter(router);
    world.startRouter(router);
    await down;
  },
  'connection cut': (world, { router }) => {
    world.proxies[router].cut();
    return Promise.resolve();
  },
  'connection stalled': async (world, { router, forMs }) => {
    world.proxies[router].stall();
    await delay(1_500 + forMs);
    world.proxies[router].resume();
  },
  // The writer is one of them. It continues to send events that it still receives.
  'connections stalled in turn': async (world, { forMs }) => {
    for (const proxy of world.proxies) {
      proxy.stall('up');
      await delay(1_500 + forMs / 2);
      proxy.resume();
      await delay(200);
    }
  },
  'connection slow': async (world, { router, forMs }) => {
    world.proxies[router].slow(60);
    await delay(500 + forMs);
    world.proxies[router].slow(0);
  },
  // About the size of an event: many reads end in the middle of one.
  'connections in small pieces': async (world, { forMs }) => {
    for (const proxy of world.proxies) proxy.crumble(500 + forMs);
    await delay(500 + forMs);
    for (const proxy of world.proxies) proxy.crumble(0);
  },
};

const ON_OWN_STACK = new Set(['worker killed', 'Temporal killed']);

/** Each kind comes once before any kind comes again. */
export function plan(random: Random, count: number, ownStack: boolean, only?: string): Fault[] {
  const all = Object.keys(ACTS).filter((name) => ownStack || !ON_OWN_STACK.has(name));
  const names = only === undefined ? all : all.filter((name) => name === only);
  let left: string[] = [];
  return Array.from({ length: count }, () => {
    if (left.length === 0) left = [...names];
    const [name = ''] = left.splice(random.between(0, left.length - 1), 1);
    return {
      name,
      afterMs: random.between(100, 900),
      forMs: random.between(0, 1_000),
      router: random.between(0, 1) === 0 ? 0 : 1,
    } as const;
  });
}

export async function act(world: World, fault: Fault): Promise<void> {
  await ACTS[fault.name]?.(world, fault);
}
