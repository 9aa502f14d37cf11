/**
 * The local NATS' operator, accounts and users, all derived from one secret: JetStream and our own processes in CONTROL, who
 * only looks in READER, the server's in SYS, and AUTH, where whoever comes with a user and password is put until the worker
 * has answered for him (docs/decisions/0010). Our processes come with a token, so that they need no worker to get in.
 */
import {
  CONTROL_EXPORTS,
  NATS_API_PREFIX,
  READER_SERVICES,
  DOCTOR_SERVICES,
  EMIT_SERVICES,
} from '../../resources/nats/permissions.js';
import { apiPrefixTag, type NatsAuthoritySecret } from '../../platform/nats-authority.js';
import { deriveNatsKey, signNatsToken, type NatsKey } from '../../platform/nkeys.js';
import { API_USER, CLIENT_USER, CONTROL_USERS, type NatsPermissions } from './nats-permissions.js';

const NATS_USERS = [
  'admin',
  'bd_client',
  'bd_api',
  'bd_worker',
  'bd_router',
  'ingest',
  'sys',
] as const;
export type NatsUserName = (typeof NATS_USERS)[number];

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
const CLAIMS = [
  { name: 'claims', subject: '$SYS.REQ.CLAIMS.*', type: 'service', response_type: 'Stream' },
  { name: 'lookup', subject: '$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP', type: 'service' },
];

const readerImports = (control: Account) =>
  [...READER_SERVICES, ...DOCTOR_SERVICES, ...EMIT_SERVICES].map(([subject, here]) => ({
    ...{ name: here, subject, type: 'service', account: control.key.publicKey },
    // Wildcards of what is imported are numbered in the local subject.
    local_subject: here.replace('*', '$1'),
  }));

type SignUser = (
  account: Account,
  name: string,
  permissions?: NatsPermissions,
  tags?: readonly string[],
) => string;

const signerOfUsers =
  (secret: string): SignUser =>
  (account, name, permissions, tags = []) =>
    signNatsToken(account.key, {
      sub: deriveNatsKey(secret, 'user', name).publicKey,
      name,
      nats: {
        ...{ type: 'user', subs: -1, data: -1, payload: -1, bearer_token: true, tags },
        pub: permissions?.publish ?? {},
        sub: permissions?.subscribe ?? {},
        ...(permissions?.responses === undefined ? {} : { resp: permissions.responses }),
      },
    });

export function natsOperator(secret: string): NatsOperator {
  const operator = deriveNatsKey(secret, 'operator', 'operator');
  const [control, sys, auth, reader] = (['CONTROL', 'SYS', 'AUTH', 'READER'] as const).map(
    (name) => ({
      name,
      key: deriveNatsKey(secret, 'account', name),
    }),
  ) as [Account, Account, Account, Account];
  const user = signerOfUsers(secret);
  const account = ({ name, key }: Account, nats: Record<string, unknown>): string =>
    signNatsToken(operator, {
      sub: key.publicKey,
      name,
      nats: { type: 'account', limits: UNLIMITED, ...nats },
    });

  const imported = ({ name, subject, type }: (typeof CLAIMS)[number]) => ({
    ...{ name, subject, type },
    account: sys.key.publicKey,
  });
  const nothing = { deny: ['>'] };
  const sentinel = user(auth, 'sentinel', { publish: nothing, subscribe: nothing });
  const calloutUser = deriveNatsKey(secret, 'user', 'callout').publicKey;
  const preload = {
    [sys.key.publicKey]: account(sys, { exports: CLAIMS }),
    [auth.key.publicKey]: account(auth, {
      authorization: { auth_users: [calloutUser], allowed_accounts: ['*'] },
    }),
    [control.key.publicKey]: account(control, {
      limits: { ...UNLIMITED, ...JETSTREAM },
      exports: CONTROL_EXPORTS,
      imports: CLAIMS.map(imported),
    }),
    [reader.key.publicKey]: account(reader, {
      imports: [
        ...CLAIMS.filter(({ name }) => name === 'lookup').map(imported),
        ...readerImports(control),
      ],
    }),
  };
  const operatorToken = signNatsToken(operator, {
    sub: operator.publicKey,
    name: 'local',
    nats: { type: 'operator', system_account: sys.key.publicKey },
  });
  const readers = { bd_api: API_USER, bd_client: CLIENT_USER };
  const tokenOf = (name: NatsUserName): string =>
    name === 'bd_api' || name === 'bd_client'
      ? user(reader, name, readers[name], [apiPrefixTag(NATS_API_PREFIX)])
      : user(name === 'sys' ? sys : control, name, CONTROL_USERS[name]);
  const tokens = Object.fromEntries(
    NATS_USERS.map((name) => [name, tokenOf(name)]),
  ) as NatsOperator['tokens'];
  return {
    tokens,
    credentialFiles: Object.fromEntries(
      CREDENTIAL_FILE_USERS.map((name) => [
        name,
        credentialsFile(tokens[name], deriveNatsKey(secret, 'user', name).seed),
      ]),
    ) as NatsOperator['credentialFiles'],
    authority: {
      operator: operator.seed,
      callout: auth.key.seed,
      calloutToken: user(auth, 'callout', {
        publish: { allow: ['_CALLOUT.>'] },
        subscribe: { allow: ['$SYS.REQ.USER.AUTH', '$SYS.REQ.USER.AUTH callout'] },
        responses: { max: 1, ttl: 10_000_000_000 },
      }),
    },
    configuration: [
      `operator: ${operatorToken}`,
      `system_account: ${sys.key.publicKey}`,
      `default_sentinel: ${sentinel}`,
      `resolver_preload: {`,
      ...Object.entries(preload).map(([key, token]) => `  ${key}: ${token}`),
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

interface Account {
  readonly name: string;
  readonly key: NatsKey;
}
