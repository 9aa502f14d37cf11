/** The stack's addresses for each role, from ports and passwords; an address in the environment takes a server's place. */
import type { Config, GivenAddresses } from '../../platform/config.js';
import type { ServerUrls, StackState } from '../../platform/stack-file.js';
import { displayAddress } from '../../platform/addresses/login.js';
import { natsOperator, type NatsUserName } from './nats-operator.js';
import type { Ports } from './ports.js';
import type { Credentials } from './secrets.js';
import { SERVER_NAMES, type ServerName } from './service.js';
import { DATABASE } from './servers/postgres.js';

const GIVEN: Record<ServerName, keyof GivenAddresses> = {
  temporal: 'temporal',
  postgres: 'database',
  nats: 'nats',
  redis: 'redis',
};

/** The address that stands in for a server, if one does. */
export const givenFor = (config: Config, server: ServerName): string | undefined =>
  config.given[GIVEN[server]];

/**
 * The configuration without addresses of this home's own servers, which `bd dev env` has put into the environment: a shell that
 * has evaluated it could not start the stack again, as nothing of it would be left to start.
 */
export function withoutOwnAddresses(config: Config, ports: Ports): Config {
  const own = externalServers(config).filter((name) => {
    const address = displayAddress(givenFor(config, name) ?? '');
    return ports.has(name) && address === `127.0.0.1:${ports.of(name)}`;
  });
  const keys: string[] = own.map((name) => GIVEN[name]);
  const given = Object.fromEntries(
    Object.entries(config.given).filter(([key]) => !keys.includes(key)),
  );
  // The local stack's Temporal has neither TLS nor a key.
  return { ...config, given, ...(own.includes('temporal') ? { temporalSecurity: {} } : {}) };
}

export const externalServers = (config: Config): ServerName[] =>
  SERVER_NAMES.filter((name) => givenFor(config, name) !== undefined);

/** What the stack file says, but for the process that owns the stack. */
export interface AddressBook extends Pick<
  StackState,
  'temporal' | 'urls' | 'ingestNatsUrl' | 'apiUrl' | 'discord'
> {
  readonly sysNatsUrl: string;
  /** For the worker. */
  readonly natsAuthority: string | null;
}

/** A server that is neither given nor started has the empty address, which `addressesFor` reports as none. */
export function addressBook(
  config: Config,
  started: ReadonlySet<string>,
  ports: Ports,
  { postgres, redis, nats }: Credentials,
): AddressBook {
  const { given } = config;
  const { tokens, authority } = natsOperator(nats.operator);
  /** Of a server of ours; `login` as in a URL. */
  const local = (server: ServerName, login = '', path = ''): string =>
    started.has(server) ? `${login}127.0.0.1:${ports.of(server)}${path}` : '';
  const natsUrl = (user: NatsUserName): string =>
    given.nats ?? local('nats', `nats://${user}:${tokens[user]}@`);
  const urlsOf = (user: keyof Credentials['redis']): ServerUrls => {
    const owner = user === 'admin' ? 'postgres' : user;
    return {
      database:
        given.database ??
        local('postgres', `postgres://${owner}:${postgres[owner]}@`, `/${DATABASE}`),
      redis: given.redis ?? local('redis', `redis://${user}:${redis[user]}@`),
      nats: natsUrl(user),
    };
  };
  return {
    temporal: {
      address: given.temporal ?? local('temporal'),
      uiUrl: started.has('temporal') ? `http://127.0.0.1:${ports.of('temporalUi')}` : null,
    },
    urls: {
      admin: urlsOf('admin'),
      client: urlsOf('bd_client'),
      api: urlsOf('bd_api'),
      worker: urlsOf('bd_worker'),
      router: urlsOf('bd_router'),
    },
    ...(started.has('api') ? { apiUrl: `http://127.0.0.1:${ports.of('apiHttp')}` } : {}),
    ingestNatsUrl: natsUrl('ingest'),
    // Of a server that is not ours nobody has told us that user.
    sysNatsUrl: given.nats === undefined ? natsUrl('sys') : '',
    natsAuthority:
      given.nats === undefined ? JSON.stringify(authority) : (config.natsAuthority ?? null),
  };
}

export const stackState = (
  { natsAuthority, ...book }: AddressBook,
  startedAt: Date,
): StackState => ({
  version: 1,
  pid: process.pid,
  startedAt: startedAt.toISOString(),
  ...book,
  ...(natsAuthority === null ? {} : { natsAuthority }),
});
