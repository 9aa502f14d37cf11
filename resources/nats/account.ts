/**
 * A sandbox's NATS account (resources/nats/permissions.ts). The servers' resolver stores its token
 * across restarts; its deletion cuts the account's connections. At 5,000 accounts the next one
 * takes 1.4 ms (docs/decisions/0010).
 */
import type { NatsConnection } from 'nats';
import { natsUser, sandboxIdIn, type SandboxId } from '../../domain/names.js';
import { tenantAccount } from './permissions.js';
import type { NatsAuthority } from '../../platform/nats-authority.js';
import { deriveNatsKey, readNatsToken, signNatsToken, type NatsKey } from '../../platform/nkeys.js';
import { newInbox } from '../../platform/nats.js';
import type { Found } from '../resource.js';

const REQUEST_MS = 5_000;

/**
 * Keys of recent sandboxes. A create and a destroy use a key twice each, and its derivation takes
 * 0.5 ms.
 */
const derived = new Map<string, NatsKey>();
const KEPT = 1_000;

/** The account's key. It is derived, so every worker has the same one. */
export function accountKeyOf(masterSecret: string, sandboxId: SandboxId): NatsKey {
  const label = `${sandboxId}/${masterSecret}`;
  const known = derived.get(label);
  if (known !== undefined) return known;
  const key = deriveNatsKey(masterSecret, 'account', `sandbox/${sandboxId}`);
  derived.set(label, key);
  const [oldest] = derived.keys();
  if (derived.size > KEPT && oldest !== undefined) derived.delete(oldest);
  return key;
}

export interface AccountFacts {
  readonly rotation: number;
  readonly installation: string | null;
  readonly createdAt: Date | null;
}

/** Stored in the token's tags. The server leaves them unchanged. */
const tagsOf = ({ rotation, installation, createdAt }: AccountFacts): string[] => [
  `rotation:${rotation}`,
  `installation:${installation ?? ''}`,
  `created:${createdAt?.getTime() ?? 0}`,
];

function factsOf(nats: Readonly<Record<string, unknown>>): AccountFacts | null {
  const tags = Array.isArray(nats.tags) ? nats.tags.map(String) : [];
  const tag = (name: string): string | undefined =>
    tags.find((text) => text.startsWith(`${name}:`))?.slice(name.length + 1);
  const [rotation, created] = [Number(tag('rotation') ?? NaN), Number(tag('created') ?? NaN)];
  if (!Number.isInteger(rotation)) return null;
  return {
    rotation,
    installation: tag('installation') ?? null,
    createdAt: Number.isFinite(created) ? new Date(created) : null,
  };
}

/** The servers' facts about an account; null if no account has this key. */
export async function lookUpAccount(
  nats: NatsConnection,
  publicKey: string,
): Promise<AccountFacts | null> {
  const subject = `$SYS.REQ.ACCOUNT.${publicKey}.CLAIMS.LOOKUP`;
  const { data } = await nats.request(subject, undefined, { timeout: REQUEST_MS });
  const claims = readNatsToken(Buffer.from(data).toString());
  return claims === null ? null : factsOf(claims.nats);
}

export interface AccountKeys {
  readonly nats: NatsConnection;
  readonly authority: NatsAuthority;
  readonly masterSecret: string;
  readonly controlAccount: string;
}

/** Creates or replaces the account. From then on passwords of an earlier rotation are refused. */
export async function pushAccount(
  { nats, authority, masterSecret, controlAccount }: AccountKeys,
  sandboxId: SandboxId,
  facts: AccountFacts,
): Promise<void> {
  const token = signNatsToken(authority.operator, {
    sub: accountKeyOf(masterSecret, sandboxId).publicKey,
    name: natsUser(sandboxId),
    nats: tenantAccount(sandboxId, controlAccount, tagsOf(facts)),
  });
  await ask(nats, '$SYS.REQ.CLAIMS.UPDATE', token);
}

/** Idempotent. The server ends the account's connections (seen: 4 ms later). */
export const deleteAccount = (keys: AccountKeys, sandboxId: SandboxId): Promise<void> =>
  deleteAccountByKey(keys, accountKeyOf(keys.masterSecret, sandboxId).publicKey);

/** The same for an account of an earlier master secret, which has another key. */
export async function deleteAccountByKey(
  { nats, authority }: Pick<AccountKeys, 'nats' | 'authority'>,
  publicKey: string,
): Promise<void> {
  const token = signNatsToken(authority.operator, {
    sub: authority.operator.publicKey,
    name: 'delete',
    nats: { type: 'generic', accounts: [publicKey] },
  });
  // "Not found" is an error too. The account must be gone, nothing else matters.
  await ask(nats, '$SYS.REQ.CLAIMS.DELETE', token).catch(async (error: unknown) => {
    if ((await lookUpAccount(nats, publicKey)) !== null) throw error;
  });
}

export interface FoundAccount {
  readonly found: Found;
  /** Of an earlier master secret it is not the derived key. */
  readonly publicKey: string;
}

/** Every sandbox's account on the servers, including those of other installations. */
export async function listAccounts(nats: NatsConnection): Promise<FoundAccount[]> {
  const accounts: FoundAccount[] = [];
  const inbox = newInbox(nats);
  const subscription = nats.subscribe(inbox);
  // A server that stops meanwhile sends no end. Then the received accounts count.
  const timer = setTimeout(() => {
    subscription.unsubscribe();
  }, REQUEST_MS);
  try {
    nats.publish('$SYS.REQ.CLAIMS.PACK', '', { reply: inbox });
    // One message per account, `<key>|<token>`, then an empty one.
    for await (const message of subscription) {
      if (message.data.length === 0) break;
      const [publicKey = '', token = ''] = message.string().split('|');
      const claims = readNatsToken(token);
      const sandboxId = claims === null ? null : sandboxIdIn(claims.name, 'sandbox_');
      if (claims === null || sandboxId === null) continue;
      const { installation = null, createdAt = null } = factsOf(claims.nats) ?? {};
      const facts = { name: claims.name, sandboxId, installation, createdAt };
      accounts.push({ publicKey, found: { kind: 'nats-account', ...facts } });
    }
    return accounts;
  } finally {
    clearTimeout(timer);
  }
}

async function ask(nats: NatsConnection, subject: string, payload: string): Promise<void> {
  const reply = await nats.request(subject, payload, { timeout: REQUEST_MS });
  const { data, error } = reply.json<{
    data?: { code?: number };
    error?: { code?: number; description?: string };
  }>();
  if (error !== undefined || data?.code !== 200) {
    throw new Error(`NATS refuses ${subject}: ${error?.description ?? JSON.stringify(data)}`);
  }
}
