/**
 * Signed commands: access to Temporal alone lets nobody act as somebody. `control/` signs each command, and the activity
 * that commits the change verifies it. Workflow code holds no key.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  canonicalText,
  type Command,
  type CommandAction,
  type SignedCommand,
  type VerifiedCommand,
} from '../domain/command.js';
import { SandboxError } from '../domain/errors.js';

/** A command that waits for busy workers stays valid for this long. */
const VALID_MS = 15 * 60_000;
/** The clocks of a caller and of the worker may differ by this. */
const CLOCK_SKEW_MS = 60_000;

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

/** True for a command that `control/` has signed as this action, also after its signature's expiry. */
export function isAuthentic(key: string, command: Command, action: CommandAction): boolean {
  const { signature } = command;
  if (command.action !== action) return false;
  if (typeof signature?.mac !== 'string' || !Number.isSafeInteger(signature.expiresAt))
    return false;
  const given = Buffer.from(signature.mac, 'base64url');
  const expected = macOf(key, command, signature.expiresAt);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/**
 * @param action of the activity: a signed reset is no extension
 * @throws SANDBOX_010 for an unsigned or altered command
 */
export function verifyCommand<A extends CommandAction>(
  key: string,
  command: Command<A>,
  action: A,
  now: number,
): VerifiedCommand<A> {
  if (!isAuthentic(key, command, action)) {
    throw refusal(
      `the ${action} of sandbox ${command.sandboxId} is not signed by its actor`,
      'Use `bd` or the API: a change through Temporal alone is refused.',
    );
  }
  const expiresAt = command.signature?.expiresAt ?? 0;
  const isExpired = expiresAt <= now || expiresAt > now + VALID_MS + CLOCK_SKEW_MS;
  return { command, isExpired };
}

/** @throws SANDBOX_010 */
export function refuseExpired({ command, isExpired }: VerifiedCommand): void {
  if (!isExpired) return;
  const { action, sandboxId } = command;
  const minutes = VALID_MS / 60_000;
  throw refusal(
    `the ${action} of sandbox ${sandboxId} waited longer than ${minutes} minutes`,
    'Repeat the command.',
  );
}

/** SANDBOX_010 for a command whose change was committed, and has been undone since. */
export function usedUp({ action, sandboxId }: Command): SandboxError {
  return refusal(
    `this ${action} of sandbox ${sandboxId} was carried out before`,
    'Repeat the command.',
  );
}

const refusal = (message: string, hint: string): SandboxError =>
  new SandboxError('SANDBOX_010', message, { details: { lacks: { kind: 'signature' } }, hint });
