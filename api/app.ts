/** The API as one function from a request to its answer. */
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { matchedRoutes } from 'hono/route';
import { SandboxError } from '../domain/errors.js';
import { refuseTokenInAddress } from './authentication.js';
import type { Bindings, Handlers, Http, SignedIn } from './call.js';
import type { ClientAddress } from './client-address.js';
import { ROUTES, type RouteName } from './contract/routes.js';
import { refusal } from './input.js';
import { problemOf } from './problems.js';
import { addReference } from './reference.js';
import { serve, type Serving } from './serve.js';

export interface AppOptions extends Serving {
  readonly handlers: Handlers<RouteName>;
  readonly version: string;
  readonly clientAddress: ClientAddress;
  /** Called once for each request that was answered. */
  readonly onAnswer: (answered: Answered) => void;
}

export interface Answered {
  readonly requestId: string;
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly millis: number;
  readonly client: string;
  readonly tokenId: string | null;
  /** Of a failure that is ours, or a server's. */
  readonly error?: unknown;
}

const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

export function makeApp(options: AppOptions): Hono<Bindings> {
  const { handlers, version, onAnswer, clientAddress } = options;
  const app = new Hono<Bindings>();
  const failures = new WeakMap<Http, unknown>();
  app.use(async (http, next) => {
    const began = performance.now();
    const requestId = randomUUID();
    http.set('requestId', requestId);
    for (const [name, value] of Object.entries(HEADERS)) http.header(name, value);
    http.header('x-request-id', requestId);
    await next();
    const error = failures.get(http);
    onAnswer({
      ...{ requestId, route: routeOf(http), method: http.req.method, status: http.res.status },
      millis: performance.now() - began,
      client: clientAddress(
        http.env.incoming.socket.remoteAddress,
        http.req.header('x-forwarded-for'),
      ),
      tokenId: signedInOf(http),
      ...(error === undefined ? {} : { error }),
    });
  });
  app.use(async (http, next) => {
    refuseTokenInAddress(http.req.url);
    await next();
  });
  const methods = new Map<string, string[]>();
  for (const name of Object.keys(ROUTES) as RouteName[]) {
    const { method, path } = ROUTES[name];
    const pattern = path.replaceAll(/\{(\w+)\}/g, ':$1');
    app.on(method.toUpperCase(), pattern, serve(name, handlers[name], options));
    methods.set(pattern, [...(methods.get(pattern) ?? []), method.toUpperCase()]);
  }
  addReference(app, version);
  for (const [pattern, allowed] of methods) {
    app.all(pattern, (http) => {
      http.header('allow', allowed.join(', '));
      throw refusal(405, `it answers ${allowed.join(' and ')}`);
    });
  }
  app.notFound((http) =>
    problem(
      http,
      new SandboxError('SANDBOX_004', 'there is no such path', {
        hint: 'See /openapi.json for every path.',
      }),
    ),
  );
  app.onError((error, http) => {
    failures.set(http, error);
    return problem(http, error);
  });
  return app;
}

/** Null for a request that was not signed in. */
const signedInOf = (http: Http): string | null =>
  (http.get('signedIn') as SignedIn | undefined)?.actor.tokenId ?? null;

function problem(http: Http, thrown: unknown): Response {
  const refused = thrown instanceof HTTPException;
  const { status, headers, body } = problemOf(
    refused ? thrown.cause : thrown,
    http.get('requestId'),
    refused ? thrown.status : undefined,
  );
  for (const [name, value] of Object.entries(headers)) http.header(name, value);
  return http.body(JSON.stringify(body), status as 400);
}

/** The pattern, such as `/v1/sandboxes/:ref`: a path names sandboxes, and has no end of values. */
function routeOf(http: Http): string {
  const found = matchedRoutes(http).findLast(({ path }) => path !== '/*');
  return found?.path ?? 'none';
}
