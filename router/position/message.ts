/** A message of the router's own that repeats the position, so that the log's tail outlives a purge. */
import { FENCE_KEY } from '../../routing/members.js';
import type { RouterBucket } from '../../routing/router-bucket.js';
import type { Egress } from '../egress.js';

/**
 * Appends one, and waits until it is stored; false where the writer can't now. It is announced before (routing/members.ts,
 * FENCE_KEY): anywhere behind the log's end, since events may be sent meanwhile; then where it is.
 * @throws Doubt where the term ended meanwhile
 */
export async function appendPosition(bucket: RouterBucket, egress: Egress): Promise<boolean> {
  const revision = await bucket.write(FENCE_KEY, { through: Number.MAX_SAFE_INTEGER });
  if (!egress.sendPosition()) return false;
  const through = egress.head.sequence;
  await egress.flush();
  // Somebody else's fence counts more.
  await bucket.write(FENCE_KEY, { through }, revision).catch(() => undefined);
  return true;
}
