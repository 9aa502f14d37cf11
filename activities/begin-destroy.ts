/** The first step of a clean-up: the row becomes `destroying`, by the actor who has signed it or by Temporal. */
import type { Actor } from '../domain/actor.js';
import type { Command } from '../domain/command.js';
import { auditedEnd, type EndRequest } from '../domain/ending.js';
import { SandboxError } from '../domain/errors.js';
import type { SandboxId } from '../domain/names.js';
import { isAuthentic } from '../platform/signature.js';
import type { Resources } from '../resources/index.js';
import { giveUpClaim } from '../store/create-failures.js';
import type { Database } from '../store/database.js';
import { rowOf, transition } from '../store/sandboxes.js';
import type { Claims } from './claims.js';
import type { Endings } from './endings.js';

interface DestroyContext {
  readonly database: Database;
  readonly actorKey: string;
  readonly resources: Resources;
  readonly claims: Claims;
  readonly endings: Endings;
}

/**
 * The resources to remove, last made first; null where the claim was never written: there is nothing to destroy. An unsigned
 * end is carried out as well, and audited as Temporal's.
 * @param create of the same sandbox: without a row its signature keeps a late claim out
 */
export async function beginDestroy(
  { database, actorKey, resources, claims, endings }: DestroyContext,
  create: Command<'create'>,
  request: EndRequest,
): Promise<readonly string[] | null> {
  const { sandboxId } = create;
  claims.over(sandboxId);
  const signer = signerOf(actorKey, request, sandboxId);
  const row = signer === null ? await rowOf(database, sandboxId) : null;
  const { actor, reason } = auditedEnd(request, signer, row, Date.now());
  const change = {
    to: 'destroying',
    actor,
    details: { reason },
    event: 'sandbox_destroying',
  } as const;
  try {
    await transition(database, sandboxId, change);
  } catch (error) {
    if (!(error instanceof SandboxError && error.code === 'SANDBOX_004')) throw error;
    // A create that nobody signed can claim nothing.
    if (!isAuthentic(actorKey, create, 'create')) return null;
    const message = `sandbox ${sandboxId} was given up (${reason}) before it was claimed`;
    const details = { step: 'claim', code: 'SANDBOX_007', message };
    if (await giveUpClaim(database, sandboxId, create.args.owner, { actor, details })) return null;
    await transition(database, sandboxId, change);
  }
  endings.begun(sandboxId);
  return resources.names.reverse();
}

/** Also after the signature's expiry: a clean-up may wait for long, and an id is destroyed once. */
function signerOf(key: string, { command }: EndRequest, sandboxId: SandboxId): Actor | null {
  if (command?.sandboxId !== sandboxId || !isAuthentic(key, command, 'destroy')) return null;
  return command.actor;
}
