/** A sandbox as its workflow answers, in the public form. */
import { describeSandbox, type Sandbox, type SandboxView } from '../domain/sandbox.js';

/** Of a sandbox whose claim is written. */
export function sandboxOf(view: SandboxView): Sandbox {
  return describeSandbox({
    ...view,
    createdAt: new Date(view.createdAt ?? 0),
    expiresAt: new Date(view.expiresAt ?? 0),
    destroyedAt: null,
  });
}
