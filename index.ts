/** The bot's API. It needs only `postgres`, `ioredis` and `nats` (build/context-package.mjs). */
export { openContext, type ContextOptions, type SandboxContext } from './context/index.js';
export { SandboxError, ERRORS, type ErrorCode, type ErrorJson } from './domain/errors.js';
export type { GuildId } from './domain/guild.js';
export type { Owner, SandboxId, SandboxName } from './domain/names.js';
export type { Sandbox } from './domain/sandbox.js';
export { SANDBOX_STATUSES, type SandboxStatus } from './domain/status.js';
