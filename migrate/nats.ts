/** Streams and the routers' KV bucket, held to their definitions (platform/nats.ts). */
import type { JetStreamManager, StreamConfig } from 'nats';
import { ROUTER_BUCKET, ROUTER_BUCKET_STREAM } from '../domain/routing.js';
import {
  closeNats,
  openNats,
  ROUTER_BUCKET_OPTIONS,
  streamConfigs,
  type NatsConnection,
} from '../platform/nats.js';
import { natsApiPrefixOf } from '../platform/nats-authority.js';
import { isRefusal } from '../platform/nats-errors.js';

async function currentConfig(jsm: JetStreamManager, name: string): Promise<StreamConfig | null> {
  try {
    return (await jsm.streams.info(name)).config;
  } catch (error) {
    if (isRefusal(error, 'streamNotFound')) return null;
    throw error;
  }
}

/** Names of the settings that differ; only those that we set are compared. */
function differences(wanted: Partial<StreamConfig>, current: StreamConfig): string[] {
  const now = current as unknown as Record<string, unknown>;
  return Object.entries(wanted)
    .filter(([key, value]) => {
      // What a server adds to a source (empty transforms) is no difference.
      if (key === 'sources')
        return (now[key] as unknown[] | undefined)?.length !== (value as unknown[]).length;
      return JSON.stringify(now[key]) !== JSON.stringify(value);
    })
    .map(([key]) => key);
}

function wantedStreams(
  nc: NatsConnection,
  routedSubjects: readonly string[],
): Partial<StreamConfig>[] {
  return streamConfigs({ routedSubjects, maxPayload: nc.info?.max_payload ?? 1024 * 1024 });
}

/**
 * Creates or updates what differs and says what it did; with `check` it changes nothing and says what differs.
 * `ROUTED` comes before `DLQ`, which sources it.
 */
export async function migrateNats(
  url: string,
  routedSubjects: readonly string[],
  { check = false } = {},
): Promise<string[]> {
  const nc = await openNats(url, check ? 'bd migrate --check' : 'bd migrate');
  try {
    const apiPrefix = natsApiPrefixOf(url);
    const jsm = await nc.jetstreamManager({
      checkAPI: false,
      ...(apiPrefix === undefined ? {} : { apiPrefix }),
    });
    const report: string[] = [];
    for (const wanted of wantedStreams(nc, routedSubjects)) {
      const name = wanted.name ?? '';
      const current = await currentConfig(jsm, name);
      if (current === null) {
        report.push(`NATS: stream ${name} ${check ? 'is missing' : 'created'}`);
        // An identical create is answered with success, so two migrations at once agree.
        if (!check) await jsm.streams.add(wanted);
        continue;
      }
      const changed = differences(wanted, current);
      if (changed.length === 0) continue;
      report.push(
        `NATS: stream ${name} ${check ? 'differs in' : 'updated:'} ${changed.join(', ')}`,
      );
      if (!check) await jsm.streams.update(name, wanted);
    }
    if ((await currentConfig(jsm, ROUTER_BUCKET_STREAM)) === null) {
      report.push(`NATS: bucket ${ROUTER_BUCKET} ${check ? 'is missing' : 'created'}`);
      if (!check) await nc.jetstream().views.kv(ROUTER_BUCKET, ROUTER_BUCKET_OPTIONS);
    }
    return report;
  } finally {
    await closeNats(nc);
  }
}
