/**
 * Ends an activity before Temporal's time-out, which would name only the step. This error names the
 * server.
 */
import { activityInfo, Context } from '@temporalio/activity';
import { namesOf, unreachable, type Dependency } from '../domain/errors.js';
import { DeadlineError, withDeadline } from '../platform/deadline.js';

/** The share of the activity's start-to-close time. */
const SHARE = 0.9;

/** Well within the heartbeat's time-out (workflows/steps.ts). */
const HEARTBEAT_MS = 2_000;

/**
 * @throws SANDBOX_009 with `servers` after nine tenths of the activity's time; the work is not
 * cancelled
 */
export async function inTime<T>(
  servers: readonly [Dependency, ...Dependency[]],
  work: Promise<T>,
): Promise<T> {
  const context = Context.current();
  const beating = setInterval(() => {
    context.heartbeat();
  }, HEARTBEAT_MS);
  try {
    return await withDeadline(work, activityInfo().startToCloseTimeoutMs * SHARE, namesOf(servers));
  } catch (error) {
    throw error instanceof DeadlineError ? unreachable(servers, error) : error;
  } finally {
    clearInterval(beating);
  }
}
