/** Parses the address of Postgres for configuration, stack file, services, CLI and bot. */
import { AddressProblem, orInvalid } from './problem.js';
import { POSTGRES_PARAMETERS } from './postgres-parameters.js';
import { placeOf, portOf, splitUrl, type Place } from './url.js';

export type TlsMode = 'prefer' | 'require' | 'verify-ca' | 'verify-full';

export interface PostgresTlsWish {
  readonly mode: TlsMode;
  /** TLS from the first byte, without the protocol's SSLRequest. */
  readonly direct: boolean;
  /** Paths. `system`: the authorities that Node.js trusts. */
  readonly rootCert?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly keyPassword?: string;
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
}

export interface PostgresAddress {
  readonly host: string;
  readonly port: number;
  /** The socket's file if the host is a directory. */
  readonly socket: string | null;
  readonly user: string | null;
  readonly password: string | null;
  readonly database: string | null;
  /** Null: no TLS. */
  readonly tls: PostgresTlsWish | null;
  /** False: for a pooler that gives each transaction another session. */
  readonly prepare: boolean;
  readonly applicationName: string | null;
  readonly connectTimeoutS: number | null;
  /** 0: none. */
  readonly keepAliveS: number | null;
  readonly options: string | null;
}

/** @throws SANDBOX_008 */
export const postgresAddress = (text: string): PostgresAddress =>
  orInvalid('Postgres', () => readPostgresAddress(text));

/** @throws AddressProblem */
export function readPostgresAddress(text: string): PostgresAddress {
  const url = splitUrl(text);
  if (url.scheme !== 'postgres' && url.scheme !== 'postgresql') {
    throw new AddressProblem(
      `${url.scheme}:// is no scheme of Postgres`,
      'It begins postgres:// or postgresql://.',
    );
  }
  const given = checkedParameters(url.parameters);
  const value = (name: string): string | null => given.get(name) ?? null;
  const place = placeFrom(url.places, value('host'), value('port'));
  const isSocket = place.host.startsWith('/');
  return {
    ...place,
    socket: isSocket ? `${place.host.replace(/\/$/, '')}/.s.PGSQL.${place.port}` : null,
    user: value('user') ?? value('username') ?? url.user,
    password: value('password') ?? url.password,
    database: value('dbname') ?? (url.path === '' ? null : url.path),
    tls: isSocket ? null : tlsFrom(value),
    prepare: value('pgbouncer') !== 'true' && value('statement_cache_size') !== '0',
    applicationName: value('application_name'),
    connectTimeoutS: seconds('connect_timeout', value('connect_timeout'), 30),
    keepAliveS:
      value('keepalives') === '0' ? 0 : seconds('keepalives_idle', value('keepalives_idle'), 7_200),
    options: value('options'),
  };
}

/** If a parameter is repeated, the last one counts, as in libpq. */
function checkedParameters(
  parameters: readonly (readonly [string, string])[],
): ReadonlyMap<string, string> {
  for (const [name, value] of parameters) {
    const rule = Object.hasOwn(POSTGRES_PARAMETERS, name) ? POSTGRES_PARAMETERS[name] : undefined;
    if (rule === undefined) {
      throw new AddressProblem(
        `the parameter ${shown(name)} is not known`,
        `Take it out. A setting of the server goes into options (options=-c%20${shown(name)}%3D…).`,
      );
    }
    if (rule.use === 'refused')
      throw new AddressProblem(`the parameter ${name} is not supported`, `${capital(rule.note)}.`);
    if (rule.values?.includes(value) === false) {
      const taken = rule.values.join(', ');
      throw new AddressProblem(
        `${name} may be ${taken} here, nothing else`,
        `Change it or take it out: ${rule.note}.`,
      );
    }
  }
  return new Map(parameters);
}

