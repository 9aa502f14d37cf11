/** The router's own message that repeats the position, so that the log's end survives a purge. */
import { FENCE_KEY } from '../../routing/members.js';
import type { RouterBucket } from '../../routing/router-bucket.js';
import type { Egress } from '../egress.js';

/**
 * Appends one and waits until it is stored; false if the writer cannot now. FENCE_KEY announces it
 * first (routing/members.ts): any place after the log's end, because events may be sent meanwhile;
 * then its real place.
 * @throws Doubt if the term ended meanwhile
 */
export async function appendPosition(bucket: RouterBucket, egress: Egress): Promise<boolean> {
  const revision = await bucket.write(FENCE_KEY, { through: Number.MAX_SAFE_INTEGER });
  if (!egress.sendPosition()) return false;
  const through = egress.head.sequence;
  await egress.flush();
  // Another router's fence is newer.
  await bucket.write(FENCE_KEY, { through }, revision).catch(() => undefined);
  return true;
}
