/** An ingestor's own messages in `RAW` (`ingest.position.>`), which are no events. */
import type { NatsConnection } from 'nats';
import { POSITION_PREFIX } from '../../routing/subjects.js';
import { isNotFound } from '../../platform/nats-errors.js';

const ASK_MS = 2_000;
const PATTERN = `${POSITION_PREFIX}>`;

/** The sequence in `RAW` of the `count`-th event after `from`, if none is missing. */
export async function eventsBehind(
  nc: NatsConnection,
  stream: string,
  from: number,
  count: number,
): Promise<number> {
  let end = from + count;
  for (let next = from + 1; ;) {
    const position = await firstPosition(nc, stream, next);
    if (position === null || position > end) return end;
    end += 1;
    next = position + 1;
  }
}

async function firstPosition(
  nc: NatsConnection,
  stream: string,
  from: number,
): Promise<number | null> {
  const { streams } = await nc.jetstreamManager({ checkAPI: false, timeout: ASK_MS });
  const query: { seq: number; next_by_subj: string } = { seq: from, next_by_subj: PATTERN };
  return streams.getMessage(stream, query).then(({ seq }) => seq, nullWhereNone);
}

/** The sequence of each position subject's newest message. */
export async function newestPositions(
  nc: NatsConnection,
  stream: string,
): Promise<ReadonlyMap<string, number>> {
  const { streams } = await nc.jetstreamManager({ checkAPI: false, timeout: ASK_MS });
  const { state } = await streams.info(stream, { subjects_filter: PATTERN });
  const newest = new Map<string, number>();
  for (const subject of Object.keys(state.subjects ?? {})) {
    const last = await streams
      .getMessage(stream, { last_by_subj: subject })
      .then(({ seq }) => seq, nullWhereNone);
    if (last !== null) newest.set(subject, last);
  }
  return newest;
}

function nullWhereNone(error: unknown): null {
  if (isNotFound(error)) return null;
  throw error;
}
