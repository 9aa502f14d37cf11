/**
 * Who may say what on NATS: the users of the control account, which holds JetStream and which tenants never share
 * (docs/isolation.md), and those of the account that only looks. Only the router publishes into ROUTED, and the worker its fence.
 */
import {
  BATCH_SERVICES,
  DOCTOR_SERVICES,
  EMIT_SERVICES,
  READER_SERVICES,
  STATUS_SERVICES,
} from '../../resources/nats/permissions.js';
import { FENCE_SUBJECT, RAW_SUBJECTS, STREAMS } from '../../routing/subjects.js';
import {
  ROUTER_BUCKET,
  ROUTER_BUCKET_STREAM,
  SYNC_SUBJECT,
  aliveSubject,
} from '../../routing/members.js';

const ALIVE = aliveSubject('*');
/** Shows an account's token, which holds rights and no secret. */
const ACCOUNT_LOOKUP = '$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP';
const api = (...rest: readonly string[]): string => ['$JS.API', ...rest].join('.');

/** Looking at streams, consumers and messages; the API's answers, no message of a stream, go to the asker. */
const READ_JETSTREAM = [
  ...['INFO', 'STREAM.NAMES', 'STREAM.LIST', 'STREAM.INFO.*', 'STREAM.MSG.GET.*', 'DIRECT.GET.>'],
  ...['CONSUMER.NAMES.*', 'CONSUMER.LIST.*', 'CONSUMER.INFO.*.*'],
].map((subject) => api(subject));

/** Making, pulling from and removing consumers of one stream, as every reader through the client does. */
const consume = (stream: string): string[] => [
  api('CONSUMER.CREATE', stream),
  api('CONSUMER.CREATE', stream, '>'),
  api('CONSUMER.MSG.NEXT', stream, '>'),
  api('CONSUMER.DELETE', stream, '>'),
  `$JS.ACK.${stream}.>`,
  `$JS.FC.${stream}.>`,
];

const READER_REQUESTS = READER_SERVICES.map(([, here]) => here);
const API_REQUESTS = [...BATCH_SERVICES, ...EMIT_SERVICES].map(([, here]) => here);
const BD_REQUESTS = [...STATUS_SERVICES, ...DOCTOR_SERVICES, ...EMIT_SERVICES].map(
  ([, here]) => here,
);

interface User {
  readonly account: 'CONTROL' | 'READER' | 'SYS';
  /** Absent: everything, and `subscribe` as well. */
  readonly publish?: { readonly allow: readonly string[]; readonly deny?: readonly string[] };
  /** Besides the replies to it. */
  readonly subscribe?: readonly string[];
}

export const NATS_USERS = {
  admin: { account: 'CONTROL' },
  // `bd`: what waits for a sandbox and whether its account is there (`status`), single messages of a sandbox (`tail`), and
  // all streams' settings and who routes (`doctor`). It publishes addressed events (`emit`), and no other: it can forge none of production's. Not in JetStream's
  // account either: with a consumer of its own there it could have the server deliver into any stream.
  bd_client: {
    account: 'READER',
    publish: { allow: [...READER_REQUESTS, ...BD_REQUESTS, ACCOUNT_LOOKUP] },
  },
  // Reads ROUTED for its streams, single messages and batches, and publishes addressed events; a worker answers it `status`
  // (docs/decisions/0040). In an account of its own: in JetStream's the server would publish the answer wherever the
  // request's reply subject points, into ROUTED too. It makes no consumer, for the same reason.
  bd_api: {
    account: 'READER',
    publish: { allow: [...READER_REQUESTS, ...API_REQUESTS] },
  },
  bd_worker: {
    account: 'CONTROL',
    // Streams, consumers, buckets and purges are its work, and the accounts of sandboxes.
    publish: {
      allow: [
        ...[FENCE_SUBJECT, SYNC_SUBJECT, ALIVE, '$JS.API.>', '$JS.ACK.>', '$JS.FC.>', '$KV.>'],
        ...['$SYS.REQ.CLAIMS.*', ACCOUNT_LOOKUP],
      ],
    },
  },
  bd_router: {
    account: 'CONTROL',
    publish: {
      allow: [
        ...['sandbox.*.events.>', 'sandbox.*.commands.>'],
        // Production's, whichever of them the configuration stores.
        ...['events.>', 'commands.>', 'dlq.>', FENCE_SUBJECT, ALIVE],
        ...[...READ_JETSTREAM, ...consume(STREAMS.raw), ...consume(ROUTER_BUCKET_STREAM)],
        ...[api('STREAM.PURGE', STREAMS.raw), `$KV.${ROUTER_BUCKET}.>`],
        // Confirmations of the barrier, and the answer to another router that asks whether this one lives.
        // `allow_responses` would do it too, but keeps account of every delivered message that has a reply subject:
        // each event of RAW.
        ...['_INBOX_bd_router.>', '_INBOX_bd_worker.>', '_INBOX_admin.>'],
      ],
      // Its own output must never be its input.
      deny: RAW_SUBJECTS,
    },
    subscribe: [SYNC_SUBJECT, ALIVE],
  },
  ingest: { account: 'CONTROL', publish: { allow: RAW_SUBJECTS } },
  sys: { account: 'SYS' },
} satisfies Record<string, User>;
export type NatsUserName = keyof typeof NATS_USERS;

/** The rights of a user as its token has them. */
export function natsRights(name: NatsUserName): Record<string, unknown> {
  const { publish, subscribe = [] }: User = NATS_USERS[name];
  if (publish === undefined) return {};
  // Replies come below the user's own prefix: a shared `_INBOX.>` would show it everybody's.
  return { pub: publish, sub: { allow: [`_INBOX_${name}.>`, ...subscribe] } };
}
