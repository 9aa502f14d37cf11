/** The activities as the workflow calls them. Each set of options is named for its behaviour. */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { ResourceVerbs } from '../activities/resource-activities.js';
import type { SandboxActivities } from '../activities/sandbox-activities.js';

/**
 * For an attempt of a regular activity that may be long: it restarts this soon after a worker's
 * kill -9.
 */
const heartbeatTimeout = '10s';

/**
 * A create of five steps takes 48 ms with local activities, and 108 with regular ones
 * (docs/lifecycle.md). A local activity runs again, as attempt 1, if the worker dies before its
 * result is recorded: each is idempotent.
 */
export const localRetried = proxyLocalActivities<SandboxActivities>({
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '12s',
  localRetryThreshold: '5s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumAttempts: 5 },
});

/**
 * For a resource that takes long to make, such as a schema of thousands of objects. A caller waits
 * for 2 m (control/waiting.ts), so a failure is known before.
 */
export const activityRetried = proxyActivities<SandboxActivities>({
  startToCloseTimeout: '100s',
  scheduleToCloseTimeout: '110s',
  heartbeatTimeout,
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumAttempts: 5 },
});

/** One attempt; `untilDone` follows. */
export const localOnce = proxyLocalActivities<SandboxActivities>({
  startToCloseTimeout: '5s',
  scheduleToCloseTimeout: '5s',
  retry: { maximumAttempts: 1 },
});

/** Three short attempts, at most 12 s. No total time-out: its failure would not name the server. */
const THREE_ATTEMPTS = {
  startToCloseTimeout: '4s',
  retry: { initialInterval: '400ms', backoffCoefficient: 2, maximumAttempts: 3 },
} as const;

export const localThrice = proxyLocalActivities<SandboxActivities>(THREE_ATTEMPTS);

/**
 * For a change during which a timer may fire: on replay a local activity's result comes before that
 * timer, and the workflow would decide differently. A regular activity takes some milliseconds and
 * an event more.
 */
export const activityBesideTimers = proxyActivities<SandboxActivities>(THREE_ATTEMPTS);

/** Without limit, with back-off to a minute; the Temporal Web UI shows it as pending. */
export const untilDone = proxyActivities<SandboxActivities>({
  startToCloseTimeout: '2m',
  heartbeatTimeout,
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '1m' },
});

/** Without limit, and soon after a server returns: a caller may be waiting. */
export const untilDoneSoon = proxyActivities<SandboxActivities>({
  startToCloseTimeout: '20s',
  heartbeatTimeout,
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '1s' },
});

/** Any of the sets above. */
type Steps = typeof localOnce | typeof untilDone;

const SUMMARIES: Readonly<Record<keyof ResourceVerbs, string>> = {
  ensure: 'make',
  reset: 'reset',
  remove: 'remove',
  finishRemoval: 'finish the removal of',
};

/**
 * One verb of one resource, by its activity type `<resource>.<verb>`
 * (activities/resource-activities.ts). Type and summary name the resource in the Web UI's timeline.
 */
export function stepOf<Verb extends keyof ResourceVerbs>(
  steps: Steps,
  resource: string,
  verb: Verb,
): ResourceVerbs[Verb] {
  type Args = Parameters<ResourceVerbs[Verb]>;
  type Activity = { executeWithOptions(options: { summary: string }, args: Args): unknown };
  const activity = (steps as unknown as Record<string, Activity>)[`${resource}.${verb}`];
  const summary = `${SUMMARIES[verb]} ${resource}`;
  return ((...args: Args) =>
    activity?.executeWithOptions({ summary }, args)) as ResourceVerbs[Verb];
}
