/**
 * The environment of a command under `bd sandbox exec`: the caller's variables and the sandbox's.
 * Every variable that opens something outside the sandbox is removed.
 */
import type { SandboxEnvironment } from '../domain/sandbox-variables.js';
import { passwordsIn } from '../platform/addresses/login.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Settings of `bd` without a secret. A script under `exec` may call `bd`. */
const HARMLESS = new Set(['SANDBOX_HOME', 'SANDBOX_OWNER']);

/**
 * Names to remove: the variables of `bd` and of the services, also new ones, and the variables that
 * psql, pg_dump, redis-cli and nats read when a command gives no address. Those would lead outside
 * the sandbox.
 */
const OTHERS = [
  /^SANDBOX_/,
  /^TEMPORAL_/,
  /^(DATABASE|REDIS|NATS|VALKEY)_URL$/,
  /^NATS_/,
  /^(REDIS|VALKEY)CLI_/,
  /^PG(?!SSL)/,
];

/** A shorter secret matches by accident: `postgres` is part of many a PATH. */
const SECRET_LENGTH = 12;

/** The secrets in the addresses and keys of `own`. They are removed under any name. */
function secretsOf(own: Environment): string[] {
  const found = Object.entries(own).flatMap(([name, value = '']) => {
    if (!OTHERS.some((pattern) => pattern.test(name)) || HARMLESS.has(name)) return [];
    if (!value.includes('://')) return /SECRET|KEY|AUTH|PASS|TOKEN/.test(name) ? [value] : [];
    return passwordsIn(value);
  });
  return found.filter((secret) => secret.length >= SECRET_LENGTH);
}

/**
 * The caller's environment with the sandbox's variables, without access to anything outside the
 * sandbox.
 */
export function childEnvironment(
  own: Environment,
  sandbox: SandboxEnvironment,
): Record<string, string> {
  const secrets = secretsOf(own);
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    if (value === undefined) continue;
    const foreign = OTHERS.some((pattern) => pattern.test(name)) && !HARMLESS.has(name);
    // The caller may hold the same secret under another name, such as PROD_DATABASE_URL.
    const known = secrets.some((secret) => value.includes(secret));
    if (!foreign && !known) kept[name] = value;
  }
  return { ...kept, ...sandbox };
}
