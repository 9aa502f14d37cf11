/**
 * Applies `sql/` in order, in one transaction, with recorded checksums. Safe in two processes at
 * once.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SandboxError } from '../domain/errors.js';
import { scramVerifier } from '../platform/credentials.js';
import {
  asPostgresError,
  closePostgres,
  openPostgres,
  postgresCode,
  type Sql,
  type Transaction,
} from '../platform/postgres.js';
import { projectRoot } from '../platform/project-root.js';

export interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

export function readMigrations(folder = join(projectRoot(), 'sql')): Migration[] {
  return readdirSync(folder)
    .filter((name) => /^[0-9]{3}_[a-z_]+\.sql$/.test(name))
    .sort()
    .map((name) => {
      const sql = readFileSync(join(folder, name), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    });
}

/** Only databases from before the squash into files by subject have it. */
const FIRST_BEFORE_SQUASH = '001_roles.sql';

/**
 * The migrations that this database lacks.
 * @throws SANDBOX_007 if an applied migration has changed; SANDBOX_008 for a layout from before the
 * squash
 */
export async function pendingMigrations(sql: Sql | Transaction): Promise<Migration[]> {
  const [{ present }] = await sql<[{ present: boolean }]>`
    SELECT to_regclass('public.sandbox_migrations') IS NOT NULL AS present`;
  const applied = new Map<string, string>();
  if (present) {
    const rows = await sql<{ name: string; checksum: string }[]>`
      SELECT name, checksum FROM public.sandbox_migrations`;
    for (const row of rows) applied.set(row.name, row.checksum);
  }
  if (applied.has(FIRST_BEFORE_SQUASH)) throw earlierLayout();
  const migrations = readMigrations();
  for (const { name, checksum } of migrations) {
    const known = applied.get(name);
    if (known !== undefined && known !== checksum) {
      throw new SandboxError(
        'SANDBOX_007',
        `migration ${name} was changed after it had been applied`,
        { hint: 'Applied migrations are never edited: restore the file and add a new one.' },
      );
    }
  }
  return migrations.filter(({ name }) => !applied.has(name));
}

function earlierLayout(): SandboxError {
  return new SandboxError(
    'SANDBOX_008',
    `the database has the layout of an earlier version (its migrations begin with ${FIRST_BEFORE_SQUASH}), which this version cannot carry over`,
    {
      hint: 'Local stack: `bd dev down --purge`, then `bd dev up`. Elsewhere: destroy the sandboxes with the version that made them, then run `bd migrate` on an empty database.',
      details: { dependency: 'postgres', migration: FIRST_BEFORE_SQUASH },
    },
  );
}

/**
 * Applies missing migrations; returns their names. Needs the database owner's rights and
 * CREATEROLE, or a superuser. The second caller waits for a table lock. Any tenant could take an
 * advisory lock and block every migration.
 */
export async function migratePostgres(url: string): Promise<string[]> {
  const sql = openPostgres(url, { name: 'bd migrate', max: 1 });
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await applyPending(sql);
      } catch (error) {
        // Two first runs race for CREATE TABLE or the cluster's roles. The second attempt finds
        // them.
        const raced = ['23505', '42P07', '42710', 'XX000', '40P01'].includes(
          postgresCode(error) ?? '',
        );
        if (!raced || attempt === 5) throw error;
      }
    }
  } catch (error) {
    throw asPostgresError(error);
  } finally {
    await closePostgres(sql);
  }
}

/** Overrides the settings of the role and the database. */
const TRANSACTION = 'ISOLATION LEVEL READ COMMITTED READ WRITE';

async function applyPending(sql: Sql): Promise<string[]> {
  if ((await pendingMigrations(sql)).length === 0) return [];
  await sql.begin(
    TRANSACTION,
    (tx) => tx`CREATE TABLE IF NOT EXISTS public.sandbox_migrations (
    name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
  );
  return await sql.begin(TRANSACTION, async (tx) => {
    // An administrator's search_path would put the tables elsewhere; time-outs would end the
    // migration half-way.
    await tx`SELECT set_config('search_path', 'public', true), set_config('statement_timeout', '0', true),
      set_config('check_function_bodies', 'on', true), set_config('row_security', 'on', true)`;
    await tx`LOCK TABLE public.sandbox_migrations IN ACCESS EXCLUSIVE MODE`;
    const pending = await pendingMigrations(tx);
    for (const migration of pending) {
      await tx.unsafe(migration.sql);
      await tx`INSERT INTO public.sandbox_migrations (name, checksum)
        VALUES (${migration.name}, ${migration.checksum})`;
    }
    await tx`GRANT SELECT ON public.sandbox_migrations TO bd_worker, bd_router, bd_client`;
    return pending.map(({ name }) => name);
  });
}

/** The services' roles. The migration makes them without the right to log in. */
export const SERVICE_ROLES = ['bd_client', 'bd_api', 'bd_worker', 'bd_router'] as const;
type ServiceRole = (typeof SERVICE_ROLES)[number];

/**
 * Lets the services' roles log in.
 * @param passwords in clear text; the server gets verifiers, because it may log its DDL
 * @throws SANDBOX_008 for a short password, or one that needs quoting
 */
export async function setServicePasswords(
  adminDatabaseUrl: string,
  passwords: Readonly<Record<ServiceRole, string>>,
): Promise<void> {
  const sql = openPostgres(adminDatabaseUrl, { name: 'bd migrate', max: 1 });
  try {
    for (const [role, password] of Object.entries(passwords)) {
      if (!/^[A-Za-z0-9_-]{16,128}$/.test(password)) {
        throw new SandboxError(
          'SANDBOX_008',
          `the password of ${role} must be 16 to 128 of A-Z a-z 0-9 _ -`,
        );
      }
      await sql.unsafe(`ALTER ROLE ${role} LOGIN PASSWORD '${await scramVerifier(password)}'`);
    }
  } catch (error) {
    throw asPostgresError(error);
  } finally {
    await closePostgres(sql);
  }
}

/** One line per missing migration; changes nothing. @throws as `pendingMigrations`; SANDBOX_009 */
export async function checkPostgres(url: string): Promise<string[]> {
  const sql = openPostgres(url, { name: 'bd migrate --check', max: 1 });
  try {
    return (await pendingMigrations(sql)).map(
      ({ name }) => `Postgres: migration ${name} is missing`,
    );
  } catch (error) {
    throw asPostgresError(error);
  } finally {
    await closePostgres(sql);
  }
}
