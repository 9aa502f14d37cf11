/**
 * A router for benchmarks: silent, with the environment's addresses, ready when the promise
 * resolves.
 */
import pino from 'pino';
import type { NatsConnection } from 'nats';
import { DEFAULT_PRODUCTION_SUBJECTS, type RouterForm } from '../../domain/routing-settings.js';
import { routedSubjects, STREAMS } from '../../routing/subjects.js';
import { delay } from '../../platform/deadline.js';
import { openPostgres } from '../../platform/postgres.js';
import { startRouter, type Router } from '../../router/router.js';

export async function startBenchRouter(
  nc: NatsConnection,
  natsUrl: string,
  form: RouterForm,
): Promise<Router> {
  const router = await startRouter({
    routerId: `bench-${process.pid}`,
    nc,
    natsUrl,
    form,
    sql: openPostgres(process.env.DATABASE_URL ?? '', { name: 'bench', max: 1 }),
    redisUrl: process.env.REDIS_URL ?? '',
    streams: STREAMS,
    routedSubjects: routedSubjects(DEFAULT_PRODUCTION_SUBJECTS),
    staleMs: 60_000,
    maxControlLine: 4_096,
    log: pino({ level: 'error' }),
  });
  while (!router.ready()) await delay(1);
  return router;
}
