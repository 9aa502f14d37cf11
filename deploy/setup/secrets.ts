/**
 * The secrets of a team's installation: passwords, NATS' keys, the master secret. Made once, in one
 * file of mode 0600.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, SandboxError } from '../../domain/errors.js';
import { writePrivateFile } from '../../platform/private-file.js';
import { SERVICE_ROLES } from '../../migrate/postgres.js';

/** URL-safe, so that no address needs escaping. */
const newPassword = (): string => randomBytes(24).toString('base64url');
const newSecret = (): string => randomBytes(32).toString('hex');

const password = z.string().default(newPassword);
const services = Object.fromEntries(SERVICE_ROLES.map((role) => [role, password])) as Record<
  (typeof SERVICE_ROLES)[number],
  typeof password
>;

/** A missing secret is made, because a later version may add a user. */
const schema = z.object({
  version: z.literal(1).default(1),
  /** Without logins. */
  addresses: z.object({
    database: z.string(),
    redis: z.string(),
    nats: z.string(),
    temporal: z.string(),
  }),
  postgres: z.object(services).prefault({}),
  redis: z.object({ admin: password, ...services }).prefault({}),
  nats: z
    .object({
      /** Accounts and users are derived from it. It must stay for as long as the streams. */
      keys: z.string().default(newSecret),
      /**
       * Secrets of the operator's key. The first one signs. NATS trusts the second one until the
       * rotation is finished.
       */
      operators: z.tuple([z.string()], z.string()).default((): [string] => [newSecret()]),
    })
    .prefault({}),
  masterSecret: z.string().default(newSecret),
});
export type SetupSecrets = Readonly<z.infer<typeof schema>>;
export type SetupAddresses = SetupSecrets['addresses'];

export type Rotation = 'master-secret' | 'nats-operator';

export const secretsPath = (folder: string): string => join(folder, 'setup.json');

export const makeSecrets = (addresses: SetupAddresses): SetupSecrets => schema.parse({ addresses });

/**
 * Null if the folder has none.
 * @throws SANDBOX_008 for an unreadable file, which is never replaced
 */
export function readSecrets(folder: string): SetupSecrets | null {
  const path = secretsPath(folder);
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    // A schema's error would quote nothing, but JSON's quotes the text.
    const cause = error instanceof SyntaxError ? 'it is no JSON' : messageOf(error);
    throw new SandboxError('SANDBOX_008', `${path} cannot be read: ${cause}`, {
      hint: 'Put the file back from your backup: new secrets would not fit the servers.',
    });
  }
}

export const writeSecrets = (folder: string, secrets: SetupSecrets): Promise<void> =>
  writePrivateFile(secretsPath(folder), `${JSON.stringify(secrets, null, 2)}\n`);

/**
 * The secrets after a rotation has begun, or with `finish` after it has ended.
 * @throws SANDBOX_007 if a rotation of NATS' operator has already begun, or `finish` finds none
 */
export function rotated(secrets: SetupSecrets, what: Rotation, finish: boolean): SetupSecrets {
  if (what === 'master-secret') return { ...secrets, masterSecret: newSecret() };
  const { operators } = secrets.nats;
  const underWay = operators.length > 1;
  if (underWay !== finish) {
    throw new SandboxError(
      'SANDBOX_007',
      underWay
        ? 'a rotation of the operator is under way'
        : 'no rotation of the operator is under way',
      {
        hint: underWay
          ? 'End it first: `bd setup <folder> --rotate nats-operator --finish`.'
          : 'Begin one: `bd setup <folder> --rotate nats-operator`.',
      },
    );
  }
  const next: SetupSecrets['nats']['operators'] = finish
    ? [operators[0]]
    : [newSecret(), operators[0]];
  return { ...secrets, nats: { ...secrets.nats, operators: next } };
}
