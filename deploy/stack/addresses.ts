/** The stack's addresses for each role, from ports and passwords; an address in the environment takes a server's place. */
import type { Config, GivenAddresses } from '../../platform/config.js';
import {
  STACK_ROLES,
  type ServerUrls,
  type StackRole,
  type StackState,
} from '../../platform/stack-file.js';
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
  const own = SERVER_NAMES.filter((name) => {
    const given = givenFor(config, name);
    return (
      given !== undefined &&
      ports.has(name) &&
      displayAddress(given) === `127.0.0.1:${ports.of(name)}`
    );
  });
  const kept = Object.entries(config.given).filter(
    ([key]) => !own.some((name) => GIVEN[name] === key),
  );
  return {
    ...config,
    given: Object.fromEntries(kept),
    // The local stack's Temporal has neither TLS nor a key.
    temporalSecurity: own.includes('temporal') ? {} : config.temporalSecurity,
  };
}

export const externalServers = (config: Config): ServerName[] =>
  SERVER_NAMES.filter((name) => givenFor(config, name) !== undefined);

export interface AddressBook {
  readonly temporal: { readonly address: string; readonly uiUrl: string | null };
  readonly urls: Readonly<Record<StackRole, ServerUrls>>;
  readonly ingestNatsUrl: string;
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
  const local = (server: ServerName, address: () => string): string =>
    started.has(server) ? address() : '';
  const { tokens, authority } = natsOperator(nats.operator);
  const natsUrl = (user: NatsUserName): string =>
    given.nats ??
    local('nats', () => `nats://${user}:${tokens[user]}@127.0.0.1:${ports.of('nats')}`);
  const urlsOf = (role: StackRole): ServerUrls => {
    const user = role === 'admin' ? 'admin' : (`bd_${role}` as const);
    const owner = user === 'admin' ? 'postgres' : user;
    return {
      database:
        given.database ??
        local(
          'postgres',
          () =>
            `postgres://${owner}:${postgres[owner]}@127.0.0.1:${ports.of('postgres')}/${DATABASE}`,
        ),
      redis:
        given.redis ??
        local('redis', () => `redis://${user}:${redis[user]}@127.0.0.1:${ports.of('redis')}`),
      nats: natsUrl(user),
    };
  };
  return {
    temporal: {
      address: given.temporal ?? local('temporal', () => `127.0.0.1:${ports.of('temporal')}`),
      uiUrl: started.has('temporal') ? `http://127.0.0.1:${ports.of('temporalUi')}` : null,
    },
    urls: Object.fromEntries(
      STACK_ROLES.map((role) => [role, urlsOf(role)]),
    ) as AddressBook['urls'],
    ingestNatsUrl: natsUrl('ingest'),
    // Of a server that is not ours nobody has told us that user.
    sysNatsUrl: given.nats === undefined ? natsUrl('sys') : '',
    natsAuthority:
      given.nats === undefined ? JSON.stringify(authority) : (config.natsAuthority ?? null),
  };
}

export function stackState(book: AddressBook, startedAt: Date): StackState {
  const { temporal, urls, ingestNatsUrl, sysNatsUrl, natsAuthority } = book;
  return {
    version: 1,
    pid: process.pid,
    startedAt: startedAt.toISOString(),
    temporal,
    urls,
    ingestNatsUrl,
    sysNatsUrl,
    ...(natsAuthority === null ? {} : { natsAuthority }),
  };
}
