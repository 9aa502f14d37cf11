/** Connections to NATS. */
import {
  connect,
  createInbox,
  jwtAuthenticator,
  type ConnectionOptions,
  type NatsConnection,
} from 'nats';
import { parseNatsUrl, type NatsUrl } from './addresses/nats.js';
import { withDeadline } from './deadline.js';
import { isNatsToken } from './nkeys.js';
import { cannotUse } from './unreachable.js';

export type { NatsConnection } from 'nats';

export { parseNatsUrl, type NatsUrl } from './addresses/nats.js';

/**
 * A login as fields of the protocol's CONNECT, for the router's own wire. A bearer token needs no
 * signature.
 */
export function natsLoginFields({ user, pass }: NatsUrl): Readonly<Record<string, string>> {
  if (pass === undefined || user === undefined) return {};
  return isNatsToken(pass) ? { jwt: pass } : { user, pass };
}

/** The login of a URL. Our own processes have a token in place of the password. */
export function natsLogin({ servers, tls, user, pass }: NatsUrl): ConnectionOptions {
  // nats.js ignores the scheme. Without this, `tls://` and a server without TLS would send the
  // password in clear.
  const where = { servers, ...(tls ? { tls: {} } : {}) };
  if (pass === undefined || user === undefined) return where;
  if (isNatsToken(pass)) return { ...where, authenticator: jwtAuthenticator(pass) };
  return { ...where, user, pass };
}

/**
 * Each of our users receives its replies below its own prefix. A shared `_INBOX.>` would show it
 * all replies (permissions: deploy/stack/nats-permissions.ts).
 */
const ownInbox = (user: string | undefined): { inboxPrefix?: string } =>
  user !== undefined && /^(admin|ingest|bd_[a-z]+)$/.test(user)
    ? { inboxPrefix: `_INBOX_${user}` }
    : {};

const inboxPrefixes = new WeakMap<NatsConnection, string>();

/**
 * A reply subject that the connection's user may subscribe to. `createInbox()` alone ignores the
 * prefix.
 */
export function newInbox(nc: NatsConnection): string {
  return createInbox(inboxPrefixes.get(nc));
}

/** Reconnects for ever (the default stops after ten attempts). @throws SANDBOX_009 within 5 s */
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
      // The default stops at the second refusal. That ended our process when a server loaded its
      // users a moment late.
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
