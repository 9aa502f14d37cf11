/** The order in which a stack comes up: the servers side by side, the migration, then the processes that need both. */
import { counted } from '../../domain/counted.js';
import { migrate } from '../../migrate/index.js';
import { setServicePasswords } from '../../migrate/postgres.js';
import type { Config } from '../../platform/config.js';
import { subkeyOf } from '../../platform/subkeys.js';
import { addressBook, externalServers, givenFor, type AddressBook } from './addresses.js';
import { processEnvironment, type ProcessSecrets } from './environment.js';
import type { HomePaths } from './home.js';
import { StartError, type Keeper } from './keeper.js';
import type { PortName, Ports } from './ports.js';
import { processService } from './processes.js';
import type { Credentials } from './secrets.js';
import { makeServer, SERVER_PORTS } from './servers.js';
import {
  PROCESS_NAMES,
  SERVER_NAMES,
  type OnProgress,
  type ProcessName,
  type ServerName,
  type Service,
  type ServiceName,
} from './service.js';

export interface Startup {
  readonly config: Config;
  readonly env: Readonly<Record<string, string>>;
  readonly only: readonly ServiceName[];
  readonly paths: HomePaths;
  readonly credentials: Credentials;
  readonly masterSecret: string;
  readonly ports: Ports;
  /** Makes the keeper of a service; a stop finds it from then on. */
  readonly keeperOf: (service: Service) => Keeper;
  readonly onProgress: OnProgress;
  /** The first failure, or a stop, ends the whole start. */
  readonly abort: AbortController;
}

/** A port may be taken between our letting go of it and the server's asking for it: then there is another one. */
const START_ATTEMPTS = 5;

export async function startAll(startup: Startup): Promise<AddressBook> {
  const { config, ports, credentials, only, onProgress, abort } = startup;
  const servers = SERVER_NAMES.filter(
    (name) => only.includes(name) && givenFor(config, name) === undefined,
  );
  for (const name of externalServers(config)) {
    onProgress({ service: name, text: 'given by the environment, not started' });
  }
  await reservePorts(startup, servers);
  try {
    await all(servers, abort, (name) => startServer(name, startup));
    const processes = PROCESS_NAMES.filter((name) => only.includes(name));
    const book = addressBook(config, new Set([...servers, ...processes]), ports, credentials);
    // Simulated Discord needs no server.
    if (processes.some((name) => name !== 'discord')) await migrateServers(startup, book);
    await all(processes, abort, (name) => startProcess(name, startup, book));
    return processes.includes('discord') ? { ...book, discord: discordOf(startup) } : book;
  } finally {
    await ports.release();
  }
}

/** Side by side; what fails first ends the others, and all have ended when it throws. */
async function all<T>(
  items: readonly T[],
  abort: AbortController,
  start: (item: T) => Promise<void>,
): Promise<void> {
  await Promise.allSettled(
    items.map((item) =>
      start(item).catch((error: unknown) => {
        abort.abort(error);
      }),
    ),
  );
  abort.signal.throwIfAborted();
}

async function reservePorts(
  { ports, onProgress }: Startup,
  servers: readonly ServerName[],
): Promise<void> {
  const names: PortName[] = servers.flatMap((name) => [...SERVER_PORTS[name]]);
  names.push(...PROCESS_NAMES, ...Object.values(HTTP_PORTS));
  const { moved } = await ports.reserve(names);
  for (const name of moved) {
    onProgress({
      service: 'stack',
      text: `the earlier port of ${name} is taken, it is ${ports.of(name)} now`,
    });
  }
}

async function startServer(name: ServerName, startup: Startup): Promise<void> {
  const { ports, abort, onProgress } = startup;
  const service = await makeServer(name, { ...startup, signal: abort.signal });
  for (let attempt = 1; ; attempt++) {
    try {
      await startOne(service, startup, SERVER_PORTS[name]);
      return;
    } catch (error) {
      const again = error instanceof StartError && error.portTaken && attempt < START_ATTEMPTS;
      if (!again) throw error;
      onProgress({ service: name, text: 'its port was taken, trying another' });
      await ports.replace(SERVER_PORTS[name]);
    }
  }
}

