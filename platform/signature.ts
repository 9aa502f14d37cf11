/**
 * Signed commands: access to Temporal alone lets nobody act as somebody. `control/` signs each command, and the activity
 * that commits the change verifies it. Workflow code holds no key.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  canonicalInput,
  canonicalText,
  type Command,
  type CommandAction,
  type Signature,
  type SignedCommand,
  type SignedInput,
  type VerifiedCommand,
} from '../domain/command.js';
import { SandboxError } from '../domain/errors.js';

/** A command that waits for busy workers stays valid for this long. */
const VALID_MS = 15 * 60_000;
/** The clocks of a caller and of the worker may differ by this. */
const CLOCK_SKEW_MS = 60_000;

const macOf = (key: string, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();

function fits(key: string, signature: Signature | undefined, text: (expiresAt: number) => string) {
  if (typeof signature?.mac !== 'string' || !Number.isSafeInteger(signature.expiresAt))
    return false;
  const given = Buffer.from(signature.mac, 'base64url');
  const expected = macOf(key, text(signature.expiresAt));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

const isPast = (expiresAt: number, now: number): boolean =>
  expiresAt <= now || expiresAt > now + VALID_MS + CLOCK_SKEW_MS;

/** @param now epoch ms */
export function signCommand<C extends Command>(
  key: string,
  command: C,
  now: number,
): SignedCommand<C> {
  const expiresAt = now + VALID_MS;
  const mac = macOf(key, canonicalText(command, expiresAt)).toString('base64url');
  return { ...command, signature: { expiresAt, mac } };
}

/** True for a command that `control/` has signed as this action, also after its signature's expiry. */
export function isAuthentic(key: string, command: Command, action: CommandAction): boolean {
  const { signature } = command;
  return (
    command.action === action && fits(key, signature, (expiry) => canonicalText(command, expiry))
  );
}

/** @param purpose what the worker does with it, such as `template` @param now epoch ms */
export function signInput<T>(key: string, purpose: string, input: T, now: number): SignedInput<T> {
  const expiresAt = now + VALID_MS;
  const mac = macOf(key, canonicalInput(purpose, input, expiresAt)).toString('base64url');
  return { input, signature: { expiresAt, mac } };
}

/** @throws SANDBOX_010 for an input that is unsigned, altered, of another purpose, or too old */
export function verifyInput<T>(
  key: string,
  purpose: string,
  signed: Partial<SignedInput<T>>,
  now: number,
): T {
  const { input, signature } = signed;
  const isSigned = fits(key, signature, (expiry) => canonicalInput(purpose, input, expiry));
  if (isSigned && !isPast(signature?.expiresAt ?? 0, now)) return input as T;
  throw refusal(
    `this ${purpose} is not signed by somebody who may ask for it, or was asked for too long ago`,
    'Use `bd` or the API: access to Temporal alone is not enough.',
  );
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
  return { command, isExpired: isPast(expiresAt, now) };
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
