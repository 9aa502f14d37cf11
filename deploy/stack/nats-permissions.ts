/**
 * Who may say what on NATS: the users of the control account, which holds JetStream and which tenants never share
 * (docs/isolation.md). Only the router publishes into ROUTED, and the worker its fence.
 */
import {
  DOCTOR_SERVICES,
  EMIT_SERVICES,
  READER_SERVICES,
} from '../../resources/nats/permissions.js';
import { FENCE_SUBJECT, RAW_SUBJECTS, STREAMS } from '../../routing/subjects.js';
import {
  ROUTER_BUCKET,
  ROUTER_BUCKET_STREAM,
  SYNC_SUBJECT,
  aliveSubject,
} from '../../routing/members.js';

/** Publish and subscribe lists; absent: everything. */
export interface NatsPermissions {
  readonly publish: { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
  readonly subscribe: { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
  /** May answer what it received, so often and for so long (ns). */
  readonly responses?: { readonly max: number; readonly ttl: number };
}

const ALIVE = aliveSubject('*');
/** Shows an account's token, which holds rights and no secret. */
const ACCOUNT_LOOKUP = '$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP';
const { raw: RAW } = STREAMS;
const api = (...rest: readonly string[]): string => ['$JS.API', ...rest].join('.');

/** Replies to a user come below its own prefix: a shared `_INBOX.>` would show it everybody's. */
const inboxPrefix = (user: string): string => `_INBOX_${user}`;

/** Looking at streams, consumers and messages; the API's answers, no message of a stream, go to the asker. */
const READ_JETSTREAM = [
  api('INFO'),
  api('STREAM.NAMES'),
  api('STREAM.LIST'),
  api('STREAM.INFO.*'),
  api('STREAM.MSG.GET.*'),
  api('DIRECT.GET.>'),
  api('CONSUMER.NAMES.*'),
  api('CONSUMER.LIST.*'),
  api('CONSUMER.INFO.*.*'),
];

/** Making, pulling from and removing consumers of one stream, as every reader through the client does. */
const consume = (stream: string): string[] => [
  api('CONSUMER.CREATE', stream),
  api('CONSUMER.CREATE', stream, '>'),
  api('CONSUMER.MSG.NEXT', stream, '>'),
  api('CONSUMER.DELETE', stream, '>'),
  `$JS.ACK.${stream}.>`,
  `$JS.FC.${stream}.>`,
];

const subscribeOwn = (user: string, ...more: readonly string[]): string[] => [
  `${inboxPrefix(user)}.>`,
  ...more,
];

/**
 * Answers `status`: what a consumer waits for, when the last event came, whether the account is there. In an account of its
 * own: in JetStream's the server would publish the answer wherever the request's reply subject points, into ROUTED too.
 */
export const API_USER: NatsPermissions = {
  publish: { allow: [...READER_SERVICES.map(([, here]) => here), ACCOUNT_LOOKUP] },
  subscribe: { allow: subscribeOwn('bd_api') },
};

/**
 * `bd`: what the REST API's user asks, single messages of a sandbox (`tail`), and all streams' settings and who routes
 * (`doctor`). It publishes addressed events (`emit`), and no other: it can forge none of production's. Not in JetStream's
 * account either: with a consumer of its own there it could have the server deliver into any stream.
 */
export const CLIENT_USER: NatsPermissions = {
  publish: {
    allow: [
      ...[...READER_SERVICES, ...DOCTOR_SERVICES, ...EMIT_SERVICES].map(([, here]) => here),
      ACCOUNT_LOOKUP,
    ],
  },
  subscribe: { allow: subscribeOwn('bd_client') },
};

/** Users of the control account but `admin`, who may do everything. */
export const CONTROL_USERS: Readonly<Record<string, NatsPermissions>> = {
  bd_worker: {
    // Streams, consumers, buckets and purges are its work, and the accounts of sandboxes.
    publish: {
      allow: [
        ...[FENCE_SUBJECT, SYNC_SUBJECT, ALIVE, '$JS.API.>', '$JS.ACK.>', '$JS.FC.>', '$KV.>'],
        ...['$SYS.REQ.CLAIMS.*', ACCOUNT_LOOKUP],
      ],
    },
    subscribe: { allow: subscribeOwn('bd_worker') },
  },
  bd_router: {
    publish: {
      allow: [
        'sandbox.*.events.>',
        'sandbox.*.commands.>',
        // Production's, whichever of them the configuration stores.
        'events.>',
        'commands.>',
        'dlq.>',
        FENCE_SUBJECT,
        ALIVE,
        ...READ_JETSTREAM,
        ...consume(RAW),
        ...consume(ROUTER_BUCKET_STREAM),
        api('STREAM.PURGE', RAW),
        `$KV.${ROUTER_BUCKET}.>`,
        // Confirmations of the barrier, and the answer to another router that asks whether this one lives.
        // `allow_responses` would do it too, but keeps account of every delivered message that has a reply subject:
        // each event of RAW.
        '_INBOX_bd_router.>',
        '_INBOX_bd_worker.>',
        '_INBOX_admin.>',
      ],
      // Its own output must never be its input.
      deny: [...RAW_SUBJECTS],
    },
    subscribe: { allow: subscribeOwn('bd_router', SYNC_SUBJECT, ALIVE) },
  },
  ingest: {
    publish: { allow: [...RAW_SUBJECTS] },
    subscribe: { allow: subscribeOwn('ingest') },
  },
};
