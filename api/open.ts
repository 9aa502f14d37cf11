/** The parts of an API, opened in their order: connections, sign-in, streams, handlers, server. */
import { Registry } from 'prom-client';
import { nanoid } from 'nanoid';
import { Authenticator } from '../control/authentication.js';
import type { Connections } from '../control/connections.js';
import { IdentityService } from '../control/identity-service.js';
import { SandboxService } from '../control/sandbox-service.js';
import { TemplateService } from '../control/template-service.js';
import { messageOf } from '../domain/errors.js';
import type { Closer } from '../platform/closer.js';
import type { Config } from '../platform/config.js';
import type { Logger } from '../platform/log.js';
import { startMetricsServer, type Health } from '../platform/metrics-server.js';
import { natsApiPrefixOf } from '../platform/nats-authority.js';
import { packageVersion } from '../platform/project-root.js';
import type { Database } from '../store/database.js';
import { beginRequest, finishRequest, keepForRequest } from '../store/requests.js';
import { makeApp, type Answered } from './app.js';
import type { Server } from './call.js';
import { clientAddressOf } from './client-address.js';
import type { RequestStore } from './idempotency.js';
import { Gate, REQUESTS, SIGN_INS } from './limits.js';
import { apiMetrics } from './metrics.js';
import { detailHandlers } from './routes/details.js';
import { eventHandlers } from './routes/events.js';
import { guildHandlers } from './routes/guilds.js';
import { identityHandlers } from './routes/identity.js';
import { sandboxHandlers } from './routes/sandboxes.js';
import { templateHandlers } from './routes/templates.js';
import { listen } from './server.js';
import { EventHub } from './streams/event-hub.js';
import { LifecycleHub } from './streams/lifecycle-hub.js';
import { OpenStreams } from './streams/open-streams.js';
import { Watchdog, type ServerChecks } from './watchdog.js';

export interface Api {
  readonly url: string;
  /** The page of metrics. */
  readonly metrics: string;
}

/**
 * Listens when it resolves; the closer ends it. It does not wait for servers: requests report a
 * server that is away.
 */
export async function openApi(closer: Closer, config: Config, log: Logger): Promise<Api> {
  const sandboxes = new SandboxService(config, { role: 'api' });
  const { connections } = sandboxes;
  await closer.add('the connections', () => sandboxes.close());
  const { database } = connections;
  const authenticator = await closer.open('sign-in', new Authenticator(database), (open) =>
    open.close(),
  );
  await authenticator.start();
  const watchdog = new Watchdog(checksOf(connections));
  const registry = new Registry();
  const { streams, events, lifecycle } = await openStreams(
    closer,
    config,
    connections,
    authenticator,
  );
  const metrics = apiMetrics(registry, () => streams.count);
  const page = await startMetricsServer({
    ...{ registry, host: config.metricsHost, port: config.metricsPort },
    ready: () => readiness(watchdog),
  });
  await closer.add('the page of metrics', () => page.close());
  const parts = { sandboxes, database, visibility: config.visibility };
  const app = makeApp({
    ...{ authenticator, watchdog, version: packageVersion() },
    requests: requestStore(database),
    inFlight: new Gate('requests', REQUESTS),
    signingIn: new Gate('sign-ins', SIGN_INS),
    handlers: {
      ...sandboxHandlers(parts),
      ...guildHandlers(parts),
      ...detailHandlers(parts),
      ...eventHandlers({ sandboxes, events, lifecycle, streams }),
      ...identityHandlers(new IdentityService(connections)),
      ...templateHandlers(new TemplateService(connections)),
    },
    onAnswer: (answered) => {
      metrics.answered(answered);
      logAnswer(log, answered);
    },
    onLost: (error) => log.warn({ err: messageOf(error) }, 'an answer could not be kept'),
    clientAddress: clientAddressOf(config.api.trustedProxies),
  });
  const server = await closer.open(
    'the server',
    listen(app, config.api),
    (open) => open.close(),
    DRAIN_MS,
  );
  // Closed first, because an open stream keeps its connection and so delays the server's close.
  await closer.add('the streams', () => streams.close());
  return { url: server.url, metrics: page.url };
}

async function openStreams(
  closer: Closer,
  config: Config,
  connections: Connections,
  authenticator: Authenticator,
) {
  const events = new EventHub({
    connect: () => connections.nats(),
    apiPrefix: natsApiPrefixOf(connections.addresses.nats),
  });
  const lifecycle = new LifecycleHub(connections.database, config.visibility);
  await closer.add('the readers', () => Promise.all([events.close(), lifecycle.close()]));
  return { events, lifecycle, streams: new OpenStreams(authenticator) };
}

/** Longer than the server's own drain. */
const DRAIN_MS = 9_000;

const checksOf = (connections: Connections): ServerChecks => ({
  postgres: () => connections.database.sql`SELECT 1`,
  redis: async () => (await connections.redis()).ping(),
  nats: async () => (await connections.nats()).rtt(),
  temporal: async () => (await connections.temporal()).client.workflowService.getSystemInfo({}),
});

const SERVERS: readonly Server[] = ['postgres', 'temporal', 'nats', 'redis'];

/**
 * Ready if Postgres answers. Without Postgres no token can be checked; without another server most
 * requests still work.
 */
async function readiness(watchdog: Watchdog): Promise<Health> {
  const detail: Record<string, string> = {};
  for (const server of SERVERS)
    detail[server] = await watchdog.look(server).then(() => 'ok', messageOf);
  return { ok: detail.postgres === 'ok', detail };
}

const requestStore = (database: Database): RequestStore => ({
  async begin({ bodyHash, ...request }) {
    const begun = await beginRequest(database, request, { bodyHash, commandId: nanoid() });
    const { isNew, ...known } = begun;
    return { ...known, repeated: !isNew };
  },
  keep: ({ bodyHash: _hash, ...request }, object) => keepForRequest(database, request, object),
  finish: ({ bodyHash: _hash, ...request }, answer) => finishRequest(database, request, answer),
});

function logAnswer(log: Logger, { error, ...answered }: Answered): void {
  const facts = { ...answered, millis: Math.round(answered.millis) };
  if (answered.status < 500) log.debug(facts, 'answered');
  else if (answered.status === 503)
    log.warn({ ...facts, err: messageOf(error) }, 'a server is away');
  else log.error({ ...facts, err: error }, 'failed');
}
