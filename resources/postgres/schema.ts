/**
 * The sandbox's Postgres schema and login role. SECURITY DEFINER functions run all DDL
 * (sql/050_tenant_schemas.sql).
 */
import { messageOf, SandboxError } from '../../domain/errors.js';
import { roleName, sandboxIdIn, schemaName, type SandboxId } from '../../domain/names.js';
import { passwordFor, scramVerifier } from '../../platform/credentials.js';
import { delay } from '../../platform/deadline.js';
import { postgresCode, type Sql } from '../../platform/postgres.js';
import { inDatabase } from '../../store/database.js';
import { finishTemplate, storedTemplate, type PendingTemplate } from '../../store/templates.js';
import {
  parseMark,
  type Found,
  type MakingContext,
  type ResourceKind,
  type ResourceTarget,
} from '../resource.js';
import { runTemplate } from './template.js';

/**
 * Concurrent grants and role changes raise XX000 "tuple concurrently updated"; the others are
 * deadlock and serialisation.
 */
const TRANSIENT = new Set(['XX000', '40P01', '40001']);

/**
 * After 3 s (sql/070_removal.sql). The activity's retry makes the wait visible; the server does not
 * look absent.
 */
const LOCK_NOT_AVAILABLE = '55P03';

/** Below the lock table's size at default settings (4,000 tables exhaust it). */
const DROP_BATCH = 200;

/** Attempts to end sessions, 20 ms apart, before it counts as a failure. */
const SESSION_PATIENCE = 50;

/** The next step after a call of `remove_sandbox` (sql/070_removal.sql). */
/** They took 1.3 s on two cores with fifteen processes in the queue, and 0.3 s on quiet ones. */
const MANY_STATEMENTS = 300;

type Next = 'removed' | 'login' | 'sessions' | 'objects';

export function openSchema({
  database,
  databaseUrl,
  tenantKey,
  templateApplied = () => undefined,
}: Pick<MakingContext, 'database' | 'databaseUrl' | 'tenantKey' | 'templateApplied'>): ReturnType<
  ResourceKind['open']
