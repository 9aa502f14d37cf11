/** The common parts of all requests of the client: parameters, answer, pages. */
import { SandboxError } from '../domain/errors.js';
import { parseGuildId } from '../domain/guild.js';
import { parseTemplateName } from '../domain/template.js';
import { parseSandboxRef } from '../domain/names.js';
import { parseToken } from '../domain/token.js';
import { apiAway, errorOf, notTheApi } from './api-error.js';
import { isStream } from './transport.js';

export interface ReadOptions {
  /** Ends the waiting for the answer. */
  readonly signal?: AbortSignal;
}

export interface ChangeOptions extends ReadOptions {
  /**
   * The same key within 24 h is the same change. Default: a new key, which the client's own retries
   * share.
   */
  readonly idempotencyKey?: string;
}

/** An answer, as openapi-fetch returns it. */
interface Sent<T> {
  readonly data?: T | undefined;
  readonly error?: unknown;
  readonly response: Response;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

const LARGEST_PAGE = 500;

/** @throws SANDBOX_008 */
export function baseOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '')
    return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  // The text may contain a password, so the error does not quote it.
  throw new SandboxError('SANDBOX_008', 'the address of the API is not valid', {
    hint: 'Use a URL that begins http:// or https://, without a login in it.',
  });
}

/** A text that is no token is not sent, because it may be another secret. @throws SANDBOX_012 */
export function checkedToken(text: string): string {
  if (parseToken(text) !== null) return text;
  throw new SandboxError('SANDBOX_012', 'the token is none, or was not copied whole');
}

export const read = ({ signal }: ReadOptions): { signal?: AbortSignal } =>
  signal === undefined ? {} : { signal };

export const change = ({ idempotencyKey = newKey(), ...options }: ChangeOptions) => ({
  header: { 'idempotency-key': idempotencyKey },
  signal: read(options),
});

/** Of one sandbox. @throws SANDBOX_008 for a text that is neither id nor name */
export function sandboxPath(ref: string): { ref: string } {
  const parsed = parseSandboxRef(ref);
  return { ref: parsed.kind === 'id' ? parsed.sandboxId : parsed.name };
}

export const toRead = (ref: string, options: ReadOptions) => ({
  params: { path: sandboxPath(ref) },
  ...read(options),
});

export function toChange(ref: string, options: ChangeOptions) {
  const { header, signal } = change(options);
  return { params: { path: sandboxPath(ref), header }, ...signal };
}

export const toReadTemplate = (name: string, options: ReadOptions) => ({
  params: { path: { template: parseTemplateName(name) } },
  ...read(options),
});

export function toChangeTemplate(name: string, options: ChangeOptions) {
  const { header, signal } = change(options);
  return { params: { path: { template: parseTemplateName(name) }, header }, ...signal };
}

export function toChangeGuild(ref: string, guild: string, options: ChangeOptions) {
  const { header, signal } = change(options);
  const path = { ...sandboxPath(ref), guild: parseGuildId(guild) };
  return { params: { path, header }, ...signal };
}

/** `crypto.randomUUID` is missing on a page that came over plain http. */
const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');

/** @throws ApiError; SANDBOX_009 without an answer of the API */
export async function answer<T>(sent: Promise<Sent<T>>): Promise<T> {
  const { data, error, response } = await sent.catch((failure: unknown) => {
    // Its text would quote the page of a proxy.
    throw failure instanceof SyntaxError ? apiAway(new Error('its answer is no JSON')) : failure;
  });
  if (!response.ok) throw errorOf(response, error);
  if (data === undefined) throw notTheApi(response.status, 'has no body');
  return data;
}

/** @throws ApiError; SANDBOX_009 */
export async function stream(
  sent: Promise<Sent<ReadableStream<Uint8Array> | null>>,
): Promise<ReadableStream<Uint8Array>> {
  const { data, error, response } = await sent;
  if (!response.ok) throw errorOf(response, error);
  if (data != null && isStream(response)) return data;
  throw notTheApi(response.status, 'is no stream of events');
}

/** Every entry of every page. */
export async function* pages<T, Q extends object>(
  query: Q,
  load: (query: Q & { limit: number; cursor?: string }) => Promise<Sent<Page<T>>>,
): AsyncGenerator<T> {
  let cursor: string | null = null;
  do {
    const place: { cursor?: string } = cursor === null ? {} : { cursor };
    const page: Page<T> = await answer(load({ limit: LARGEST_PAGE, ...query, ...place }));
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor !== null);
}