/** A name may contain anything, even a password by mistake. */
const shown = (name: string): string => (/^[A-Za-z0-9_.-]{1,40}$/.test(name) ? name : '(unnamed)');
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function placeFrom(
  places: readonly Place[],
  host: string | null,
  port: string | null,
): { readonly host: string; readonly port: number } {
  const named =
    host === null || host === ''
      ? places
      : host.split(',').map((one) => (one.startsWith('/') ? { host: one, port: null } : bare(one)));
  if (named.length > 1 || port?.includes(',') === true) {
    throw new AddressProblem(
      'names several hosts, which is not supported',
      'Name one that follows the primary: a proxy, a pooler or a DNS name.',
    );
  }
  const [place] = named;
  if (place === undefined)
    throw new AddressProblem('names no host', 'Name one, or ?host=/directory of a socket.');
  const portGiven = port === null || port === '' ? (place.port ?? places[0]?.port) : portOf(port);
  return { host: place.host, port: portGiven ?? 5_432 };
}

/** Here libpq takes an IPv6 address without brackets. */
const bare = (host: string): Place =>
  /^[0-9a-f.]*:[0-9a-f:.]*$/i.test(host) ? { host, port: null } : placeOf(host);

function seconds(name: string, text: string | null, most: number): number | null {
  if (text === null || text === '') return null;
  const value = Number(text);
  if (/^[0-9]{1,5}$/.test(text) && value >= 1 && value <= most) return value;
  throw new AddressProblem(
    `${name} is no whole number of seconds from 1 to ${most}`,
    'Change it or take it out.',
  );
}

function tlsFrom(value: (name: string) => string | null): PostgresTlsWish | null {
  const rootCert = value('sslrootcert');
  const mode = modeFrom(value, rootCert);
  const verified = mode === 'verify-ca' || mode === 'verify-full';
  if (value('channel_binding') === 'require' && !verified) {
    throw new AddressProblem(
      'channel_binding=require cannot be kept: the driver binds no channel',
      'Use sslmode=verify-full, which makes sure of the server by its certificate, or take channel_binding out.',
    );
  }
  const [cert, key] = [value('sslcert'), value('sslkey')];
  if ((cert === null) !== (key === null))
    throw new AddressProblem('sslcert and sslkey need each other', 'Give both or neither.');
  if (mode === null) return null;
  const version = (name: string) => value(name) as 'TLSv1.2' | 'TLSv1.3' | null;
  return {
    mode,
    direct: value('sslnegotiation') === 'direct',
    ...present({ rootCert, cert, key, keyPassword: value('sslpassword') }),
    ...present({
      minVersion: version('ssl_min_protocol_version'),
      maxVersion: version('ssl_max_protocol_version'),
    }),
  };
}

function modeFrom(value: (name: string) => string | null, rootCert: string | null): TlsMode | null {
  const { ssl, sslaccept } = { ssl: value('ssl'), sslaccept: value('sslaccept') };
  const asked =
    value('sslmode') ??
    (sslaccept === null ? null : sslaccept === 'strict' ? 'verify-full' : 'require') ??
    (ssl === null ? null : ssl === 'true' ? 'verify-full' : 'disable');
  // As in libpq: a named authority implies verification. Of a public authority anybody gets a
  // certificate.
  if (rootCert === 'system') {
    if (asked === null || asked === 'verify-full') return 'verify-full';
    throw new AddressProblem(
      'sslrootcert=system needs sslmode=verify-full',
      'Anybody can get a certificate of a public authority, for a name of his own.',
    );
  }
  if (asked === null) return rootCert === null ? null : 'verify-ca';
  if (asked === 'disable') return null;
  if (asked === 'allow' || asked === 'prefer') return 'prefer';
  if (asked === 'require' || asked === 'no-verify')
    return rootCert === null || asked === 'no-verify' ? 'require' : 'verify-ca';
  return asked as TlsMode;
}

/** Removes null fields. */
function present<T extends Readonly<Record<string, string | null>>>(
  values: T,
): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, v]) => v !== null)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