> {
  const { sql } = database;

  const passwordOf = ({ sandboxId, rotation }: ResourceTarget): string =>
    passwordFor(tenantKey, 'postgres', { sandboxId, rotation });
  const verifierOf = (target: ResourceTarget): Promise<string> => scramVerifier(passwordOf(target));

  async function retrying<T>(
    work: (sql: Sql) => Promise<T>,
    beforeRetry?: () => Promise<void>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await inDatabase(() => database.ddl(work));
      } catch (error) {
        if (!TRANSIENT.has(postgresCode(error) ?? '') || attempt === 6) throw error;
        await delay(10 * 2 ** attempt * Math.random());
        await beforeRetry?.();
      }
    }
  }

  async function revoke(sandboxId: SandboxId): Promise<void> {
    await retrying((ddl) => ddl`SELECT public.revoke_sandbox(${sandboxId})`);
    await terminateSessions(sandboxId);
  }

  async function terminateSessions(sandboxId: SandboxId): Promise<void> {
    for (let attempt = 1; attempt <= SESSION_PATIENCE; attempt += 1) {
      const [row] = await inDatabase(
        () => sql<{ count: number }[]>`SELECT public.terminate_sandbox(${sandboxId}) AS count`,
      );
      if (row?.count === 0) return;
      await delay(20);
    }
    throw sessionsStay(sandboxId);
  }

  /** Role, schema and a built-in template; what is left goes to the sandbox's own role. */
  async function provision(target: ResourceTarget, verifier: string): Promise<void> {
    const { sandboxId } = target;
    const [row] = await retrying(
      (ddl) => ddl<Provisioned[]>`
        SELECT public.provision_sandbox(${sandboxId}, ${verifier})::text AS pending`,
    );
    await makeTemplate(target, verifier, pendingOf(row));
  }

  async function makeTemplate(
    target: ResourceTarget,
    verifier: string,
    begun: PendingTemplate | null,
  ): Promise<void> {
    if (begun === null) return;
    const startedAt = performance.now();
    const seconds = () => (performance.now() - startedAt) / 1_000;
    try {
      const pending = begun.fresh ? begun : await restart(target.sandboxId, verifier, begun);
      if (pending !== null) await applyTemplate(target, verifier, pending);
      templateApplied(seconds(), 'applied');
    } catch (error) {
      templateApplied(seconds(), 'failed');
      throw error;
    }
  }

  async function applyTemplate(
    target: ResourceTarget,
    verifier: string,
    pending: PendingTemplate,
  ): Promise<void> {
    const { sandboxId } = target;
    const template = await storedTemplate(database, pending.name, pending.version);
    const [role, schema, password] = [
      roleName(sandboxId),
      schemaName(sandboxId),
      passwordOf(target),
    ];
    await runTemplate({ databaseUrl, role, schema, password }, template);
    await finishTemplate(database, sandboxId, pending.attempt, verifier);
  }

  /** An earlier attempt may have left objects, and may still run. */
  async function restart(
    sandboxId: SandboxId,
    verifier: string,
    { attempt }: PendingTemplate,
  ): Promise<PendingTemplate | null> {
    const cutSessions = () => terminateSessions(sandboxId);
    await cutSessions();
    for (;;) {
      const [row] = await retrying(
        (ddl) => ddl<{ dropped: number }[]>`
          SELECT public.clear_sandbox_template(${sandboxId}, ${attempt}, ${DROP_BATCH}) AS dropped`,
        cutSessions,
      );
      if ((row?.dropped ?? 0) === 0) break;
    }
    const [row] = await retrying(
      (ddl) => ddl<Provisioned[]>`
        SELECT public.restart_sandbox_template(${sandboxId}, ${attempt}, ${verifier})::text AS pending`,
      cutSessions,
    );
    return pendingOf(row);
  }

  async function remove(sandboxId: SandboxId): Promise<undefined> {
    for (let sessions = 0; ;) {
      const [row] = await retrying(
        (ddl) => ddl<{ next: Next }[]>`
          SELECT public.remove_sandbox(${sandboxId}, ${DROP_BATCH}) AS next`,
        () => terminateSessions(sandboxId),
      ).catch((error: unknown) => {
        throw postgresCode(error) === LOCK_NOT_AVAILABLE ? lockHeld(error) : error;
      });
      if (row?.next === 'removed') return undefined;
      if (row?.next === 'login') await revoke(sandboxId);
      if (row?.next === 'sessions') {
        if ((sessions += 1) > SESSION_PATIENCE) throw sessionsStay(sandboxId);
        await delay(20);
      }
    }
  }

  return {
    isSlow: ({ templateStatements }) => templateStatements > MANY_STATEMENTS,

    async ensure(target) {
      const { sandboxId } = target;
      const verifier = await verifierOf(target);
      try {
        await provision(target, verifier);
      } catch (error) {
        if (error instanceof SandboxError) throw error;
        const what = `schema ${schemaName(sandboxId)} could not be created`;
        throw new SandboxError('SANDBOX_005', `${what}: ${messageOf(error)}`, { cause: error });
      }
    },

    revoke,

    async reset(target) {
      const { sandboxId, rotation } = target;
      const verifier = await verifierOf(target);
      const [state] = await inDatabase(
        () => sql<{ pending: boolean | null }[]>`
          SELECT public.sandbox_reset_pending(${sandboxId}, ${rotation}) AS pending`,
      );
      // The schema may be new, and its template not.
      if (state?.pending !== true) return provision(target, verifier);
      await revoke(sandboxId);
      const cutSessions = () => terminateSessions(sandboxId);
      for (;;) {
        const [row] = await retrying(
          (ddl) => ddl<{ dropped: number }[]>`
            SELECT public.reset_sandbox_objects(${sandboxId}, ${rotation}, ${DROP_BATCH}) AS dropped`,
          cutSessions,
        );
        if ((row?.dropped ?? 0) === 0) break;
      }
      const [row] = await retrying(
        (ddl) => ddl<Provisioned[]>`
          SELECT public.reset_sandbox_schema(${sandboxId}, ${rotation}, ${verifier})::text AS pending`,
        cutSessions,
      );
      await makeTemplate(target, verifier, pendingOf(row));
    },

    remove,

    removeOrphan: ({ sandboxId }) => remove(sandboxId),

    async list(): Promise<Found[]> {
      // A regular expression, because in LIKE the underscore is a wildcard.
      const rows = await inDatabase(
        () => sql<{ kind: 'schema' | 'role'; name: string; mark: string | null }[]>`
          SELECT 'schema' AS kind, nspname AS name, obj_description(oid, 'pg_namespace') AS mark
            FROM pg_namespace WHERE nspname ~ '^sandbox_sb[a-z0-9]{10}$'
          UNION ALL
          SELECT 'role', rolname, shobj_description(oid, 'pg_authid')
            FROM pg_roles WHERE rolname ~ '^sandbox_sb[a-z0-9]{10}$'`,
      );
      return rows.map(({ kind, name, mark }) => ({
        kind,
        name,
        sandboxId: sandboxIdIn(name, 'sandbox_'),
        ...parseMark(mark),
      }));
    },
  };
}

/** JSON, as text: Drizzle turns the driver's parsers off. */
interface Provisioned {
  readonly pending: string | null;
}

const pendingOf = (row: Provisioned | undefined): PendingTemplate | null =>
  row?.pending == null ? null : (JSON.parse(row.pending) as PendingTemplate);

function lockHeld(error: unknown): SandboxError {
  return new SandboxError(
    'SANDBOX_006',
    `a session that is not the sandbox's holds a lock on one of its objects: ${messageOf(error)}`,
    { cause: error },
  );
}

function sessionsStay(sandboxId: SandboxId): SandboxError {
  return new SandboxError('SANDBOX_006', `sessions of ${roleName(sandboxId)} do not end`);
}
