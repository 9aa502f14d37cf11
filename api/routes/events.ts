/** Handlers of events: follow those of a sandbox, publish some, follow the lifecycle. */
import type { SandboxService } from '../../control/sandbox-service.js';
import { SandboxError } from '../../domain/errors.js';
import { requirePermission } from '../../domain/permissions.js';
import type { Sandbox } from '../../domain/sandbox.js';
import type { Call, Handlers } from '../call.js';
import { defined } from '../defined.js';
import type { EventHub } from '../streams/event-hub.js';
import type { LifecycleHub } from '../streams/lifecycle-hub.js';
import type { OpenStreams } from '../streams/open-streams.js';
import { frameOf, signalOf, type Outlet } from '../streams/outlet.js';

export interface EventParts {
  readonly sandboxes: SandboxService;
  readonly events: EventHub;
  readonly lifecycle: LifecycleHub;
  readonly streams: OpenStreams;
}

export function eventHandlers(
  parts: EventParts,
): Handlers<'streamEvents' | 'emitEvents' | 'streamLifecycle'> {
  const { sandboxes, events, lifecycle, streams } = parts;
  return {
    streamEvents: {
      needs: ['postgres', 'nats'],
      async run(call) {
        const sandbox = await toTail(sandboxes, call);
        // After the first byte the status can no longer report that NATS is away.
        await events.end();
        return streams.open(call.http, call, (outlet) => feed(parts, call, sandbox, outlet));
      },
    },
    emitEvents: {
      needs: ['postgres', 'nats'],
      async run({ actor, params, body, repetition }) {
        const given = body.events.map((event) => defined(event));
        const key = repetition?.commandId;
        return { body: { sequences: await sandboxes.emit(actor, params.ref, given, key) } };
      },
    },
    streamLifecycle: {
      needs: ['postgres'],
      async run(call) {
        requirePermission(call.actor, 'read', null);
        await lifecycle.end();
        const behind = lastEventId(call.headers);
        return streams.open(call.http, call, (outlet) =>
          lifecycle.watch(call.actor, behind, outlet),
        );
      },
    },
  };
}

type Streaming = Call<'streamEvents'>;

async function toTail(
  sandboxes: SandboxService,
  { actor, params, query }: Streaming,
): Promise<Sandbox> {
  const sandbox = await sandboxes.get(actor, params.ref, 'tail');
  if (sandbox.status === 'destroyed' && query.follow === 'true' && query.order === 'oldest') {
    throw new SandboxError(
      'SANDBOX_007',
      `sandbox ${sandbox.name} is destroyed: no more events come`,
    );
  }
  return sandbox;
}

async function feed(
  { sandboxes, events }: EventParts,
  { actor, query, headers }: Streaming,
  { id }: Sandbox,
  outlet: Outlet,
): Promise<void> {
  const follow = query.follow === 'true';
  const options = {
    signal: outlet.ended,
    onAway: () => {
      outlet.write(signalOf('away', {}));
    },
  };
  if (query.order === 'newest') {
    await pass(sandboxes.storedEvents(actor, id, options), outlet);
    return;
  }
  const behind = lastEventId(headers);
  if (behind !== null) return events.watch(id, behind + 1, outlet, follow);
  if (query.since === undefined) {
    if (follow) await events.watch(id, null, outlet);
    return;
  }
  // The stored events are read to their end, which is this one or later.
  const end = await events.end();
  const since = new Date(query.since);
  const stored = sandboxes.events(actor, id, { ...options, since, follow: false });
  const last = await pass(stored, outlet);
  if (follow) await events.watch(id, Math.max(end, last + 1), outlet);
}

/** @returns the sequence of the last event, or 0 */
async function pass(stored: ReturnType<SandboxService['events']>, outlet: Outlet): Promise<number> {
  let last = 0;
  for await (const event of stored) {
    outlet.write(frameOf(event.sequence, event));
    last = event.sequence;
    await outlet.room();
  }
  return last;
}

const lastEventId = (headers: { readonly 'last-event-id'?: string | undefined }): number | null =>
  headers['last-event-id'] === undefined ? null : Number(headers['last-event-id']);
