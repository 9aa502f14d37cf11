/** Parses the address of Redis for configuration, stack file, services, CLI and bot. */
import { AddressProblem, orInvalid } from './problem.js';
import { splitUrl } from './url.js';

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly user: string | null;
  readonly password: string | null;
}

/**
 * Parameters of other clients' URLs. A list: only values that change nothing are accepted. Null:
 * part of a login.
 */
export const REDIS_PARAMETERS: Readonly<Record<string, readonly string[] | null>> = {
  user: null,
  username: null,
  password: null,
  db: ['0'],
  protocol: ['2', '3'],
  ssl_cert_reqs: ['required'],
};

const NOT_SUPPORTED: readonly [RegExp, string, string][] = [
  [
    /sentinel/,
    'Sentinel is not supported',
    'Name the primary, or a proxy that follows it (redis://… or rediss://…).',
  ],
  [
    /cluster/,
    'Redis Cluster is not supported: keys of several slots are written in one step',
    'Use a Redis without cluster mode, with replicas if you like.',
  ],
  [
    /^(unix|redis\+unix|redis-socket)$/,
    'a socket’s file is not supported',
    'Use redis://host:port.',
  ],
];

/** @throws SANDBOX_008 */
export const redisAddress = (text: string): RedisAddress =>
  orInvalid('Redis', () => readRedisAddress(text));

/** @throws AddressProblem */
export function readRedisAddress(text: string): RedisAddress {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase() ?? '';
  for (const [form, what, remedy] of NOT_SUPPORTED)
    if (form.test(scheme)) throw new AddressProblem(what, remedy);
  const url = splitUrl(text);
  if (!['redis', 'rediss', 'valkey', 'valkeys'].includes(url.scheme))
    throw new AddressProblem(
      `${url.scheme}:// is no scheme of Redis`,
      'It begins redis:// or rediss:// (TLS).',
    );
  const [place, ...more] = url.places;
  if (more.length > 0)
    throw new AddressProblem('names several hosts, which is not supported', NOT_SUPPORTED[0]?.[2]);
  if (place === undefined) throw new AddressProblem('names no host', 'Use redis://host:port.');
  // ioredis only reports the refusal of another database, and continues in database 0.
  if (!['', '0'].includes(url.path)) {
    throw new AddressProblem('must name database 0', 'The product uses no other: leave it out.');
  }
  const given = checkedParameters(url.parameters);
  return {
    host: place.host,
    port: place.port ?? 6_379,
    tls: url.scheme === 'rediss' || url.scheme === 'valkeys',
    user: given.get('user') ?? given.get('username') ?? url.user,
    password: given.get('password') ?? url.password,
  };
}

function checkedParameters(
  parameters: readonly (readonly [string, string])[],
): ReadonlyMap<string, string> {
  for (const [name, value] of parameters) {
    const known = Object.hasOwn(REDIS_PARAMETERS, name);
    const values = known ? REDIS_PARAMETERS[name] : [];
    if (values == null || values.includes(value)) continue;
    const what = /^[\w.-]{1,40}$/.test(name) ? name : '(unnamed)';
    throw new AddressProblem(
      known ? `${what} may be ${values.join(' or ')} here` : `the parameter ${what} is not known`,
      'Take it out of the address.',
    );
  }
  return new Map(parameters);
}
