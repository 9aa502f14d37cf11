/** The types of requests and answers, with the names of the API's document. */
import type { components, paths } from './schema.js';

/** Travels in a stream, as JSON. */
export type { SandboxEvent as ApiEvent } from '../domain/events.js';

type Schemas = components['schemas'];

export type ApiSandbox = Schemas['Sandbox'];
export type ApiSandboxPage = Schemas['SandboxPage'];
export type CreateSandbox = Schemas['CreateSandbox'];
export type Destroyed = Schemas['Destroyed'];
export type Extend = Schemas['Extend'];
export type Extended = Schemas['Extended'];
export type ApiHealth = Schemas['Health'];
export type ApiConnection = Schemas['Connection'];
export type ApiAuditEntry = Schemas['AuditEntry'];
export type ApiAuditPage = Schemas['AuditPage'];
export type Emit = Schemas['Emit'];
export type ApiEventToEmit = Emit['events'][number];
export type GuildHolder = Schemas['GuildHolder'];
export type ApiToken = Schemas['Token'];
export type ApiCreatedToken = Schemas['CreatedToken'];
export type CreateToken = Schemas['CreateToken'];
export type Grant = Schemas['Grant'];
export type CreateGrant = Schemas['CreateGrant'];
export type ApiOwnerRole = Schemas['OwnerRole'];
export type Me = Schemas['Me'];
export type ApiTemplate = Schemas['Template'];
export type ApiTemplateText = Schemas['TemplateText'];
export type AddTemplate = Schemas['AddTemplate'];
export type Problem = Schemas['Problem'];

type QueryOf<P extends keyof paths> = paths[P] extends {
  get: { parameters: { query?: infer Q } };
}
  ? NonNullable<Q>
  : never;

export type SandboxQuery = QueryOf<'/v1/sandboxes'>;
export type TokenQuery = QueryOf<'/v1/tokens'>;
export type GrantQuery = QueryOf<'/v1/grants'>;
export type EventsQuery = QueryOf<'/v1/sandboxes/{ref}/events'>;
