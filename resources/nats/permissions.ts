/**
 * A sandbox's permissions in NATS. It has its own account without JetStream, which imports three
 * services from the control account. In one account with JetStream permissions do not hold: the
 * server sends a reply with its own rights to any reply subject (docs/isolation.md).
 */
import { consumerName, inboxPrefix, natsPrefix, type SandboxId } from '../../domain/names.js';
import { MAX_CONNECTIONS, MAX_SUBSCRIPTIONS } from './limits.js';
import { ADDRESSED_SUBJECTS, DLQ_STREAM, STREAMS } from '../../routing/subjects.js';
import { ROUTER_BUCKET_STREAM } from '../../routing/members.js';

/**
 * Clients use this prefix (`NATS_API_PREFIX`). Imported below `$JS.API` itself the services answer
 * 503.
 */
export const NATS_API_PREFIX = 'SB.API';

const NEXT = `CONSUMER.MSG.NEXT.${STREAMS.routed}`;
const INFO = `CONSUMER.INFO.${STREAMS.routed}`;
const ACK = `$JS.ACK.${STREAMS.routed}`;
const STREAM_INFO = `STREAM.INFO.${STREAMS.routed}`;
const MESSAGE = `STREAM.MSG.GET.${STREAMS.routed}`;
const BATCH = `DIRECT.GET.${STREAMS.routed}`;
const RAW_INFO = `STREAM.INFO.${STREAMS.raw}`;
const DLQ_INFO = `STREAM.INFO.${DLQ_STREAM}`;
const ROUTERS_INFO = `STREAM.INFO.${ROUTER_BUCKET_STREAM}`;
const ROUTERS_ENTRY = `STREAM.MSG.GET.${ROUTER_BUCKET_STREAM}`;

const service = (name: string, subject: string, more: Record<string, unknown> = {}) => ({
  name,
  subject,
  type: 'service',
  ...more,
});

/**
 * Exports of the control account. An account's token lists its imports, and only the operator's key
 * signs tokens.
 */
export const CONTROL_EXPORTS = [
  service('next', `$JS.API.${NEXT}.*`, { response_type: 'Stream' }),
  service('info', `$JS.API.${INFO}.*`),
  service('ack', `${ACK}.*.>`),
  service('stream', `$JS.API.${STREAM_INFO}`),
  service('message', `$JS.API.${MESSAGE}`),
  service('batch', `$JS.API.${BATCH}`, { response_type: 'Stream' }),
  service('raw', `$JS.API.${RAW_INFO}`),
  service('dlq', `$JS.API.${DLQ_INFO}`),
  service('routers', `$JS.API.${ROUTERS_INFO}`),
  service('router', `$JS.API.${ROUTERS_ENTRY}`),
  ...ADDRESSED_SUBJECTS.map((subject) => service(subject, subject)),
];

type Services = readonly (readonly [there: string, here: string])[];
const imported = (...subjects: readonly string[]): Services =>
  subjects.map((subject) => [`$JS.API.${subject}`, `${NATS_API_PREFIX}.${subject}`]);

/**
 * Imports of a read-only account from the control account: subject there, subject here. Permissions
 * use the second.
 */
export const READER_SERVICES: Services = imported(STREAM_INFO, MESSAGE);
/** Imports of `bd sandbox status`: what waits in a consumer. */
export const STATUS_SERVICES: Services = imported(`${INFO}.*`);
/** Imports of `bd doctor`: the settings of each stream, and the routers' bucket. */
export const DOCTOR_SERVICES: Services = imported(RAW_INFO, DLQ_INFO, ROUTERS_INFO, ROUTERS_ENTRY);

/** Imports of the API: many messages in one answer, for its streams (routing/batch-reader.ts). */
export const BATCH_SERVICES: Services = imported(BATCH);

/** Imports of `emit`: publishing an event that names its sandbox, acknowledged by RAW. */
export const EMIT_SERVICES: Services = ADDRESSED_SUBJECTS.map((subject) => [subject, subject]);

/** The `nats` part of a sandbox's account token. */
export function tenantAccount(
  sandboxId: SandboxId,
  controlAccount: string,
  tags: readonly string[],
): Record<string, unknown> {
  const consumer = consumerName(sandboxId);
  const use = (name: string, subject: string, local?: string) =>
    service(name, subject, {
      account: controlAccount,
      ...(local === undefined ? {} : { local_subject: local }),
    });
  return {
    type: 'account',
    limits: {
      conn: MAX_CONNECTIONS,
      subs: MAX_SUBSCRIPTIONS,
      imports: 3,
      exports: 0,
      leaf: 0,
      data: -1,
      payload: -1,
      wildcards: false,
    },
    imports: [
      use('next', `$JS.API.${NEXT}.${consumer}`, `${NATS_API_PREFIX}.${NEXT}.${consumer}`),
      use('info', `$JS.API.${INFO}.${consumer}`, `${NATS_API_PREFIX}.${INFO}.${consumer}`),
      use('ack', `${ACK}.${consumer}.>`),
    ],
    tags,
  };
}

/** The `nats` part of a sandbox's user token. */
export function tenantUser(sandboxId: SandboxId): Record<string, unknown> {
  const consumer = consumerName(sandboxId);
  const app = `${natsPrefix(sandboxId)}app.>`;
  return {
    type: 'user',
    subs: -1,
    data: -1,
    payload: -1,
    pub: {
      allow: [
        `${NATS_API_PREFIX}.${NEXT}.${consumer}`,
        `${NATS_API_PREFIX}.${INFO}.${consumer}`,
        `${ACK}.${consumer}.>`,
        app,
      ],
    },
    sub: { allow: [`${inboxPrefix(sandboxId)}.>`, app] },
  };
}
