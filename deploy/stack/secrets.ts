/** The local stack's passwords and the master secret: made once for a home, kept in files of mode 0600. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link } from 'node:fs/promises';
import { z } from 'zod';
import { SandboxError } from '../../domain/errors.js';
import type { Config } from '../../platform/config.js';
import { withDraft } from '../../platform/private-file.js';
import { masterKeyPath, readMasterSecret } from '../../platform/stack-file.js';
import { readJson, writeJson, type HomePaths } from './home.js';

const USERS = {
  postgres: ['postgres', 'bd_client', 'bd_api', 'bd_worker', 'bd_router'],
  redis: ['admin', 'bd_client', 'bd_api', 'bd_worker', 'bd_router'],
  // One secret, from which NATS' keys and tokens derive.
  nats: ['operator'],
} as const;

type Passwords<S extends keyof typeof USERS> = Readonly<Record<(typeof USERS)[S][number], string>>;

/** Clear passwords by server and user. */
export interface Credentials {
  readonly postgres: Passwords<'postgres'>;
  readonly redis: Passwords<'redis'>;
  readonly nats: Passwords<'nats'>;
}

const stored = z.record(z.string(), z.record(z.string(), z.string()));

/** URL-safe, so that no address needs escaping. */
const password = (): string => randomBytes(24).toString('base64url');

/** What is kept plus what is new: a later version may add a user. */
function complete<S extends keyof typeof USERS>(
  server: S,
  kept: Readonly<Record<string, string>> | undefined,
): Passwords<S> {
  return Object.fromEntries(
    USERS[server].map((user) => [user, kept?.[user] ?? password()]),
  ) as Passwords<S>;
}

/** @throws SANDBOX_008 where the file is lost but Postgres' data, which knows its passwords, is not */
export async function loadCredentials(
  paths: HomePaths,
  postgresDataExists: boolean,
): Promise<Credentials> {
  const parsed = stored.safeParse(await readJson(paths.credentials));
  if (!parsed.success && postgresDataExists) {
    const trouble = existsSync(paths.credentials) ? 'cannot be read' : 'is missing';
    throw new SandboxError(
      'SANDBOX_008',
      `${paths.credentials} ${trouble}, but the data it belongs to is there`,
      {
        hint: 'Put the file back, or start afresh: `bd dev down --purge` removes the data.',
      },
    );
  }
  const kept = parsed.success ? parsed.data : {};
  const credentials: Credentials = {
    postgres: complete('postgres', kept.postgres),
    redis: complete('redis', kept.redis),
    nats: complete('nats', kept.nats),
  };
  if (JSON.stringify(kept) !== JSON.stringify(credentials))
    await writeJson(paths.credentials, credentials);
  return credentials;
}

/** The given secret, else the home's, made when it has none. Losing it kills every sandbox's passwords. */
export async function ensureMasterSecret(config: Config): Promise<string> {
  const known = readMasterSecret(config);
  if (known !== null && known !== '') return known;
  const path = masterKeyPath(config.home);
  // `link` refuses to replace: of two makers the first one's secret is everybody's.
  await withDraft(path, `${randomBytes(32).toString('hex')}\n`, (draft) =>
    link(draft, path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }),
  );
  const made = readMasterSecret(config);
  if (made === null || made === '') {
    throw new SandboxError('SANDBOX_008', `${path} is empty or cannot be read`, {
      hint: 'Put the secret back, or remove the file for a new one (the passwords of living sandboxes change).',
    });
  }
  return made;
}
