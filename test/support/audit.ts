/** Reads a sandbox's audit log, and finds events that a complete life must log only once. */
import type { Sql } from '../../platform/postgres.js';

/** `status_changed running`, `guild_registered`, …, oldest first. */
export async function auditOf(admin: Sql, sandboxId: string): Promise<string[]> {
  const rows = await admin<{ event: string }[]>`
    SELECT event_type || coalesce(' ' || (details->>'to'), '') AS event FROM sandbox_audit_log
    WHERE sandbox_id = ${sandboxId} ORDER BY id`;
  return rows.map(({ event }) => event);
}

/** Events logged more than once. Events about guilds, extensions and resets may repeat. */
export function repeated(events: readonly string[]): string[] {
  const once = events.filter((event) => !/^(guild_|ttl_extended|sandbox_reset)/.test(event));
  return once.filter((event, i) => once.indexOf(event) !== i);
}
