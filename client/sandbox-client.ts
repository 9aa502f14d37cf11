/**
 * The API of Discord Server Sandboxes for programs: one method for each request, with types from
 * the OpenAPI document.
 */
import createClient, { type Client } from 'openapi-fetch';
import { parseGuildId } from '../domain/guild.js';
import { parseOwner } from '../domain/names.js';
import { parseTokenId } from '../domain/token.js';
import * as requests from './requests.js';
import type { ChangeOptions, ReadOptions } from './requests.js';
import type { paths } from './schema.js';
import {
  asStream,
  behind,
  followed,
  jsonOf,
  type FollowOptions,
  type OpenStream,
} from './stream.js';
import { retrying, type TransportOptions } from './transport.js';
import type * as api from './types.js';

export interface ClientOptions extends TransportOptions {
  /** Such as `https://sandboxes.example.com`; a path in it stands before every request's. */
  readonly url: string;
  /** `sbx_…`, of `bd token create`. */
  readonly token: string;
}

const { answer, change, pages, read, stream } = requests;
const { toChange, toChangeGuild, toChangeTemplate, toRead, toReadTemplate } = requests;

export interface CreateOptions extends ChangeOptions {
  /** False: answers as soon as the create has begun. Default true. */
  readonly wait?: boolean;
}

export interface EventStreamOptions extends FollowOptions {
  /** Begin with events stored since this time. Default: only new events. */
  readonly since?: Date;
  /** False: end after the stored events. Default true. */
  readonly follow?: boolean;
  /** Continue after the event with this sequence. */
  readonly lastEventId?: string;
}

/**
 * Every method may throw SANDBOX_008, _009, _010, _012 and _013. An answer of the API is an
 * `ApiError`.
 */
export class SandboxClient {
  private readonly http: Client<paths>;

  /**
   * Sends nothing yet.
   * @throws SANDBOX_008 for an invalid address, SANDBOX_012 for an invalid token
   */
  constructor({ url, token, ...transport }: ClientOptions) {
    this.http = createClient<paths>({
      baseUrl: requests.baseOf(url),
      headers: { authorization: `Bearer ${requests.checkedToken(token)}` },
      // A redirect could lead the token elsewhere, and turns a POST into a GET.
      redirect: 'error',
      fetch: retrying(transport),
    });
  }

  /** @throws SANDBOX_001, _002, _003, _005 */
  createSandbox(body: api.CreateSandbox, options: CreateOptions = {}): Promise<api.ApiSandbox> {
    const { header: keyed, signal } = change(options);
    const header = options.wait === false ? { ...keyed, prefer: 'respond-async' } : keyed;
    return answer(this.http.POST('/v1/sandboxes', { params: { header }, body, ...signal }));
  }

  /** All pages, newest first. */
  listSandboxes(
    query: api.SandboxQuery = {},
    options: ReadOptions = {},
  ): AsyncGenerator<api.ApiSandbox> {
    return pages(query, (page) =>
      this.http.GET('/v1/sandboxes', { params: { query: page }, ...read(options) }),
    );
  }

  /** @throws SANDBOX_004 */
  getSandbox(ref: string, options: ReadOptions = {}): Promise<api.ApiSandbox> {
    return answer(this.http.GET('/v1/sandboxes/{ref}', toRead(ref, options)));
  }

  /** @throws SANDBOX_004 */
  destroySandbox(ref: string, options: ChangeOptions = {}): Promise<api.Destroyed> {
    return answer(this.http.DELETE('/v1/sandboxes/{ref}', toChange(ref, options)));
  }

  /** @throws SANDBOX_004, _007 */
  extendSandbox(ref: string, body: api.Extend, options: ChangeOptions = {}): Promise<api.Extended> {
    const init = { ...toChange(ref, options), body };
    return answer(this.http.POST('/v1/sandboxes/{ref}/extend', init));
  }

  /** @throws SANDBOX_004, _007 */
  resetSandbox(ref: string, options: ChangeOptions = {}): Promise<api.ApiSandbox> {
    return answer(this.http.POST('/v1/sandboxes/{ref}/reset', toChange(ref, options)));
  }

