/**
 * `npm run demo`: runs the main job on real servers and reads the results back. Exit code 0 only if
 * every figure is right.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Control } from '../domain/control.js';
import { down, signalService, up } from '../deploy/stack/index.js';
import type { Sandbox } from '../domain/sandbox.js';
import { loadConfig, type Config } from '../platform/config.js';
import { delay } from '../platform/deadline.js';
import { closeNats, openNats } from '../platform/nats.js';
import { openPostgres, closePostgres } from '../platform/postgres.js';
import type { StackState } from '../platform/stack-file.js';
import { openCallers, refusalOf, type Callers } from './callers.js';
import { flood, type Flood } from './flood.js';
import { leftoversOf } from './leftovers.js';
import { settle, readBack, type Account } from './ledger.js';
import { Report } from './report.js';
import { measureRoute } from './route-latency.js';
import { addTeamTemplate, objectsOf, OBJECTS } from './template.js';

const GUILDS = ['1234567890123456789', '2345678901234567890', '3456789012345678901'] as const;
const SHORT_TTL = '20s';
const ROUNDS = 12;

async function main(): Promise<boolean> {
  const keep = process.argv.includes('--keep');
  const home = await mkdtemp(join(tmpdir(), 'sandbox-demo-'));
  // Only the local stack's servers: the demo ignores addresses of the developer's shell.
  const config = loadConfig({
    SANDBOX_HOME: home,
    SANDBOX_MIN_TTL: '1s',
    SANDBOX_OWNER: 'demo',
    LOG_LEVEL: 'warn',
  });
  const report = new Report(process.stdout);
  let ok = false;
  try {
    report.title('Starting Temporal, Postgres, NATS, Redis, a worker, a router and the API');
    const stack = await report.timed('stack', () =>
      up(config, {
        onProgress: ({ service, text }) => report.line(`  ${service.padEnd(8)} ${text}`),
      }),
    );
    const callers = await openCallers(config, stack.apiUrl ?? '');
    await story({ config, report, stack, callers, client: callers.owner });
    report.timings();
    ok = report.ok;
    if (keep)
      report.line(
        `\nThe stack keeps running. Temporal Web UI: ${stack.temporal.uiUrl ?? '-'}  (SANDBOX_HOME=${home} npx bd dev down)`,
      );
  } finally {
    if (!keep) {
      await down(config, { purge: true });
      await rm(home, { recursive: true, force: true });
    }
  }
  report.verdict();
  return ok;
}

interface Scene {
  readonly config: Config;
  readonly report: Report;
  readonly stack: StackState;
  readonly callers: Callers;
  /** The owner of the sandboxes. */
  readonly client: Control;
}

async function story(scene: Scene): Promise<void> {
  const { client, report } = scene;
  report.title("A template of the team's own SQL files, through the API with a token");
  const {
    name: template,
    source,
    tables,
  } = await report.timed('template', () => addTeamTemplate(client));
  const files = source.kind === 'sql' ? source.files.join(', ') : '';
  report.line(`  ${template} has ${tables} tables, an enum and a view, of ${files}`);

  report.title('Two sandboxes of it, a guild each; a third guild stays with production');
  const lasting = await report.timed('create', () =>
    client.create({ name: 'demo-lasting', ttl: '1h', guildIds: [GUILDS[0]], template }),
  );
  const startedAt = Date.now();
  const short = await report.timed('create', () =>
    client.create({ name: 'demo-short', ttl: SHORT_TTL, template }),
  );
  await report.timed('register', () => client.registerGuild(short.id, GUILDS[1]));
  report.line(`  ${lasting.name} ${lasting.id} gets guild ${GUILDS[0]}`);
  report.line(`  ${short.name} ${short.id} gets guild ${GUILDS[1]}, expires in ${SHORT_TTL}`);
  for (const { id, name, template: begunWith } of [lasting, short]) {
    const objects = await objectsOf(client, id);
    report.check(
      `the schema of ${name} is that of template ${begunWith}`,
      begunWith === template && objects.join() === OBJECTS.join(),
      objects.join(', '),
    );
  }

  await refuseStranger(scene, lasting);
  await routeEvents(scene, lasting, short);
  await letExpire(scene, short, startedAt);
  const health = await client.status(lasting.id);
  report.check(
    'the other one is healthy',
    health.health === 'healthy',
    JSON.stringify(health.checks),
  );

  report.title('Destroying the other one');
  await report.timed('destroy', async () => {
    await client.destroy(lasting.id);
    await client.waitUntilDestroyed(lasting.id);
  });
  await checkNothingLeft(scene, lasting.id);
}

