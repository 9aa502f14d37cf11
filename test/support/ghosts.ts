/** Live routers that do not confirm, for tests of the barrier. */
import { onTestFinished } from 'vitest';
import { aliveSubject, memberKey, SYNC_SUBJECT } from '../../routing/members.js';
import { closeNats, openNats } from '../../platform/nats.js';
import { routerBucket } from '../../routing/router-bucket.js';
import { stackState } from './stack.js';

/** Answers a question of the barrier; null means no answer. */
type Answer = { readonly version: number; readonly error?: string } | null;

/** These members renew their keys and report as alive until the returned function is called. */
export async function ghosts(
  answers: Readonly<Record<string, Answer>>,
): Promise<() => Promise<void>> {
  const nc = await openNats(stackState().urls.admin.nats, 'test');
  const bucket = routerBucket(nc);
  const ids = Object.keys(answers);
  const beat = (): Promise<unknown> =>
    Promise.all(
      ids.map((routerId) =>
        bucket.write(memberKey(routerId), { routerId, role: 'standby', version: 0, metrics: null }),
      ),
    );
  for (const id of ids)
    nc.subscribe(aliveSubject(id), { callback: (_error, message) => message.respond() });
  nc.subscribe(SYNC_SUBJECT, {
    callback: (_error, message) => {
      for (const [routerId, answer] of Object.entries(answers))
        if (answer !== null)
          message.respond(JSON.stringify({ routerId, role: 'standby', ...answer }));
    },
  });
  await nc.flush();
  await beat();
  const timer = setInterval(() => void beat(), 500);
  let over = false;
  const end = async (): Promise<void> => {
    if (over) return;
    over = true;
    clearInterval(timer);
    for (const id of ids) await bucket.remove(memberKey(id));
    await closeNats(nc);
  };
  onTestFinished(end);
  return end;
}
