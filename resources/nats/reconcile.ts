/**
 * In the best-effort profile ROUTED and its consumers are in memory and end with the server's
 * process. The worker recreates both. The router may not; it waits.
 */
import { messageOf } from '../../domain/errors.js';
import { STREAMS } from '../../routing/subjects.js';
import type { StreamProfile } from '../../domain/routing-settings.js';
import { every } from '../../platform/every.js';
import type { Logger } from '../../platform/log.js';
import type { NatsConnection } from '../../platform/nats.js';
import { isRefusal } from '../../platform/nats-errors.js';
import { streamFacts } from '../../routing/routed-log.js';
import type { Resources } from '../index.js';
import type { Database } from '../../store/database.js';
import { listSandboxes } from '../../store/sandboxes.js';

const LOOK_EVERY_MS = 500;

export interface StreamReconcileContext {
  readonly profile: StreamProfile;
  /** Recreates the streams. */
  readonly makeStreams: () => Promise<unknown>;
  readonly nats: NatsConnection;
  readonly database: Database;
  readonly resources: Resources;
  readonly log: Logger;
}

export function reconcileStreams(context: StreamReconcileContext): { close(): void } {
  const { profile, nats, log } = context;
  if (profile === 'durable') return { close: () => undefined };
  // ROUTED's creation time. Consumers are recreated for each ROUTED, also if the last attempt
  // stopped half-way.
  let served: string | null = null;
  return every(LOOK_EVERY_MS, async () => {
    try {
      const { created } = await streamFacts(nats, STREAMS.routed).catch(async (error: unknown) => {
        if (!isRefusal(error, 'streamNotFound')) throw error;
        log.error(
          'ALARM: ROUTED is gone with its server, and what bots had not read; it is made anew',
        );
        await context.makeStreams();
        return streamFacts(nats, STREAMS.routed);
      });
      if (created === served) return;
      await restoreConsumers(context);
      served = created;
    } catch (error) {
      log.warn({ err: messageOf(error) }, 'the streams could not be looked at');
    }
  });
}

async function restoreConsumers({
  database,
  resources,
  log,
}: StreamReconcileContext): Promise<void> {
  const rows = await listSandboxes(database, { status: ['running'] });
  for (const { sandboxId, rotation, createdAt } of rows) {
    // A sandbox that is being destroyed refuses, as it should.
    await resources
      .get('nats-subjects')
      .ensure({ sandboxId, rotation, createdAt })
      .catch((error: unknown) => {
        log.debug({ sandboxId, err: messageOf(error) }, 'its consumer was not restored');
      });
  }
  log.info({ sandboxes: rows.length }, 'consumers of ROUTED restored');
}
