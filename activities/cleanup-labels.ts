/** The labels of a clean-up's steps in `sandbox_cleanup_errors_total`. */
import { ROUTES } from '../routes/routes.js';

const CLEANUP_STEPS: Readonly<Record<string, string>> = {
  markDestroying: 'mark destroying',
  revokeAll: 'revoke credentials',
  removeRoutes: `remove ${ROUTES}`,
  markDestroyed: 'mark destroyed',
};

/** Every label that `cleanupLabel` can return. */
export const cleanupLabels = (resources: readonly string[]): string[] => [
  ...Object.values(CLEANUP_STEPS),
  ...resources.map((name) => `remove ${name}`),
];

/** The label of an activity type; undefined if it is no step of a clean-up. */
export function cleanupLabel(activityType: string): string | undefined {
  const [, resource] = /^(.+)\.(?:remove|finishRemoval)$/.exec(activityType) ?? [];
  return resource === undefined ? CLEANUP_STEPS[activityType] : `remove ${resource}`;
}
