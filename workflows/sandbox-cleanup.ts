/** Removes a sandbox completely: tries each step at once, then for as long as it takes. */
import { RESOURCE_NAMES } from '../domain/sandbox.js';
import { failureOf, once, patient } from './steps.js';
import type { SandboxState } from './sandbox-state.js';

/**
 * Order (product.md, "Cleanup"): destroying → credentials revoked everywhere → routes gone and confirmed → the rest →
 * destroyed. After the routes nothing new arrives, so the remaining resources go side by side: one server's failure does
 * not hold up the others.
 */
export async function cleanUp(state: SandboxState, publish: () => void): Promise<void> {
  const { sandboxId } = state.input;
  const startedAt = Date.now();
  const actor = state.ending?.actor ?? 'workflow';
  const reason = state.ending?.reason ?? 'destroyed';
  const failing = new Map<string, string>();

  const step = async <T>(
    name: string,
    first: () => Promise<T>,
    then: () => Promise<T>,
  ): Promise<T> => {
    try {
      return await first();
    } catch (error) {
      const { message } = failureOf(error, name);
      failing.set(name, message);
      showFailures(state, failing);
      publish();
      await once.reportCleanupFailure(sandboxId, name, message).catch(() => undefined);
    }
    const outcome = await then();
    failing.delete(name);
    showFailures(state, failing);
    publish();
    return outcome;
  };

  const exists = await step(
    'mark destroying',
    () => once.markDestroying(sandboxId, actor, reason),
    () =>
      patient.markDestroying.executeWithOptions({ summary: 'mark destroying' }, [
        sandboxId,
        actor,
        reason,
      ]),
  );
  if (!exists) {
    state.status = 'destroyed';
    return;
  }
  state.status = 'destroying';
  publish();

  await step(
    'revoke credentials',
    () => once.revokeAll(sandboxId),
    () => patient.revokeAll.executeWithOptions({ summary: 'revoke credentials' }, [sandboxId]),
  );

  const removal = (name: (typeof RESOURCE_NAMES)[number]): Promise<void> =>
    step(
      `remove ${name}`,
      () => once.removeResource(sandboxId, name),
      () =>
        patient.removeResource.executeWithOptions({ summary: `remove ${name}` }, [sandboxId, name]),
    );
  await removal('guild-routes');
  state.guildIds = [];
  await Promise.all(
    [...RESOURCE_NAMES]
      .reverse()
      .filter((name) => name !== 'guild-routes')
      .map(removal),
  );

  const seconds = (): number => (Date.now() - startedAt) / 1000;
  await step(
    'mark destroyed',
    () => once.markDestroyed(sandboxId, seconds()),
    () =>
      patient.markDestroyed.executeWithOptions({ summary: 'mark destroyed' }, [
        sandboxId,
        seconds(),
      ]),
  );
  state.status = 'destroyed';
  state.activity = null;
  publish();
}

function showFailures(state: SandboxState, failing: ReadonlyMap<string, string>): void {
  const lines = [...failing].map(([name, message]) => `${name} is being retried: ${message}`);
  state.activity = lines.length === 0 ? null : lines.join('; ');
}
