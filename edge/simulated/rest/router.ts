/** Which route a method and a path belong to. */
import { refusal } from '../../../discord/rest-errors.js';
import { isId, notAnId, type BotCall, type Call } from './call.js';

type Handler<C> = (call: C) => unknown;

/** A rate limit that Discord gives a route: so many calls in so many milliseconds. */
export type Limit = readonly [calls: number, windowMs: number];

export interface Route {
  readonly method: string;
  readonly segments: readonly string[];
  readonly limit: Limit;
  /** Calls of one bucket share its limit, for each channel, guild or webhook of the path. */
  readonly bucket: string;
  /** Without a bot token: the path holds the token, or the answer is public. */
  readonly isOpen: boolean;
  readonly handle: Handler<BotCall>;
}

export interface Found {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

const STANDARD: Limit = [50, 1_000];

interface Extra {
  readonly limit?: Limit;
}

/** Segments: `:name` is an id, `*name` any text, everything else is literal. */
export class Routes {
  readonly #all: Route[] = [];

  /** A route for a bot with its token. */
  bot(method: string, pattern: string, handle: Handler<BotCall>, extra: Extra = {}): this {
    return this.#add(method, pattern, handle, false, extra);
  }

  /** A route that needs no bot token. */
  open(method: string, pattern: string, handle: Handler<Call>, extra: Extra = {}): this {
    return this.#add(method, pattern, handle, true, extra);
  }

  /** @throws DiscordError 404 for an unknown path, 405 for a method that it does not have */
  find(method: string, path: string): Found {
    // Some libraries escape the @ of `@me` and `@original`.
    const parts = path
      .split('/')
      .slice(1)
      .map((part) => part.replace(/^%40/, '@'));
    const fitting = this.#all.filter(({ segments }) => fits(segments, parts));
    const route = fitting.find((one) => one.method === method);
    if (route === undefined) throw refusal(fitting.length > 0 ? 'methodNotAllowed' : 'notFound');
    return { route, params: paramsOf(route.segments, parts) };
  }

  #add(
    method: string,
    pattern: string,
    handle: Handler<BotCall>,
    isOpen: boolean,
    { limit = STANDARD }: Extra,
  ): this {
    const segments = pattern.split('/').slice(1);
    const bucket = `${method} ${pattern}`;
    this.#all.push({ method, segments, limit, bucket, isOpen, handle });
    return this;
  }
}

const isParameter = (segment: string): boolean => /^[:*]/.test(segment);

/** An id is checked later, so that a wrong one is told as such. */
function fits(segments: readonly string[], parts: readonly string[]): boolean {
  if (segments.length !== parts.length) return false;
  return segments.every((segment, index) => {
    const part = parts[index] ?? '';
    if (segment.startsWith(':')) return part !== '' && !part.startsWith('@');
    return isParameter(segment) ? part !== '' : segment === part;
  });
}

function paramsOf(
  segments: readonly string[],
  parts: readonly string[],
): Readonly<Record<string, string>> {
  const params: Record<string, string> = {};
  segments.forEach((segment, index) => {
    const part = parts[index] ?? '';
    const name = segment.slice(1);
    if (segment.startsWith(':') && !isId(part)) throw notAnId([name], part);
    if (isParameter(segment)) params[name] = segment.startsWith('*') ? decoded(part) : part;
  });
  return params;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw refusal('badRequest');
  }
}
