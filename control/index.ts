/** The operator's API: sandboxes and routes for programs with the servers' own credentials. */
export { openDirectControl } from './direct-control.js';
export { SandboxService } from './sandbox-service.js';
export { RouteProvider } from './route-provider.js';
export type {
  Connection,
  Control,
  CreateSandboxOptions,
  DestroyResult,
  ExtendOptions,
  ListOptions,
} from '../domain/control.js';
export type { SandboxEnvironment } from '../domain/sandbox-variables.js';
export type { EventsOptions, EventToEmit, SandboxEvent } from '../domain/events.js';
export type { Check, SandboxHealth } from '../domain/health.js';
export { directActor, type Actor } from '../domain/actor.js';
export type { ExtendResult } from '../domain/sandbox.js';
export type { SweepInput, SweepReport } from '../domain/sweep.js';
export { loadConfig, type Config } from '../platform/config.js';
export type { AuditEntry } from '../domain/audit.js';
