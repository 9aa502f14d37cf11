/**
 * Failures as they travel: RFC 9457, with the code of docs/errors.md and no cause, statement or
 * stack.
 */
import type { z } from '@hono/zod-openapi';
import { ERRORS, namesOf, unexpected, type SandboxError } from '../domain/errors.js';
import type { Problem } from './contract/schemas.js';

export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: z.infer<typeof Problem>;
}

const RETRY_AFTER_SECONDS = '1';

/** @param status a more exact one than the code's, such as 413 */
export function problemOf(error: unknown, requestId: string, status?: number): ProblemAnswer {
  const known = unexpected(error);
  const { code, hint, details } = known;
  return {
    status: status ?? known.httpStatus,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...headersOf(known),
    },
    body: {
      ...{ type: 'about:blank', title: ERRORS[code].title, status: status ?? known.httpStatus },
      ...{ detail: detailOf(known), code, hint, details, requestId },
    },
  };
}

/** The text of a cause may contain an address, a statement or a secret, so it stays in the log. */
function detailOf({ code, message, details }: SandboxError): string {
  if (code === 'SANDBOX_011') return 'unexpected: the log of the API has the cause';
  if (code !== 'SANDBOX_009' || details.dependency === undefined) return message;
  return `${namesOf([details.dependency])} is unreachable`;
}

function headersOf({ code }: SandboxError): Record<string, string> {
  if (code === 'SANDBOX_012') return { 'www-authenticate': 'Bearer realm="sandboxes"' };
  if (code === 'SANDBOX_013' || code === 'SANDBOX_009') {
    return { 'retry-after': RETRY_AFTER_SECONDS };
  }
  return {};
}
