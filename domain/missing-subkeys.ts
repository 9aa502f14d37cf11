/** What to do on a machine that cannot sign changes or derive passwords. A file of its own: `bd --help` loads it. */
export const MISSING_SUBKEYS =
  'Set SANDBOX_API_URL and SANDBOX_TOKEN; or SANDBOX_TENANT_KEY and SANDBOX_ACTOR_KEY, which `bd setup` writes (docs/security.md). With the local stack, set SANDBOX_HOME.';
