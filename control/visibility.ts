/** Hides sandboxes that an actor may not see (`SANDBOX_VISIBILITY`). */
import type { Actor } from '../domain/actor.js';
import { SandboxError } from '../domain/errors.js';
import { maySee, type Visibility } from '../domain/permissions.js';
import type { SandboxRecord } from '../store/sandboxes.js';

/** @throws SANDBOX_004 for an unknown sandbox, and with the same text for a hidden one */
export function requireSeen(
  actor: Actor,
  row: SandboxRecord | null,
  idOrName: string,
  visibility: Visibility,
): SandboxRecord {
  if (row !== null && maySee(actor, row.owner, visibility)) return row;
  throw new SandboxError('SANDBOX_004', `no sandbox ${JSON.stringify(idOrName)} is known`);
}

/** The worker's refusal of a taken guild names its holder, which the actor may not see. */
export async function namingNoHolder<T>(
  actor: Actor,
  visibility: Visibility,
  change: Promise<T>,
): Promise<T> {
  try {
    return await change;
  } catch (error) {
    const isTaken = error instanceof SandboxError && error.code === 'SANDBOX_003';
    if (!isTaken || visibility === 'all' || actor.role === 'operator') throw error;
    const message = error.message.replace(/sandbox sb[a-z0-9]{10}/, 'another sandbox');
    throw new SandboxError('SANDBOX_003', message);
  }
}
