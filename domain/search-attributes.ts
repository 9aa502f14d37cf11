/**
 * Search attributes of a sandbox's workflow: operators list and filter by them in the Temporal Web
 * UI.
 */
export const SEARCH_ATTRIBUTES = {
  SandboxOwner: 'KEYWORD',
  SandboxName: 'KEYWORD',
  SandboxStatus: 'KEYWORD',
  SandboxGuilds: 'KEYWORD_LIST',
  SandboxExpiresAt: 'DATETIME',
} as const;
