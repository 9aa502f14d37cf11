/** A sandbox in its public form, for callers that have not read its row. */
import type { CommandArgs } from '../domain/command.js';
import type { SandboxId } from '../domain/names.js';
import { describeSandbox, type Sandbox, type SandboxView } from '../domain/sandbox.js';
import { BUILT_IN_TEMPLATE } from '../domain/template.js';
import type { Policy } from '../platform/config.js';

/** For a sandbox whose claim is written. */
export function sandboxOf(view: SandboxView): Sandbox {
  return describeSandbox({
    ...view,
    template: view.template ?? BUILT_IN_TEMPLATE,
    createdAt: new Date(view.createdAt ?? 0),
    expiresAt: new Date(view.expiresAt ?? 0),
    destroyedAt: null,
  });
}

/** A create whose claim may not be written yet. */
export type BegunCreate = CommandArgs['create'] & {
  readonly sandboxId: SandboxId;
  readonly createdAt: Date;
};

/** Its times are those of the create: the claim has the last word. */
export function pendingSandbox(
  begun: BegunCreate,
  { defaultTtlMs, defaultTemplate }: Pick<Policy, 'defaultTtlMs' | 'defaultTemplate'>,
): Sandbox {
  const { createdAt, ttlMs } = begun;
  const expiresAt = new Date(createdAt.getTime() + (ttlMs ?? defaultTtlMs));
  return describeSandbox({
    ...begun,
    ...{ status: 'pending', expiresAt, destroyedAt: null },
    template: begun.template ?? defaultTemplate,
    templateVersion: null,
  });
}
