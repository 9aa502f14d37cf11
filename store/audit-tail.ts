/** The audit as a log that is followed: entries of all sandboxes behind a place, each once. */
import { asc, eq, gt, max, sql as raw } from 'drizzle-orm';
import type { AuditEntry } from '../domain/audit.js';
import type { Owner } from '../domain/names.js';
import { inDatabase, type Database } from './database.js';
import { auditLog, sandboxes } from './schema.js';

export interface FollowedEntry {
  readonly entry: AuditEntry;
  /** Of the sandbox; null for an entry of none, or of one that was never claimed. */
  readonly owner: Owner | null;
  /** By the database's own clock. */
  readonly ageMs: number;
}

/** Of the newest entry; 0 where there is none. */
export async function lastAuditId(database: Database): Promise<number> {
  const [row] = await inDatabase(() =>
    database.db.select({ last: max(auditLog.auditId) }).from(auditLog),
  );
  return row?.last ?? 0;
}

const ageMs = raw<string>`(extract(epoch FROM clock_timestamp() - ${auditLog.createdAt}) * 1000)`;

export async function auditBehind(
  database: Database,
  auditId: number,
  limit: number,
): Promise<FollowedEntry[]> {
  const rows = await inDatabase(() =>
    database.db
      .select({ entry: auditLog, owner: sandboxes.owner, ageMs })
      .from(auditLog)
      .leftJoin(sandboxes, eq(sandboxes.sandboxId, auditLog.sandboxId))
      .where(gt(auditLog.auditId, auditId))
      .orderBy(asc(auditLog.auditId))
      .limit(limit),
  );
  return rows.map((row) => ({ ...row, ageMs: Number(row.ageMs) }));
}

/** A transaction that has taken an id may still commit it for so long. */
const COMMIT_MS = 5_000;

/**
 * The entries that nothing can come before any more. Ids are taken in order and committed in any: behind a gap only an
 * entry counts that is older than a transaction lives. Pure.
 */
export function settled(
  entries: readonly FollowedEntry[],
  auditId: number,
): readonly FollowedEntry[] {
  let last = auditId;
  const end = entries.findIndex(({ entry, ageMs: age }) => {
    const gap = entry.auditId !== last + 1;
    last = entry.auditId;
    return gap && age < COMMIT_MS;
  });
  return end < 0 ? entries : entries.slice(0, end);
}
