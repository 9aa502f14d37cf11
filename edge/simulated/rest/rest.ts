/** The REST API: from an HTTP request to the answer of its route. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../../../domain/errors.js';
import { DiscordError, refusal } from '../../../discord/rest-errors.js';
import { NOTICE } from '../gateway/ready.js';
import type { Services } from '../services.js';
import type { Application } from '../world/world.js';
import { Answer, type BotCall } from './call.js';
import { RateLimits, rateLimited } from './rate-limits.js';
import { readBody } from './request-body.js';
import type { Found, Routes } from './router.js';

export interface RestOptions {
  readonly services: Services;
  readonly routes: Routes;
  /** All calls of one bot in a second. */
  readonly globalLimit: number;
  /** A failure of simulated Discord itself. */
  readonly onFailure: (what: string, error: string) => void;
}

type Headers = Readonly<Record<string, string>>;

const VERSIONED = /^\/api(?:\/v(\d+))?(\/.*)$/;
const VERSIONS = ['9', '10'];

export class Rest {
  readonly #limits: RateLimits;
  /** Calls that Discord counts against an address: 401, 403 and 429. */
  #invalid = 0;

  constructor(private readonly options: RestOptions) {
    const { services, globalLimit } = options;
    this.#limits = new RateLimits(services.world.now, globalLimit);
  }

  /** How many calls were answered with 401, 403 or 429: Discord bans an address at 10,000. */
  get invalidRequests(): number {
    return this.#invalid;
  }

  /** Never rejects. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers: Record<string, string> = { 'x-simulated-discord': NOTICE };
    let answer: Answer;
    try {
      answer = await this.#answer(request, headers);
    } catch (error) {
      answer = this.#refused(error, request);
    }
    if ([401, 403, 429].includes(answer.status)) this.#invalid += 1;
    if (response.destroyed) return;
    const body = answer.body === undefined ? '' : JSON.stringify(answer.body);
    if (body !== '') headers['content-type'] = 'application/json';
    response.writeHead(answer.status, headers).end(body);
  }

  async #answer(request: IncomingMessage, headers: Record<string, string>): Promise<Answer> {
    const { path, query } = addressOf(request);
    const bot = this.#botOf(request);
    const found = this.options.routes.find(request.method ?? 'GET', path);
    if (bot === undefined && !found.route.isOpen) throw refusal('unauthorized');
    const taken = this.#limits.take(bot?.id ?? found.params.token ?? 'anyone', found);
    Object.assign(headers, taken.headers satisfies Headers);
    if (taken.refused !== null) {
      const { retryAfterMs, isGlobal } = taken.refused;
      return new Answer(429, rateLimited(retryAfterMs, isGlobal));
    }
    return this.#call(request, found, query, bot);
  }

  async #call(
    request: IncomingMessage,
    { route, params }: Found,
    query: URLSearchParams,
    bot: Application | undefined,
  ): Promise<Answer> {
    const body = await readBody(request);
    const call = { ...this.options.services, ...body, params, query, bot };
    // An open route does not read the bot; for every other the bot is known by now.
    const answer: unknown = await route.handle(call as BotCall);
    return answer instanceof Answer ? answer : new Answer(200, answer);
  }

  /** Undefined without a token. @throws DiscordError 401 for an unknown one */
  #botOf({ headers }: IncomingMessage): Application | undefined {
    const { authorization } = headers;
    if (authorization === undefined) return undefined;
    const token = /^Bot (\S+)$/.exec(authorization)?.[1] ?? '';
    const bot = this.options.services.world.applicationOf(token);
    if (bot === undefined) throw refusal('unauthorized');
    return bot;
  }

  #refused(error: unknown, { method, url }: IncomingMessage): Answer {
    if (error instanceof DiscordError) return new Answer(error.status, error.body);
    const [path] = (url ?? '').split('?');
    this.options.onFailure(`${method ?? ''} ${path ?? ''}`, messageOf(error));
    return new Answer(500, refusal('internal').body);
  }
}

/** The path as it was sent: dots and escapes are not resolved. @throws DiscordError 404, 50041 */
function addressOf({ url = '/' }: IncomingMessage): { path: string; query: URLSearchParams } {
  const [whole = '', ...rest] = url.split('?');
  const [, version, path = ''] = VERSIONED.exec(whole) ?? [];
  if (path === '') throw refusal('notFound');
  if (version !== undefined && !VERSIONS.includes(version)) throw refusal('invalidVersion');
  return { path, query: new URLSearchParams(rest.join('?')) };
}