/** The token of another developer changes nothing and opens nothing. */
async function refuseStranger(
  { report, callers: { stranger } }: Scene,
  { id, name }: Sandbox,
): Promise<void> {
  for (const [what, attempt] of [
    ['destroy', () => stranger.destroy(id)],
    ['connect to', () => stranger.connection(id)],
  ] as const) {
    const code = await refusalOf(attempt);
    report.check(`another's token may not ${what} ${name}`, code === 'SANDBOX_010', `${code}`);
  }
}

/** Publishes to both sandboxes and production, and kills the router once. */
async function routeEvents(
  { config, report, stack }: Scene,
  lasting: Sandbox,
  short: Sandbox,
): Promise<void> {
  report.title(
    'Publishing the corpus for three guilds; the router is killed (kill -9) in the middle',
  );
  report.line(
    '  Some events of the corpus are malformed on purpose: the router must put them into the dead-letter queue (DLQ),',
  );
  report.line('  with the reason, and leave their neighbours alone.');
  const sandboxOf = new Map([
    [GUILDS[0], lasting.id],
    [GUILDS[1], short.id],
  ]);
  const flooded = await report.timed('flood', () =>
    flood({
      ingestUrl: stack.ingestNatsUrl,
      guilds: GUILDS,
      rounds: ROUNDS,
      sandboxOf,
      halfway: async () => {
        await signalService(config, 'router', 'SIGKILL');
      },
    }),
  );
  const account = await untilSettled(stack.urls.admin.nats, flooded);
  report.account(account, { [lasting.id]: lasting.name, [short.id]: short.name });
  const latencies = await measureRoute(stack.ingestNatsUrl, stack.urls.admin.nats, GUILDS[0], 50);
  for (const millis of latencies) report.sample('route', millis);
}

/** The sandbox expires while the killed worker restarts. */
async function letExpire(scene: Scene, short: Sandbox, startedAt: number): Promise<void> {
  const { config, report, stack, client } = scene;
  report.title(
    'The worker is killed (kill -9) while the sandboxes sleep; the short one then expires',
  );
  await signalService(config, 'worker', 'SIGKILL');
  const ended = await client.waitUntilDestroyed(short.id);
  const late = Date.parse(ended.destroyedAt ?? '') - Date.parse(short.expiresAt);
  report.line(
    `  ${short.name} is ${ended.status}, ${late} ms after its expiry (${Date.now() - startedAt} ms after its creation)`,
  );
  await checkNothingLeft(scene, short.id);
  report.check('its row says destroyed', ended.status === 'destroyed');
  const audit = await auditOf(stack.urls.admin.database, short.id);
  report.check('its audit is complete', audit.at(-1) === 'sandbox_destroyed', audit.join(', '));
}

async function checkNothingLeft({ report, stack }: Scene, sandboxId: string): Promise<void> {
  const left = await leftoversOf(stack.urls.admin, sandboxId);
  report.check('nothing of it is left on any server', left.length === 0, left.join('; '));
}

/** Waits until the router has handled all events, at most a minute. */
async function untilSettled(natsUrl: string, flooded: Flood): Promise<Account> {
  const nc = await openNats(natsUrl, 'demo');
  try {
    for (let attempt = 0; ; attempt += 1) {
      const account = settle(flooded.published, await readBack(nc));
      if (account.lost === 0 || attempt === 60) return account;
      await delay(1_000);
    }
  } finally {
    await closeNats(nc);
  }
}

async function auditOf(databaseUrl: string, sandboxId: string): Promise<string[]> {
  const sql = openPostgres(databaseUrl, { name: 'demo', max: 1 });
  try {
    const rows = await sql<{ event: string }[]>`
      SELECT event_type AS event FROM sandbox_audit_log WHERE sandbox_id = ${sandboxId} ORDER BY id`;
    return rows.map(({ event }) => event);
  } finally {
    await closePostgres(sql);
  }
}

const ok = await main().catch((error: unknown) => {
  console.error(error);
  return false;
});
process.exit(ok ? 0 : 1);
