/** Creates and updates the streams and the routers' KV bucket. */
import type { JetStreamManager, StreamConfig } from 'nats';
import { SandboxError } from '../domain/errors.js';
import { ROUTER_BUCKET, ROUTER_BUCKET_STREAM } from '../routing/members.js';
import { type StreamProfile } from '../domain/routing-settings.js';
import { closeNats, openNats, type NatsConnection } from '../platform/nats.js';
import { ROUTER_BUCKET_OPTIONS, streamConfigs } from '../routing/streams.js';
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

/** Names of the different settings. Only our settings are compared. */
function differences(wanted: Partial<StreamConfig>, current: StreamConfig): string[] {
  const now = current as unknown as Record<string, unknown>;
  return Object.entries(wanted)
    .filter(([key, value]) => {
      // The server adds empty transforms to a source. That is no difference.
      if (key === 'sources')
        return (now[key] as unknown[] | undefined)?.length !== (value as unknown[]).length;
      return JSON.stringify(now[key]) !== JSON.stringify(value);
    })
    .map(([key]) => key);
}

function wantedStreams(
  nc: NatsConnection,
  routedSubjects: readonly string[],
  profile: StreamProfile,
): Partial<StreamConfig>[] {
  const maxPayload = nc.info?.max_payload ?? 1024 * 1024;
  return streamConfigs({ routedSubjects, maxPayload, profile });
}

/** @throws SANDBOX_007 if only a new stream could have the wanted storage */
function refuseOtherStorage(wanted: Partial<StreamConfig>, current: StreamConfig): void {
  if (wanted.storage === current.storage) return;
  const { name } = current;
  throw new SandboxError(
    'SANDBOX_007',
    `stream ${name} has ${current.storage} storage, SANDBOX_STREAM_PROFILE wants ${String(wanted.storage)}, and JetStream changes no stream's storage`,
    {
      hint: `Set SANDBOX_STREAM_PROFILE back; or let the bots read what waits, remove the stream (\`nats stream rm ${name}\`), and run \`bd migrate\`: what it holds is lost.`,
      details: { dependency: 'nats', stream: name, storage: current.storage },
    },
  );
}

/**
 * Creates or updates what differs, and returns a line per change; `check` changes nothing. `ROUTED`
 * comes before `DLQ`, which sources it.
 */
export async function migrateNats(
  url: string,
  routedSubjects: readonly string[],
  { check = false, profile = 'durable' }: { check?: boolean; profile?: StreamProfile } = {},
): Promise<string[]> {
  const nc = await openNats(url, check ? 'bd migrate --check' : 'bd migrate');
  try {
    const apiPrefix = natsApiPrefixOf(url);
    const jsm = await nc.jetstreamManager({
      checkAPI: false,
      ...(apiPrefix === undefined ? {} : { apiPrefix }),
    });
    const report: string[] = [];
    for (const wanted of wantedStreams(nc, routedSubjects, profile)) {
      const name = wanted.name ?? '';
      const current = await currentConfig(jsm, name);
      if (current === null) {
        report.push(`NATS: stream ${name} ${check ? 'is missing' : 'created'}`);
        // JetStream accepts an identical create, so two migrations at once succeed.
        if (!check) await jsm.streams.add(wanted);
        continue;
      }
      const changed = differences(wanted, current);
      if (changed.length === 0) continue;
      report.push(
        `NATS: stream ${name} ${check ? 'differs in' : 'updated:'} ${changed.join(', ')}`,
      );
      if (check) continue;
      refuseOtherStorage(wanted, current);
      await jsm.streams.update(name, wanted);
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
