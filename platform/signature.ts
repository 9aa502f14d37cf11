/**
 * Signed commands: access to Temporal alone lets nobody act as somebody. `control/` signs each command, and the activity
 * that commits the change verifies it. Workflow code holds no key.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalText, type Command, type SignedCommand } from '../domain/command.js';
import { SandboxError } from '../domain/errors.js';

/** A command that waits for busy workers stays valid for this long. */
const VALID_MS = 15 * 60_000;

const macOf = (key: string, command: Command, expiresAt: number): Buffer =>
  createHmac('sha256', key).update(canonicalText(command, expiresAt)).digest();

/** @param now epoch ms */
export function signCommand<C extends Command>(
  key: string,
  command: C,
  now: number,
): SignedCommand<C> {
  const expiresAt = now + VALID_MS;
  const mac = macOf(key, command, expiresAt).toString('base64url');
  return { ...command, signature: { expiresAt, mac } };
}

/** True for a command that `control/` has signed, also after its signature's expiry. */
export function isAuthentic(key: string, command: Command): boolean {
  const { signature } = command;
  if (typeof signature?.mac !== 'string' || !Number.isSafeInteger(signature.expiresAt))
    return false;
  const given = Buffer.from(signature.mac, 'base64url');
  const expected = macOf(key, command, signature.expiresAt);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** @throws SANDBOX_010 for an unsigned, altered or expired command */
export function requireSignature(key: string, command: Command, now: number): void {
  const { action, sandboxId, signature } = command;
  if (!isAuthentic(key, command)) {
    throw new SandboxError(
      'SANDBOX_010',
      `the ${action} of sandbox ${sandboxId} is not signed by its actor`,
      {
        details: { lacks: { kind: 'signature' } },
        hint: 'Use `bd` or the API: a change through Temporal alone is refused.',
      },
    );
  }
  const expiresAt = signature?.expiresAt ?? 0;
  if (expiresAt > now && expiresAt <= now + VALID_MS) return;
  throw new SandboxError(
    'SANDBOX_010',
    `the ${action} of sandbox ${sandboxId} waited longer than ${VALID_MS / 60_000} minutes`,
    { details: { lacks: { kind: 'signature' } }, hint: 'Repeat the command.' },
  );
}
