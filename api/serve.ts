/** Between a route and its handler: sign-in, limits, validation, idempotency, and the answer. */
import type { z } from '@hono/zod-openapi';
import { signIn, type Authentication } from './authentication.js';
import type { Answer, Call, Handler, Http } from './call.js';
import { ROUTES, type RouteName } from './contract/routes.js';
import { bodyHashOf, type KeyedRequest, type RequestStore } from './idempotency.js';
import { inputOf, refusal, type Input, type InputSchemas } from './input.js';
import type { Gate } from './limits.js';
import type { Watchdog } from './watchdog.js';

export interface Serving {
  readonly authenticator: Authentication;
  readonly requests: RequestStore;
  readonly watchdog: Watchdog;
  readonly inFlight: Gate;
  /** Requests during the look-up of their token. Each forged token costs a query. */
  readonly signingIn: Gate;
  /** Called if an answer could not be stored for a replay. */
  readonly onLost: (error: unknown) => void;
}

interface Content {
  readonly content?: { readonly 'application/json'?: { readonly schema: z.ZodType } };
}
interface AnyRoute {
  readonly request?: {
    readonly params?: z.ZodType;
    readonly query?: z.ZodType;
    readonly headers?: z.ZodObject;
    readonly body?: Content;
  };
  readonly responses: Readonly<Record<string, object>>;
}

/**
 * The route without its types. The compiler checks a handler's types at its definition (call.ts).
 */
type AnyHandler = Handler<'createSandbox'>;
type AnyCall = Call<'createSandbox'>;
type AnyAnswer = Answer<'createSandbox'>;

export function serve(
  name: RouteName,
  handler: unknown,
  serving: Serving,
): (http: Http) => Promise<Response> {
  const route: AnyRoute = ROUTES[name];
  const { needs, ...own } = handler as AnyHandler;
  const run = (call: AnyCall): ReturnType<AnyHandler['run']> => own.run(call);
  const schemas: InputSchemas = {
    params: route.request?.params ?? null,
    query: route.request?.query ?? null,
    headers: route.request?.headers ?? null,
    body: route.request?.body?.content?.['application/json']?.schema ?? null,
  };
  const success = Number(Object.keys(route.responses)[0]);
  const streams = !hasJson(route, success);
  const answer = async (http: Http): Promise<Response> => {
    const known = serving.signingIn.enter('');
    const signedIn = await signIn(http, serving.authenticator).finally(known);
    http.set('signedIn', signedIn);
    const leave = serving.inFlight.enter(signedIn.actor.tokenId);
    try {
      const input = await inputOf(http, schemas);
      const call = { ...signedIn, ...input, http } as unknown as AnyCall;
      const key = input.headers['idempotency-key'];
      if (key !== undefined)
        return await repeatable(http, { input, key, call, run, success }, serving);
      const made = await run({ ...call, repetition: null });
      return made instanceof Response ? made : respond(http, made, success);
    } finally {
      leave();
    }
  };
  return (http) => {
    // A stream for a HEAD would never end, because no client reads it.
    if (streams && http.req.method === 'HEAD') throw refusal(405, 'a stream answers GET alone');
    return serving.watchdog.guard(needs, answer(http));
  };
}

interface Repeatable {
  readonly input: Input;
  readonly key: string;
  readonly call: AnyCall;
  readonly run: (call: AnyCall) => ReturnType<AnyHandler['run']>;
  readonly success: number;
}

async function repeatable(
  http: Http,
  { input, key, call, run, success }: Repeatable,
  { requests, onLost }: Serving,
): Promise<Response> {
  const request: KeyedRequest = {
    actor: call.actor.tokenId,
    method: http.req.method,
    path: http.req.path,
    key,
    bodyHash: bodyHashOf(input.bodyText),
  };
  const { commandId, repeated, kept, answer: known } = await requests.begin(request);
  if (known !== null) {
    http.header('idempotent-replayed', 'true');
    const body = known.body as AnyAnswer['body'];
    return respond(http, { body, status: known.status as 200, headers: located(known) }, success);
  }
  const keep = (object: object): Promise<void> => requests.keep(request, object);
  const made = await run({ ...call, repetition: { commandId, repeated, kept, keep } });
  if (made instanceof Response) return made;
  const stored = { status: made.status ?? success, body: made.stored ?? made.body };
  // The change is made. A repetition without a stored answer repeats it with the same id, which
  // changes nothing.
  await requests.finish(request, stored).catch(onLost);
  return respond(http, made, success);
}

/** The answer of a create in progress names the address of the sandbox. */
function located({ status, body }: { status: number; body: unknown }): Record<string, string> {
  return status === 202 ? { location: `/v1/sandboxes/${(body as { id: string }).id}` } : {};
}

function respond(http: Http, answer: AnyAnswer, success: number): Response {
  const status = (answer.status ?? success) as 200;
  return http.json(answer.body, status, { ...answer.headers });
}

const hasJson = ({ responses }: AnyRoute, status: number): boolean =>
  (responses[status] as Content | undefined)?.content?.['application/json'] !== undefined;
