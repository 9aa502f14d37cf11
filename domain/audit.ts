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
  'credentials_read',
  'token_created',
  'token_revoked',
  'guild_granted',
  'guild_grant_revoked',
  'owner_role_set',
] as const;
export type AuditEvent = (typeof AUDIT_EVENTS)[number];
