/** One look at a sandbox: every resource and the routes, each on its server. */
import { messageOf, namesOf } from '../domain/errors.js';
import type { Check, Inspected } from '../domain/health.js';
import { withDeadline } from '../platform/deadline.js';
import {
  openInspectors,
  type InspectingContext,
  type Inspector,
  type ResourceTarget,
} from '../resources/index.js';
import { inspectRoutes } from '../routes/inspect.js';
import { ROUTES, ROUTE_SERVERS } from '../routes/routes.js';

/** How long a look waits for a server. The API waits a second longer (control/health.ts). */
export const LOOK_MS = 3_500;

/** Never rejects: a server that is away is a check with the state `error`. */
export async function inspectOnServers(
  context: InspectingContext,
  target: ResourceTarget,
  millis = LOOK_MS,
): Promise<Inspected> {
  let lastEventAt: string | null = null;
  let eventsWaiting: number | null = null;
  const checks = await Promise.all(
    inspectorsOf(context).map(async (inspector): Promise<Check> => {
      const { name, servers } = inspector;
      try {
        const inspected = withDeadline(inspector.inspect(target), millis, namesOf(servers));
        const { state, detail, facts } = await inspected;
        if (facts?.waiting !== undefined) eventsWaiting = Number(facts.waiting);
        if (typeof facts?.lastEventAt === 'string') lastEventAt = facts.lastEventAt;
        return { name, state, detail };
      } catch (error) {
        return { name, state: 'error', detail: messageOf(error) };
      }
    }),
  );
  return { checks, lastEventAt, eventsWaiting };
}

/** The same checks, if there was nothing to look for. */
export function uninspected(context: InspectingContext, error: unknown): Inspected {
  const failed = { state: 'error', detail: messageOf(error) } as const;
  const checks = inspectorsOf(context).map(({ name }) => ({ name, ...failed }));
  return { checks, lastEventAt: null, eventsWaiting: null };
}

/** Each opens its own connections, so one outage does not hide the others' answers. */
function inspectorsOf(context: InspectingContext): Inspector[] {
  const routes: Inspector = {
    name: ROUTES,
    servers: ROUTE_SERVERS,
    inspect: (target) => inspectRoutes(context, target),
  };
  return [...openInspectors(context), routes];
}
