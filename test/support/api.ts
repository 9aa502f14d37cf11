/** The HTTP API of the run's stack, asked as a client without our code would ask it. */
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { openApi, type Api } from '../../api/open.js';
import { ROUTES, type RouteName } from '../../api/contract/routes.js';
import { SCOPES } from '../../domain/actor.js';
import type { CreateTokenOptions } from '../../domain/identity.js';
import { loggingCloser } from '../../platform/closer.js';
import { createLogger } from '../../platform/log.js';
import { openClient, stackConfig, stackState } from './stack.js';

export function apiUrl(): string {
  const { apiUrl: url } = stackState();
  if (url === undefined) throw new Error('the stack of the tests has no API');
  return url;
}

/** An API of the test's own, in this process; closed when the test ends. */
export async function startApi(env: Record<string, string> = {}): Promise<Api> {
  const log = createLogger('api', 'silent');
  const closer = loggingCloser(log);
  onTestFinished(() => closer.close());
  return openApi(closer, stackConfig({ SANDBOX_API_PORT: '0', ...env }), log);
}

/** The text of a new token: all scopes of a developer, unless the test names others. */
export async function tokenOf(
  owner: string,
  options: Partial<CreateTokenOptions> = {},
): Promise<string> {
  const { token } = await openClient().createToken({ owner, scopes: SCOPES, ...options });
  return token;
}

export interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface Question {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** Default: the stack's API. */
  readonly url?: string;
}

/** @param line such as `GET /v1/me` */
export async function ask(
  line: string,
  { token, body, headers = {}, url = apiUrl() }: Question = {},
): Promise<Asked> {
  const [method = 'GET', path = '/'] = line.split(' ');
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

/** The answer, which must have exactly the fields of its route's schema: a secret too many is a failure. */
export function answerOf(name: RouteName, { status, body }: Asked): unknown {
  const responses: Readonly<Record<string, { content?: Record<string, { schema?: unknown }> }>> =
    ROUTES[name].responses;
  const schema = responses[String(status)]?.content?.['application/json']?.schema;
  if (!(schema instanceof z.ZodType)) throw new Error(`${name} does not answer ${status}`);
  const parsed = schema.parse(body);
  if (JSON.stringify(sorted(parsed)) !== JSON.stringify(sorted(body)))
    throw new Error(`${name} answers more than its schema says: ${JSON.stringify(body)}`);
  return parsed;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
