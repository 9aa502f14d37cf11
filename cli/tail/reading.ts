/** Chooses the events that `bd sandbox tail` reads, and its end. */
import { DEPENDENCIES, type Dependency } from '../../domain/errors.js';
import type { SandboxEvent } from '../../domain/events.js';
import type { Control } from '../../domain/control.js';
import { note, type Io } from '../io.js';

export interface TailRequest {
  readonly sandbox: string;
  readonly wanted: (event: SandboxEvent) => boolean;
  readonly limit: number | undefined;
  readonly sinceMs: number | undefined;
  readonly follow: boolean;
}

/** The default of the `tail` program. */
const LAST = 10;

/** Oldest first. Without `follow` and `sinceMs`: the last `limit` events. */
export async function* eventsToShow(
  api: Control,
  io: Io,
  request: TailRequest,
  signal: AbortSignal,
): AsyncGenerator<SandboxEvent> {
  const { sandbox, wanted, limit, sinceMs, follow } = request;
  const onAway = (dependency: Dependency): void =>
    void note(io, `${DEPENDENCIES[dependency]} does not answer; still trying.`);
  if (!follow && sinceMs === undefined) {
    const newest = api.storedEvents(sandbox, { signal, onAway });
    const last: SandboxEvent[] = [];
    for await (const event of matching(newest, wanted, limit ?? LAST)) last.push(event);
    yield* last.reverse();
    return;
  }
  const onWaiting = (): void =>
    void note(io, `Waiting for events of ${sandbox}; Ctrl-C ends it, --no-follow does not wait.`);
  const events = api.events(sandbox, {
    ...{ signal, onAway, onWaiting, follow },
    ...(sinceMs === undefined ? {} : { since: new Date(Date.now() - sinceMs) }),
  });
  yield* matching(events, wanted, limit ?? Infinity);
}

async function* matching(
  events: AsyncIterable<SandboxEvent>,
  wanted: (event: SandboxEvent) => boolean,
  limit: number,
): AsyncGenerator<SandboxEvent> {
  let found = 0;
  for await (const event of events) {
    if (!wanted(event)) continue;
    yield event;
    found += 1;
    if (found === limit) return;
  }
}
