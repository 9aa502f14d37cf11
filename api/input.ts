/**
 * A request's input by the schemas of its route. Every refusal is SANDBOX_008 and quotes no value
 * of a body.
 */
import { HTTPException } from 'hono/http-exception';
import { z } from '@hono/zod-openapi';
import { SandboxError } from '../domain/errors.js';
import type { Http } from './call.js';
import { hasRepeatedKey } from './repeated-key.js';

/** 1 MiB. */
export const MAX_BODY_BYTES = 1_048_576;
const MAX_ISSUES = 10;

export interface InputSchemas {
  readonly params: z.ZodType | null;
  readonly query: z.ZodType | null;
  readonly headers: z.ZodObject | null;
  readonly body: z.ZodType | null;
}

export interface Input {
  readonly params: unknown;
  readonly query: unknown;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
  /** The body as it came; empty without one. */
  readonly bodyText: string;
}

const NO_QUERY = z.strictObject({});

export async function inputOf(http: Http, schemas: InputSchemas): Promise<Input> {
  const params = checked('path', schemas.params, http.req.param());
  const query = checked('query', schemas.query ?? NO_QUERY, queryOf(http.req.url));
  const headers = headersOf(http, schemas.headers);
  if (schemas.body === null) return { params, query, headers, body: null, bodyText: '' };
  const bodyText = await jsonText(http);
  const body = checked('body', schemas.body, parsed(bodyText));
  return { params, query, headers, body, bodyText };
}

function headersOf(http: Http, schema: z.ZodObject | null): Input['headers'] {
  if (schema === null) return {};
  const given = Object.keys(schema.shape).map((name) => [name, http.req.header(name)]);
  return checked('header', schema, Object.fromEntries(given)) as Input['headers'];
}

function checked(where: string, schema: z.ZodType | null, value: unknown): unknown {
  if (schema === null) return value;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, MAX_ISSUES).map(({ path, message }) => ({
    path: [where, ...path.map(String)].join('.'),
    message,
  }));
  const [first] = issues;
  throw new SandboxError('SANDBOX_008', `${first?.path ?? where}: ${first?.message ?? 'invalid'}`, {
    details: { what: where, issues },
    hint: 'See /openapi.json for what this request takes.',
  });
}

/** A parameter that occurs twice is refused, because two programs could read different values. */
function queryOf(url: string): Record<string, string> {
  const mark = url.indexOf('?');
  if (mark < 0) return {};
  const given = [...new URLSearchParams(url.slice(mark + 1))];
  const query = Object.fromEntries(given);
  if (Object.keys(query).length === given.length) return query;
  throw new SandboxError('SANDBOX_008', 'query: a parameter is given twice');
}

function parsed(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SandboxError('SANDBOX_008', 'body: it is not JSON');
  }
  if (!hasRepeatedKey(text)) return value;
  throw new SandboxError('SANDBOX_008', 'body: a field is given twice');
}

/** @throws 415 for another type or encoding, 413 past the limit, SANDBOX_008 for invalid UTF-8 */
async function jsonText(http: Http): Promise<string> {
  const type = http.req.header('content-type') ?? '';
  const encoding = http.req.header('content-encoding') ?? 'identity';
  if (!/^application\/json\s*(;\s*charset=utf-8\s*)?$/i.test(type) || encoding !== 'identity') {
    throw refusal(415, 'the body must be application/json in UTF-8, without an encoding');
  }
  if (Number(http.req.header('content-length') ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const bytes = await bytesOf(http.req.raw);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SandboxError('SANDBOX_008', 'body: it is not UTF-8');
  }
}

async function bytesOf(request: Request): Promise<Uint8Array> {
  if (request.headers.has('content-length')) return new Uint8Array(await request.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (request.body === null) return new Uint8Array();
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const tooLarge = (): HTTPException =>
  refusal(413, `the body may have ${MAX_BODY_BYTES} bytes at most`);

/** Statuses that no code of ours has. */
export const refusal = (status: 405 | 413 | 415, text: string): HTTPException =>
  new HTTPException(status, { cause: new SandboxError('SANDBOX_008', text) });
