/** Translates Temporal's errors for a caller of the client. */
import {
  isGrpcServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { isErrorCode, messageOf, SandboxError, unreachable } from '../domain/errors.js';

/** gRPC status codes (grpc.github.io, "Status codes"). */
const GRPC = {
  CANCELLED: 1,
  DEADLINE_EXCEEDED: 4,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

function grpcCode(error: unknown): number | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (isGrpcServiceError(e)) return e.code;
  }
  return undefined;
}

/** The typed failure of a workflow or activity, at any depth of causes. */
function applicationFailure(error: unknown): SandboxError | null {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof ApplicationFailure && isErrorCode(e.type)) {
      const detail = e.details?.[0];
      const facts =
        typeof detail === 'object' && detail !== null ? (detail as Record<string, unknown>) : {};
      const hint = typeof facts.hint === 'string' && facts.hint !== '' ? { hint: facts.hint } : {};
      return new SandboxError(e.type, e.message, { ...hint, details: facts, cause: error });
    }
  }
  return null;
}

const REFUSED =
  'The server refuses these credentials: check TEMPORAL_API_KEY, TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_NAMESPACE.';

/** @param late the state of the work if the answer did not come in time */
export function asTemporalError(error: unknown, late: string): Error {
  if (error instanceof SandboxError) return error;
  const typed = applicationFailure(error);
  if (typed !== null) return typed;
  const code = grpcCode(error);
  if (
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    code === GRPC.DEADLINE_EXCEEDED ||
    code === GRPC.FAILED_PRECONDITION ||
    code === GRPC.ABORTED ||
    code === GRPC.CANCELLED
  ) {
    return new SandboxError(
      'SANDBOX_009',
      `the workers are busy and have not answered in time; ${late}`,
      {
        hint: 'Look at the worker’s load, and start more workers. The request is not lost.',
        cause: error,
        details: { dependency: 'worker' },
      },
    );
  }
  if (code === GRPC.UNAUTHENTICATED || code === GRPC.PERMISSION_DENIED)
    return unreachable('temporal', error, REFUSED);
  if (code === GRPC.UNAVAILABLE) return unreachable('temporal', error);
  return error instanceof Error ? error : new Error(messageOf(error));
}

export function isGone(error: unknown): boolean {
  return error instanceof WorkflowNotFoundError;
}

/**
 * The workflow was ended from outside, for example terminated in the Web UI. Its own errors are
 * typed.
 */
export function isEnd(error: unknown): boolean {
  const failed = error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError;
  return failed && applicationFailure(error) === null;
}

/**
 * The run has not taken an update: its workers fail or time out (FAILED_PRECONDITION), it is
 * closing (ABORTED), or the server has waited for as long as it waits (DEADLINE_EXCEEDED, after
 * some 30 s). The same update with the same id may be sent again.
 */
export function isNotReady(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  const code = grpcCode(error);
  return (
    code === GRPC.FAILED_PRECONDITION || code === GRPC.ABORTED || code === GRPC.DEADLINE_EXCEEDED
  );
}

export function isResourceExhausted(error: unknown): boolean {
  return grpcCode(error) === GRPC.RESOURCE_EXHAUSTED;
}
