/** The time from an event's publish to a subscriber of its destination. */
import { headers } from 'nats';
import { closeNats, openNats } from '../platform/nats.js';

/** Milliseconds of each of `count` events, one after the other. */
export async function measureRoute(
  ingestUrl: string,
  adminUrl: string,
  guildId: string,
  count: number,
): Promise<number[]> {
  const [ingest, admin] = await Promise.all([
    openNats(ingestUrl, 'demo ingest'),
    openNats(adminUrl, 'demo'),
  ]);
  const payload = JSON.stringify({
    t: 'MESSAGE_CREATE',
    s: 1,
    op: 0,
    d: { guild_id: guildId, content: 'hello' },
  });
  const arrivals = admin.subscribe('sandbox.*.events.DEMO_LATENCY');
  const iterator = arrivals[Symbol.asyncIterator]();
  await admin.flush();
  const samples: number[] = [];
  try {
    for (let i = 0; i < count; i += 1) {
      const startedAt = performance.now();
      ingest.publish('events.raw.DEMO_LATENCY', payload, { headers: headers() });
      await iterator.next();
      samples.push(performance.now() - startedAt);
    }
  } finally {
    arrivals.unsubscribe();
    await Promise.all([closeNats(ingest), closeNats(admin)]);
  }
  return samples;
}
