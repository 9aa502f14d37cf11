/** Removes a sandbox completely: tries each step at once, then for as long as it takes. */
import { patched } from '@temporalio/workflow';
import { RESOURCE_NAMES } from '../domain/sandbox.js';
import { failureOf, once, patient } from './steps.js';
import type { SandboxState } from './sandbox-state.js';

/** One step, by either kind of activity. */
type Attempt<T> = (steps: typeof once | typeof patient, summary: string) => Promise<T>;

/**
 * Order (product.md, "Cleanup"): destroying → credentials revoked everywhere → routes gone and confirmed → the rest →
 * destroyed. After the routes nothing new arrives, so the remaining resources go side by side: one server's failure does
 * not hold up the others. Nor does a server that cannot be asked to revoke: the guilds' events would be kept from production
 * for as long as Redis is away.
 */
export async function cleanUp(state: SandboxState, publish: () => void): Promise<void> {
  const { sandboxId, owner } = state.input;
  const startedAt = Date.now();
  const actor = state.ending?.actor ?? 'workflow';
  const reason = state.ending?.reason ?? 'destroyed';
  const failing = new Map<string, string>();

  const step = async <T>(
    summary: string,
    attempt: Attempt<T>,
    onFailure: () => void = () => undefined,
  ): Promise<T> => {
    try {
      return await attempt(once, summary);
    } catch (error) {
      const { message } = failureOf(error, summary);
      failing.set(summary, message);
      showFailures(state, failing);
      publish();
      await once.reportCleanupFailure
        .executeWithOptions({ summary: `report: ${summary} failed` }, [sandboxId, summary, message])
        .catch(() => undefined);
      onFailure();
    }
    const outcome = await attempt(patient, summary);
    failing.delete(summary);
    showFailures(state, failing);
    publish();
    return outcome;
  };

  const exists = await step('mark destroying', (steps, summary) =>
    steps.markDestroying.executeWithOptions({ summary }, [sandboxId, actor, reason, owner]),
  );
  if (!exists) {
    state.status = 'destroyed';
    return;
  }
  state.status = 'destroying';
  publish();

  let goOn: () => void = () => undefined;
  const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
  const revoked = step(
    'revoke credentials',
    (steps, summary) => steps.revokeAll.executeWithOptions({ summary }, [sandboxId]),
    () => {
      if (patched('goes-on-while-it-revokes')) goOn();
    },
  );
  await Promise.race([revoked, mayGoOn]);

  const removal = (name: (typeof RESOURCE_NAMES)[number]): Promise<void> =>
    step(`remove ${name}`, (steps, summary) =>
      steps.removeResource.executeWithOptions({ summary }, [sandboxId, name]),
    );
  await removal('guild-routes');
  state.guildIds = [];
  await Promise.all([
    ...[...RESOURCE_NAMES]
      .reverse()
      .filter((name) => name !== 'guild-routes')
      .map(removal),
    revoked,
  ]);

  await step('mark destroyed', (steps, summary) =>
    steps.markDestroyed.executeWithOptions({ summary }, [
      sandboxId,
      (Date.now() - startedAt) / 1000,
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
