/**
 * Every route of the API: path, input, answer. The handlers, the document and the client's types
 * are derived from this table.
 */
import { createRoute, z, type RouteConfig } from '@hono/zod-openapi';
import * as s from './schemas.js';
import * as t from './templates.js';

const json = <T extends z.ZodType>(schema: T) => ({ content: { 'application/json': { schema } } });
const body = <T extends z.ZodType>(schema: T) => ({ ...json(schema), required: true });
const answer = <T extends z.ZodType>(description: string, schema: T) => ({
  description,
  ...json(schema),
});
const stream = (description: string) => ({
  description,
  content: { 'text/event-stream': { schema: z.string() } },
});
/** Every failure has this shape; the status is the one of its code (docs/errors.md). */
const problem = {
  default: {
    description: 'A problem (RFC 9457), with the code of docs/errors.md.',
    content: { 'application/problem+json': { schema: s.Problem } },
  },
};
const MUTATION_HEADERS = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(255)
    .optional()
    .openapi({ description: 'The same key and body within 24 h: the same change, made once.' }),
});
const CREATE_HEADERS = MUTATION_HEADERS.extend({
  prefer: z
    .string()
    .optional()
    .openapi({ description: '`respond-async`: 202 as soon as the create has begun.' }),
});
const STREAM_HEADERS = z.object({
  'last-event-id': z
    .string()
    .regex(/^[0-9]{1,15}$/)
    .optional()
    .openapi({ description: 'Go on behind the event with this id.' }),
});
const headers = MUTATION_HEADERS;
const signedIn = [{ token: [] }];

const route = <const R extends RouteConfig>(config: R) =>
  createRoute({ ...config, security: signedIn });

