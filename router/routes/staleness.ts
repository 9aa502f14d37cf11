/** Tells when the table of routes is too old to be trusted, with a timer for the earliest such moment. */
import type { RouteLoader } from './loader.js';

/** Of two looks whether the routes are stale: at least, and at most. */
const [SHORTEST_LOOK_MS, LONGEST_LOOK_MS] = [100, 60_000];

/** Calls `onStale` at each look that finds the routes stale, until it is closed. */
export function watchRoutes(
  loader: RouteLoader,
  onStale: (trouble: string) => void,
): { close(): void } {
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    const ms = Math.min(Math.max(loader.staleInMs, SHORTEST_LOOK_MS), LONGEST_LOOK_MS);
    timer = setTimeout(() => {
      if (loader.stale) onStale(loader.trouble);
      arm();
    }, ms);
  };
  arm();
  return { close: () => clearTimeout(timer) };
}
