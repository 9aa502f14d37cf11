import { describe, expect, it } from 'vitest';
import { Registry } from 'prom-client';
import { lifecycleMetrics, topOwners } from '../../../activities/metrics.js';
import { parseSandboxId, type SandboxId } from '../../../domain/names.js';
import { DurationHistogram } from '../../../router/duration-histogram.js';
import { bd } from '../../support/bd.js';
import { freeze } from '../../support/freeze.js';
import { scrape, readiness, total } from '../../support/scrape.js';
import { openClient, someGuild, someName, someOwner, until } from '../../support/stack.js';
import { openTenantSql } from '../../support/tenant.js';

/** The metrics that docs/sandbox-runbook.md names. */
const WORKER = [
  'sandbox_active_total',
  'sandbox_create_duration_seconds_count',
  'sandbox_destroy_duration_seconds_count',
  'sandbox_template_make_duration_seconds_count',
  'sandbox_template_apply_duration_seconds_count',
  'sandbox_cleanup_errors_total',
  'sandbox_orphaned_resources',
  'sandbox_last_sweep_timestamp_seconds',
  'sandbox_sessions_ended_total',
  'sandbox_guard_errors_total',
  'temporal_worker_task_slots_available',
  'temporal_workflow_task_execution_latency_seconds_count',
  'temporal_request_latency_seconds_count',
  'process_cpu_seconds_total',
];
const ROUTER = [
  'sandbox_event_route_duration_seconds_count',
  'sandbox_route_cache_hits_total',
  'sandbox_route_cache_misses_total',
  'sandbox_router_lag_events',
  'sandbox_router_in_flight',
  'sandbox_router_paused',
  'sandbox_router_writer',
  'sandbox_router_reconciliations_total',
  'sandbox_router_dlq_total',
  'sandbox_router_route_version',
  'sandbox_router_route_age_seconds',
];
const names = (samples: ReadonlyMap<string, number>): Set<string> =>
  new Set([...samples.keys()].map((sample) => sample.replace(/\{.*/, '')));

describe('the metrics of a real run', () => {
  it('count the events that they name, on worker and router', async () => {
    const owner = someOwner();
    const client = openClient({ SANDBOX_OWNER: owner });
    const guild = someGuild();
    const before = { worker: await scrape('worker'), router: await scrape('router') };
    const { id } = await client.create({ name: someName(), ttl: '10m', guildIds: [guild] });
    await expect(client.create({ guildIds: [guild] })).rejects.toMatchObject({
      code: 'SANDBOX_003',
    });
    await bd(['sandbox', 'emit', 'message-create', '--to', id, '--count', '5']);
    await bd(['sandbox', 'emit', 'malformed-not-json-word', '--to', id]);
    await bd(['sandbox', 'emit', 'subject-raw-raw', '--to', id]);

    const router = await until('the router has stored them', async () => {
      const samples = await scrape('router');
      const count = total(samples, 'sandbox_event_route_duration_seconds_count', id);
      return count === 5 ? samples : null;
    });
    for (const name of ROUTER) expect([...names(router)], name).toContain(name);
    const grown = (name: string): number => total(router, name) - total(before.router, name);
    expect(grown('sandbox_route_cache_hits_total')).toBeGreaterThanOrEqual(5);
    expect(grown('sandbox_router_dlq_total')).toBeGreaterThanOrEqual(1);
    expect(grown('sandbox_router_route_version')).toBeGreaterThanOrEqual(1);
    expect(total(router, 'sandbox_router_writer')).toBe(1);
    expect(total(router, 'sandbox_router_paused')).toBe(0);

    const worker = await until('the owner is counted', async () => {
      const samples = await scrape('worker');
      return samples.get(`sandbox_active_total{owner="${owner}"}`) === 1 ? samples : null;
    });
    const created = (outcome: string): number =>
      total(worker, 'sandbox_create_duration_seconds_count', outcome) -
      total(before.worker, 'sandbox_create_duration_seconds_count', outcome);
    expect(created('"created"')).toBe(1);
    expect(created('"failed"')).toBe(1);

    const resume = await freeze('redis');
    await client.destroy(id);
    await until('failed attempts are counted', async () => {
      const samples = await scrape('worker');
      const name = 'sandbox_cleanup_errors_total';
      // Two: attempts after the first count as well.
      return total(samples, name) >= total(before.worker, name) + 2;
    });
    await resume();
    await client.waitUntilDestroyed(parseSandboxId(id));
    const after = await until('its series are gone', async () => {
      const samples = await scrape('worker');
      const gone = samples.get(`sandbox_active_total{owner="${owner}"}`) === undefined;
      const routed = [...(await scrape('router')).keys()].some((sample) => sample.includes(id));
      return gone && !routed ? samples : null;
    });
    const destroyed = 'sandbox_destroy_duration_seconds_count';
    expect(total(after, destroyed) - total(before.worker, destroyed)).toBe(1);
    const seen = new Set([...names(worker), ...names(after)]);
    for (const name of WORKER) expect([...seen], name).toContain(name);
  });
});

describe('the metrics of templates', () => {
  it('count each attempt to make one and to apply one, with its outcome and time', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const before = await scrape('worker');
    const name = someName();
    const grown = async (metric: string, outcome: string): Promise<number> => {
      const sample = `sandbox_template_${metric}{outcome="${outcome}"}`;
      return ((await scrape('worker')).get(sample) ?? NaN) - (before.get(sample) ?? NaN);
    };
    const make = (sql: string) =>
      client.addTemplate({ name, files: [{ name: '1.sql', sql: `${sql}; SELECT pg_sleep(0.2)` }] });
    await expect(make('CREATE TABEL t ()')).rejects.toMatchObject({ code: 'SANDBOX_008' });
    const own = `CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
      IF EXISTS (SELECT 1 FROM pg_tables WHERE tablename = '${name}') THEN RAISE EXCEPTION 'not again'; END IF;
      RETURN 1; END $$; CREATE MATERIALIZED VIEW m AS SELECT f()`;
    await make(own);
    const { id } = await client.create({ template: name });
    await client.reset(id);
    expect(await grown('make_duration_seconds_count', 'refused')).toBe(1);
    expect(await grown('make_duration_seconds_count', 'made')).toBe(1);
    expect(await grown('make_duration_seconds_count', 'failed')).toBe(0);
    expect(await grown('make_duration_seconds_sum', 'made')).toBeGreaterThan(0.2);
    expect(await grown('apply_duration_seconds_count', 'applied')).toBe(2);
    expect(await grown('apply_duration_seconds_count', 'failed')).toBe(0);
    // A table of this name exists now: the template's function fails.
    const sql = await openTenantSql((await client.connection(id)).environment.DATABASE_URL ?? '');
    await sql.query(`CREATE TABLE "${name}" ()`);
    await expect(client.create({ template: name })).rejects.toMatchObject({ code: 'SANDBOX_005' });
    expect(await grown('apply_duration_seconds_count', 'failed')).toBeGreaterThanOrEqual(1);
    await client.destroy(id);
    await client.removeTemplate(name);
  });
});

