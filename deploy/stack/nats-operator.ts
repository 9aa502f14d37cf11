/**
 * The local NATS' operator, accounts and users, all derived from one secret: JetStream and our own processes in CONTROL, who
 * only looks in READER, the server's in SYS, and AUTH, where whoever comes with a user and password is put until the worker
 * has answered for him (docs/decisions/0010). Our processes come with a token, so that they need no worker to get in.
 */
import {
  BATCH_SERVICES,
  CONTROL_EXPORTS,
  NATS_API_PREFIX,
  READER_SERVICES,
  DOCTOR_SERVICES,
  EMIT_SERVICES,
  STATUS_SERVICES,
} from '../../resources/nats/permissions.js';
import { apiPrefixTag, type NatsAuthoritySecret } from '../../platform/nats-authority.js';
import { deriveNatsKey, signNatsToken } from '../../platform/nkeys.js';
import { NATS_USERS, natsRights, type NatsUserName } from './nats-permissions.js';

export type { NatsUserName } from './nats-permissions.js';

/** Users with a credentials file: for the `nats` command, and for an ingestor that is not ours. */
export const CREDENTIAL_FILE_USERS = ['admin', 'ingest'] as const;
export type CredentialFileUser = (typeof CREDENTIAL_FILE_USERS)[number];
export const credentialsFileName = (user: CredentialFileUser): string => `${user}.creds`;

export interface NatsOperator {
  /** Goes into a URL as the user's password. */
  readonly tokens: Readonly<Record<NatsUserName, string>>;
  readonly authority: NatsAuthoritySecret;
  /** Texts of credentials files: no client but ours takes a token from a URL (docs/decisions/0030). */
  readonly credentialFiles: Readonly<Record<CredentialFileUser, string>>;
  /** Lines of the server's configuration. */
  readonly configuration: readonly string[];
}

const UNLIMITED = {
  ...{ subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1 },
  leaf: 0,
};
const JETSTREAM = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** What CONTROL may ask of the server: to store, remove and show accounts. Who in it may, say the users' permissions. */
const CLAIMS = { name: 'claims', subject: '$SYS.REQ.CLAIMS.*', type: 'service' };
const LOOKUP = { name: 'lookup', subject: '$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP', type: 'service' };

const READER_IMPORTS = [
  ...READER_SERVICES,
  ...STATUS_SERVICES,
  ...DOCTOR_SERVICES,
  ...EMIT_SERVICES,
  ...BATCH_SERVICES,
];

const NOTHING = { deny: ['>'] };

/**
 * @param secret what every key derives from
 * @param operators secrets of the operator's key alone, where it has been rotated: the first signs, each is trusted
 */
export function natsOperator(
  secret: string,
  operators: readonly [string, ...string[]] = [secret],
): NatsOperator {
  const trusted = operators.map((one) => deriveNatsKey(one, 'operator', 'operator'));
  const operator = trusted[0] ?? deriveNatsKey(secret, 'operator', 'operator');
  const accounts = {
    CONTROL: deriveNatsKey(secret, 'account', 'CONTROL'),
    SYS: deriveNatsKey(secret, 'account', 'SYS'),
    AUTH: deriveNatsKey(secret, 'account', 'AUTH'),
    READER: deriveNatsKey(secret, 'account', 'READER'),
  };
  type Account = keyof typeof accounts;
  const userKey = (name: string) => deriveNatsKey(secret, 'user', name);
  const [control, sys] = [accounts.CONTROL.publicKey, accounts.SYS.publicKey];

  const user = (account: Account, name: string, rights: Record<string, unknown>): string =>
    signNatsToken(accounts[account], {
      sub: userKey(name).publicKey,
      name,
      nats: {
        ...{ type: 'user', subs: -1, data: -1, payload: -1, bearer_token: true },
        tags: account === 'READER' ? [apiPrefixTag(NATS_API_PREFIX)] : [],
        ...{ pub: {}, sub: {}, ...rights },
      },
    });
  const account = (name: Account, nats: Record<string, unknown>): string => {
    const { publicKey } = accounts[name];
    const claims = { type: 'account', limits: UNLIMITED, ...nats };
    return `  ${publicKey}: ${signNatsToken(operator, { sub: publicKey, name, nats: claims })}`;
  };
  const operatorTokens = trusted.map((key) =>
    signNatsToken(key, {
      sub: key.publicKey,
      name: 'local',
      nats: { type: 'operator', system_account: sys },
    }),
  );
  const tokens = Object.fromEntries(
    (Object.keys(NATS_USERS) as NatsUserName[]).map((name) => [
      name,
      user(NATS_USERS[name].account, name, natsRights(name)),
    ]),
  ) as NatsOperator['tokens'];
  const file = (name: CredentialFileUser) => credentialsFile(tokens[name], userKey(name).seed);
  return {
    tokens,
    credentialFiles: { admin: file('admin'), ingest: file('ingest') },
    authority: {
      operator: operator.seed,
      callout: accounts.AUTH.seed,
      calloutToken: user('AUTH', 'callout', {
        pub: { allow: ['_CALLOUT.>'] },
        sub: { allow: ['$SYS.REQ.USER.AUTH', '$SYS.REQ.USER.AUTH callout'] },
        // It may answer what it received, once and for so long (ns).
        resp: { max: 1, ttl: 10_000_000_000 },
      }),
    },
    configuration: [
      `operator: [${operatorTokens.join(', ')}]`,
      `system_account: ${sys}`,
      `default_sentinel: ${user('AUTH', 'sentinel', { pub: NOTHING, sub: NOTHING })}`,
      `resolver_preload: {`,
      account('SYS', { exports: [{ ...CLAIMS, response_type: 'Stream' }, LOOKUP] }),
      account('AUTH', {
        authorization: { auth_users: [userKey('callout').publicKey], allowed_accounts: ['*'] },
      }),
      account('CONTROL', {
        limits: { ...UNLIMITED, ...JETSTREAM },
        exports: CONTROL_EXPORTS,
        imports: [CLAIMS, LOOKUP].map((service) => ({ ...service, account: sys })),
      }),
      account('READER', {
        imports: [
          { ...LOOKUP, account: sys },
          ...READER_IMPORTS.map(([subject, here]) => ({
            ...{ name: here, subject, type: 'service', account: control },
            // Wildcards of what is imported are numbered in the local subject.
            local_subject: here.replace('*', '$1'),
          })),
        ],
      }),
      `}`,
    ],
  };
}

/** As `nats --creds` reads it. */
const credentialsFile = (token: string, seed: string): string =>
  [
    ...['-----BEGIN NATS USER JWT-----', token, '------END NATS USER JWT------', ''],
    ...['-----BEGIN USER NKEY SEED-----', seed, '------END USER NKEY SEED------', ''],
  ].join('\n');
