/**
 * A sandbox's passwords, derived from the master secret, the id and the rotation number. So nothing
 * is stored, and a retried step gets the same ones. They are never in a log or a workflow's
 * history.
 */
import { createHmac, createHash, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { SandboxId } from '../domain/names.js';

export type CredentialServer = 'postgres' | 'redis' | 'nats';

export interface CredentialOf {
  readonly sandboxId: SandboxId;
  /** Raised by every reset. */
  readonly rotation: number;
}

const derive = (secret: string, label: string): Buffer =>
  createHmac('sha256', secret).update(label).digest();

/**
 * 43 characters of base64url: safe in URLs and shells. One server's password reveals nothing about
 * another's.
 */
export function passwordFor(
  tenantKey: string,
  server: CredentialServer,
  { sandboxId, rotation }: CredentialOf,
): string {
  return derive(tenantKey, `password/${server}/${sandboxId}/${rotation}`).toString('base64url');
}

const SCRAM_ITERATIONS = 4096;

/**
 * The verifier that Postgres stores for `password` (RFC 5802; its text form:
 * `src/common/scram-common.c`). So no clear password is sent. The salt derives from the password: a
 * repair writes the same verifier.
 */
export async function scramVerifier(password: string): Promise<string> {
  const salt = createHash('sha256').update(`salt/${password}`).digest().subarray(0, 16);
  const salted = await promisify(pbkdf2)(password, salt, SCRAM_ITERATIONS, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

/** Compares in constant time. */
export function sameSecret(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