describe('the figures of a sweep', () => {
  it('come with its time, because several workers take turns', async () => {
    const client = openClient();
    const time = async (): Promise<number> =>
      total(await scrape('worker'), 'sandbox_last_sweep_timestamp_seconds');
    const from = Date.now() / 1_000;
    await client.sweep({ dryRun: false });
    const swept = await time();
    expect(swept).toBeGreaterThan(from - 1);
    // A dry run does not count as a sweep.
    await client.sweep({ dryRun: true });
    expect(await time()).toBe(swept);
  });
});

describe('failures', () => {
  it('are shown from 0 on, because Prometheus sees no increase in a first sample', async () => {
    const registry = new Registry();
    lifecycleMetrics(registry);
    const page = await registry.metrics();
    for (const step of ['revoke credentials', 'remove redis-keyspace', 'orphan nats-account'])
      expect(page).toContain(`sandbox_cleanup_errors_total{error_type="${step}"} 0`);
    expect(page).toContain('sandbox_create_duration_seconds_count{outcome="failed"} 0');
    expect(page).toContain('sandbox_orphaned_resources{kind="nats-account"} 0');
  });
});

describe('/readyz', () => {
  it.each(['redis', 'nats'] as const)(
    'of the worker shows the real state of %s',
    async (server) => {
      await until('ready', async () => (await readiness('worker')).status === 200);
      const resume = await freeze(server);
      const down = await until('not ready', async () => {
        const { status, text } = await readiness('worker');
        return status === 503 ? text : null;
      });
      expect(down).toContain(`"${server}":`);
      expect(down).toContain('"postgres":"ok"');
      await resume();
      await until('ready again', async () => (await readiness('worker')).status === 200);
    },
  );

  it('of the router shows the real state of NATS', async () => {
    await until('ready', async () => (await readiness('router')).status === 200);
    const resume = await freeze('nats');
    await until('not ready', async () => (await readiness('router')).status === 503);
    await resume();
    await until('ready again', async () => (await readiness('router')).status === 200);
  });
});

describe('labels', () => {
  it('give 30 owners their own series, and the rest one', () => {
    const owners = new Map(Array.from({ length: 100 }, (_, i) => [`o${i}`, i + 1]));
    const shown = topOwners(owners);
    expect(shown.size).toBe(31);
    expect(shown.get('o99')).toBe(100);
    expect([...shown.values()].reduce((a, b) => a + b)).toBe(5_050);
  });

  it('remove a destroyed sandbox’s series, and give its place to the next', () => {
    const histogram = new DurationHistogram(2);
    const [a, b, c] = ['sbaaaaaaaaaa', 'sbbbbbbbbbbb', 'sbcccccccccc'];
    histogram.observe(a, 0.001, 1);
    histogram.observe(b, 0.001, 1);
    histogram.observe(c, 0.001, 1);
    expect(histogram.text()).not.toContain(c);
    histogram.keep(new Set<string>([b] as SandboxId[]));
    histogram.observe(c, 0.001, 1);
    expect(histogram.text()).toContain(c);
    expect(histogram.text()).not.toContain(a);
  });
});
