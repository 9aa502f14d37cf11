/** What a command under `bd sandbox exec` is given of the caller's environment: nothing that opens what is not the sandbox's. */
import type { SandboxEnvironment } from '../domain/sandbox-variables.js';
import { passwordsIn } from '../platform/addresses/login.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Settings of `bd` that hold no secret: a script under `exec` may call `bd` itself. */
const HARMLESS = new Set(['SANDBOX_HOME', 'SANDBOX_OWNER']);

/**
 * By name: what is `bd`'s or the services' own, new variables of theirs included; and what clients of the servers take when a
 * command names no address (psql, pg_dump, redis-cli, nats): it would be somebody else's.
 */
const OTHERS = [
  /^SANDBOX_/,
  /^TEMPORAL_/,
  /^(DATABASE|REDIS|NATS|VALKEY)_URL$/,
  /^NATS_/,
  /^(REDIS|VALKEY)CLI_/,
  /^PG(?!SSL)/,
];

/** A shorter one would be found by chance: `postgres` is part of many a PATH. */
const SECRET_LENGTH = 12;

/** The secrets in the addresses and keys that `own` holds: the values by which they are known wherever they stand. */
function secretsOf(own: Environment): string[] {
  const found = Object.entries(own).flatMap(([name, value = '']) => {
    if (!OTHERS.some((pattern) => pattern.test(name)) || HARMLESS.has(name)) return [];
    if (!value.includes('://')) return /SECRET|KEY|AUTH|PASS|TOKEN/.test(name) ? [value] : [];
    return passwordsIn(value);
  });
  return found.filter((secret) => secret.length >= SECRET_LENGTH);
}

/** The caller's environment with the sandbox's over it, and without what opens anything else of the servers. */
export function childEnvironment(
  own: Environment,
  sandbox: SandboxEnvironment,
): Record<string, string> {
  const secrets = secretsOf(own);
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    if (value === undefined) continue;
    const foreign = OTHERS.some((pattern) => pattern.test(name)) && !HARMLESS.has(name);
    // The same secret under a name of the caller's own, such as PROD_DATABASE_URL.
    const known = secrets.some((secret) => value.includes(secret));
    if (!foreign && !known) kept[name] = value;
  }
  return { ...kept, ...sandbox };
}
