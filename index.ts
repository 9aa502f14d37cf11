/** What the package offers to programs. */
export { SandboxClient } from './client/sandbox-client.js';
export type {
  Connection,
  CreateSandboxOptions,
  DestroyResult,
  ListOptions,
  SweepInput,
  SweepReport,
} from './client/sandbox-client.js';
export type { Check, SandboxHealth } from './client/health.js';
export type { EventsOptions, SandboxEvent } from './client/events.js';
export { openContext, type ContextOptions, type SandboxContext } from './context/index.js';
export { RouteProvider } from './client/route-provider.js';
export type { SandboxEnvironment } from './client/environment.js';
export type { AuditEntry } from './store/schema.js';
export { SandboxError, ERRORS, type ErrorCode, type ErrorJson } from './domain/errors.js';
export type { GuildId } from './domain/guild.js';
export type { Owner, SandboxId, SandboxName } from './domain/names.js';
export type { ExtendResult, Sandbox } from './domain/sandbox.js';
export { SANDBOX_STATUSES, type SandboxStatus } from './domain/status.js';
export { loadConfig, type Config } from './platform/config.js';
