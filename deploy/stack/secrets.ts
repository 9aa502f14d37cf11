/** The local stack's passwords and the master secret: made once for a home, kept in files of mode 0600. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link } from 'node:fs/promises';
import { z } from 'zod';
import { SandboxError } from '../../domain/errors.js';
import type { Config } from '../../platform/config.js';
import { withDraft } from '../../platform/private-file.js';
import { masterKeyPath, readMasterSecret } from '../../platform/master-secret.js';
import { readJson, writeJson, type HomePaths } from './home.js';

/** URL-safe, so that no address needs escaping. */
const password = z.string().default(() => randomBytes(24).toString('base64url'));
const service = { bd_client: password, bd_api: password, bd_worker: password, bd_router: password };

/** Clear passwords by server and user. What is missing is made: a later version may add a user. */
const schema = z.object({
  postgres: z.object({ postgres: password, ...service }).prefault({}),
  redis: z.object({ admin: password, ...service }).prefault({}),
  // One secret, from which NATS' keys and tokens derive.
  nats: z.object({ operator: password }).prefault({}),
});
export type Credentials = Readonly<z.infer<typeof schema>>;

/** @throws SANDBOX_008 where the file is lost but Postgres' data, which knows its passwords, is not */
export async function loadCredentials(
  { credentials: path }: HomePaths,
  postgresDataExists: boolean,
): Promise<Credentials> {
  const kept = await readJson(path);
  const parsed = schema.safeParse(kept);
  if (!parsed.success && postgresDataExists) {
    const trouble = existsSync(path) ? 'cannot be read' : 'is missing';
    const text = `${path} ${trouble}, but the data it belongs to is there`;
    throw new SandboxError('SANDBOX_008', text, {
      hint: 'Put the file back, or start afresh: `bd dev down --purge` removes the data.',
    });
  }
  const credentials = parsed.success ? parsed.data : schema.parse({});
  if (JSON.stringify(kept) !== JSON.stringify(credentials)) await writeJson(path, credentials);
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
