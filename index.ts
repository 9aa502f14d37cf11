/** What the package offers to programs. */
export { openDirectControl } from './control/direct-control.js';
export { SandboxService } from './control/sandbox-service.js';
export type {
  Connection,
  Control,
  CreateSandboxOptions,
  DestroyResult,
  ExtendOptions,
  ListOptions,
} from './control/control.js';
export type { SweepInput, SweepReport } from './domain/sweep.js';
export { directActor, type Actor } from './domain/actor.js';
export type { Check, SandboxHealth } from './control/health.js';
export type { EventToEmit } from './control/emit.js';
export type { EventsOptions, SandboxEvent } from './control/events.js';
export { openContext, type ContextOptions, type SandboxContext } from './context/index.js';
export { RouteProvider } from './control/route-provider.js';
export type { SandboxEnvironment } from './control/environment.js';
export type { AuditEntry } from './store/schema.js';
export { SandboxError, ERRORS, type ErrorCode, type ErrorJson } from './domain/errors.js';
export type { GuildId } from './domain/guild.js';
export type { Owner, SandboxId, SandboxName } from './domain/names.js';
export type { ExtendResult, Sandbox } from './domain/sandbox.js';
export { SANDBOX_STATUSES, type SandboxStatus } from './domain/status.js';
export { loadConfig, type Config } from './platform/config.js';
