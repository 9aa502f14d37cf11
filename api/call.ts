/** One request as a handler sees it: signed in, validated, typed by its route. */
import type { HttpBindings } from '@hono/node-server';
import type { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Actor } from '../domain/actor.js';
import type { TokenId } from '../domain/token.js';
import type { Dependency } from '../domain/errors.js';
import { UNREPEATABLE, type Resumed } from '../domain/resumed.js';
import type { ROUTES, RouteName } from './contract/routes.js';

type RouteOf<N extends RouteName> = (typeof ROUTES)[N];
type Input<R, Part extends 'params' | 'query' | 'headers'> = R extends {
  readonly request: { readonly [P in Part]: infer S extends z.ZodType };
}
  ? z.output<S>
  : unknown;
type Json<C> = C extends { readonly content: { readonly 'application/json': infer J } }
  ? J extends { readonly schema: infer S extends z.ZodType }
    ? S
    : never
  : never;
type Body<R> = R extends { readonly request: { readonly body: infer B } }
  ? z.output<Json<B>>
  : null;
type Success<R> = R extends { readonly responses: infer A }
  ? A[keyof A & (200 | 201 | 202)]
  : never;

/** Values of the domain are read-only. */
type Immutable<T> = T extends object ? { readonly [K in keyof T]: Immutable<T[K]> } : T;
export type AnswerBody<N extends RouteName> = Immutable<z.input<Json<Success<RouteOf<N>>>>>;

/** A token that is valid now. */
export interface SignedIn {
  readonly actor: Actor & { readonly tokenId: TokenId };
  /** Of the token, in epoch ms. */
  readonly expiresAt: number;
  /** The token's text, because an open stream checks it again. */
  readonly token: string;
}

/** A change with an Idempotency-Key, which may be a repetition. */
export interface Repetition {
  /** The same for each repetition: the id of a Temporal update, or the source of a derived id. */
  readonly commandId: string;
  /** An earlier request with the key has begun and was not answered. */
  readonly repeated: boolean;
  /** What `keep` got from an earlier one; null before. */
  readonly kept: unknown;
  /** For a change after which its object is no longer found. */
  keep(object: object): Promise<void>;
}

/** @param T the type that the same handler keeps */
export const resumed = <T extends object>(repetition: Repetition | null): Resumed<T> =>
  repetition === null
    ? UNREPEATABLE
    : { kept: repetition.kept as T | null, keep: (object) => repetition.keep(object) };

export interface Bindings {
  Bindings: HttpBindings;
  Variables: { requestId: string; signedIn: SignedIn };
}
export type Http = Context<Bindings>;

export interface Call<N extends RouteName> extends SignedIn {
  readonly params: Input<RouteOf<N>, 'params'>;
  readonly query: Input<RouteOf<N>, 'query'>;
  readonly headers: Input<RouteOf<N>, 'headers'>;
  readonly body: Body<RouteOf<N>>;
  /** Null without an Idempotency-Key. */
  readonly repetition: Repetition | null;
  readonly http: Http;
}

export interface Answer<N extends RouteName> {
  /** Default: the route's first success. */
  readonly status?: 200 | 201 | 202;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: AnswerBody<N>;
  /** The answer of a replay, without secrets. Default: `body`. */
  readonly stored?: AnswerBody<N>;
}

/** A stream has answered by itself. */
export type Served = Response;

export interface Handler<N extends RouteName> {
  /** The answer needs these servers. If one does not answer, the error names it within 5 s. */
  readonly needs: readonly Server[];
  run(call: Call<N>): Promise<Answer<N> | Served>;
}

export type Server = Extract<Dependency, 'postgres' | 'redis' | 'nats' | 'temporal'>;
export type Handlers<N extends RouteName> = { readonly [K in N]: Handler<K> };
