/** A sandbox in its public form, for callers that have not read its row. */
import type { Command } from '../domain/command.js';
import { describeSandbox, type Sandbox, type SandboxView } from '../domain/sandbox.js';

/** For a sandbox whose claim is written. */
export function sandboxOf(view: SandboxView): Sandbox {
  return describeSandbox({
    ...view,
    createdAt: new Date(view.createdAt ?? 0),
    expiresAt: new Date(view.expiresAt ?? 0),
    destroyedAt: null,
  });
}

/** The known facts of a create that the caller did not wait for. */
export function pendingSandbox(
  { sandboxId, args }: Command<'create'>,
  defaultTtlMs: number,
): Sandbox {
  const createdAt = new Date();
  const expiresAt = new Date(createdAt.getTime() + (args.ttlMs ?? defaultTtlMs));
  return describeSandbox({
    ...args,
    sandboxId,
    status: 'pending',
    createdAt,
    expiresAt,
    destroyedAt: null,
  });
}
