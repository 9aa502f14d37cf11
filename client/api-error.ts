/** Errors for failures of the API: a problem that it answered (RFC 9457), or no answer. */
import {
  isErrorCode,
  SandboxError,
  unreachable,
  type ErrorCode,
  type ErrorDetails,
} from '../domain/errors.js';
import type { Problem } from './types.js';

/** A failure that the API answered. `code`, `hint` and `details` are those of docs/errors.md. */
export class ApiError extends SandboxError {
  /** Of the answer. */
  readonly status: number;
  /** The API's log has this id of the request; null if the answer has none. */
  readonly requestId: string | null;

  constructor(
    code: ErrorCode,
    message: string,
    {
      status,
      requestId,
      ...rest
    }: {
      readonly status: number;
      readonly requestId: string | null;
      readonly hint?: string;
      readonly details?: ErrorDetails;
    },
  ) {
    super(code, message, rest);
    this.status = status;
    this.requestId = requestId;
  }
}

const NO_API = 'Check the address of the API (SANDBOX_API_URL), and any proxy before it.';

/** Nothing came back, or not in time. */
export const apiAway = (cause: unknown): SandboxError => unreachable('api', causeOf(cause), NO_API);

/** `fetch` hides the reason behind "fetch failed". */
const causeOf = (error: unknown): unknown =>
  error instanceof TypeError && error.cause !== undefined ? error.cause : error;

/** An answer that no API gave, such as the page of a proxy. */
export const notTheApi = (status: number, found: string): SandboxError =>
  new SandboxError(
    'SANDBOX_009',
    `the API is unreachable: the answer with status ${status} ${found}`,
    { hint: NO_API, details: { dependency: 'api', status } },
  );

/** The error for an answer's body, which is parsed if it was JSON. */
export function errorOf({ status }: { readonly status: number }, body: unknown): SandboxError {
  if (!isProblem(body)) return notTheApi(status, 'is no problem of the API');
  const { code, detail, hint, details, requestId } = body;
  // A newer API may know codes that this client does not.
  const known = isErrorCode(code) ? code : 'SANDBOX_011';
  const message = isErrorCode(code) ? detail : `${code}: ${detail}`;
  return new ApiError(known, message, { status, requestId, hint, details });
}

function isProblem(body: unknown): body is Problem {
  if (typeof body !== 'object' || body === null) return false;
  const { code, detail, hint, details, requestId } = body as Record<keyof Problem, unknown>;
  return (
    [code, detail, hint, requestId].every((text) => typeof text === 'string') &&
    typeof details === 'object' &&
    details !== null
  );
}
