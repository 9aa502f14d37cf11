/** Search attributes of a sandbox's workflow, so that operators can list and filter in the Temporal Web UI. */
export const SEARCH_ATTRIBUTES = {
  SandboxOwner: 'KEYWORD',
  SandboxName: 'KEYWORD',
  SandboxStatus: 'KEYWORD',
  SandboxGuilds: 'KEYWORD_LIST',
  SandboxExpiresAt: 'DATETIME',
} as const;
