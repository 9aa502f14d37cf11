/**
 * Answers NATS' auth callout for logins with user and password: a sandbox's user enters the
 * sandbox's account. The account on the servers is the truth: without it, or with another
 * rotation's password, the answer is no. Any worker answers (queue group), without a database.
 */
import { connect, type Msg, type NatsConnection } from 'nats';
import { messageOf } from '../../domain/errors.js';
import { natsUser, sandboxIdIn } from '../../domain/names.js';
import { tenantUser } from './permissions.js';
import { passwordFor, sameSecret } from '../../platform/credentials.js';
import type { Logger } from '../../platform/log.js';
import { closeNats, natsLogin, parseNatsUrl } from '../../platform/nats.js';
import type { NatsAuthority } from '../../platform/nats-authority.js';
import { readNatsToken, signNatsToken } from '../../platform/nkeys.js';
import { accountKeyOf, lookUpAccount } from './account.js';

const SUBJECT = '$SYS.REQ.USER.AUTH';

export interface CalloutContext {
  /** In the control account, which can look up the sandboxes' accounts. */
  readonly nats: NatsConnection;
  readonly natsUrl: string;
  readonly authority: NatsAuthority;
  readonly masterSecret: string;
  readonly tenantKey: string;
  readonly log: Logger;
}

interface Question {
  readonly user_nkey: string;
  readonly server_id: { readonly id: string };
  readonly connect_opts?: { readonly user?: string; readonly pass?: string };
}

export async function answerCallout(context: CalloutContext): Promise<{ close(): Promise<void> }> {
  const { natsUrl, authority, log } = context;
  const connection = await connect({
    ...natsLogin({ ...parseNatsUrl(natsUrl), user: 'callout', pass: authority.calloutToken }),
    name: 'bd worker callout',
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    reconnectJitter: 10,
    ignoreAuthErrorAbort: true,
  });
  connection.subscribe(SUBJECT, {
    queue: 'callout',
    callback: (error, message) => {
      if (error !== null) log.error({ err: messageOf(error) }, 'auth callout may not be heard');
      else void answer(context, message);
    },
  });
  await connection.flush();
  return { close: () => closeNats(connection) };
}

async function answer(context: CalloutContext, message: Msg) {
  const { authority, log } = context;
  const question = readNatsToken(message.string())?.nats as Question | undefined;
  if (question === undefined) return;
  const { user_nkey: userKey, server_id: server, connect_opts: given = {} } = question;
  let outcome: { jwt: string } | { error: string };
  try {
    const token = await userToken(context, userKey, given);
    outcome = token === null ? { error: 'user or password is not valid' } : { jwt: token };
  } catch (error) {
    log.warn({ err: messageOf(error) }, 'auth callout could not be answered');
    outcome = { error: 'not answerable now' };
  }
  message.respond(
    signNatsToken(authority.callout, {
      sub: userKey,
      name: '',
      aud: server.id,
      nats: { type: 'authorization_response', ...outcome },
    }),
  );
}

/** Null unless the password belongs to the account's rotation. */
async function userToken(
  { nats, masterSecret, tenantKey }: CalloutContext,
  userKey: string,
  { user = '', pass = '' }: NonNullable<Question['connect_opts']>,
): Promise<string | null> {
  const sandboxId = sandboxIdIn(user, 'sandbox_');
  if (sandboxId === null) return null;
  const account = accountKeyOf(masterSecret, sandboxId);
  const facts = await lookUpAccount(nats, account.publicKey);
  if (facts === null) return null;
  const { rotation } = facts;
  if (!sameSecret(pass, passwordFor(tenantKey, 'nats', { sandboxId, rotation }))) return null;
  const name = natsUser(sandboxId);
  return signNatsToken(account, { sub: userKey, name, nats: tenantUser(sandboxId) });
}
