/** Requests with an Idempotency-Key: a repeated one gets the id of the first one's change, and its answer (sql/100_identity.sql). */
import { inDatabase, type Database } from './database.js';

/** What makes a key unique: one caller may use the same key for another path. */
export interface RequestKey {
  /** The token's id, so that a narrower token of the same owner gets no answer of a broader one. */
  readonly actor: string;
  readonly method: string;
  readonly path: string;
  readonly key: string;
}

export interface BegunRequest {
  /** False: the key was used within 24 h, with the same body. */
  readonly isNew: boolean;
  /** Of the first request with this key: a change that is repeated with it is made once. */
  readonly commandId: string;
  /** Null where the first request has no answer yet. */
  readonly answer: RequestAnswer | null;
  /** What the first request has kept while it has no answer; else null. */
  readonly kept: unknown;
}

export interface RequestAnswer {
  readonly status: number;
  /** JSON without secrets. */
  readonly body: unknown;
}

/** @throws SANDBOX_014 where the key was used for another body */
export async function beginRequest(
  { sql }: Database,
  { actor, method, path, key }: RequestKey,
  { bodyHash, commandId }: { readonly bodyHash: string; readonly commandId: string },
): Promise<BegunRequest> {
  const [row] = await inDatabase(
    () => sql<[{ begun: Begun }]>`
      SELECT public.begin_request(
        ${actor}, ${method}, ${path}, ${key}, ${bodyHash}, ${commandId}) AS begun`,
  );
  const { isNew, commandId: first, status, body } = row.begun;
  return status === null
    ? { isNew, commandId: first, answer: null, kept: body }
    : { isNew, commandId: first, answer: { status, body }, kept: null };
}

interface Begun {
  readonly isNew: boolean;
  readonly commandId: string;
  readonly status: number | null;
  readonly body: unknown;
}

/** Keeps an object until there is an answer, in its place and without a status. */
export async function keepForRequest(
  { sql }: Database,
  { actor, method, path, key }: RequestKey,
  object: object,
): Promise<void> {
  await inDatabase(
    () => sql`
      SELECT public.finish_request(
        ${actor}, ${method}, ${path}, ${key}, NULL, ${JSON.stringify(object)}::text::jsonb)`,
  );
}

/** Keeps the answer for a repetition; the first one stays. */
export async function finishRequest(
  { sql }: Database,
  { actor, method, path, key }: RequestKey,
  { status, body }: RequestAnswer,
): Promise<void> {
  await inDatabase(
    () => sql`
      SELECT public.finish_request(
        ${actor}, ${method}, ${path}, ${key}, ${status}, ${JSON.stringify(body)}::text::jsonb)`,
  );
}
