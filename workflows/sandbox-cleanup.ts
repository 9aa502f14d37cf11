/** Removes a sandbox completely: tries each step once quickly, then retries without limit. */
import { startRemoval } from './removal.js';
import { failureOf } from './failures.js';
import type { SandboxMachine } from './sandbox-machine.js';
import { localOnce, stepOf, untilDone } from './steps.js';

/** One step, by either kind of activity. */
type Attempt<T> = (steps: typeof localOnce | typeof untilDone, summary: string) => Promise<T>;

/**
 * Order: destroying → credentials revoked everywhere → routes gone and confirmed → the rest →
 * destroyed. After the routes nothing new arrives, so other resources go in parallel. A server that
 * cannot revoke does not delay the routes, or the guild's events would not return to production.
 */
export async function cleanUp(sandbox: SandboxMachine, publish: () => void): Promise<void> {
  const { sandboxId, command } = sandbox;
  const startedAt = Date.now();
  const request = sandbox.endRequest();
  const step = retriedStep(sandbox, publish);

  const resources = await step('mark destroying', (steps, summary) =>
    steps.markDestroying.executeWithOptions({ summary }, [command, request]),
  );
  if (resources === null) {
    sandbox.status = 'destroyed';
    return;
  }
  sandbox.status = 'destroying';
  publish();

  let goOn: () => void = () => undefined;
  const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
  const revoked = step(
    'revoke credentials',
    (steps, summary) => steps.revokeAll.executeWithOptions({ summary }, [sandboxId]),
    () => goOn(),
  );
  await Promise.race([revoked, mayGoOn]);

  await step('remove guild-routes', (steps, summary) =>
    steps.removeRoutes.executeWithOptions({ summary }, [sandboxId]),
  );
  sandbox.guildIds = [];
  const remove = async (name: string): Promise<void> => {
    const rest = await step(`remove ${name}`, (steps) => stepOf(steps, name, 'remove')(sandboxId));
    if (rest === 'follow-up') await startRemoval(sandboxId, name);
  };
  await Promise.all([...resources.map(remove), revoked]);

  await step('mark destroyed', (steps, summary) =>
    steps.markDestroyed.executeWithOptions({ summary }, [
      sandboxId,
      (Date.now() - startedAt) / 1000,
    ]),
  );
  sandbox.status = 'destroyed';
  sandbox.activity = null;
  publish();
}

/**
 * A step that is tried once, then until it succeeds. Failures show in the sandbox's activity, the
 * log and the row.
 */
function retriedStep(sandbox: SandboxMachine, publish: () => void) {
  const failing = new Map<string, string>();
  const show = (): void => {
    const lines = [...failing].map(([name, message]) => `${name} is being retried: ${message}`);
    sandbox.activity = lines.length === 0 ? null : lines.join('; ');
    publish();
  };
  return async <T>(
    summary: string,
    attempt: Attempt<T>,
    onFailure: () => void = () => undefined,
  ): Promise<T> => {
    try {
      return await attempt(localOnce, summary);
    } catch (error) {
      const { message } = failureOf(error, summary);
      failing.set(summary, message);
      show();
      await localOnce.reportCleanupFailure
        .executeWithOptions({ summary: `report: ${summary} failed` }, [
          sandbox.sandboxId,
          summary,
          message,
        ])
        .catch(() => undefined);
      onFailure();
    }
    const outcome = await attempt(untilDone, summary);
    failing.delete(summary);
    show();
    return outcome;
  };
}