/** The port on which a process serves, beside its metrics. */
const HTTP_PORTS = {
  api: 'apiHttp',
  discord: 'discordHttp',
} as const satisfies Partial<Record<ProcessName, PortName>>;

const portsOf = (name: ProcessName): readonly PortName[] =>
  name === 'api' || name === 'discord' ? [name, HTTP_PORTS[name]] : [name];

/** Where `bd` finds simulated Discord, and its secret. */
function discordOf({ ports, masterSecret }: Startup): { url: string; secret: string } {
  const secret = subkeyOf(masterSecret, 'simulated-discord');
  return { url: `http://127.0.0.1:${ports.of(HTTP_PORTS.discord)}`, secret };
}

function configOf(name: ProcessName, { config, ports }: Startup): Config {
  // On a developer's machine there is no operator to ask for a grant.
  if (name === 'worker') return { ...config, guildPolicy: config.guildPolicy ?? 'any' };
  // Only the worker reads it, and it holds a login.
  const { templateSource: _source, ...rest } = config;
  // Router and simulated Discord need no Temporal, and so no key to it.
  if (name !== 'api') return { ...rest, temporalSecurity: {} };
  // On loopback and in clear, whatever the shell says of another API.
  const { tlsCert: _cert, tlsKey: _key, ...api } = rest.api;
  return { ...rest, api: { ...api, host: '127.0.0.1', port: ports.of(HTTP_PORTS.api) } };
}

/** The router reads routes and moves events: it needs no sandbox's passwords. Simulated Discord has its own secret. */
function secretsOf(
  name: ProcessName,
  startup: Startup,
  { natsAuthority }: AddressBook,
): ProcessSecrets {
  const { masterSecret, ports } = startup;
  if (name === 'router') return {};
  if (name === 'discord') {
    const { secret } = discordOf(startup);
    return { discord: { port: ports.of(HTTP_PORTS.discord), secret } };
  }
  if (name === 'worker')
    return { masterSecret, ...(natsAuthority === null ? {} : { natsAuthority }) };
  return {
    tenantKey: subkeyOf(masterSecret, 'tenant-passwords'),
    actorKey: subkeyOf(masterSecret, 'actors'),
  };
}

async function startProcess(name: ProcessName, startup: Startup, book: AddressBook): Promise<void> {
  const { env, ports } = startup;
  const service = processService(name, () =>
    processEnvironment(configOf(name, startup), env, {
      ...(name === 'discord'
        ? { urls: NO_SERVERS, temporal: '' }
        : { urls: book.urls[name], temporal: book.temporal.address }),
      metricsPort: ports.of(name),
      secrets: secretsOf(name, startup, book),
    }),
  );
  await startOne(service, startup, portsOf(name));
}

/** An empty address counts as none. */
const NO_SERVERS = { database: '', redis: '', nats: '' };

async function startOne(
  service: Service,
  { ports, abort, keeperOf, onProgress }: Startup,
  portNames: readonly PortName[],
): Promise<void> {
  abort.signal.throwIfAborted();
  const keeper = keeperOf(service);
  const since = Date.now();
  await ports.release(portNames);
  await keeper.start();
  const where = service.address();
  onProgress({
    service: service.name,
    text: `ready in ${seconds(since)}${where === null ? '' : ` on ${where}`}`,
  });
}

async function migrateServers(
  { config, credentials, onProgress, abort }: Startup,
  book: AddressBook,
): Promise<void> {
  abort.signal.throwIfAborted();
  const { admin } = book.urls;
  const { changes } = await migrate({ temporal: book.temporal.address, ...admin }, config);
  if (changes.length > 0)
    onProgress({ service: 'stack', text: `migrated, ${counted(changes.length, 'change')}` });
  // A database that is not ours has its own way of giving roles their passwords.
  const { postgres: _owner, ...services } = credentials.postgres;
  if (config.given.database === undefined) await setServicePasswords(admin.database, services);
}

export const seconds = (since: number): string => `${((Date.now() - since) / 1_000).toFixed(1)} s`;
