/** Connections to NATS and the product's streams. */
import {
  connect,
  createInbox,
  DiscardPolicy,
  jwtAuthenticator,
  RetentionPolicy,
  StorageType,
  type ConnectionOptions,
  type NatsConnection,
  type StreamConfig,
} from 'nats';
import {
  DLQ_PREFIX,
  DLQ_STREAM,
  RAW_SUBJECTS,
  STREAMS,
  type StreamProfile,
} from '../domain/routing.js';
import { parseNatsUrl, type NatsUrl } from './addresses/nats.js';
import { withDeadline } from './deadline.js';
import { isNatsToken } from './nkeys.js';
import { cannotUse } from './unreachable.js';

export type { NatsConnection } from 'nats';

export { parseNatsUrl, type NatsUrl } from './addresses/nats.js';

/** A login as fields of the protocol's CONNECT, for the router's own wire: a bearer token needs no signature. */
export function natsLoginFields({ user, pass }: NatsUrl): Readonly<Record<string, string>> {
  if (pass === undefined || user === undefined) return {};
  return isNatsToken(pass) ? { jwt: pass } : { user, pass };
}

/** How to log in with what a URL holds: our own processes come with a token in the password's place. */
export function natsLogin({ servers, tls, user, pass }: NatsUrl): ConnectionOptions {
  // nats.js ignores the scheme: without this a tls:// address of a server without TLS would send its password in clear.
  const where = { servers, ...(tls ? { tls: {} } : {}) };
  if (pass === undefined || user === undefined) return where;
  if (isNatsToken(pass)) return { ...where, authenticator: jwtAuthenticator(pass) };
  return { ...where, user, pass };
}

/**
 * Each of our users receives its replies below a prefix of its own, since a shared `_INBOX.>` would show it everybody's
 * (traps.md 49; the permissions are in deploy/local/nats-permissions.ts).
 */
const ownInbox = (user: string | undefined): { inboxPrefix?: string } =>
  user !== undefined && /^(admin|ingest|bd_[a-z]+)$/.test(user)
    ? { inboxPrefix: `_INBOX_${user}` }
    : {};

const inboxPrefixes = new WeakMap<NatsConnection, string>();

/** A reply subject that the connection's user may subscribe to; `createInbox()` alone knows no prefix. */
export function newInbox(nc: NatsConnection): string {
  return createInbox(inboxPrefixes.get(nc));
}

/** Reconnects for ever (the default gives up after ten attempts, traps.md 36). @throws SANDBOX_009 within 5 s */
export async function openNats(url: string, name: string): Promise<NatsConnection> {
  const address = parseNatsUrl(url);
  try {
    const own = ownInbox(address.user);
    const attempt = connect({
      ...natsLogin(address),
      ...own,
      name,
      timeout: 4_000,
      reconnect: true,
      maxReconnectAttempts: -1,
      // The default gives up for good at the second refusal: a server that knows its users a moment late ended the process.
      ignoreAuthErrorAbort: true,
      reconnectTimeWait: 100,
      reconnectJitter: 50,
      waitOnFirstConnect: false,
      maxPingOut: 2,
      pingInterval: 5_000,
    });
    const nc = await withDeadline(attempt, 4_500, 'NATS');
    if (own.inboxPrefix !== undefined) inboxPrefixes.set(nc, own.inboxPrefix);
    return nc;
  } catch (error) {
    throw cannotUse('nats', error);
  }
}

export async function closeNats(nc: NatsConnection): Promise<void> {
  await withDeadline(nc.close(), 2_000, 'NATS').catch(() => undefined);
}

const MINUTE_NS = 60_000_000_000;
const HOUR_NS = 60 * MINUTE_NS;
const MIB = 1024 * 1024;

export interface StreamOptions {
  readonly routedSubjects: readonly string[];
  /** What the server accepts, in bytes (`max_payload` of its INFO). */
  readonly maxPayload: number;
  readonly profile?: StreamProfile;
}

/** The client's type ends before 2.12's `allow_atomic`; the server takes it all the same. */
export type StreamDefinition = Partial<StreamConfig> & { readonly allow_atomic?: boolean };

/**
 * routing.md, "Subjects and streams": the definitions `bd migrate` holds the servers to. The number of replicas is the
 * operator's (without one: 1), and no part of them.
 */
export function streamConfigs({
  routedSubjects,
  maxPayload,
  profile = 'durable',
}: StreamOptions): StreamDefinition[] {
  const common = { storage: StorageType.File, allow_direct: true } as const;
  return [
    {
      ...common,
      name: STREAMS.raw,
      subjects: [...RAW_SUBJECTS],
      retention: RetentionPolicy.Limits,
      // A full ingress refuses its publishers instead of losing what nobody has routed yet.
      discard: DiscardPolicy.New,
      max_age: 24 * HOUR_NS,
      max_bytes: 4096 * MIB,
      // Room for the headers that the router adds: what is accepted can be routed.
      max_msg_size: maxPayload - 8 * 1024,
    },
    {
      ...common,
      name: STREAMS.routed,
      subjects: [...routedSubjects],
      ...routedKept(profile, maxPayload),
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      // The server's default of 1,000 would be the limit of live sandboxes.
      max_consumers: 20_000,
      // A fence is one atomic batch (domain/routing.ts, MAX_UNCONFIRMED).
      allow_atomic: true,
    },
    {
      ...common,
      name: DLQ_STREAM,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: 7 * 24 * HOUR_NS,
      max_bytes: 1024 * MIB,
      sources: [{ name: STREAMS.routed, filter_subject: `${DLQ_PREFIX}>` }],
    },
  ];
}

function routedKept(profile: StreamProfile, maxPayload: number): StreamDefinition {
  if (profile === 'durable') {
    return { storage: StorageType.File, max_age: 72 * HOUR_NS, max_bytes: 8192 * MIB };
  }
  return {
    storage: StorageType.Memory,
    max_age: 5 * MINUTE_NS,
    // A message larger than a stream is acknowledged and removed at once: there is room for a hundred of the largest.
    max_bytes: Math.max(512 * MIB, 100 * maxPayload),
  };
}

/** The routers' KV bucket (domain/routing.ts). */
export const ROUTER_BUCKET_OPTIONS = { history: 1, storage: StorageType.File } as const;
