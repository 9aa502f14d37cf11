/**
 * `GET /v1/sandboxes/{ref}`, also for a create without a row: the 202 of that create named this
 * address.
 */
import type { SandboxService } from '../../control/sandbox-service.js';
import { pendingSandbox, type BegunCreate } from '../../control/view.js';
import type { Actor } from '../../domain/actor.js';
import { SandboxError } from '../../domain/errors.js';
import { isSandboxId, type SandboxId } from '../../domain/names.js';
import { maySee, requirePermission, type Visibility } from '../../domain/permissions.js';
import type { Sandbox } from '../../domain/sandbox.js';
import { withDeadline } from '../../platform/deadline.js';

/**
 * For an id without a row, Temporal may know the create. If it does not answer, the id counts as
 * unknown.
 */
const ASK_MS = 2_000;

/** @throws SANDBOX_004, SANDBOX_010 */
export async function readOrBegun(
  sandboxes: SandboxService,
  visibility: Visibility,
  actor: Actor,
  ref: string,
): Promise<Sandbox> {
  try {
    return await sandboxes.get(actor, ref);
  } catch (error) {
    const isUnknown = error instanceof SandboxError && error.code === 'SANDBOX_004';
    if (!isUnknown || !isSandboxId(ref)) throw error;
    const begun = await begunCreate(sandboxes, ref);
    if (begun === null || !maySee(actor, begun.owner, visibility)) throw error;
    requirePermission(actor, 'read', begun);
    return pendingSandbox(begun, sandboxes.connections.config.policy);
  }
}

async function begunCreate(
  { connections }: SandboxService,
  sandboxId: SandboxId,
): Promise<BegunCreate | null> {
  const asking = connections.lifecycle().then((lifecycle) => lifecycle.begun(sandboxId));
  return withDeadline(asking, ASK_MS, 'Temporal').catch(() => null);
}
