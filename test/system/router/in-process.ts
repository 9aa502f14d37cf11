/** A router in the test's own process, with connections of its own. */
import pino from 'pino';
import { DEFAULT_PRODUCTION_SUBJECTS, type RouterForm } from '../../../domain/routing-settings.js';
import { routedSubjects, STREAMS } from '../../../routing/subjects.js';
import { delay } from '../../../platform/deadline.js';
import type { Logger } from '../../../platform/log.js';
import { closeNats, openNats } from '../../../platform/nats.js';
import { closePostgres, openPostgres } from '../../../platform/postgres.js';
import { startRouter, type Router } from '../../../router/router.js';
import type { Servers } from './servers.js';

export interface TestRouter {
  readonly router: Router;
  stop(): Promise<void>;
}

let started = 0;

export async function routerInProcess(
  servers: Servers,
  {
    staleMs = 60_000,
    until = 'ready',
    form = 'fast',
    natsUrl = servers.natsUrl,
    consumersEveryMs = 30_000,
    maxControlLine = 4_096,
    log = pino(
      { level: process.env.TEST_LOG ?? 'silent' },
      pino.destination({ dest: 2, sync: true }),
    ),
  }: {
    staleMs?: number;
    until?: 'ready' | 'started';
    form?: RouterForm;
    natsUrl?: string;
    consumersEveryMs?: number;
    maxControlLine?: number;
    log?: Logger;
  } = {},
): Promise<TestRouter> {
  const nc = await openNats(natsUrl, 'router in test');
  const sql = openPostgres(servers.databaseUrl, { name: 'router in test', max: 2 });
  const router = await startRouter({
    routerId: `test-${process.pid}-${(started += 1)}`,
    nc,
    natsUrl,
    form,
    sql,
    redisUrl: servers.redisUrl,
    streams: STREAMS,
    routedSubjects: routedSubjects(DEFAULT_PRODUCTION_SUBJECTS),
    staleMs,
    consumersEveryMs,
    maxControlLine,
    log,
  });
  const deadline = Date.now() + 10_000;
  while (until === 'ready' && !router.ready()) {
    if (Date.now() > deadline)
      throw new Error(`the router is not ready: ${JSON.stringify(router.status())}`);
    await delay(10);
  }
  return {
    router,
    async stop() {
      await router.stop();
      await closeNats(nc);
      await closePostgres(sql);
    },
  };
}
