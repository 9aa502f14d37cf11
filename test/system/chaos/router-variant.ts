/**
 * Routers without one of their safeguards, as negative controls: the chaos run must find their
 * errors. `ROUTER_VARIANT` is `no-expected-sequence` (the chain's header is left out) or
 * `no-read-back` (after a doubt the router continues from its checkpoint, as a consumer with an ack
 * floor would).
 */
import { randomBytes } from 'node:crypto';
import type { NatsConnection } from 'nats';
import pino from 'pino';
import { CHECKPOINT_KEY } from '../../../routing/members.js';
import { DEFAULT_PRODUCTION_SUBJECTS } from '../../../domain/routing-settings.js';
import { HEADER_RAW_SEQ } from '../../../routing/event-headers.js';
import { routedSubjects, STREAMS } from '../../../routing/subjects.js';
import { delay } from '../../../platform/deadline.js';
import { openNats } from '../../../platform/nats.js';
import { openPostgres } from '../../../platform/postgres.js';
import { RawHeaders } from '../../../routing/raw-headers.js';
import { streamFacts } from '../../../routing/routed-log.js';
import { routerBucket } from '../../../routing/router-bucket.js';
import type { ChainedMessage } from '../../../router/wire/link.js';
import { PlainLink } from '../../../router/wire/plain-link.js';
import { checkpointShape, type Positions } from '../../../router/position/position.js';
import { startRouter, type RouterParts } from '../../../router/router.js';

/** Removes the header line that names the preceding event. */
class ForgetfulLink extends PlainLink {
  constructor(private readonly on: NatsConnection) {
    super(on);
  }

  override publishChained(message: ChainedMessage, _expected: number, reply?: string): void {
    const { subject, payload, rawSequence } = message;
    const own = Buffer.from(message.headers).toString('latin1');
    const block = Buffer.from(`${own}${HEADER_RAW_SEQ}: ${rawSequence}\r\n\r\n`, 'latin1');
    const headers = new RawHeaders(block);
    this.on.publish(subject, payload, reply === undefined ? { headers } : { headers, reply });
  }
}

function fromCheckpoint(nc: NatsConnection): Positions {
  const bucket = routerBucket(nc);
  return {
    async resolve() {
      const [raw, routed, stored] = await Promise.all([
        streamFacts(nc, STREAMS.raw),
        streamFacts(nc, STREAMS.routed),
        bucket.read(CHECKPOINT_KEY, checkpointShape),
      ]);
      const rawSequence = stored.value?.rawSequence ?? 0;
      return {
        position: { sequence: routed.lastSequence, rawSequence },
        rawCreated: raw.created,
        routedCreated: routed.created,
        checkpointRevision: stored.revision,
        alarms: [],
      };
    },
  };
}

const nc = await openNats(process.env.NATS_URL ?? '', 'router variant');
const parts: Partial<RouterParts> =
  process.env.ROUTER_VARIANT === 'no-read-back'
    ? { positions: fromCheckpoint(nc) }
    : { openLink: () => Promise.resolve(new ForgetfulLink(nc)) };
const router = await startRouter({
  routerId: `variant-${process.pid}-${randomBytes(3).toString('hex')}`,
  nc,
  natsUrl: process.env.NATS_URL ?? '',
  form: 'plain',
  sql: openPostgres(process.env.DATABASE_URL ?? '', { name: 'router', max: 2 }),
  redisUrl: process.env.REDIS_URL ?? '',
  streams: STREAMS,
  routedSubjects: routedSubjects(DEFAULT_PRODUCTION_SUBJECTS),
  staleMs: 60_000,
  maxControlLine: 4_096,
  log: pino({ level: 'info' }, pino.destination({ dest: 2, sync: true })),
  parts,
});
process.on('disconnect', () => process.exit());
while (!router.ready()) await delay(20);
process.send?.({ ready: true });
