/** The audit log, written in the transaction of each change, read by `bd sandbox logs`. */
import { asc, eq, sql as raw } from 'drizzle-orm';
import type { Actor } from '../domain/actor.js';
import type { AuditEntry, AuditEvent } from '../domain/audit.js';
import type { SandboxId } from '../domain/names.js';
import { inDatabase, type Database } from './database.js';
import type { Transaction } from './locked-row.js';
import { auditLog } from './schema.js';

/** Uses the database's clock, so that entries of several workers are in order. */
export async function writeAudit(
  tx: Transaction,
  sandboxId: SandboxId,
  actor: Actor,
  ...events: (readonly [AuditEvent, Record<string, unknown>])[]
): Promise<void> {
  await tx.insert(auditLog).values(
    events.map(([eventType, details]) => ({
      sandboxId,
      actor: actor.name,
      actorKind: actor.kind,
      actorRole: actor.role,
      tokenId: actor.tokenId ?? null,
      via: actor.via,
      eventType,
      details,
      createdAt: raw<Date>`clock_timestamp()`,
    })),
  );
}

export async function auditOf(database: Database, sandboxId: SandboxId): Promise<AuditEntry[]> {
  return inDatabase(() =>
    database.db
      .select()
      .from(auditLog)
      .where(eq(auditLog.sandboxId, sandboxId))
      .orderBy(asc(auditLog.auditId)),
  );
}
