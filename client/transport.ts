/** Requests with a deadline, and retries of requests that may be repeated. */
import type { SandboxError } from '../domain/errors.js';
import { apiAway } from './api-error.js';

export type Fetch = (request: Request) => Promise<Response>;

export interface TransportOptions {
  /** Default: the platform's. */
  readonly fetch?: Fetch;
  /**
   * In ms, for one attempt: until the answer is complete, or until a stream begins. Default 35,000.
   */
  readonly timeoutMs?: number;
  /** Further attempts of a request that may be repeated. Default 2. */
  readonly retries?: number;
}

/** Longer than the API's own limit of 30 s, so the API's answer arrives first. */
const TIMEOUT_MS = 35_000;
const RETRIES = 2;
/** No attempt begins later than this after the first one. */
const RETRY_WITHIN_MS = 100_000;
/** A longer `Retry-After` ends the retries. */
const LONGEST_WAIT_MS = 10_000;
const FIRST_WAIT_MS = 200;
/** Statuses that a retry may change. */
const TRANSIENT = new Set([429, 502, 503, 504]);

/**
 * Repeats reads, and changes with an Idempotency-Key, which the API makes once.
 * @throws SANDBOX_009
 */
export function retrying(options: TransportOptions): Fetch {
  const { timeoutMs = TIMEOUT_MS, retries = RETRIES } = options;
  const send = options.fetch ?? ((request) => fetch(request));
  return async (request) => {
    const attempts = mayRepeat(request) ? retries + 1 : 1;
    const began = Date.now();
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await attemptOf(send, request, timeoutMs);
      const wait = attempt < attempts ? waitBefore(outcome, attempt) : null;
      if (wait === null || Date.now() - began + wait > RETRY_WITHIN_MS) {
        if (outcome instanceof Response) return outcome;
        throw outcome.error;
      }
      await delay(wait, request.signal);
    }
  };
}

const mayRepeat = ({ method, headers }: Request): boolean =>
  method === 'GET' || headers.has('idempotency-key');

interface Failed {
  readonly error: SandboxError;
  readonly transient: boolean;
}

/** @throws the caller's reason if the caller aborts */
async function attemptOf(
  send: Fetch,
  request: Request,
  timeoutMs: number,
): Promise<Response | Failed> {
  const { signal } = request;
  signal.throwIfAborted();
  const over = new AbortController();
  const late = new Error(`no answer within ${timeoutMs / 1_000} s`);
  const timer = setTimeout(() => over.abort(late), timeoutMs);
  signal.addEventListener('abort', () => over.abort(signal.reason), { once: true });
  try {
    return await whole(await send(new Request(request.clone(), { signal: over.signal })));
  } catch (error) {
    signal.throwIfAborted();
    const isLate = over.signal.aborted;
    return { error: apiAway(isLate ? late : error), transient: !isLate };
  } finally {
    clearTimeout(timer);
  }
}

/** With its body read, so an incomplete answer counts as none. A stream stays a stream. */
async function whole(response: Response): Promise<Response> {
  if (response.ok && isStream(response)) return response;
  const body = await response.arrayBuffer();
  const { status, statusText, headers } = response;
  return new Response(body.byteLength === 0 ? null : body, { status, statusText, headers });
}

export const isStream = ({ headers }: Response): boolean =>
  headers.get('content-type')?.startsWith('text/event-stream') === true;

/** In ms; null if a retry would not help. */
function waitBefore(outcome: Response | Failed, attempt: number): number | null {
  const backoff = FIRST_WAIT_MS * 2 ** (attempt - 1) * (1 + Math.random());
  if (!(outcome instanceof Response)) return outcome.transient ? backoff : null;
  if (!TRANSIENT.has(outcome.status)) return null;
  const asked = Number(outcome.headers.get('retry-after') ?? 0) * 1_000;
  if (!Number.isFinite(asked)) return backoff;
  return asked > LONGEST_WAIT_MS ? null : Math.max(asked, backoff);
}

/** @throws the signal's reason */
export function delay(millis: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, millis);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
