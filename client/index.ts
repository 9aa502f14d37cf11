/**
 * The published client of the API. It needs `fetch`, and no driver of a server (Node >= 20, Deno,
 * Bun, browsers).
 */
export { ApiError } from './api-error.js';
export { openHttpControl } from './control.js';
export {
  SandboxClient,
  type ClientOptions,
  type CreateOptions,
  type EventStreamOptions,
} from './sandbox-client.js';
export type { ChangeOptions, ReadOptions } from './requests.js';
export type { FollowOptions } from './stream.js';
export type { Fetch, TransportOptions } from './transport.js';
export type * from './types.js';
export { SandboxError, ERRORS, type ErrorCode, type ErrorJson } from '../domain/errors.js';
export type { Control, IdentityControl, SandboxControl } from '../domain/control.js';
