/**
 * The addresses that a sandbox's environment lacks, and why. Without them a bot would use those of
 * its shell.
 */
import type { SandboxEnvironment } from '../domain/sandbox-variables.js';

/** In the order of the message. */
const REASONS: Readonly<Record<string, string>> = {
  DATABASE_URL:
    'the master secret is not readable here and SANDBOX_TENANT_KEY is not set, so only identifiers are known',
  REDIS_URL: 'Redis has no user of the sandbox (SANDBOX_REDIS_ACL=off), so there is no REDIS_URL',
  NATS_URL: 'NATS has no accounts for sandboxes, so there is no NATS_URL',
};

/** Null if nothing is missing. Without the master secret the first reason covers all. */
export function lackingIn(environment: SandboxEnvironment): string | null {
  const lacking = Object.keys(REASONS).filter((name) => environment[name] === undefined);
  const named = lacking.includes('DATABASE_URL') ? ['DATABASE_URL'] : lacking;
  return named.length === 0 ? null : named.map((name) => REASONS[name]).join('; ');
}
