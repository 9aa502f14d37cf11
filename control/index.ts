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
} from './control.js';
export type { SandboxEnvironment } from './environment.js';
export type { EventToEmit } from './emit.js';
export type { EventsOptions, SandboxEvent } from './events.js';
export type { Check, SandboxHealth } from './health.js';
export { directActor, type Actor } from '../domain/actor.js';
export type { ExtendResult } from '../domain/sandbox.js';
export type { SweepInput, SweepReport } from '../domain/sweep.js';
export { loadConfig, type Config } from '../platform/config.js';
export type { AuditEntry } from '../store/schema.js';
