/** The entries of the audit log. */
export const AUDIT_EVENTS = [
  'sandbox_created',
  'status_changed',
  'create_failed',
  'ttl_extended',
  'sandbox_reset',
  'guild_registered',
  'guild_unregistered',
  'sandbox_destroying',
  'sandbox_destroyed',
] as const;
export type AuditEvent = (typeof AUDIT_EVENTS)[number];