  /** @throws SANDBOX_003, _004, _007 */
  registerGuild(ref: string, guild: string, options: ChangeOptions = {}): Promise<api.ApiSandbox> {
    const init = toChangeGuild(ref, guild, options);
    return answer(this.http.PUT('/v1/sandboxes/{ref}/guilds/{guild}', init));
  }

  /** @throws SANDBOX_004, _007 */
  unregisterGuild(
    ref: string,
    guild: string,
    options: ChangeOptions = {},
  ): Promise<api.ApiSandbox> {
    const init = toChangeGuild(ref, guild, options);
    return answer(this.http.DELETE('/v1/sandboxes/{ref}/guilds/{guild}', init));
  }

  getGuild(guild: string, options: ReadOptions = {}): Promise<api.GuildHolder> {
    const path = { guild: parseGuildId(guild) };
    return answer(this.http.GET('/v1/guilds/{guild}', { params: { path }, ...read(options) }));
  }

  /** @throws SANDBOX_004 */
  getHealth(ref: string, options: ReadOptions = {}): Promise<api.ApiHealth> {
    return answer(this.http.GET('/v1/sandboxes/{ref}/health', toRead(ref, options)));
  }

  /** With credentials; the audit records it. @throws SANDBOX_004, _007 */
  getConnection(ref: string, options: ReadOptions = {}): Promise<api.ApiConnection> {
    return answer(this.http.GET('/v1/sandboxes/{ref}/connection', toRead(ref, options)));
  }

  /** All pages, oldest first. @throws SANDBOX_004 */
  getAudit(ref: string, options: ReadOptions = {}): AsyncGenerator<api.ApiAuditEntry> {
    const { params } = toRead(ref, options);
    return pages({}, (query) =>
      this.http.GET('/v1/sandboxes/{ref}/audit', {
        params: { ...params, query },
        ...read(options),
      }),
    );
  }

  /** Continues after a broken connection, without a gap. @throws SANDBOX_004, _007 */
  async *events(ref: string, options: EventStreamOptions): AsyncGenerator<api.ApiEvent> {
    const { since, follow = true, lastEventId } = options;
    const query = {
      follow: follow ? ('true' as const) : ('false' as const),
      ...(since === undefined ? {} : { since: since.toISOString() }),
    };
    const open = this.eventStream(ref, query);
    for await (const { data } of followed(open, options, lastEventId)) yield eventIn(data);
  }

  /** Stored events, newest first. @throws SANDBOX_004 */
  async *storedEvents(ref: string, options: FollowOptions): AsyncGenerator<api.ApiEvent> {
    const open = this.eventStream(ref, { order: 'newest', follow: 'false' });
    let last = Infinity;
    // A stream in this order cannot continue after an id. It begins again, and known events are
    // left out.
    for await (const { data } of followed((_, signal) => open('', signal), options)) {
      const event = eventIn(data);
      if (event.sequence < last) yield event;
      last = Math.min(last, event.sequence);
    }
  }

  /** The lifecycle of all sandboxes that the token may see. Continues after a broken connection. */
  async *lifecycle(
    options: FollowOptions & { readonly lastEventId?: string },
  ): AsyncGenerator<api.ApiAuditEntry> {
    const open: OpenStream = (id, signal) =>
      stream(this.http.GET('/v1/events', { params: { header: behind(id) }, ...asStream(signal) }));
    for await (const { data } of followed(open, options, options.lastEventId))
      yield jsonOf(data) as api.ApiAuditEntry;
  }

  /**
   * Events for this sandbox only, at most 1,000 and 1 MiB.
   * @returns their sequences in RAW
   * @throws SANDBOX_004, _007
   */
  async emit(
    ref: string,
    events: readonly api.ApiEventToEmit[],
    options: ChangeOptions = {},
  ): Promise<readonly number[]> {
    const init = { ...toChange(ref, options), body: { events: [...events] } };
    const { sequences } = await answer(this.http.POST('/v1/sandboxes/{ref}/events', init));
    return sequences;
  }

  /**
   * Only the first answer contains the token's text. A repetition with the same key has null there.
   */
  createToken(body: api.CreateToken, options: ChangeOptions = {}): Promise<api.ApiCreatedToken> {
    const { header, signal } = change(options);
    return answer(this.http.POST('/v1/tokens', { params: { header }, body, ...signal }));
  }

