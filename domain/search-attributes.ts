/** Search attributes of a sandbox's workflow, so that operators can list and filter in the Temporal Web UI. */
export const SEARCH_ATTRIBUTES = {
  SandboxOwner: 'KEYWORD',
  SandboxName: 'KEYWORD',
  SandboxStatus: 'KEYWORD',
  SandboxGuilds: 'KEYWORD_LIST',
  SandboxExpiresAt: 'DATETIME',
} as const;

export const SWEEP_SCHEDULE_ID = 'sandbox-sweep';
/** One sweep at a time, whoever starts it: the id is the lock. */
export const SWEEP_WORKFLOW_ID = 'sandbox-sweep';
