/** The audit of a sandbox as the database has it, and what every complete life must show there exactly once. */
import type { Sql } from '../../platform/postgres.js';

/** `status_changed running`, `guild_registered`, … in the order in which they were written. */
export async function auditOf(admin: Sql, sandboxId: string): Promise<string[]> {
  const rows = await admin<{ event: string }[]>`
    SELECT event_type || coalesce(' ' || (details->>'to'), '') AS event FROM sandbox_audit_log
    WHERE sandbox_id = ${sandboxId} ORDER BY id`;
  return rows.map(({ event }) => event);
}

/** The events that occur more often than once, `create_failed` and transitions included; guilds and extensions may. */
export function repeated(events: readonly string[]): string[] {
  const once = events.filter((event) => !/^(guild_|ttl_extended|sandbox_reset)/.test(event));
  return once.filter((event, i) => once.indexOf(event) !== i);
}