  /** All pages, newest first. */
  listTokens(query: api.TokenQuery = {}, options: ReadOptions = {}): AsyncGenerator<api.ApiToken> {
    return pages(query, (page) =>
      this.http.GET('/v1/tokens', { params: { query: page }, ...read(options) }),
    );
  }

  /** @throws SANDBOX_004 */
  getToken(tokenId: string, options: ReadOptions = {}): Promise<api.ApiToken> {
    const path = { id: parseTokenId(tokenId) };
    return answer(this.http.GET('/v1/tokens/{id}', { params: { path }, ...read(options) }));
  }

  /** @throws SANDBOX_004 */
  revokeToken(tokenId: string, options: ChangeOptions = {}): Promise<api.ApiToken> {
    const { header, signal } = change(options);
    const params = { path: { id: parseTokenId(tokenId) }, header };
    return answer(this.http.DELETE('/v1/tokens/{id}', { params, ...signal }));
  }

  createGrant(body: api.CreateGrant, options: ChangeOptions = {}): Promise<api.Grant> {
    const { header, signal } = change(options);
    return answer(this.http.POST('/v1/grants', { params: { header }, body, ...signal }));
  }

  /** All pages. */
  listGrants(query: api.GrantQuery = {}, options: ReadOptions = {}): AsyncGenerator<api.Grant> {
    return pages(query, (page) =>
      this.http.GET('/v1/grants', { params: { query: page }, ...read(options) }),
    );
  }

  /** @throws SANDBOX_004 */
  revokeGrant(guild: string, owner: string, options: ChangeOptions = {}): Promise<api.Grant> {
    const { header, signal } = change(options);
    const params = { path: { guild: parseGuildId(guild), owner: parseOwner(owner) }, header };
    return answer(this.http.DELETE('/v1/grants/{guild}/{owner}', { params, ...signal }));
  }

  setOwnerRole(
    owner: string,
    role: api.ApiOwnerRole['role'],
    options: ChangeOptions = {},
  ): Promise<api.ApiOwnerRole> {
    const { header, signal } = change(options);
    const params = { path: { owner: parseOwner(owner) }, header };
    const init = { params, body: { role }, ...signal };
    return answer(this.http.PUT('/v1/owners/{owner}/role', init));
  }

  /** A schema needs an operator's token. @throws SANDBOX_004, _005, _007 */
  addTemplate(body: api.AddTemplate, options: ChangeOptions = {}): Promise<api.ApiTemplate> {
    const { header, signal } = change(options);
    return answer(this.http.POST('/v1/templates', { params: { header }, body, ...signal }));
  }

  /** All pages, by name. */
  listTemplates(options: ReadOptions = {}): AsyncGenerator<api.ApiTemplate> {
    return pages({}, (query) =>
      this.http.GET('/v1/templates', { params: { query }, ...read(options) }),
    );
  }

  /** @throws SANDBOX_004 */
  getTemplate(name: string, options: ReadOptions = {}): Promise<api.ApiTemplateText> {
    return answer(this.http.GET('/v1/templates/{template}', toReadTemplate(name, options)));
  }

  /** @throws SANDBOX_004, _007 */
  refreshTemplate(name: string, options: ChangeOptions = {}): Promise<api.ApiTemplate> {
    const init = toChangeTemplate(name, options);
    return answer(this.http.POST('/v1/templates/{template}/refresh', init));
  }

  /** @throws SANDBOX_004 */
  removeTemplate(name: string, options: ChangeOptions = {}): Promise<api.ApiTemplate> {
    return answer(this.http.DELETE('/v1/templates/{template}', toChangeTemplate(name, options)));
  }

  getMe(options: ReadOptions = {}): Promise<api.Me> {
    return answer(this.http.GET('/v1/me', read(options)));
  }

  private eventStream(ref: string, query: api.EventsQuery): OpenStream {
    const path = requests.sandboxPath(ref);
    return (id, signal) => {
      const init = { params: { path, query, header: behind(id) }, ...asStream(signal) };
      return stream(this.http.GET('/v1/sandboxes/{ref}/events', init));
    };
  }
}

const eventIn = (data: string): api.ApiEvent => jsonOf(data) as api.ApiEvent;