export const ROUTES = {
  createSandbox: route({
    ...{ method: 'post', path: '/v1/sandboxes', summary: 'Create a sandbox' },
    request: { headers: CREATE_HEADERS, body: body(s.CreateSandbox) },
    responses: {
      201: answer('It runs.', s.Sandbox),
      202: answer('It is being created; Location names it.', s.Sandbox),
      ...problem,
    },
  }),
  listSandboxes: route({
    ...{ method: 'get', path: '/v1/sandboxes', summary: 'List sandboxes, newest first' },
    request: { query: s.SandboxQuery },
    responses: { 200: answer('A page.', s.SandboxPage), ...problem },
  }),
  getSandbox: route({
    ...{ method: 'get', path: '/v1/sandboxes/{ref}', summary: 'Read a sandbox' },
    request: { params: s.PATH.ref },
    responses: { 200: answer('The sandbox.', s.Sandbox), ...problem },
  }),
  destroySandbox: route({
    ...{ method: 'delete', path: '/v1/sandboxes/{ref}', summary: 'Destroy a sandbox' },
    request: { params: s.PATH.ref, headers },
    responses: { 200: answer('Its removal has begun, or is done.', s.Destroyed), ...problem },
  }),
  extendSandbox: route({
    ...{ method: 'post', path: '/v1/sandboxes/{ref}/extend', summary: 'Move the expiry' },
    request: { params: s.PATH.ref, headers, body: body(s.Extend) },
    responses: { 200: answer('The new expiry.', s.Extended), ...problem },
  }),
  resetSandbox: route({
    method: 'post',
    path: '/v1/sandboxes/{ref}/reset',
    summary: 'Empty its schema and keys, and rotate its credentials',
    request: { params: s.PATH.ref, headers },
    responses: { 200: answer('The sandbox.', s.Sandbox), ...problem },
  }),
  registerGuild: route({
    ...{ method: 'put', path: '/v1/sandboxes/{ref}/guilds/{guild}', summary: 'Register a guild' },
    request: { params: s.PATH.refAndGuild, headers },
    responses: { 200: answer('The sandbox.', s.Sandbox), ...problem },
  }),
  unregisterGuild: route({
    method: 'delete',
    path: '/v1/sandboxes/{ref}/guilds/{guild}',
    summary: 'Unregister a guild',
    request: { params: s.PATH.refAndGuild, headers },
    responses: { 200: answer('The sandbox.', s.Sandbox), ...problem },
  }),
  getGuild: route({
    ...{ method: 'get', path: '/v1/guilds/{guild}', summary: 'Read the holder of a guild' },
    request: { params: s.PATH.guild },
    responses: { 200: answer('The holder.', s.GuildHolder), ...problem },
  }),
  getHealth: route({
    method: 'get',
    path: '/v1/sandboxes/{ref}/health',
    summary: 'Ask every server about a sandbox',
    request: { params: s.PATH.ref },
    responses: { 200: answer('Every check.', s.Health), ...problem },
  }),
  getConnection: route({
    method: 'get',
    path: '/v1/sandboxes/{ref}/connection',
    summary: "Read the environment of a sandbox's bot, with credentials",
    request: { params: s.PATH.ref },
    responses: { 200: answer('The environment.', s.Connection), ...problem },
  }),
  getAudit: route({
    ...{
      method: 'get',
      path: '/v1/sandboxes/{ref}/audit',
      summary: 'Read the audit, oldest first',
    },
    request: { params: s.PATH.ref, query: z.strictObject(s.PAGE_QUERY) },
    responses: { 200: answer('A page.', s.AuditPage), ...problem },
  }),
  streamEvents: route({
    method: 'get',
    path: '/v1/sandboxes/{ref}/events',
    summary: 'Follow the events of a sandbox',
    request: { params: s.PATH.ref, query: s.EventsQuery, headers: STREAM_HEADERS },
    responses: { 200: stream('Server-sent events, each a SandboxEvent.'), ...problem },
  }),
  emitEvents: route({
    method: 'post',
    path: '/v1/sandboxes/{ref}/events',
    summary: 'Publish events for a sandbox alone',
    request: { params: s.PATH.ref, headers, body: body(s.Emit) },
    responses: { 200: answer('Their sequences in RAW.', s.Emitted), ...problem },
  }),
  streamLifecycle: route({
    ...{
      method: 'get',
      path: '/v1/events',
      summary: 'Follow the lifecycle of the visible sandboxes',
    },
    request: { headers: STREAM_HEADERS },
    responses: { 200: stream('Server-sent events, each an AuditEntry.'), ...problem },
  }),
  createToken: route({
    ...{ method: 'post', path: '/v1/tokens', summary: 'Create a token; its text is shown once' },
    request: { headers, body: body(s.CreateToken) },
    responses: { 201: answer('The token.', s.CreatedToken), ...problem },
  }),
  listTokens: route({
    ...{ method: 'get', path: '/v1/tokens', summary: 'List tokens, newest first' },
    request: { query: s.TokenQuery },
    responses: { 200: answer('A page.', s.TokenPage), ...problem },
  }),
  getToken: route({
    ...{ method: 'get', path: '/v1/tokens/{id}', summary: 'Read a token' },
    request: { params: s.PATH.token },
    responses: { 200: answer('The token, without its text.', s.Token), ...problem },
  }),
  revokeToken: route({
    method: 'delete',
    path: '/v1/tokens/{id}',
    summary: 'Revoke a token and every token that it created',
    request: { params: s.PATH.token, headers },
    responses: { 200: answer('The token.', s.Token), ...problem },
  }),
  createGrant: route({
    ...{ method: 'post', path: '/v1/grants', summary: 'Grant a guild to an owner' },
    request: { headers, body: body(s.CreateGrant) },
    responses: { 201: answer('The grant.', s.Grant), ...problem },
  }),
  listGrants: route({
    ...{ method: 'get', path: '/v1/grants', summary: 'List grants' },
    request: { query: s.GrantQuery },
    responses: { 200: answer('A page.', s.GrantPage), ...problem },
  }),
  revokeGrant: route({
    method: 'delete',
    path: '/v1/grants/{guild}/{owner}',
    summary: "Revoke a grant, and remove the owner's routes of the guild",
    request: { params: s.PATH.grant, headers },
    responses: { 200: answer('The grant that was.', s.Grant), ...problem },
  }),
  setOwnerRole: route({
    ...{ method: 'put', path: '/v1/owners/{owner}/role', summary: "Set an owner's role" },
    request: { params: s.PATH.owner, headers, body: body(s.SetRole) },
    responses: { 200: answer('The role.', s.OwnerRole), ...problem },
  }),
  addTemplate: route({
    ...{ method: 'post', path: '/v1/templates', summary: 'Make a template, or its next version' },
    request: { headers, body: body(t.AddTemplate) },
    responses: { 201: answer('The template.', t.Template), ...problem },
  }),
  listTemplates: route({
    ...{ method: 'get', path: '/v1/templates', summary: 'List templates by name' },
    request: { query: t.TemplateQuery },
    responses: { 200: answer('A page.', t.TemplatePage), ...problem },
  }),
  getTemplate: route({
    ...{ method: 'get', path: '/v1/templates/{template}', summary: 'Read a template with its SQL' },
    request: { params: s.PATH.template },
    responses: { 200: answer('The template.', t.TemplateText), ...problem },
  }),
  refreshTemplate: route({
    method: 'post',
    path: '/v1/templates/{template}/refresh',
    summary: 'Read the schema of a template again',
    request: { params: s.PATH.template, headers },
    responses: { 200: answer('The new version.', t.Template), ...problem },
  }),
  removeTemplate: route({
    method: 'delete',
    path: '/v1/templates/{template}',
    summary: 'Remove a template; sandboxes that have it keep it',
    request: { params: s.PATH.template, headers },
    responses: { 200: answer('The template that was.', t.Template), ...problem },
  }),
  getMe: route({
    ...{ method: 'get', path: '/v1/me', summary: 'Read the identity behind the token' },
    responses: { 200: answer('The identity.', s.Me), ...problem },
  }),
} as const;

export type RouteName = keyof typeof ROUTES;
