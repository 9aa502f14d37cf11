/** `bd setup`: from four empty servers to an installation (docs/deployment.md). */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SandboxError } from '../../domain/errors.js';
import { migrate } from '../../migrate/index.js';
import { setServicePasswords } from '../../migrate/postgres.js';
import { problemOf } from '../../platform/addresses/problem.js';
import { readNatsUrl } from '../../platform/addresses/nats.js';
import { readPostgresAddress } from '../../platform/addresses/postgres.js';
import { readRedisAddress } from '../../platform/addresses/redis.js';
import { readTemporalAddress } from '../../platform/addresses/temporal.js';
import { withoutLogin } from '../../platform/addresses/login.js';
import type { Config } from '../../platform/config.js';
import { closeNats, openNats } from '../../platform/nats.js';
import { closePostgres, openPostgres } from '../../platform/postgres.js';
import { writePrivateFile } from '../../platform/private-file.js';
import { closeRedis, openRedis } from '../../platform/redis.js';
import { environments, setupFiles } from './files.js';
import {
  makeSecrets,
  readSecrets,
  rotated,
  writeSecrets,
  type Rotation,
  type SetupAddresses,
  type SetupSecrets,
} from './secrets.js';

export type { Rotation, SetupAddresses } from './secrets.js';

export interface SetupReport {
  /** True: the secrets were made by this call. */
  readonly made: boolean;
  /** Paths; each file is whole. */
  readonly files: readonly string[];
}

/**
 * Makes the secrets if the folder has none, and rewrites every file. Given addresses replace stored
 * ones.
 * @throws SANDBOX_008 for an address that is missing, is not valid, or holds a login
 */
export async function setUp(folder: string, given: Partial<SetupAddresses>): Promise<SetupReport> {
  const kept = readSecrets(folder);
  const addresses = checkedAddresses({ ...kept?.addresses, ...given });
  const secrets = kept === null ? makeSecrets(addresses) : { ...kept, addresses };
  return { made: kept === null, files: await write(folder, secrets) };
}

/** New secrets of one kind, and the files that hold them. @throws SANDBOX_007, SANDBOX_008 */
export async function rotate(
  folder: string,
  what: Rotation,
  { finish = false } = {},
): Promise<readonly string[]> {
  return write(folder, rotated(required(folder), what, finish));
}

/**
 * Brings the servers to the state that the product needs, and logs in once as each process.
 * Idempotent.
 * @param config its database address is the owner's, who may make roles
 * @returns one line for each change
 */
export async function applySetup(folder: string, config: Config): Promise<readonly string[]> {
  const secrets = required(folder);
  const database = config.given.database;
  if (database === undefined) {
    throw new SandboxError('SANDBOX_008', "the address of the database's owner is missing", {
      hint: 'Set SANDBOX_CONTROL_DATABASE_URL to it, with the login of a role that may make roles.',
    });
  }
  const { admin = {} } = environments(secrets);
  const { changes } = await migrate(
    {
      database,
      redis: admin.SANDBOX_CONTROL_REDIS_URL ?? '',
      nats: admin.SANDBOX_CONTROL_NATS_URL ?? '',
      temporal: secrets.addresses.temporal,
    },
    config,
  );
  await setServicePasswords(database, secrets.postgres);
  await Promise.all(['worker', 'router', 'api'].map((name) => signIn(secrets, name)));
  return changes;
}

/** @throws SANDBOX_009, SANDBOX_010 or SANDBOX_008 with the server that refuses the process */
async function signIn(secrets: SetupSecrets, process: string): Promise<void> {
  const environment = environments(secrets)[process] ?? {};
  const name = `bd setup (${process})`;
  const sql = openPostgres(environment.SANDBOX_CONTROL_DATABASE_URL ?? '', { name, max: 1 });
  try {
    await sql`SELECT 1`;
  } finally {
    await closePostgres(sql);
  }
  closeRedis(await openRedis(environment.SANDBOX_CONTROL_REDIS_URL ?? '', name));
  await closeNats(await openNats(environment.SANDBOX_CONTROL_NATS_URL ?? '', name));
}

async function write(folder: string, secrets: SetupSecrets): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Written first: without the secrets no other file could be made again.
  await writeSecrets(folder, secrets);
  const files = Object.entries(setupFiles(secrets));
  for (const [name, content] of files) await writePrivateFile(join(folder, name), content);
  return files.map(([name]) => join(folder, name));
}

function required(folder: string): SetupSecrets {
  const secrets = readSecrets(folder);
  if (secrets !== null) return secrets;
  throw new SandboxError('SANDBOX_008', `${folder} holds no installation's secrets`, {
    hint: 'Make them: `bd setup <folder> --database … --redis … --nats … --temporal …`.',
  });
}

const READERS = {
  database: readPostgresAddress,
  redis: readRedisAddress,
  nats: readNatsUrl,
  temporal: readTemporalAddress,
} as const satisfies Record<keyof SetupAddresses, (address: string) => unknown>;

function checkedAddresses(addresses: Partial<SetupAddresses>): SetupAddresses {
  for (const [name, read] of Object.entries(READERS)) {
    const address = addresses[name as keyof SetupAddresses];
    const problem =
      address === undefined || address === ''
        ? 'is missing'
        : (problemOf(() => read(address)) ??
          (!address.includes('://') || withoutLogin(address) === address
            ? null
            : 'holds a login, and a command line is no secret'));
    if (problem !== null) {
      throw new SandboxError('SANDBOX_008', `--${name} ${problem}`, {
        hint: 'Name all four servers, without logins, such as --database postgres://db.example:5432/sandboxes.',
      });
    }
  }
  return addresses as SetupAddresses;
}
